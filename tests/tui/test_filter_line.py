"""The filter line: what is offered while typing, how it is taken, and what outlives a run."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tui.screens import Driver, FakeSession, mixed

from netsleuth_tui.analysis import Scope, occurring
from netsleuth_tui.saved import filters_path, history_path, read_filters, read_history, remember, save_filter
from netsleuth_tui.tui.screens.completing import Completing
from netsleuth_tui.tui.widgets.complaint import Complaint

Driven = Callable[..., Any]
SIZES = [(160, 50), (80, 24)]


def labels(d: Driver) -> list[str]:
    """What the list shows; nothing where it is closed."""
    shown = d.main.filter_bar.suggestions
    return [one.label for one in shown.offer.suggestions] if shown.display else []


@pytest.mark.parametrize("size", SIZES)
async def test_names_are_offered_and_taken(driven: Driven, size: tuple[int, int]) -> None:
    """A part of a name, Tab to take the only one; then operators, then values with their counts; Enter applies."""
    session = FakeSession(mixed())
    async with driven(session, size) as d:
        await d.press("slash")
        assert labels(d) == []
        await d.type("flags.rese")
        assert labels(d) == ["tcp.flags.reset"]
        assert "TCP RST: a connection is aborted" in d.text
        await d.press("tab")
        assert d.main.filter_bar.input.value == "tcp.flags.reset "
        assert labels(d)[:2] == ["==", "!="]
        await d.press("down", "enter")
        assert d.main.filter_bar.input.value == "tcp.flags.reset == "
        assert [(one.label, one.packets) for one in d.main.filter_bar.suggestions.offer.suggestions] == [("0", 90), ("1", 10)]
        await d.press("down", "down", "up", "down", "enter")
        assert d.main.filter_bar.input.value == "tcp.flags.reset == 1"
        assert labels(d) == []
        assert session.scope.filter == ""
        await d.press("enter")
        assert session.scope.filter == "tcp.flags.reset == 1"
        assert d.main.focused is d.main.table


async def test_enter_without_a_choice_applies_and_escape_closes_the_list_first(driven: Driven) -> None:
    """The list is never in the way of what is typed."""
    session = FakeSession(mixed())
    async with driven(session, (80, 24)) as d:
        await d.press("slash")
        await d.type("tcp")
        assert labels(d)[0] == "tcp"
        await d.press("escape")
        assert labels(d) == []
        assert d.main.filter_bar.input.value == "tcp"
        await d.type(" && ip.ttl == 0")
        assert labels(d) == []
        await d.press("enter")
        assert session.scope.filter == "tcp && ip.ttl == 0"


async def test_values_are_those_of_the_rows_that_are_left(driven: Driven) -> None:
    """Ports under udp alone, narrowed by what is typed; the half-typed condition itself does not count."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("slash")
        await d.type("udp && udp.port == ")
        assert labels(d) == ["53", "5353"]
        await d.type("53")
        assert labels(d) == ["53", "5353"]
        await d.type("5")
        assert labels(d) == ["5353"]
        assert "100" in d.text
        await d.press("tab")
        assert d.main.filter_bar.input.value == "udp && udp.port == 5353"
        assert d.main.filter_bar.counted == ((100, 300, ""),)


async def test_what_cannot_be_listed_is_said(driven: Driven) -> None:
    """No such value; a value for each packet."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("slash")
        await d.type("tcp.port == 9")
        assert "no such tcp.port here" in d.text
        await d.press("ctrl+u")
        await d.type("frame.number == ")
        assert "frame.number: too many different values to list" in d.text


async def test_filters_of_earlier_runs_come_back(driven: Driven) -> None:
    """Up and down as in a shell, what was being typed last; applied filters are kept for the next run."""
    remember("arp")
    remember("icmp")
    session = FakeSession(mixed())
    async with driven(session) as d:
        field = d.main.filter_bar.input
        await d.press("slash")
        await d.type("ud")
        await d.press("ctrl+p")
        assert field.value == "icmp"
        assert d.main.filter_bar.counted == ((100, 300, ""),)
        await d.press("up")
        assert field.value == "arp"
        await d.press("up", "down")
        assert field.value == "icmp"
        await d.press("ctrl+n")
        assert field.value == "ud"
        await d.type("p")
        await d.press("enter")
        await d.until(lambda: read_history()[-1:] == ["udp"])
        assert read_history() == ["arp", "icmp", "udp"]
        assert history_path().stat().st_mode & 0o777 == 0o600


async def test_a_filter_is_saved_and_found_again(driven: Driven) -> None:
    """Ctrl+S asks for a name; @ lists what is saved, beside other conditions in parentheses where they are needed."""
    session = FakeSession(mixed())
    async with driven(session, (80, 24)) as d:
        await d.press("slash")
        await d.type("icmp || udp")
        await d.press("ctrl+s")
        assert "Save this filter as @" in d.text
        await d.type("mine")
        await d.press("enter")
        assert read_filters() == {"mine": "icmp || udp"}
        assert "saved as @mine" in d.text
        assert d.main.focused is d.main.filter_bar.input
        await d.press("ctrl+u", "tab")
        assert labels(d) == ["@mine"]
        await d.press("escape")
        await d.type("ip.ttl > 9 && ")
        await d.press("at")
        assert labels(d) == ["@mine"]
        await d.press("tab")
        assert d.main.filter_bar.input.value == "ip.ttl > 9 && (icmp || udp)"
        assert d.main.filter_bar.state == "valid"


async def test_what_is_no_filter_or_no_name_is_not_saved(driven: Driven) -> None:
    """It is said, and nothing is written."""
    async with driven(FakeSession(mixed())) as d:
        await d.press("slash")
        await d.type("tcp &&")
        await d.press("ctrl+s")
        assert "only a valid filter can be saved" in d.lines[-1]
        await d.press("backspace", "backspace", "ctrl+s")
        await d.type("a/b")
        await d.press("enter")
        assert "a name is made of" in d.lines[-1]
        await d.press("escape")
        assert d.main.focused is d.main.filter_bar.input
        assert not filters_path().exists()


async def test_a_bad_file_of_filters_is_said_with_its_line(driven: Driven) -> None:
    """No crash, and the line can be used."""
    save_filter("a", "tcp")
    filters_path().write_text('a = "tcp"\nb = nonsense\n')
    async with driven(FakeSession(mixed())) as d:
        await d.press("slash", "at")
        assert "line 2" in d.lines[-1]
        await d.press("backspace", "i", "p", "enter")
        assert d.main.focused is d.main.table


async def test_carets_follow_the_text_when_it_scrolls(driven: Driven) -> None:
    """At 80 columns a long filter scrolls; the carets stay under the culprit while any of it is seen."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        field = d.main.filter_bar.input
        await d.press("slash")
        await d.type("nonsense == 1 && ")
        field.insert_text_at_cursor("tcp.port == 80 && " * 4 + "tcp")
        await d.settle()
        complaint = d.main.query_one(Complaint)
        assert field.scroll_offset.x > 0
        assert complaint.column < 0
        await d.press("home")
        assert d.lines[2].index("^") == d.lines[1].index("nonsense")


