"""Random filters decided by NumPy, on random packets: they must agree with Wireshark's rules, as `reference.py` has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from query.random_filters import FILTERS
from query.reference import PACKETS, Hosts, Places, holds

from netsleuth_tui.decode.columns import PACKET_COLUMNS, Columns
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query import parse
from netsleuth_tui.query.judging import judge, refuse_judged

ROWS = Columns._make(np.array([p.columns[name] for p in PACKETS], kind) for name, kind in PACKET_COLUMNS.items())
NUMBERS = ROWS.row + np.uint32(1)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FILTERS)
def test_numpy_agrees_with_wiresharks_rules(node: object) -> None:
    """Every random filter selects exactly the packets that the rules select."""
    found = judge(node, ROWS, NUMBERS, Hosts(), Places())
    assert found.tolist() == [holds(node, packet) for packet in PACKETS]


def test_a_filter_that_judges_packets_by_others_is_refused() -> None:
    """By name, wherever it stands."""
    with pytest.raises(NetSleuthError, match=r"esp\.depth follows from other packets"):
        refuse_judged(parse("tcp or not esp.depth > 3"))
    refuse_judged(parse("esp.spi == 3"))
