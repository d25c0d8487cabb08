"""One element ahead: what an iterator gives is made by a thread of its own, while what it gave before is still worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Ahead"]

T = TypeVar("T")
MOMENT = 0.1
"""Seconds between two looks whether all is over."""


class Ahead(Generic[T]):
    """Elements of an iterator, in their order; use it in a with statement, whose end waits for the thread.

    Three elements are in use at most: one that is worked on, one that waits, one that is being made.

    Args:
        made: The iterator; only the thread asks it.
        stop: Set it to end early.
    """

    def __init__(self, made: Iterator[T], stop: threading.Event) -> None:
        self._made = made
        self._stop = stop
        self._over = threading.Event()
        self._waiting: queue.Queue[T | None] = queue.Queue(1)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ahead")

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._elements()

    def __exit__(self, *_: object) -> None:
        """End the thread; the iterator has been closed then."""
        self._over.set()
        self._thread.join()

    def _elements(self) -> Iterator[T]:
        while (element := self._waiting.get()) is not None:
            yield element
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            for element in self._made:
                if not self._put(element):
                    break
        except BaseException as error:  # noqa: BLE001 - it is raised where the elements are asked for
            self._failure = error
        finally:
            self._put(None)

    def _put(self, element: T | None) -> bool:
        """Wait for room; False if all is over."""
        while not self._over.is_set():
            try:
                self._waiting.put(element, timeout=MOMENT)
            except queue.Full:
                if self._stop.is_set() and element is not None:
                    return False
                continue
            return True
        return False
