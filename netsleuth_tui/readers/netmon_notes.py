"""What people have written beside the frames of a Network Monitor capture: comments."""

from __future__ import annotations

import re
import struct

from netsleuth_tui.readers.damage import Damage
from netsleuth_tui.readers.frames import Comment
from netsleuth_tui.readers.limits import COMMENT_BYTES_KEPT, COMMENTS_KEPT
from netsleuth_tui.readers.sources import RandomSource

__all__ = ["plain_text", "read_comments"]

_SHORTEST_COMMENT = 17


def read_comments(source: RandomSource, at: int, length: int, head: int) -> tuple[list[Comment], Damage | None]:
    """The comment table.

    Args:
        source: The file.
        at: Where the table begins.
        length: Its bytes.
        head: Bytes of a frame header: comments are by the frame's place in the frame table.

    Returns:
        Title and text of each comment; where the table contradicts itself, if it does.
    """
    table = source.at(at, min(length, COMMENT_BYTES_KEPT))
    place = 0
    found: list[Comment] = []
    while place + _SHORTEST_COMMENT <= len(table) and len(found) < COMMENTS_KEPT:
        _, frame, size = struct.unpack_from("<III", table, place)
        text = place + 12 + size
        if text + 4 > len(table):
            return found, Damage(at + place, f"a comment's title of {size} bytes does not fit into the comment table")
        (longer,) = struct.unpack_from("<I", table, text)
        if text + 4 + longer > len(table):
            return found, Damage(at + place, f"a comment of {longer} bytes does not fit into the comment table")
        title = _utf16(table[place + 12 : text])
        body = plain_text(table[text + 4 : text + 4 + longer])
        found.append(Comment(frame + head, f"{title}\n{body}" if title and body else title or body))
        place = text + 4 + longer
    return found, None


def _utf16(value: bytes) -> str:
    return value[: len(value) // 2 * 2].decode("utf-16-le", "backslashreplace").rstrip("\0").strip()


_TOKEN = re.compile(r"\\([a-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\", re.IGNORECASE)
_UNSEEN = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer"})
"""Groups of RTF whose text is not text of the document."""
_BREAKS = {
    "par": "\n",
    "line": "\n",
    "tab": "\t",
    "emdash": "\u2014",
    "endash": "\u2013",
    "bullet": "\u2022",
    "lquote": "\u2018",
    "rquote": "\u2019",
}


def plain_text(value: bytes) -> str:
    """The text of a description, which is RTF (Rich Text Format 1.9) or plain."""
    text = value.rstrip(b"\0").decode("cp1252", "backslashreplace")
    if not text.startswith("{\\rtf"):
        return text.strip()
    shown: list[str] = []
    unseen = [False]
    for token in _TOKEN.finditer(text):
        word, number, code, symbol, brace, run = token.groups()
        if brace == "{":
            unseen.append(unseen[-1])
        elif brace == "}":
            if len(unseen) > 1:
                unseen.pop()
        elif symbol == "*" or (word and word.lower() in _UNSEEN):
            unseen[-1] = True
        elif not unseen[-1]:
            shown.append(_shown(word, number, code, symbol, run))
    return re.sub(r"\n{3,}", "\n\n", "".join(shown)).strip()


def _shown(word: str | None, number: str | None, code: str | None, symbol: str | None, run: str | None) -> str:
    if code:
        return bytes.fromhex(code).decode("cp1252", "backslashreplace")
    if symbol:
        return "\u00a0" if symbol == "~" else symbol if symbol in "{}\\" else ""
    if word == "u" and number:
        return chr(int(number) & 0xFFFF)
    return _BREAKS.get(word, "") if word else run or ""
