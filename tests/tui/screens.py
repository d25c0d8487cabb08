"""The app on stores filled by hand: no file, no decoder, no second process; and a driver that waits until it has nothing to do."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from made import START, icmp, store_of, tcp, udp

from netsleuth_tui.analysis.packet import known_layers
from netsleuth_tui.decode.dissect import DissectedField, Dissection, Layer
from netsleuth_tui.decode.event_xml import EventText
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.ingest import Progress
from netsleuth_tui.session import Session
from netsleuth_tui.store import Store
from netsleuth_tui.tui.app import NetSleuthApp
from netsleuth_tui.tui.widgets.detail_pane import DetailPane

SECOND = 1_000_000_000
FRAME = bytes(range(60))
LAYERS = (
    Layer("Ethernet", (DissectedField("dst", "02:00:00:00:00:01", 0, 6), DissectedField("type", "IPv4", 12, 2))),
    Layer("IP", (DissectedField("ttl", "64", 22, 1), DissectedField("src", "10.0.0.1", 26, 4))),
)


@dataclass
class FakeSession(Session):
    """A session over a store that is already filled: no file, no decoder, no second process."""

    store: Store
    problems: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = LAYERS
    frame_bytes: bytes = FRAME
    hold: bool = False
    """Loading does not end before it is cancelled."""

    def __post_init__(self) -> None:
        filled = self.store
        super().__init__(1 << 28)
        self.store = filled
        self.closed = False

    def load(self, paths: Sequence[str], *, cancel: threading.Event, report: Callable[[Progress], None]) -> Progress:
        """Report once, or hold until it is cancelled."""
        progress = Progress("loading", str(paths[0]), 0, 1, 500, 1000, self.store.packets, 1e6, ())
        if self.hold:
            report(progress)
            cancel.wait(20)
        last = replace(progress, phase="cancelled" if cancel.is_set() else "done", bytes_read=1000, problems=self.problems)
        report(last)
        return last

    def warm(self) -> None:
        """There is nothing to get ready."""

    def spare(self, target: str) -> None:
        """One name belongs to a capture that is open."""
        if target.endswith("open.pcap"):
            raise NetSleuthError("this is one of the captures that are open", where=target)

    def frame(self, row: int) -> bytes:  # noqa: ARG002
        """The same bytes for every row."""
        return self.frame_bytes

    def dissect(self, row: int) -> Dissection:
        """The same layers for every row that can be read."""
        try:
            self.frame(row)
        except NetSleuthError as error:
            return known_layers(self.store, row, str(error))
        return Dissection(self.layers, "")

    def event_xml(self, row: int) -> EventText:  # noqa: ARG002
        """The same XML for every event."""
        return EventText("<Event>\n<System/>\n</Event>")

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def mixed(count: int = 300) -> Store:
    """TCP, UDP and ICMP in turn, one packet every 100 ms; every tenth TCP segment is a reset."""
    made = []
    for k in range(count):
        time = START + k * SECOND // 10
        if k % 3 == 0:
            made.append(tcp(time, 0x14 if k % 30 == 0 else 0x10, src=0, dst=1, src_port=40000, dst_port=443))
        elif k % 3 == 1:
            made.append(udp(time, src=1, dst=0, src_port=53, dst_port=5353))
        else:
            made.append(icmp(time, src=0, dst=2, ttl=64 - k % 60))
    return store_of(made)


class Driver:
    """A pilot that waits until the app has nothing to do."""

    def __init__(self, app: NetSleuthApp, pilot: Any) -> None:
        self.app, self.pilot, self.main = app, pilot, app.main

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, then wait."""
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Press the keys of a text."""
        names = {" ": "space", "=": "equals_sign", "&": "ampersand", "/": "slash", ".": "full_stop", "|": "vertical_line"}
        await self.press(*(names.get(character, character) for character in text))

    async def settle(self) -> None:
        """Wait until no timer, no lane and no export is under way, and all messages are handled."""
        for _ in range(3000):
            await self.pilot.pause()
            if not self._busy():
                break
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    def _busy(self) -> bool:
        timers = (self.main._typing, self.main.query_one(DetailPane)._timer)
        waiting = any(timer is not None and timer._task is not None and not timer._task.done() for timer in timers)
        asked = self.main.filter_bar.state == "checking" or (self.main._unanswered and not self.main.is_loading)
        return (
            waiting
            or self.app.typed.is_busy
            or asked
            or self.main.lane.busy
            or self.main.findings_lane.busy
            or self.main.detail_lane.busy
            or self.main.value_lane.busy
            or self.main.export_running
        )

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds` is true."""
        for _ in range(1500):
            if holds():
                return
            await asyncio.sleep(0.02)
        pytest.fail("that did not happen within 30 s")

    @property
    def lines(self) -> list[str]:
        """The screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)
