"""What this terminal can do, told from the environment alone: nothing is asked of it, nothing is sent to it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["DEFAULT_SIZE", "TRUE_COLOUR", "Capabilities", "Stream", "detect"]

TRUE_COLOUR = 1 << 24
DEFAULT_SIZE = (80, 24)

Multiplexer = Literal["", "tmux", "screen"]

_DUMB = frozenset({"", "dumb", "unknown", "emacs"})
_WITHOUT_COLOUR = re.compile(r"(vt(52|100|102|220|320)|.*-m(ono)?\Z)")
_NARROW_FONT = re.compile(r"(linux|vt\d|cons\d|ansi|sun|wsvt)")
"""Terminals whose font has no eighth blocks; the console of Linux has 512 characters at most."""

_UTF_8 = re.compile(r"utf-?8", re.IGNORECASE)
_PORTABLE = frozenset({"C", "POSIX"})
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
"""What Python itself puts into LC_CTYPE when it finds the C locale (PEP 538)."""


class Stream(Protocol):
    """What is looked at of a standard stream."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""

    def fileno(self) -> int:
        """Its file descriptor."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is known of the terminal."""

    stdin: bool
    """Whether standard input is a terminal; likewise the next two."""
    stdout: bool
    stderr: bool
    columns: int
    rows: int
    term: str
    """TERM."""
    colours: int
    """0, 16, 256 or `TRUE_COLOUR`."""
    unicode: bool
    """Whether block elements and arrows can be expected to be shown."""
    remote: bool
    """Whether it is at the other end of an SSH connection."""
    multiplexer: Multiplexer

    @property
    def is_dumb(self) -> bool:
        """Whether it cannot place the cursor: lines are all that can be printed."""
        return self.term in _DUMB

    @property
    def can_run_app(self) -> bool:
        """Whether a full screen can be drawn; the screen goes to standard error, the keys come from the terminal behind standard input."""
        return self.stdout and self.stderr and not self.is_dumb


def detect(environ: Mapping[str, str] | None = None, streams: Sequence[Stream | None] | None = None) -> Capabilities:
    """Tell from the environment and the standard streams what the terminal can do.

    Args:
        environ: Instead of the environment of this process.
        streams: Instead of standard input, output and error; None is a closed one.
    """
    env = os.environ if environ is None else environ
    stdin, stdout, stderr = (sys.stdin, sys.stdout, sys.stderr) if streams is None else streams
    columns, rows = _size(env, (stdout, stderr, stdin))
    term = env.get("TERM", "")
    return Capabilities(
        stdin=_is_terminal(stdin),
        stdout=_is_terminal(stdout),
        stderr=_is_terminal(stderr),
        columns=columns,
        rows=rows,
        term=term,
        colours=_colours(env, term),
        unicode=term not in _DUMB and not _NARROW_FONT.match(term) and _is_unicode_locale(env),
        remote=any(env.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")),
        multiplexer=_multiplexer(env, term),
    )


def _is_terminal(stream: Stream | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError):
        return False


def _size(env: Mapping[str, str], streams: Sequence[Stream | None]) -> tuple[int, int]:
    """The size that the user insists on, or that the first terminal among the streams has, unless it says 0."""
    columns, rows = _number(env.get("COLUMNS", "")), _number(env.get("LINES", ""))
    for stream in streams:
        if columns and rows:
            break
        try:
            size = os.get_terminal_size(stream.fileno()) if stream is not None else None
        except (OSError, ValueError):
            continue
        if size is not None:
            columns, rows = columns or size.columns, rows or size.lines
    return columns or DEFAULT_SIZE[0], rows or DEFAULT_SIZE[1]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _colours(env: Mapping[str, str], term: str) -> int:
    if env.get("NO_COLOR") or term in _DUMB or _WITHOUT_COLOUR.match(term):
        return 0
    has_true_colour = env.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or term.endswith("-direct") or "WT_SESSION" in env
    if has_true_colour and _multiplexer(env, term) != "screen":
        return TRUE_COLOUR
    return 256 if has_true_colour or "256color" in term else 16


def _multiplexer(env: Mapping[str, str], term: str) -> Multiplexer:
    """What stands between us and the terminal; on a remote host TERM alone tells, and tmux may call itself screen there."""
    if env.get("TMUX") or term.startswith("tmux"):
        return "tmux"
    return "screen" if env.get("STY") or term.startswith("screen") else ""


def _is_unicode_locale(env: Mapping[str, str]) -> bool:
    """Whether characters beyond ASCII may be sent, in the order that POSIX gives the variables.

    A host where none is set at all says nothing about the terminal, which nowadays takes UTF-8.
    """
    names = [env.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if not names[0] and names[1] in _COERCED and names[2] in _PORTABLE:
        names[1] = ""
    name = next(filter(None, names), "C.UTF-8")
    return name not in _PORTABLE and bool(_UTF_8.search(name))
