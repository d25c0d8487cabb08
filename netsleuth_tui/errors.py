"""The errors that a person is meant to read: what went wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["NetSleuthError", "RowsDroppedError", "UsageError", "misused"]


class NetSleuthError(Exception):
    """A failure with an explanation; every error that leaves a room is one of these.

    Args:
        what: What went wrong, as a sentence without a full stop.
        where: File, byte offset, line or column; empty where it does not apply.
        hint: What the user can do; empty where nothing can be done.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        from netsleuth_tui.wording import spoken  # not to tell the version

        text = f"{spoken(self.where)}: {self.what}" if self.where else self.what
        return f"{text} ({self.hint})" if self.hint else text


class UsageError(NetSleuthError):
    """What was asked for makes no sense, whatever is in the files."""


class RowsDroppedError(NetSleuthError):
    """Packets made room for later ones while they were looked at: the question has to be asked again."""

    def __init__(self) -> None:
        super().__init__("packets made room for later ones while they were looked at", hint="look once more")


@contextmanager
def misused() -> Iterator[None]:
    """Errors within are the asker's: they become `UsageError`."""
    try:
        yield
    except UsageError:
        raise
    except NetSleuthError as error:
        raise UsageError(error.what, where=error.where, hint=error.hint) from error
