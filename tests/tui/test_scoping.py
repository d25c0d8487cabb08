"""Terms, windows and the way back; the palette, the whole screen, and the user's own keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from made import START
from tui.screens import SECOND, FakeSession, mixed

from netsleuth_tui.analysis import Scope, parse_window
from netsleuth_tui.settings import Settings

Driven = Callable[..., Any]


async def test_a_line_is_included_excluded_and_all_of_it_undone(driven: Driven) -> None:
    """`+`, `-`, `=`, `u`, ctrl+r: the filter line says it, and every pane follows."""
    session = FakeSession(mixed())
    async with driven(session) as d:
        await d.press("f", "plus")
        first = session.scope.filter
        assert first
        assert d.main.filter_bar.input.value == first
        matched = d.main.overview.matched
        await d.press("minus")
        assert session.scope.filter != first
        assert d.main.overview.matched + matched == 300
        await d.press("u")
        assert session.scope.filter == first
        assert d.main.overview.matched == matched
        await d.press("u")
        assert session.scope == Scope()
        assert d.main.filter_bar.input.value == ""
        await d.press("u")
        assert "nothing to undo" in d.main.status.message
        await d.press("ctrl+r")
        assert session.scope.filter == first


async def test_the_window_narrows_what_panes_show(driven: Driven) -> None:
    """A window is a part of the scope; a backslash takes it away, a comma brings it back."""
    session = FakeSession(mixed())
    async with driven(session) as d:
        d.main.look_at(Scope("", START, START + 10 * SECOND))
        await d.settle()
        assert d.main.overview.matched == 100
        assert d.main.table.count() == 100
        await d.press("backslash")
        assert session.scope == Scope()
        assert d.main.overview.matched == 300
        await d.press("comma")
        assert session.scope == Scope("", START, START + 10 * SECOND)
        await d.press("full_stop")
        assert session.scope == Scope()


async def test_one_pane_takes_the_whole_screen(driven: Driven) -> None:
    """`w`, and back with `w` or Esc; going to another pane brings the others back, too."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("t", "w")
        assert d.main.query_one("#timeline").size.height > 40
        assert not d.main.query_one("#middle").display
        await d.press("w")
        assert d.main.query_one("#timeline").size.height in {8, 9}  # with the marks of findings one more
        await d.press("f", "w")
        assert d.main.query_one("#facets").size.width == 160
        await d.press("1")
        assert d.main.focused is d.main.table
        assert d.main.query_one("#timeline").display
        await d.press("w")
        assert not d.main.query_one("#facets").display
        await d.press("escape")
        assert d.main.query_one("#facets").display


async def test_the_palette_finds_an_action_and_runs_it(driven: Driven) -> None:
    """Words of what it does are enough; an action of another pane goes there first."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("colon")
        await d.type("breakdowns narrow line")
        await d.press("escape")
        assert d.main.focused is d.main.table
        await d.press("colon")
        await d.type("facets.choose")
        await d.press("enter")
        assert d.main.focused.id == "facets"
        assert d.main.session.scope.filter


async def test_the_user_has_other_keys(driven: Driven) -> None:
    """A key is moved by its id; the old one does nothing, the last line shows the new one, an unknown id is said."""
    settings = Settings(keys={"main.filter": "f4", "no.such": "f5"})
    async with driven(FakeSession(mixed()), settings=settings) as d:
        assert "no.such" in " ".join(d.main.notes())
        await d.press("slash")
        assert d.main.focused is d.main.table
        assert "f4 filter" in d.lines[-1]
        await d.press("f4")
        assert d.main.focused is d.main.filter_bar.input


async def test_what_is_looked_at_is_copied(driven: Driven) -> None:
    """As a command for the shell, or as a filter for Wireshark; it is shown, too, with what Wireshark does not know."""
    session = FakeSession(mixed())
    async with driven(session) as d:
        d.main.look_at(Scope("tcp.port == 443", START, START + 10 * SECOND))
        await d.settle()
        await d.press("C")
        command = "netsleuth trace.pcap --filter 'tcp.port == 443' --since 2026-03-10T12:00:00Z --until 2026-03-10T12:00:10Z"
        assert d.app.clipboard == command
        assert command in d.main.status.message
        await d.press("Y")
        assert d.app.clipboard == "tcp.port == 443"
        d.main.look_at(Scope("frame.offset > 7"))
        await d.settle()
        await d.press("Y")
        assert "does not have this field" in d.main.status.message


async def test_the_app_begins_with_a_window(driven: Driven) -> None:
    """--since and --until, as the copied command has them."""
    session = FakeSession(mixed())
    async with driven(session, text="tcp", window=(START, START + 10 * SECOND)) as d:
        assert session.scope == Scope("tcp", START, START + 10 * SECOND)
        assert d.main.overview.matched == 34


async def test_the_app_begins_with_times_of_day(driven: Driven) -> None:
    """They are on the day of what was loaded, once all is there; what could be on several days is said."""
    for texts, window in ((("12:00:00", "12:00:10"), (START, START + 10 * SECOND)), (("12:00:10", "12:00:00"), (None, None))):
        session = FakeSession(mixed())
        async with driven(session, text="tcp", days=parse_window(*texts)) as d:
            await d.until(lambda d=d: d.main.window_to_come is None)
            await d.settle()
            assert session.scope == Scope("tcp", *window)
            assert window[0] is not None or "--until is not after --since" in d.main.status.message


async def test_times_of_day_wait_for_the_end(driven: Driven) -> None:
    """Of a live capture, too: until then all is seen, and that is said."""
    session = FakeSession(mixed())
    session.hold = True
    async with driven(session, days=parse_window("12:00:00", "12:00:10"), paths=("-",)) as d:
        await d.settle()
        assert "the time window is set when all is there" in d.main.status.message
        assert session.scope == Scope("")
        await d.press("escape")
        await d.until(lambda d=d: d.main.window_to_come is None)
        await d.settle()
        assert session.scope == Scope("", START, START + 10 * SECOND)
        assert "when all is there" not in d.main.status.message


async def test_the_records_begin_with_the_users_columns(driven: Driven) -> None:
    """As the settings have them; one that does not exist is said."""
    settings = Settings(columns=("frame.number", "ip.ttl", "nothing.here"))
    async with driven(FakeSession(mixed()), settings=settings) as d:
        assert "ip.ttl" in d.text
        assert "Destination" not in d.text.split("Records")[1].splitlines()[1]
        assert "nothing.here" in " ".join(d.main.notes())


async def test_a_term_goes_to_the_last_valid_filter(driven: Driven) -> None:
    """`-` right behind Enter on a filter with a mistake in it: the mistake is said, and the term is taken from what was looked at."""
    session = FakeSession(mixed())
    async with driven(session) as d:
        d.main._count(Scope("ee"), accept=True)
        assert d.main.latest == Scope()
        d.main.action_term("exclude")
        await d.settle()
        assert session.scope.filter.startswith("!")
