"""Handles of audited objects, followed by the kernel and by NumPy, against a dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import START
from made_events import add_events, event

from netsleuth_tui.store import Store, handles
from netsleuth_tui.store.handles import _follow, _follow_numpy, chained

IDS = (4656, 4663, 4660, 4658)
some = st.lists(
    st.tuples(
        st.sampled_from(IDS), st.sampled_from([None, "0x0", "0x4", "0x8"]), st.sampled_from([None, "", "-", "C:\\a", "D:\\b"]),
        st.sampled_from(["0x1", "0x2"]), st.sampled_from(["A", "B"]),
    ),
    max_size=40,
)  # fmt: skip


def followed(told: list[tuple[int, str | None, str | None, str, str]]) -> list[str | None]:
    """The object of each event, one after the other."""
    names: dict[tuple[str, ...], str] = {}
    found = []
    for event_id, handle, name, process, computer in told:
        key, shown = (handle or "", process, computer), name
        if handle not in {None, "0x0"}:
            if name not in {None, "", "-"}:
                names[key] = name or ""
            shown = names.get(key, name)
            if event_id == 4658:
                names.pop(key, None)
        found.append(shown)
    return found


@settings(max_examples=80, deadline=None)
@given(some, st.sampled_from(["kernel", "numpy"]))
def test_a_handle_names_the_object_until_it_is_closed(told: list[tuple[int, str | None, str | None, str, str]], how: str) -> None:
    """Handles of other processes and computers are others; a number that is used again is another handle; there is room for all."""
    made = []
    for k, (event_id, handle, name, process, computer) in enumerate(told):
        data = {"HandleId": handle, "ObjectName": name, "ProcessId": process}
        made.append(event(START + k, event_id, {key: value for key, value in data.items() if value is not None}, computer=computer))
    store = add_events(Store(), *made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handles, "_follow", _follow.function if how == "kernel" else _follow_numpy)
        patch.setattr(handles, "FIRST_HANDLES", 1)
        codes = chained(store.events, "ObjectName")
    texts = store.events.texts.many(np.asarray(codes))
    assert [text if code else None for code, text in zip(codes.tolist(), texts, strict=True)] == followed(told)
