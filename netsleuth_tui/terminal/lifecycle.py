"""The end of the program: on time, with the terminal as it was, also when the terminal itself is gone.

A signal asks the program to end, and so does the loss of the terminal, which is noticed even where SIGHUP is ignored (nohup, sudo,
some chains of su). Whoever is asked may take `GRACE` seconds to end in good order; then the terminal is restored from here, and the
process ends, whatever its other threads are doing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from netsleuth_tui.errors import NetSleuthError

__all__ = ["FAREWELL", "GRACE", "HANGUP", "INTERRUPTED", "RESTORE", "TERMINATED", "Ending", "reopen_tty", "restore", "silence"]

HANGUP = 129
INTERRUPTED = 130
TERMINATED = 143
"""Exit codes: 128 and the number of the signal, as shells have it."""

GRACE = 1.2
"""Seconds between the request to end and the end."""

FAREWELL = 0.4
"""Seconds for what comes after that: threads to join, buffers to flush."""

_WAKES = 6
"""Times within `GRACE` that a main thread is woken which has not taken notice."""

_LOOK = 500
"""Milliseconds between two looks at a terminal; most systems wake us at once when it is lost."""

RESTORE = (
    "\x1b[?2026l"  # show what was held back (synchronized output)
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    "\x1b[?1004l"  # focus reports
    "\x1b[?2004l"  # bracketed paste
    "\x1b[?2048l"  # size reports
    "\x1b[?7h"  # wrap lines
    "\x1b[<u"  # kitty keyboard; belongs to the screen that is left next
    "\x1b[?1049l"  # main screen
    "\x1b[0m\x1b[?25h"  # plain text, visible cursor
)
"""What undoes every mode that a full-screen program sets; harmless where it was not set."""


def restore(terminal: int, attributes: list[Any] | None = None) -> None:
    """Put a terminal back into the state that a shell expects; never waits, never fails.

    Args:
        terminal: File descriptor.
        attributes: From `termios.tcgetattr`, before the program changed them.
    """
    with suppress(OSError, ImportError):
        _write_without_waiting(terminal, RESTORE.encode("ascii"))
    if attributes is not None:
        with suppress(Exception):
            _set_attributes(terminal, attributes)


def _write_without_waiting(terminal: int, data: bytes) -> None:
    """A terminal that was stopped with Ctrl-S, or whose other end does not read, would keep us; a descriptor of our own does not."""
    own = os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        os.write(own, data)
    finally:
        os.close(own)


def _set_attributes(terminal: int, attributes: list[Any]) -> None:
    import termios

    # From the background this would stop us, just when we want to end.
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


class Ending:
    """Ends the program on a signal, or when its terminal is lost; a context manager for the main thread.

    Args:
        ask: Asks the program to end with an exit code, and returns at once; called from a signal handler in the main thread or from
            another thread, once. Without it SystemExit is raised in the main thread.
        terminal: File descriptor to watch and to restore; None for the first standard stream that is one.

    Attributes:
        code: The exit code, once there is one.
    """

    def __init__(self, ask: Callable[[int], None] | None = None, *, terminal: int | None = None) -> None:
        self.code: int | None = None
        self._ask = ask
        self._terminal = _first_terminal() if terminal is None else terminal
        self._attributes = _attributes(self._terminal)
        self._standard = [descriptor for descriptor in (0, 1, 2) if _is_terminal(descriptor)]
        self._previous: dict[int, Any] = {}
        self._asked = threading.Lock()  # held from the first request on; a handler must never wait for it
        self._expected = threading.Lock()  # held until there is an exit code, or nothing to wait for
        self._expected.acquire()
        self._over = threading.Event()
        self._leaving = threading.Lock()

    def __enter__(self) -> Self:
        for name, code in (("SIGTERM", TERMINATED), ("SIGHUP", HANGUP)):
            number = getattr(signal, name, None)
            # A program that was told to ignore SIGHUP goes on ignoring it: the loss of the terminal ends it all the same.
            if number is not None and (name == "SIGTERM" or signal.getsignal(number) != signal.SIG_IGN):
                self._previous[number] = signal.signal(number, self._handler(code))
        threading.Thread(target=self._end_in_time, name="ending", daemon=True).start()
        if self._terminal is not None and os.name != "nt":
            threading.Thread(target=self._watch, args=(self._terminal,), name="terminal", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._leaving:
            self._over.set()
            for number, previous in self._previous.items():
                # Where the end has been asked for, asking again changes nothing, down to the last moments of the interpreter.
                signal.signal(number, previous if self.code is None else signal.SIG_IGN)
            if self.code is None:
                self._expected.release()
        if self.code is not None and self._terminal is not None and os.name != "nt" and _is_lost(self._terminal, 0):
            _detach(self._standard)

    def end(self, code: int) -> None:
        """Ask the program to end, and see to it that it does; from any thread. Asking again changes nothing."""
        with self._leaving:
            if self._over.is_set():
                return
            self._expect(code)
            if self._ask is None:
                os.kill(os.getpid(), signal.SIGTERM)  # wakes the main thread, which raises
        if self._ask is not None and self._asked.acquire(blocking=False):
            self._ask(code)

    def _handler(self, code: int) -> Callable[[int, FrameType | None], None]:
        def handle(_: int, __: FrameType | None) -> None:
            self._expect(code)
            if self._asked.acquire(blocking=False):
                if self._ask is None:
                    raise SystemExit(self.code)
                self._ask(code)

        return handle

    def _expect(self, code: int) -> None:
        """Take the first code, and start the clock.

        A handler may be interrupted by the next, which may raise: between the two lines nothing is called, and one call is all there is.
        A thread started from here could be left half started, and its time would never be up.
        """
        if self.code is None:
            self.code = code
            self._expected.release()

    def _end_in_time(self) -> None:
        self._expected.acquire()
        if self.code is None:
            return
        for _ in range(_WAKES):
            if self._over.wait(GRACE / _WAKES):
                time.sleep(FAREWELL)
                break
            if not self._asked.locked():  # a signal between two instructions is not seen by a call that waits from then on
                os.kill(os.getpid(), signal.SIGTERM)
        else:
            if self._terminal is not None:
                restore(self._terminal, self._attributes)
        os._exit(self.code or 0)

    def _watch(self, terminal: int) -> None:
        while not self._over.is_set():
            if _is_lost(terminal, _LOOK):
                self.end(HANGUP)
                return


def _detach(descriptors: list[int]) -> None:
    """Let what is still in buffers go nowhere; an error at the very end would change the exit code to 120."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _is_lost(terminal: int, milliseconds: int) -> bool:
    """Whether the other end of the terminal is gone, or goes within that time. Our parent tells nothing: it may end before, or stay."""
    import select
    import termios

    poll = getattr(select, "poll", None)
    if poll is None:
        time.sleep(milliseconds / 1000)
    else:
        waiting = poll()
        waiting.register(terminal, 0)
        events = waiting.poll(milliseconds)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in events):
            return True
        if events:  # a system that cannot poll terminals answers at once
            time.sleep(milliseconds / 1000)
    try:
        termios.tcgetattr(terminal)
    except (termios.error, OSError):
        return True
    return False


