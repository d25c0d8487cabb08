"""Columns that a text takes."""

from __future__ import annotations

from netsleuth_tui.terminal.width import cell_width, pad_left, pad_right


def test_cell_width() -> None:
    """Wide characters take two columns, combining marks none."""
    assert cell_width("abc") == 3
    assert cell_width("東京") == 4
    assert cell_width("e\u0301") == 1


def test_padding_counts_columns() -> None:
    """Padded texts end at the same column, and too long ones stay whole."""
    assert pad_right("東", 4) == "東  "
    assert pad_left("12", 4) == "  12"
    assert pad_left("12345", 4) == "12345"
