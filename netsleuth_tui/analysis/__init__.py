"""What the panes show and the commands print, as plain functions of the store and a scope."""

from netsleuth_tui.analysis.between import between, conversation_of
from netsleuth_tui.analysis.breakdown import Count, breakdown_table
from netsleuth_tui.analysis.cells import cell_filter
from netsleuth_tui.analysis.clock_hints import ClockHint, clock_hints
from netsleuth_tui.analysis.conversations import By, Conversations, conversation_columns, conversations, conversations_table, rates_table
from netsleuth_tui.analysis.esp import WINDOWS, Associations, associations
from netsleuth_tui.analysis.esp_course import OverTime, over_time, time_of
from netsleuth_tui.analysis.esp_detail import Detail, detail
from netsleuth_tui.analysis.esp_order import Judged
from netsleuth_tui.analysis.esp_remarks import Remark, losses_of_capture, remarks, verdict, with_spi
from netsleuth_tui.analysis.esp_tables import association_columns, associations_table, courses_table
from netsleuth_tui.analysis.event_data import EventData, FieldLine, FieldValue, event_data, event_data_table, objects_of_handles
from netsleuth_tui.analysis.event_detail import EventDetail, EventField, event_detail
from netsleuth_tui.analysis.event_facets import EVENT_GROUPS, event_facets, event_facets_table
from netsleuth_tui.analysis.event_finding import find_event
from netsleuth_tui.analysis.event_groups import (
    MOST_KEYS,
    EventGroups,
    event_groups,
    event_groups_table,
    parse_keys,
    parse_names,
    split_names,
)
from netsleuth_tui.analysis.event_ids import (
    EVENT_BREAKDOWNS,
    EventBreakdown,
    EventIdLine,
    EventIds,
    EventLine,
    event_breakdown,
    event_ids,
    event_ids_table,
)
from netsleuth_tui.analysis.event_pivot import EventPivot, event_pivot, event_pivot_table
from netsleuth_tui.analysis.event_reading import EventReading, ReadField, read_event, read_event_table
from netsleuth_tui.analysis.event_records import can_sort_events, event_records, event_table, exported_fields, sorted_events
from netsleuth_tui.analysis.event_series import EVENT_SPLITS, event_series
from netsleuth_tui.analysis.event_terms import event_cell_filter, event_id_filter, event_term, joined_terms
from netsleuth_tui.analysis.event_times import check_event_split, event_timeline_table, event_totals
from netsleuth_tui.analysis.event_values import (
    BESIDE,
    EVENT_EXPORTED,
    EVENT_SHOWN,
    LEVELS,
    event_cells,
    event_column,
    is_event_column,
    level_name,
    unknown_fields,
    unknown_said,
)
from netsleuth_tui.analysis.explain import explain
from netsleuth_tui.analysis.explanation import Explanation, explanation_table
from netsleuth_tui.analysis.facets import Facet, facets, facets_table
from netsleuth_tui.analysis.finding import Found, find_row
from netsleuth_tui.analysis.intervals import parse_interval, show_interval
from netsleuth_tui.analysis.judged_fields import is_judged, judge_fields
from netsleuth_tui.analysis.mixed_records import Kinds, common_rows_table, counterpart, kinds_of, mixed_records, mixed_rows, selected
from netsleuth_tui.analysis.overview import Overview, overview
from netsleuth_tui.analysis.records import EXPORTED, SHOWN, records, records_table
from netsleuth_tui.analysis.region_counts import SIDES, Side
from netsleuth_tui.analysis.region_groups import GROUPINGS, Grouping
from netsleuth_tui.analysis.region_tables import region_remarks, regions_by_time_table, regions_table
from netsleuth_tui.analysis.regions import Regions, regions, with_retransmissions
from netsleuth_tui.analysis.scope import EVERYTHING, Scope, event_rows_of, rows_of
from netsleuth_tui.analysis.series import MEASURE_NAMES, SPLITS, Measure, Series, check_split, series
from netsleuth_tui.analysis.sorting import can_sort, sorted_rows
from netsleuth_tui.analysis.sources import SourceLine, source_lines, sources_table
from netsleuth_tui.analysis.summary import Summary, summary, summary_dict, summary_table
from netsleuth_tui.analysis.time_order import events_in_order, packets_in_order
from netsleuth_tui.analysis.timeline import timeline, timeline_by_table, timeline_table
from netsleuth_tui.analysis.times import clock, epoch, iso, parse_time
from netsleuth_tui.analysis.values import column_of
from netsleuth_tui.analysis.windows import TimeOfDay, Window, parse_window, spans_of

