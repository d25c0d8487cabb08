"""Event data in the filter line: names that occur are offered, half a name changes nothing, and a name that no event has is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from made import START
from made_events import add_events, event
from tui.screens import Driver, FakeSession

from netsleuth_tui.store import Store

Driven = Callable[..., Any]
SIZE = (120, 40)


def logged() -> Store:
    """Five events, of which two are of alice."""
    names = ["alice", "bob", "alice", "carol", "carol"]
    return add_events(Store(), *(event(START + k, 4663, {"SubjectUserName": name, "param1": str(k)}) for k, name in enumerate(names)))


def labels(d: Driver) -> list[str]:
    """What the list shows; nothing where it is closed."""
    shown = d.main.filter_bar.suggestions
    return [one.label for one in shown.offer.suggestions] if shown.display else []


async def test_names_and_values_that_occur_are_offered(driven: Driven) -> None:
    """Fields of the event data, then their values with counts; Enter keeps the events that have one."""
    session = FakeSession(logged())
    async with driven(session, SIZE) as d:
        await d.press("slash")
        await d.type("subjectu")
        assert labels(d) == ["SubjectUserName"]
        await d.press("tab")
        await d.type("== ")
        assert [(one.label, one.packets) for one in d.main.filter_bar.suggestions.offer.suggestions][:3] == [
            ('"alice"', 2),
            ('"carol"', 2),
            ('"bob"', 1),
        ]
        await d.type('"bob"')
        await d.press("enter")
        assert session.scope.filter == 'SubjectUserName == "bob"'
        assert d.main.overview.events == 1


async def test_half_a_name_changes_nothing(driven: Driven) -> None:
    """While it is typed, it is said that no event has such a field, and the panes stay as they were; applied, it matches nothing."""
    session = FakeSession(logged())
    async with driven(session, SIZE) as d:
        await d.press("slash")
        await d.type("SubjectX == 3")
        assert d.main.overview.events == 5
        assert "no event has a field SubjectX" in d.main.filter_bar.complaint
        await d.press("enter")
        assert d.main.overview.events == 0
        assert "No event has a field SubjectX" in d.text
