"""Rows on their way to files and pipes: exact, whole, and harmless to whoever opens them."""

from __future__ import annotations

from netsleuth_tui.export.atomic import ExportError, open_new
from netsleuth_tui.export.guard import guard, unguard
from netsleuth_tui.export.tables import FORMATS, Format, Written, format_of, write_table, write_text
from netsleuth_tui.export.text_chart import text_chart

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
