"""What a command says besides its data."""

from __future__ import annotations

import sys

from netsleuth_tui.terminal.sanitize import display

__all__ = ["say"]


def say(text: str) -> None:
    """One line of narration on stderr."""
    sys.stderr.write(f"netsleuth: {display(text)}\n")
