"""Two gates between data and the terminal: every byte of a capture was written by an attacker.

The first gate, `display`, stands where data enters a widget or a line of output, and makes everything visible that a terminal would
obey, hide or reorder. The second, `egress`, stands where segments leave for the terminal: it knows nothing about data, and stops
what slipped past the first.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["EGRESS", "ELLIPSIS", "MARKS_IN_A_ROW", "display", "display_bytes", "egress"]

MARKS_IN_A_ROW = 3
"""Combining marks that may follow one another; the rest is escaped, lest a tower of them covers other lines."""

ELLIPSIS = "…"

_DELETE = 0x7F
_PICTURES = 0x2400
_DELETE_PICTURE = "\u2421"
_REPLACEMENT = "\ufffd"

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of which a terminal shows nothing, or something else on each terminal."""

_MARKS = frozenset({"Mn", "Mc", "Me"})

_INVISIBLE = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180F, 0x3164, 0xFFA0),
            *range(0x180B, 0x180E),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    ),
)
"""Letters and marks without width: fillers, joiners and variation selectors (Default_Ignorable_Code_Point in DerivedCoreProperties)."""

_CACHED = 4096
"""Characters remembered: hostile text has a million different ones."""

_UNPLAIN = re.compile(r"[^\x20-\x7e]+")
_CUT_ESCAPE = re.compile(r"\\(?:x[0-9a-f]?|u(?:\{[0-9a-f]*)?)?\Z")


def display(text: str, *, limit: int | None = None) -> str:
    r"""Text as it may be shown: nothing in it moves the cursor, changes the terminal, reorders or hides.

    C0 characters become control pictures (ESC ␛, tab ␉, newline ␊), DEL becomes ␡; C1, format, bidi, zero-width, tag, private,
    unassigned characters, surrogates, and line and paragraph separators become ``\u{202e}``. At most three combining marks follow
    one another, and none stands without a character of this text before it. This is for reading, not for parsing: text that
    already holds ``\u{202e}`` or ``␛`` looks the same.

    Args:
        text: Anything, lone surrogates included.
        limit: Characters of the result at most, the closing "…" of a clipped one included.
    """
    clipped = text if limit is None or len(text) <= limit else text[: limit + 1]
    shown = clipped if clipped.isascii() and clipped.isprintable() else _UNPLAIN.sub(_escape, clipped)
    return shown if limit is None else _clip(shown, limit)


def display_bytes(raw: bytes, *, limit: int | None = None) -> str:
    r"""Bytes that should be UTF-8 as they may be shown: as `display`, and bytes that are not UTF-8 become ``\xff``."""
    enough = raw if limit is None else raw[: 4 * (limit + 1)]
    text = enough.decode("utf-8", "surrogateescape")
    clipped = text if limit is None else text[: limit + 1]
    shown = _UNPLAIN.sub(_escape_with_bytes, clipped)
    return shown if limit is None else _clip(shown, limit)


def egress(text: str) -> str:
    """The last gate, for text that is already laid out: whatever is not printable becomes one visible character."""
    return text if text.isprintable() else text.translate(EGRESS)


def _clip(shown: str, limit: int) -> str:
    if len(shown) <= limit:
        return shown
    if limit <= 0:
        return ""
    return _CUT_ESCAPE.sub("", shown[: limit - 1]) + ELLIPSIS


def _escape(run: re.Match[str]) -> str:
    return _escape_run(run[0], _SHOWN, leading=run.start() == 0)


def _escape_with_bytes(run: re.Match[str]) -> str:
    return _escape_run(run[0], _SHOWN_BYTES, leading=run.start() == 0)


def _escape_run(run: str, table: _Shown, *, leading: bool) -> str:
    """Escape a run of characters outside of printable ASCII; the character before it, if any, is printable ASCII."""
    out: list[str] = []
    marks = MARKS_IN_A_ROW if leading else 0
    for character in run:
        shown = table[character]
        if shown:
            marks = 0
            out.append(shown)
        elif marks < MARKS_IN_A_ROW:
            marks += 1
            out.append(character)
        else:
            out.append(_code(character))
    return "".join(out)


def _code(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


class _Shown(dict[str, str]):
    """How a character is shown; the empty string stands for a combining mark."""

    def __missing__(self, character: str) -> str:
        shown = self.look_up(character)
        if len(self) < _CACHED:
            self[character] = shown
        return shown

    @staticmethod
    def look_up(character: str) -> str:
        code = ord(character)
        if code < 0x20:
            return chr(_PICTURES + code)
        if code == _DELETE:
            return _DELETE_PICTURE
        category = unicodedata.category(character)
        if category in _UNSAFE or character in _INVISIBLE:
            return _code(character)
        return "" if category in _MARKS else character


class _ShownBytes(_Shown):
    """As `_Shown`, for text decoded with `surrogateescape`: U+DC80 to U+DCFF are bytes that were no UTF-8."""

    @staticmethod
    def look_up(character: str) -> str:
        code = ord(character)
        return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else _Shown.look_up(character)


_SHOWN = _Shown()
_SHOWN_BYTES = _ShownBytes()


class _Egress(dict[int, str]):
    """A table for `str.translate`: one character for one, since the text is already laid out."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shown = character
        if code < 0x20:
            shown = chr(_PICTURES + code)
        elif code == _DELETE:
            shown = _DELETE_PICTURE
        elif unicodedata.category(character) in _UNSAFE:
            shown = _REPLACEMENT
        if len(self) < _CACHED:
            self[code] = shown
        return shown


EGRESS = _Egress()
"""The second gate as a table for `str.translate`; `egress` is the fast way to use it."""
