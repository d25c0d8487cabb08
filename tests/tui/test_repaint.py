"""What is painted is what would be painted now: also after a pane has been told late of its size, or was hidden meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from tui.screens import FakeSession
from tui.test_events import both, logs

from netsleuth_tui.tui.messages import ViewReady
from netsleuth_tui.tui.panes import Look

Driven = Any


def painted(pane: Any) -> list[str]:
    """The lines of a pane as they were painted last."""
    return [pane._drawn[y].text for y in range(pane.size.height)]


def fresh(pane: Any) -> list[str]:
    """The lines of a pane as they would be painted now."""
    return [pane.draw(y, pane.size.width).text for y in range(pane.size.height)]


@pytest.mark.parametrize("name", ["events", "event-list", "event-groups", "records", "conversations"])
async def test_rows_under_the_cursor_have_the_columns_of_all_others(driven: Driven, name: str) -> None:
    """A line that is painted alone has the widths of the whole table, even where these were forgotten after the table was painted."""
    async with driven(FakeSession(both()), (80, 24)) as d:
        d.main.action_tab(name)
        await d.settle()
        pane = d.main.pane(name)
        before = fresh(pane)
        pane.on_resize()  # as Textual tells it: the lines were painted in the new size before
        await d.press("down", "up")
        assert fresh(pane) == before == painted(pane)
        pane.forget_widths()
        await d.press("down", "up")
        assert fresh(pane) == before == painted(pane)


async def test_what_changes_while_a_pane_is_hidden_is_painted_when_it_is_shown(driven: Driven) -> None:
    """Textual keeps what a hidden widget looked like."""
    async with driven(FakeSession(logs()), (80, 24)) as d:
        ids = d.main.pane("events")
        await d.press("o")
        ids.nothing, ids.answered = "nothing is left", None
        ids.reset()
        ids.display = True
        await d.pilot.pause()
        await d.pilot.pause()
        assert painted(ids) == fresh(ids)
        assert "nothing is left" in d.text


async def test_an_answer_about_another_filter_is_not_shown(driven: Driven) -> None:
    """It comes while something else is wanted already."""
    async with driven(FakeSession(both()), (80, 24)) as d:
        table, main = d.main.table, d.main
        await d.press("slash")
        await d.type("udp")
        await d.press("enter")
        assert main.overview.scope.filter == "udp"
        look = Look(main.session.store, main.overview.scope)
        late = ViewReady(main._generation, look.scope, main.overview, [(table, table.question()(look))], None, 0.0)
        await d.press("slash", "ctrl+u")
        await d.type("EventID == 1102")
        await d.press("enter")
        rows = [table.cells(k) for k in range(table.count())]
        assert len(rows) == 1
        main.on_view_ready(late)
        await d.settle()
        assert [table.cells(k) for k in range(table.count())] == rows
