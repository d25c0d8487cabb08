"""The registry of fields: complete, consistent with the columns, and the manual says the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.query import ALIASES, FIELDS, NAMED, PROTOCOL_DESCRIPTIONS, PROTOCOLS, FilterError, alone, classify, parse
from netsleuth_tui.query.event_fields import EVENT_FIELDS
from netsleuth_tui.query.fields import NUMBER

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "filter.md"
NOT_TSHARKS = {"frame.offset", "source", "_ws.col.protocol"}
"""tshark 4.0 shows _ws.col.protocol but filters by it only since 4.2."""


def test_fields_name_columns_and_bits_that_exist():
    """Every column is one of the table's, every presence bit one of `Has`."""
    known = sum(Has)
    for field in FIELDS.values():
        assert len(field.columns) == len(field.has) in {1, 2}
        assert set(field.columns) <= {*Columns._fields, NUMBER}
        assert all(has & ~known == 0 for has in field.has)
        assert field.mask >> field.shift << field.shift == field.mask
        assert field.description
    assert all(has & ~known == 0 for has in PROTOCOLS.values())
    assert set(PROTOCOLS) == set(PROTOCOL_DESCRIPTIONS)
    assert not set(PROTOCOLS) & set(FIELDS)
    assert set(ALIASES.values()) <= set(FIELDS)


MAXIMA = [
    ("ip.ttl", 255),
    ("tcp.port", 65535),
    ("ip.frag_offset", 8191),
    ("tcp.flags.syn", 1),
    ("tcp.flags.res", 7),
    ("ip.flags", 7),
    ("esp.spi", 2**32 - 1),
    ("frame.number", 2**32 - 1),
]


@pytest.mark.parametrize(("name", "maximum"), MAXIMA)
def test_a_field_knows_its_largest_number(name, maximum):
    """The width on the wire is the range."""
    assert FIELDS[name].maximum == maximum


def test_two_occurrences_differ_in_one_bit_of_presence_each():
    """Whether a field is there at all is then a matter of two looks at `present`."""
    for field in FIELDS.values():
        common = field.has[0] & field.has[-1]
        own = [has & ~common for has in field.has]
        assert own in ([0], [0, 0]) or (len(own) == 2 and own[0] != own[1] and all(bits.bit_count() == 1 for bits in own)), field.name


def test_tshark_knows_every_name(tshark):
    """Names are tshark's, but for the documented extras."""
    listed = subprocess.run([tshark, "-G", "fields"], capture_output=True, text=True, check=True).stdout
    names = {line.split("\t")[2] for line in listed.splitlines() if line[:2] in {"F\t", "P\t"}}
    ours = {field.name for field in FIELDS.values() if field.kind == "place"}
    assert {name for name in FIELDS if name not in names} <= NOT_TSHARKS | ours
    assert set(PROTOCOLS) <= names


def test_the_manual_lists_every_field_and_protocol_with_its_meaning():
    """The tables of docs/filter.md say what the registry says, line by line."""
    lines = MANUAL.read_text(encoding="utf-8").splitlines()
    rows = {
        cells[0]: cells for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `"))
    }
    for field in NAMED.values():
        assert rows[f"`{field.name}`"][-1] == field.description
    for name, description in PROTOCOL_DESCRIPTIONS.items():
        assert rows[f"`{name}`"][-1] == description


def _cells(heading: str) -> list[list[str]]:
    text = MANUAL.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [
        [cell.strip().strip("`").replace("\\|", "|") for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]


def test_files_are_counted_only_where_they_are_loaded():
    """A filter that looks at each file alone cannot ask which one it is."""
    with pytest.raises(NetSleuthError, match="each file is looked at alone"):
        alone("tcp && source == 1")


def test_the_manuals_examples_are_filters():
    """Every example parses."""
    examples = _cells("Examples")
    assert len(examples) > 15
    for filter_text, _ in examples:
        parse(filter_text)


def test_the_manual_lists_the_fields_of_events():
    """Each with its meaning; and all of its examples parse."""
    rows = {cells[0]: cells for cells in _cells("Events")}
    for field in EVENT_FIELDS.values():
        assert rows[field.name][-1] == field.description
    examples = [text for text in rows if text not in EVENT_FIELDS]
    assert len(examples) > 8
    for text in examples:
        parse(text)


def test_the_manual_shows_the_errors_that_users_get():
    """What Wireshark accepts and we do not is refused with the message in the manual."""
    refused = _cells("What Wireshark accepts and NetSleuth does not")
    assert len(refused) > 10
    for filter_text, message in refused:
        with pytest.raises(FilterError) as caught:
            parse(filter_text)
        error = caught.value
        assert (f"{error.what} ({error.hint})" if error.hint else error.what) == message


NOT_IN_4_0 = "_ws.col.protocol"
"""tshark filters by it since 4.2."""

NEEDS_A_NAME_SERVER = "ip.src == www.example.com"


def test_wireshark_accepts_what_the_manual_says_it_accepts(tshark):
    """Every filter of the table of differences is one that tshark runs."""
    refused = [text for text, _ in _cells("What Wireshark accepts and NetSleuth does not")]
    asked = [text for text in refused if not text.startswith(NOT_IN_4_0) and text != NEEDS_A_NAME_SERVER]
    assert len(refused) - len(asked) == 3
    capture = str(MANUAL.parents[1] / "sample_captures" / "net1_capture_v1(0).cap")
    together = ",".join(["io,stat,0", *(text for text in asked if "," not in text and "$" not in text)])  # one run of tshark for many
    alone = [["-Y", text] for text in asked if "," in text or "$" in text]
    for arguments in (["-q", "-z", together], *alone):
        done = subprocess.run([tshark, "-r", capture, "-c", "1", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (arguments, done.stderr)


COLOURS = [
    ("tcp.port == 443", ["field", "operator", "number"]),
    ("tcp and not ip.src == 10.0.0.0/8", ["protocol", "operator", "operator", "field", "operator", "number"]),
    ('protocol == "TCP"', ["field", "operator", "text"]),
    ("_ws.col.protocol == TCP", ["field", "operator", "text"]),
    ("tcp.port in {80,8000..8010}", ["field", "operator", *["operator", "number"] * 3, "operator"]),
    ('frame.time > "2026', ["field", "operator", "error"]),
    ("tcp.fl", ["field"]),
    ("tcp.fl == 1", ["error", "operator", "number"]),
    ("tcp.port = 80", ["field", "error", "number"]),
    ("ip.src == fe80::1", ["field", "operator", "number"]),
    ("tcp.flags.syn == true", ["field", "operator", "number"]),
    ("bogus == 1", ["error", "operator", "number"]),
]


@pytest.mark.parametrize(("text", "kinds"), COLOURS)
def test_pieces_have_their_colours(text, kinds):
    """Each piece of a filter has a kind; a name that is still being typed is not an error yet."""
    assert [span.kind for span in classify(text)] == kinds
