"""Sizes as people write them, and a default that leaves the host alone."""

from __future__ import annotations

import pytest

from netsleuth_tui.cli.sizes import parse_size
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import default_budget
from netsleuth_tui.ingest.budget import MOST, rows_within


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GiB", 2 << 30), ("500MiB", 500 << 20), ("500m", 500 << 20), ("1.5G", 3 << 29), ("1048576", 1 << 20), ("64 kB", 64 << 10)],
)
def test_sizes_read(text: str, size: int) -> None:
    """Powers of 1024, with or without a unit."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1", "0", "1PiB", "2 GiBs", "9" * 400])
def test_what_is_no_size_is_refused(text: str) -> None:
    """The message gives an example."""
    with pytest.raises(NetSleuthError, match="2GiB"):
        parse_size(text)


def test_the_default_is_modest() -> None:
    """Never above 4 GiB, and never nothing."""
    assert 0 < default_budget() <= MOST
    assert rows_within(1) == 1
    assert rows_within(1 << 30) > 9_000_000