__all__ = [
    "BESIDE",
    "EVENT_BREAKDOWNS",
    "EVENT_EXPORTED",
    "EVENT_GROUPS",
    "EVENT_SHOWN",
    "EVENT_SPLITS",
    "EVERYTHING",
    "EXPORTED",
    "GROUPINGS",
    "LEVELS",
    "MEASURE_NAMES",
    "MOST_KEYS",
    "SHOWN",
    "SIDES",
    "SPLITS",
    "WINDOWS",
    "Associations",
    "By",
    "ClockHint",
    "Conversations",
    "Count",
    "Detail",
    "EventBreakdown",
    "EventData",
    "EventDetail",
    "EventField",
    "EventGroups",
    "EventIdLine",
    "EventIds",
    "EventLine",
    "EventPivot",
    "EventReading",
    "Explanation",
    "Facet",
    "FieldLine",
    "FieldValue",
    "Found",
    "Grouping",
    "Judged",
    "Kinds",
    "Measure",
    "OverTime",
    "Overview",
    "ReadField",
    "Regions",
    "Remark",
    "Scope",
    "Series",
    "Side",
    "SourceLine",
    "Summary",
    "TimeOfDay",
    "Window",
    "association_columns",
    "associations",
    "associations_table",
    "between",
    "breakdown_table",
    "can_sort",
    "can_sort_events",
    "cell_filter",
    "check_event_split",
    "check_split",
    "clock",
    "clock_hints",
    "column_of",
    "common_rows_table",
    "conversation_columns",
    "conversation_of",
    "conversations",
    "conversations_table",
    "counterpart",
    "courses_table",
    "detail",
    "epoch",
    "event_breakdown",
    "event_cell_filter",
    "event_cells",
    "event_column",
    "event_data",
    "event_data_table",
    "event_detail",
    "event_facets",
    "event_facets_table",
    "event_groups",
    "event_groups_table",
    "event_id_filter",
    "event_ids",
    "event_ids_table",
    "event_pivot",
    "event_pivot_table",
    "event_records",
    "event_rows_of",
    "event_series",
    "event_table",
    "event_term",
    "event_timeline_table",
    "event_totals",
    "events_in_order",
    "explain",
    "explanation_table",
    "exported_fields",
    "facets",
    "facets_table",
    "find_event",
    "find_row",
    "is_event_column",
    "is_judged",
    "iso",
    "joined_terms",
    "judge_fields",
    "kinds_of",
    "level_name",
    "losses_of_capture",
    "mixed_records",
    "mixed_rows",
    "objects_of_handles",
    "over_time",
    "overview",
    "packets_in_order",
    "parse_interval",
    "parse_keys",
    "parse_names",
    "parse_time",
    "parse_window",
    "rates_table",
    "read_event",
    "read_event_table",
    "records",
    "records_table",
    "region_remarks",
    "regions",
    "regions_by_time_table",
    "regions_table",
    "remarks",
    "rows_of",
    "selected",
    "series",
    "show_interval",
    "sorted_events",
    "sorted_rows",
    "source_lines",
    "sources_table",
    "spans_of",
    "split_names",
    "summary",
    "summary_dict",
    "summary_table",
    "time_of",
    "timeline",
    "timeline_by_table",
    "timeline_table",
    "unknown_fields",
    "unknown_said",
    "verdict",
    "with_retransmissions",
    "with_spi",
]
