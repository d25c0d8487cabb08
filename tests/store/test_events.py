"""The event table: codes and texts, columns gathered from cells, groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import add_events, event

from netsleuth_tui.store import Store, Texts
from netsleuth_tui.store.events import EventTable


def test_a_field_is_one_code_per_event_and_zero_where_it_is_absent():
    """Events without the field, or whose value is absent, have 0; an empty value has 1; equal texts have equal codes."""
    store = add_events(
        Store(),
        event(1, data={"A": "x", "B": None}),
        event(2, data={"B": "x"}),
        event(3, data={"A": "", "B": "y"}),
        event(4),
    )
    events = store.events
    a, b = events.codes("A"), events.codes("B")
    assert events.texts.many(a) == ["x", "", "", ""]
    assert a[1] == a[3] == b[0] == b[3] == 0
    assert a[2] == 1
    assert a[0] == b[1] == events.texts.code("x")
    assert not events.codes("C").any()
    assert events.fields() == ("A", "B")
    assert [(group.fields, group.rows.tolist()) for group in events.groups] == [((), [3]), (("A", "B"), [0, 2]), (("B",), [1])]
    assert [codes.tolist() for codes in events.groups[1].codes] == [[a[0], a[2]], [b[0], b[2]]]


def test_columns_grow_with_the_rows():
    """A column that was asked for before more events came has them afterwards, and a view that was taken keeps its length."""
    store = add_events(Store(), event(1, data={"A": "x"}))
    before, view = store.events.codes("A"), store.events.view()
    add_events(store, *(event(2, data={"B": "x", "A": f"{i}"}) for i in range(5000)))
    after = store.events.codes("A")
    assert len(before) == len(view.row) == 1
    assert store.events.texts.many(after[[0, 1, 5000]]) == ["x", "0", "4999"]


def test_order_is_watched():
    """An event that is older than the one before it makes the table unordered."""
    store = add_events(Store(), event(1), event(1), event(2))
    assert store.events.in_order
    assert not add_events(store, event(1)).events.in_order


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("4663", 4663), ("0x10000", 65536), ("0XfF", 255), ("-7", -7), ("9223372036854775807", 2**63 - 1),
        ("0x7fffffffffffffff", 2**63 - 1), ("", None), ("-", None), ("0x", None), ("x", None), ("1.5", None), ("12a", None),
        ("9223372036854775808", None), ("0xffffffffffffffff", None), ("-0x1", None), ("1" * 40, None),
    ],
)  # fmt: skip
def test_numbers_are_known_as_such(text: str, number: int | None):
    """Decimal and hexadecimal texts of at most 63 bits are numbers, others are not."""
    texts = Texts()
    values, known = texts.number(texts.add([text]))
    assert (int(values[0]) if known[0] else None) == number


@given(st.lists(st.text(st.characters(), max_size=30), max_size=200))
def test_texts_come_back_as_they_were(listed: list[str]):
    """Any text, unpaired surrogates included, has one code, and the code gives it back."""
    texts = Texts()
    codes = texts.add(listed)
    assert texts.many(codes) == listed
    assert len(set(codes.tolist())) == len(set(listed))
    assert [texts.code(text) for text in listed] == codes.tolist()
    assert texts.code("never" * 20) is None


def test_a_table_without_events_costs_nothing():
    """An empty table has no names, no groups, and empty columns."""
    table = EventTable()
    assert (table.rows, table.fields(), table.groups, table.capacity) == (0, (), (), 0)
    assert table.codes("A").dtype == np.uint32
    assert len(table.codes("A")) == 0
