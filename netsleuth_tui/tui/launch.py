"""Starting and ending the app: what Textual has to know before it is imported, and what the shell learns afterwards."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.settings import Settings, read_settings, settings_path
from netsleuth_tui.terminal.capabilities import Capabilities, detect
from netsleuth_tui.terminal.glyphs import ASCII, glyphs_for
from netsleuth_tui.terminal.lifecycle import Ending, reopen_tty

if TYPE_CHECKING:
    from netsleuth_tui.analysis import Window
    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.app import NetSleuthApp

__all__ = ["run"]

FAILED = 1
DAMAGED = 3

KEYS_FIRST = 0.0005
"""Seconds after which a thread in plain Python lets another one run, a tenth of what is usual: until kernels are compiled, the threads
that decode are such, and a key would wait for each of them in turn."""


def run(
    paths: Sequence[str],
    session: Session | Callable[[], Session],
    *,
    filter: str = "",  # noqa: A002 - the option is called --filter
    window: Window | None = None,
    low_bandwidth: bool | None = None,
    theme: str | None = None,
    ascii: bool | None = None,  # noqa: A002 - the option is called --ascii
) -> int:
    """Show captures until the user has seen enough.

    Args:
        paths: Files, patterns, folders; '-' is standard input.
        session: Takes them in; or a function that makes it, which is called on the loading thread, after the first paint.
        filter: Display filter to begin with.
        window: The time window to begin with; times of day are on the day of what was loaded, once all is there.
        low_bandwidth: Fewer repaints, no mouse; None: unless the terminal is certainly on this machine.
        theme: Name of a theme; None: as the terminal's colours allow.
        ascii: Draw with ASCII only; None: as the terminal and the locale say.

    Returns:
        The exit code: 0; 1 if no file could be opened or the program failed; 3 if a file is damaged or could not be opened; 128 and
        the signal's number where one ended it.

    Raises:
        NetSleuthError: There is no terminal that can show a screen, or no such theme.
    """
    terminal = detect()
    if not terminal.can_run_app:
        raise NetSleuthError("this terminal cannot show a screen", hint="netsleuth summary FILE... prints what is in there")
    slow = not _is_local(terminal) if low_bandwidth is None else low_bandwidth
    _prepare_environment(slow=slow)
    sys.setswitchinterval(KEYS_FIRST)
    gc.disable()  # until the first paint: nothing of what is imported becomes garbage
    if not terminal.stdin:
        sys.stdin = os.fdopen(
            reopen_tty(), encoding="utf-8", errors="replace"
        )  # what is piped in is a capture; keys come from the terminal
    from netsleuth_tui.tui.app import NetSleuthApp

    glyphs = glyphs_for(terminal) if ascii is None else ASCII if ascii else glyphs_for(_with_unicode(terminal))
    settings, complaint = _settings()
    wanted = theme or settings.theme or _theme(terminal)
    app = NetSleuthApp(
        paths,
        session,
        text=filter,
        window=window.at_once if window is not None else (None, None),
        days=window if window is not None and window.is_open else None,
        slow_link=slow,
        theme=wanted,
        glyphs=glyphs,
        settings=settings,
        complaint=complaint,
    )
    leave = weakref.WeakMethod(app.leave_from_outside)  # the watching thread outlives the app, and must not keep its session alive

    def ask(code: int) -> None:
        if (method := leave()) is not None:
            method(code)

    with Ending(ask) as ending:
        app.run(mouse=not slow)
    code = _ending(app)
    return ending.code if ending.code is not None else code


def _is_local(terminal: Capabilities) -> bool:
    """Whether this is certainly no SSH connection: sudo and su forget the variables that would tell of one."""
    signs = ("WAYLAND_DISPLAY", "DISPLAY", "TERM_PROGRAM", "WT_SESSION")
    return not terminal.remote and not terminal.multiplexer and (terminal.term == "linux" or any(os.environ.get(name) for name in signs))


def _settings() -> tuple[Settings, str]:
    """The user's settings, and what is wrong with them: a mistake there must not keep anybody from their captures."""
    try:
        settings = read_settings()
        if settings.theme is not None:
            from netsleuth_tui.tui.theme import theme_names

            if settings.theme not in theme_names():
                hint = f"there are {', '.join(theme_names())}"
                return replace(settings, theme=None), f"{settings_path()}: there is no theme {settings.theme!r} ({hint})"
    except NetSleuthError as error:
        return Settings(), str(error)
    return settings, ""


def _theme(terminal: Capabilities) -> str:
    from netsleuth_tui.tui.theme import DARK, SIXTEEN

    return DARK if terminal.colours >= 256 else SIXTEEN


def _with_unicode(terminal: Capabilities) -> Capabilities:
    return replace(terminal, unicode=True)


def _prepare_environment(*, slow: bool) -> None:
    """Textual reads these when it is imported."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    os.environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    if slow:
        os.environ.setdefault("TEXTUAL_FPS", "30")


def _ending(app: NetSleuthApp) -> int:
    """The exit code, and what stderr says."""
    app.stop_threads()
    app.main.loading_thread.wait(1.0)
    session = app.main.session
    if session is not None:
        session.close()
    app.main.close_lanes(0.5)
    if app.crash is not None:
        from netsleuth_tui.tui.crash import report

        sys.stderr.write(report(app.crash))
        return FAILED
    for note in app.main.notes():
        sys.stderr.write(f"netsleuth: {note}\n")
    if session is None or not session.store.sources:
        return FAILED if app.main.progress is not None and app.main.progress.phase == "done" else 0
    return 0 if session.is_whole else DAMAGED
