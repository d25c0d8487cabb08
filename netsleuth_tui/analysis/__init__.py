"""What the panes show and the commands print, as plain functions of the store and a scope."""

from netsleuth_tui.analysis.breakdown import Count, breakdown_table
from netsleuth_tui.analysis.intervals import parse_interval, show_interval
from netsleuth_tui.analysis.overview import Overview, overview
from netsleuth_tui.analysis.records import EXPORTED, SHOWN, records, records_table
from netsleuth_tui.analysis.scope import EVERYTHING, Scope, rows_of
from netsleuth_tui.analysis.summary import Summary, summary, summary_dict, summary_table
from netsleuth_tui.analysis.timeline import Timeline, timeline, timeline_by_table, timeline_table
from netsleuth_tui.analysis.times import clock, epoch, iso, parse_time
from netsleuth_tui.analysis.values import column_of

__all__ = [
    "EVERYTHING",
    "EXPORTED",
    "SHOWN",
    "Count",
    "Overview",
    "Scope",
    "Summary",
    "Timeline",
    "breakdown_table",
    "clock",
    "column_of",
    "epoch",
    "iso",
    "overview",
    "parse_interval",
    "parse_time",
    "records",
    "records_table",
    "rows_of",
    "show_interval",
    "summary",
    "summary_dict",
    "summary_table",
    "timeline",
    "timeline_by_table",
    "timeline_table",
]