def _first_terminal() -> int | None:
    return next(filter(_is_terminal, (0, 2, 1)), None)


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _attributes(terminal: int | None) -> list[Any] | None:
    try:
        import termios

        return termios.tcgetattr(terminal) if terminal is not None else None
    except (ImportError, OSError, ValueError):
        return None
    except Exception:  # noqa: BLE001 - termios.error is no OSError, and termios may not be there to name it
        return None


def reopen_tty() -> int:
    """Give the keyboard back to a program whose standard input is a pipe.

    The pipe moves to another descriptor, and descriptor 0 becomes the terminal. Nothing may have been read through `sys.stdin` before.

    Returns:
        The descriptor of what was standard input.

    Raises:
        NetSleuthError: There is no terminal.
    """
    try:
        keyboard = os.open("CONIN$" if os.name == "nt" else "/dev/tty", os.O_RDWR)
    except OSError as error:
        raise NetSleuthError(
            "there is no terminal to read keys from",
            where="standard input",
            hint="with data on standard input and no terminal, use a command such as netsleuth summary -",
        ) from error
    try:
        pipe = os.dup(0)
        os.dup2(keyboard, 0, inheritable=True)
    finally:
        os.close(keyboard)
    return pipe


@contextmanager
def silence() -> Iterator[None]:
    """End quietly where nobody reads standard output any more: what is still in its buffer goes nowhere.

    Raises:
        SystemExit: With the code that a shell gives to a program that SIGPIPE ended.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise SystemExit(128 + 13) from error
