"""Short titles of events, in our own words: logs hold no message texts, those lie in libraries of the host that wrote them.

A file of the user's own goes before what comes with the program: `event_titles.csv` in the user's configuration directory, with the columns
channel, provider, event_id and title. Channel or provider may be left empty, and then stands for any.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netsleuth_tui.errors import NetSleuthError

__all__ = ["Titles", "read_titles", "titles_path"]

BUNDLED = Path(__file__).with_name("titles.csv")
COLUMNS = ["channel", "provider", "event_id", "title"]
MOST_BYTES = 4 << 20
"""A larger file is no list of titles."""
MOST_TITLE = 200
"""Characters of a title."""
MOST_EVENT_ID = 0xFFFF

_Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Titles:
    """Titles by channel, provider and event id, in lower case; an empty channel or provider stands for any."""

    known: Mapping[_Key, str]

    def title(self, channel: str, provider: str, event_id: int) -> str:
        """What an event is about; empty where that is not known.

        Args:
            channel: Of the event: 'Security'.
            provider: Of the event: 'Microsoft-Windows-Security-Auditing'.
            event_id: Its number.
        """
        channel, provider = channel.lower(), provider.lower()
        for key in ((channel, provider, event_id), ("", provider, event_id), (channel, "", event_id), ("", "", event_id)):
            if found := self.known.get(key):
                return found
        return ""


def titles_path() -> Path:
    """Where the user's own titles are, or would be."""
    from platformdirs import user_config_path

    return user_config_path("netsleuth", appauthor=False) / "event_titles.csv"


def read_titles(path: Path | None = None) -> Titles:
    """The titles that come with the program, overruled by the user's own where there are any.

    Forwarded events keep their provider but not their channel, so what comes with the program goes by provider alone where the channel
    is another one.

    Args:
        path: The user's file; None for the usual place.

    Raises:
        NetSleuthError: The user's file cannot be read, or a line of it says nothing that can be used.
    """
    bundled = _rows(BUNDLED.read_bytes(), str(BUNDLED))
    known = {("", provider, event_id): title for (_, provider, event_id), title in reversed(bundled)}
    known |= dict(bundled)
    path = titles_path() if path is None else path
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return Titles(known)
    except OSError as error:
        raise NetSleuthError(f"the titles of events cannot be read: {error.strerror}", where=str(path)) from None
    if len(content) > MOST_BYTES:
        raise NetSleuthError("this is too long to be a list of titles", where=str(path))
    for (channel, provider, event_id), title in _rows(content, str(path)):
        hidden = [key for key in known if key[2] == event_id and channel in {"", key[0]} and provider in {"", key[1]}]
        known |= dict.fromkeys([*hidden, (channel, provider, event_id)], title)
    return Titles(known)


def _rows(content: bytes, where: str) -> list[tuple[_Key, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NetSleuthError(f"this is not UTF-8: byte {error.start} cannot be read", where=where) from None
    lines = csv.reader(io.StringIO(text, newline=""))
    try:
        if next(lines, None) != COLUMNS:
            raise NetSleuthError("the first line does not name the columns", where=where, hint=f"it has to be {','.join(COLUMNS)}")
        return [_row(row, f"{where}, line {lines.line_num}") for row in lines if row]
    except csv.Error as error:
        raise NetSleuthError(f"this is not CSV: {error}", where=f"{where}, line {lines.line_num}") from None


def _row(row: list[str], where: str) -> tuple[_Key, str]:
    if len(row) != len(COLUMNS):
        raise NetSleuthError(f"this line has {len(row)} columns, not {len(COLUMNS)}", where=where)
    channel, provider, number, title = (cell.strip() for cell in row)
    if not (number.isascii() and number.isdecimal() and len(number) <= 5 and int(number) <= MOST_EVENT_ID):
        raise NetSleuthError(f"{number[:20]!r} is no event id", where=where, hint=f"event ids are numbers from 0 to {MOST_EVENT_ID}")
    if not title or len(title) > MOST_TITLE:
        raise NetSleuthError("the title is empty or too long", where=where, hint=f"at most {MOST_TITLE} characters")
    return (channel.lower(), provider.lower(), int(number)), title
