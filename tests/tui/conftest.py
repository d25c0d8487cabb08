"""Starts the app for a test, and ends its threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import _wait
from tui.screens import Driver

from netsleuth_tui.tui import typeahead
from netsleuth_tui.tui.app import NetSleuthApp


@pytest.fixture(autouse=True)
def _short_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Textual look every 4 ms, not every 20, whether a key has been dealt with: the driver waits for what matters."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 1 / 250)
    monkeypatch.setattr(typeahead, "WAITS", 30.0)  # a busy machine drops no key


@pytest.fixture
def driven() -> Callable[..., Any]:
    """Starts the app on a session and yields its driver."""

    @asynccontextmanager
    async def start(
        session: Any, size: tuple[int, int] = (160, 50), *, text: str = "", paths: Sequence[str] = ("trace.pcap",), **more: Any
    ) -> AsyncIterator[Driver]:
        app = NetSleuthApp(paths, session, text=text, **more)
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot)
            await driver.until(lambda: app.main.progress is not None)
            if not getattr(session, "hold", False):
                await driver.until(lambda: not app.main.is_loading)
            if not getattr(session, "looks_long", False):
                await driver.settle()
            yield driver
            app.stop_threads()
            app.main.loading_thread.wait(5)
            app.main.close_lanes(5)

    return start
