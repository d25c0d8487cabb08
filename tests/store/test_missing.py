"""What is said of a file that was read in part."""

from __future__ import annotations

from netsleuth_tui.store import Source


def test_what_was_read_is_said_of_packets_and_of_events() -> None:
    """A log has events, a trace may have both, and a capture that was stopped at once has no packet."""
    said = [Source("a", "evtx", packets=p, events=e, complete=False).missing for p, e in ((0, 0), (1, 0), (0, 2), (3, 4))]
    amounts = ("0 packets", "1 packet", "2 events", "3 packets and 4 events")
    assert said == [f"read in part, {amount}" for amount in amounts]
