"""Groups and cross tables of events on a small screen: numbers stay in view, and of paths the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import SECOND, START
from made_events import add_events, event
from rich.cells import cell_len
from tui.screens import FakeSession
from tui.test_events import Driven, pane

from netsleuth_tui.store import Store
from netsleuth_tui.tui.drawing import cut_path
from netsleuth_tui.tui.widgets.shared_room import shared

FOLDER = r"C:\ProgramData\PrintTrack\Logs"
AGENT = r"C:\Program Files\PrintTrack Enterprise\ptagent.exe"
SPOOLER = r"C:\Windows\System32\spool\drivers\spoolsv.exe"


def log() -> Store:
    """Twelve files that two programs open: file k is opened 1001 + k times by the first one, once by the other one."""
    store = Store()
    for name, program, user in ((1, AGENT, "svc-printtrack"), (0, SPOOLER, "PRINT01$")):
        made = []
        for k in range(12):
            data = {"SubjectUserName": user, "ProcessName": program, "ObjectName": rf"{FOLDER}\queue-{k:02}.log"}
            made += [event(START + k * SECOND, 4663, data)] * (name * 100 * (12 - k) + 1)
        add_events(store, *made)
    return store


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_counts_stay_in_view(driven: Driven, size: tuple[int, int]) -> None:
    """Three fields of long paths: each line tells its file and how many events there are; so do the cells of the cross table."""
    async with driven(FakeSession(log()), size, paths=("server.evtx",)) as d:
        groups = pane(d, "event-groups")
        await d.press("p")
        groups.group_by(["SubjectUserName", "ProcessName", "ObjectName"])
        await d.settle()
        shown = [line for line in d.lines if "svc-printtrack" in line and "ptagent.exe" in line]
        assert len(shown) == 12
        for k, line in enumerate(shown):
            count = f"{100 * (12 - k) + 1:,}".replace(",", " ")
            assert f"queue-{k:02}.log" in line
            assert f" {count} " in line
            assert "%" in line
        (heading,) = (line for line in d.lines if "ObjectName" in line and "Events" in line)
        assert "Share" in heading
        await d.press("X")
        first, second = (next(line for line in d.lines if name in line and ".exe" in line) for name in ("svc-printtrack", "PRINT01$"))
        assert " 7 812 " in first
        assert " 1 201    " in first
        assert first.index("1 201") + 5 == second.index("1", second.index("12 ") + 2) + 1
        assert " 901 " in first
        heading = next(line for line in d.lines if "Total" in line)
        assert "00.log" in heading
        assert "01.log" in heading
        await d.press(*("right",) * 14)
        assert "11.log" in d.text
        assert any(line.split("▐")[0].rstrip().endswith(" 101") for line in d.lines)


async def test_a_width_that_was_given_stays(driven: Driven) -> None:
    """Fields give way, but not one that the user made wide."""
    async with driven(FakeSession(log()), (80, 24), paths=("server.evtx",)) as d:
        groups = pane(d, "event-groups")
        await d.press("p")
        groups.group_by(["ProcessName", "ObjectName"])
        await d.settle()
        before = groups._width(groups.columns[0])
        await d.press("greater_than_sign", "greater_than_sign")
        assert groups._width(groups.columns[0]) == before + 8
        assert groups._width(groups.columns[1]) < before
        assert " 1 201 " in d.text


@given(st.text(alphabet="ab\\/é宽\u0301", max_size=40), st.integers(0, 45))
def test_cut_paths_fit(text: str, width: int) -> None:
    """Whatever is cut has room; a file's name is whole where it fits."""
    shown = cut_path(text, width, "…")
    assert cell_len(shown) <= width
    if cell_len(text) <= width:
        assert shown == text
    elif text.isascii() and (at := max(text.rfind("\\"), text.rfind("/"))) >= 0 and len(text) - at < width:
        assert shown.endswith(text[at:])


@given(st.lists(st.integers(1, 90), max_size=8), st.integers(-5, 300), st.integers(1, 9))
def test_room_is_shared(wanted: list[int], room: int, least: int) -> None:
    """All room is used if it is needed, nobody gets more than he wants, and less only where nobody has more."""
    widths = shared(wanted, room, least)
    assert all(min(want, least) <= width <= want for want, width in zip(wanted, widths, strict=True))
    if sum(wanted) <= room:
        assert widths == wanted
    elif sum(min(want, least) for want in wanted) <= room:
        assert room - len(wanted) < sum(widths) <= room
    narrow = [width for want, width in zip(wanted, widths, strict=True) if width < want]
    assert not narrow or max(widths) <= max(narrow) + 1
