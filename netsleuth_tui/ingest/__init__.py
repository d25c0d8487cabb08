"""Joins a reader, the kernels and the store: progress, cancelling, the memory budget, piles of files.

What loads is imported when it is first asked for: extraction needs the rest alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netsleuth_tui.ingest.budget import default_budget
from netsleuth_tui.ingest.progress import Progress
from netsleuth_tui.ingest.shifts import Shift, parse_offset, parse_shift, show_shift
from netsleuth_tui.ingest.table_layout import parse_columns

if TYPE_CHECKING:
    from netsleuth_tui.ingest.load import Loader

__all__ = ["Loader", "Progress", "Shift", "default_budget", "parse_columns", "parse_offset", "parse_shift", "show_shift"]


def __getattr__(name: str) -> Any:
    """`Loader`, when it is asked for."""
    if name == "Loader":
        return import_module("netsleuth_tui.ingest.load").Loader
    raise AttributeError(name)
