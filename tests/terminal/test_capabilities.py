"""What a terminal can do, told from its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from netsleuth_tui.terminal.capabilities import DEFAULT_SIZE, TRUE_COLOUR, Capabilities, detect


@dataclass
class Fake:
    """A stream that is a terminal, is none, or is closed."""

    tty: bool | None

    def isatty(self) -> bool:
        """As it was told."""
        if self.tty is None:
            raise ValueError("I/O operation on closed file")
        return self.tty

    def fileno(self) -> int:
        """There is none."""
        raise OSError("not a real one")


TERMINALS = (Fake(True), Fake(True), Fake(True))


def told(**environ: str) -> Capabilities:
    return detect({"TERM": "xterm-256color", "LANG": "en_US.UTF-8", **environ}, TERMINALS)


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({}, 256),
        ({"COLORTERM": "truecolor"}, TRUE_COLOUR),
        ({"COLORTERM": "24bit"}, TRUE_COLOUR),
        ({"TERM": "xterm-direct"}, TRUE_COLOUR),
        ({"TERM": "xterm"}, 16),
        ({"TERM": "linux"}, 16),
        ({"TERM": "vt100"}, 0),
        ({"TERM": "xterm-mono"}, 0),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, 0),
        ({"TERM": ""}, 0),
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, 0),
        ({"NO_COLOR": ""}, 256),
        ({"TERM": "screen", "STY": "1.pts", "COLORTERM": "truecolor"}, 256),
        ({"TERM": "screen-256color", "TMUX": "/run/tmux,1,0", "COLORTERM": "truecolor"}, TRUE_COLOUR),
    ],
)
def test_colours(environ: dict[str, str], colours: int) -> None:
    """Colours follow TERM and COLORTERM, and NO_COLOR if it is not empty."""
    assert told(**environ).colours == colours


@pytest.mark.parametrize(
    ("environ", "unicode"),
    [
        ({}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LANG": "", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": ""}, True),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LC_ALL": "C"}, False),
        ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, True),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "vt220"}, False),
    ],
)
def test_unicode(environ: dict[str, str], *, unicode: bool) -> None:
    """The locale decides, in the order of POSIX and without Python's own addition; some terminals have no glyphs for it."""
    assert told(**environ).unicode is unicode


@pytest.mark.parametrize(
    ("environ", "multiplexer"),
    [
        ({}, ""),
        ({"TMUX": "x"}, "tmux"),
        ({"STY": "x"}, "screen"),
        ({"TERM": "tmux-256color"}, "tmux"),
        ({"TERM": "screen.xterm"}, "screen"),
    ],
)
def test_multiplexer(environ: dict[str, str], multiplexer: str) -> None:
    """Tmux and screen are known by their variables, and by TERM where those did not come along."""
    assert told(**environ).multiplexer == multiplexer


def test_remote() -> None:
    """An SSH connection leaves its mark in the environment."""
    assert not told().remote
    assert told(SSH_CONNECTION="10.0.0.1 5 10.0.0.2 22").remote
    assert told(SSH_TTY="/dev/pts/1").remote


def test_size() -> None:
    """COLUMNS and LINES win, nonsense in them does not, and without a terminal there is a customary size."""
    assert (told(COLUMNS="132", LINES="43").columns, told(COLUMNS="132", LINES="43").rows) == (132, 43)
    assert (told(COLUMNS="-1", LINES="9999999").columns, told(COLUMNS="0", LINES="x").rows) == DEFAULT_SIZE


def test_streams() -> None:
    """Closed and missing streams are no terminals."""
    found = detect({"TERM": "xterm"}, (Fake(False), Fake(None), None))
    assert (found.stdin, found.stdout, found.stderr) == (False, False, False)
    assert not found.can_run_app


def test_the_app_needs_a_screen_but_not_standard_input() -> None:
    """A capture may come on standard input; a pipe as output, or a terminal without a cursor, rules the app out."""
    assert detect({"TERM": "xterm"}, (Fake(False), Fake(True), Fake(True))).can_run_app
    assert not detect({"TERM": "xterm"}, (Fake(True), Fake(False), Fake(True))).can_run_app
    assert not detect({"TERM": "xterm"}, (Fake(True), Fake(True), Fake(False))).can_run_app
    assert not detect({"TERM": "dumb"}, TERMINALS).can_run_app


def test_this_process() -> None:
    """Without arguments the process itself is looked at."""
    code = "from netsleuth_tui.terminal.capabilities import detect; d = detect(); print(d.stdout, d.unicode, d.term)"
    environ = {**os.environ, "LANG": "C", "LC_ALL": "", "LC_CTYPE": "", "TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout == "False False xterm\n"
