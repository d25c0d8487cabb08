"""Joins a reader, the kernels and the store: progress, cancelling, the memory budget, piles of files.

What loads is imported when it is first asked for: extraction needs the rest alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netsleuth_tui.ingest.progress import Progress
from netsleuth_tui.ingest.shifts import Shift, parse_offset, parse_shift, show_shift

if TYPE_CHECKING:
    from netsleuth_tui.ingest.budget import default_budget
    from netsleuth_tui.ingest.load import Loader
    from netsleuth_tui.ingest.table_layout import parse_columns

__all__ = ["Loader", "Progress", "Shift", "default_budget", "parse_columns", "parse_offset", "parse_shift", "show_shift"]

_LATE = {"Loader": "load", "default_budget": "budget", "parse_columns": "table_layout"}


def __getattr__(name: str) -> Any:
    """One of them, when it is asked for."""
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(name)