async def test_a_long_complaint_is_wrapped_not_cut(driven: Driven) -> None:
    """The whole sentence can be read at 80x24."""
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        await d.press("slash")
        d.main.filter_bar.input.insert_text_at_cursor('tcp.port == 443 && protocol == "HTTP"')
        await d.settle()
        assert d.main.filter_bar.state == "invalid"
        said = " ".join(" ".join(d.lines[2:6]).split())
        assert "no protocol is labelled" in said
        assert "802.11, PPP, MPLS" in said


async def test_undo_shows_the_filter_that_comes_back(driven: Driven) -> None:
    """The line says what is looked at, also after undo and redo."""
    async with driven(FakeSession(mixed())) as d:
        for text in ("tcp", "udp"):
            await d.press("slash", "ctrl+u")
            await d.type(text)
            await d.press("enter")
        await d.press("u")
        assert d.main.filter_bar.input.value == "tcp"
        await d.press("ctrl+r")
        assert d.main.filter_bar.input.value == "udp"


async def test_markup_and_control_characters_stay_text(driven: Driven) -> None:
    """Whatever is pasted: no markup, no escape sequence, no exception; the list included."""
    save_filter("x", "[red]tcp[/red]\x1b[31m")
    async with driven(FakeSession(mixed()), (80, 24)) as d:
        await d.press("slash", "at")
        assert "[red]tcp[/red]␛[31m" in d.text
        await d.press("tab")
        for text in ("[bold]x[/bold]", "\x1b]52;c;AAAA\x07", "(" * 3000, "\u202e\u200b", "tcp.port == [link=x]"):
            d.main.filter_bar.input.value = text
            await d.settle()
            await d.press("end", "tab", "down", "up", "left", "escape")
            await d.press("slash")
        assert d.app.crash is None


async def test_a_list_fits_every_terminal(driven: Driven) -> None:
    """From the smallest terminal up; nothing raises, and the last lines stay as they are."""
    async with driven(FakeSession(mixed()), (60, 15)) as d:
        await d.press("slash")
        await d.type("t")
        for size in ((60, 15), (30, 8), (1, 1), (200, 60)):
            await d.pilot.resize_terminal(*size)
            await d.settle()
            await d.press("down")
        assert d.app.crash is None


async def test_a_long_filter_shows_its_beginning_and_that_there_is_more(driven: Driven) -> None:
    """Until it is edited: then its end, where one types. No list opens for what the program was started with."""
    long = "tcp.flags.reset == 1 && ip.addr == 10.0.0.0/8 && tcp.port == 443 && frame.len > 60"
    async with driven(FakeSession(mixed()), size=(80, 24)) as d:
        d.main.look_at(Scope(long))
        await d.settle()
        shown = d.text.splitlines()[1]
        assert shown.startswith("/ tcp.flags.reset == 1 && ip.addr")
        assert "… " in shown
        assert shown.rstrip().endswith("%")
        await d.press("slash")
        assert "frame.len > 60" in d.text.splitlines()[1]
        assert "…" not in d.text.splitlines()[1]


async def test_the_filter_that_the_program_is_started_with_opens_no_list(driven: Driven) -> None:
    """Nobody types there."""
    async with driven(FakeSession(mixed()), size=(80, 24), text="udp") as d:
        await d.settle()
        assert not d.main.filter_bar.suggestions.display


def test_addresses_are_held_until_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are numbers of addresses, which a live capture may give again; those that were counted before it did are counted anew."""
    store, held, counted = mixed(), [], []

    def count_values(*_: object) -> SimpleNamespace:
        counted.append(store.hosts.cleared)
        return SimpleNamespace(complete=True, beginning=lambda *_: held.append(len(store.hosts._holders)))

    monkeypatch.setattr(occurring, "count_values", count_values)
    main = SimpleNamespace(_counted=None, post_message=lambda _: None)
    completion = SimpleNamespace(place=SimpleNamespace(typed=""), field="ip.src")
    for _ in range(2):
        Completing._count_values(main, store, Scope(), 1, completion)  # type: ignore[arg-type]
    there = np.ones(store.hosts.count, np.bool_)
    store.hosts.forget(there, there)
    Completing._count_values(main, store, Scope(), 1, completion)  # type: ignore[arg-type]
    assert held == [1, 1, 1]
    assert counted == [0, 1]
    assert not store.hosts._holders
