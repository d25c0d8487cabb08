"""Filters for Wireshark: the same meaning in a spelling that it takes, and notes about what it does not know."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from query.random_filters import FILTERS

from netsleuth_tui.query import parse, unparse
from netsleuth_tui.query.wireshark import for_wireshark

SAMPLES = Path(__file__).resolve().parents[2] / "sample_captures"

TRANSLATED = [
    ("", "", 0),
    ("tcp.port==443&&ip.ttl<5", "tcp.port == 443 and ip.ttl < 5", 0),
    ('frame.time >= "2026-03-10 12:00"', 'frame.time >= "2026-03-10 12:00:00Z"', 0),
    ("10 < ip.ttl < 64", "ip.ttl > 10 and ip.ttl < 64", 0),
    ("tcp.flags.syn == true", "tcp.flags.syn == 1", 0),
    ("tcp ^^ arp", "tcp xor arp", 1),
    ("frame.offset > 5 && protocol == TCP", 'frame.offset > 5 and _ws.col.protocol == "TCP"', 2),
    ("tcp.flags.ns == 1 || frame.offset == 4", "tcp.flags.ae == 1 or frame.offset == 4", 2),
]


@pytest.mark.parametrize(("text", "there", "notes"), TRANSLATED)
def test_a_filter_is_written_for_wireshark(text, there, notes):
    """What only NetSleuth accepts is spelled out, times get their zone; what cannot be helped is said."""
    found, said = for_wireshark(text)
    assert found == there
    assert len(said) == notes
    assert all(": " in note for note in said)


@settings(max_examples=100)
@given(FILTERS)
def test_the_meaning_stays(node):
    """The text for Wireshark parses to the same tree here."""
    assert parse(for_wireshark(unparse(node))[0]) == node


@pytest.mark.parametrize("text", [text for text, _, notes in TRANSLATED if text and not notes])
def test_wireshark_takes_it(tshark, text):
    """Without a note, tshark accepts it."""
    there, _ = for_wireshark(text)
    capture = str(SAMPLES / "net1_capture_v1(0).cap")
    subprocess.run([tshark, "-r", capture, "-c", "1", "-Y", there], check=True, capture_output=True)
