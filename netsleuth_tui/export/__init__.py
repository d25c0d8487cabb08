"""Rows on their way to files and pipes: exact, whole, and harmless to whoever opens them.

What writes tables is imported when it is first asked for: captures are written without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netsleuth_tui.export.atomic import ExportError, open_new
from netsleuth_tui.export.guard import guard, unguard
from netsleuth_tui.export.text_chart import text_chart

if TYPE_CHECKING:
    from netsleuth_tui.export.tables import FORMATS, Format, Written, format_of, write_table, write_text

__all__ = [
    "FORMATS",
    "ExportError",
    "Format",
    "Written",
    "format_of",
    "guard",
    "open_new",
    "text_chart",
    "unguard",
    "write_table",
    "write_text",
]


def __getattr__(name: str) -> Any:
    """What writes tables, when it is asked for."""
    if name in __all__:
        return getattr(import_module(f"{__name__}.tables"), name)
    raise AttributeError(name)
