"""Joins a reader, the kernels and the store: progress, cancelling, the memory budget, piles of files."""

from netsleuth_tui.ingest.budget import default_budget
from netsleuth_tui.ingest.load import Loader
from netsleuth_tui.ingest.progress import Progress
from netsleuth_tui.ingest.shifts import Shift, parse_shift, show_shift
from netsleuth_tui.ingest.table_layout import parse_columns

__all__ = ["Loader", "Progress", "Shift", "default_budget", "parse_columns", "parse_shift", "show_shift"]
