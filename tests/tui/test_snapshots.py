"""The whole screen as text, at both sizes, on the sample of the router loop: changes are seen before they are shipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from tui.screens import LAYERS, FakeSession, mixed

from netsleuth_tui.decode.dissect import Dissection
from netsleuth_tui.paths import sample
from netsleuth_tui.session import Session

Driven = Callable[..., Any]
SIZES = [(160, 50), (80, 24)]


@pytest.fixture(scope="module")
def session() -> Any:
    """The sample, loaded once: its packets do not come from the clock."""
    it = Session()
    it.load([str(sample("router-loop.pcapng.gz"))])
    it.dissect = lambda _: Dissection(LAYERS, "")  # type: ignore[method-assign]  # scapy's words change with its version
    it.load = lambda _, *, cancel, report: report(it.progress)  # type: ignore[method-assign, assignment]  # noqa: ARG005
    yield it
    it.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_router_loop(driven: Driven, session: Any, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    """ICMP with a small TTL: the peaks every five minutes."""
    session.look_at(type(session.scope)())
    async with driven(session, size, text="icmp && ip.ttl < 3", paths=(str(sample("router-loop.pcapng.gz")),)) as d:
        await d.until(lambda: "Ethernet" in d.text or size[1] < 36)
        assert d.text == snapshot


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_help(driven: Driven, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    """The help of the records, made from the bindings."""
    async with driven(FakeSession(mixed(30)), size) as d:
        await d.press("question_mark")
        assert d.text == snapshot


async def test_ascii(driven: Driven, snapshot: SnapshotAssertion) -> None:
    """Without block elements everything is ASCII, and still says the same."""
    from netsleuth_tui.terminal.glyphs import ASCII

    async with driven(FakeSession(mixed(200)), (100, 40), glyphs=ASCII) as d:
        assert d.text.isascii()
        await d.press("question_mark")
        assert d.text.isascii()
        await d.press("escape")
        assert d.text == snapshot
