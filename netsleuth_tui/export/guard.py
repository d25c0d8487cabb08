r"""Cells that a spreadsheet would run or a terminal would obey, made harmless in a way that can be undone exactly.

Two changes, to text alone:

* A cell that holds a control character (C0, DEL, C1) or a lone surrogate has them written as ``\x1b`` and ``\ud800``, and its
  backslashes doubled. So has a cell that holds such a spelling literally, and thus a cell holds one exactly when it was escaped.
* A cell whose first character, blanks and apostrophes aside, is ``= + - @`` (or a full-width twin) gets an apostrophe in front. A
  bare ``-`` or ``+`` and plain numbers do not: Windows logs are full of them, and no spreadsheet runs them.

`unguard` is the inverse of `guard` for every string.
"""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["guard", "guarded", "unguard"]

_BLANKS = r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*"
_TRIGGER = re.compile(rf"'*{_BLANKS}[=+\-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]")
_EXEMPT = re.compile(r"[-+](?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SPELLING = re.compile(r"\\(?:x(?:[01][0-9a-f]|7f|[89][0-9a-f])|ud[89a-f][0-9a-f]{2})")
_TO_ESCAPE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\\]")
_TO_UNESCAPE = re.compile(r"\\(?:\\|x([0-9a-f]{2})|u([0-9a-f]{4}))")

_BEGINNINGS = tuple(f",{character}" for character in "'=+-@ ")
"""How a cell that needs a closer look begins in an ASCII text joined by commas."""


def guard(text: str) -> str:
    """The harmless spelling of a cell; most cells are their own."""
    escaped = _TO_ESCAPE.sub(_spell, text) if _CONTROL.search(text) or _SPELLING.search(text) else text
    return f"'{escaped}" if _triggers(escaped) else escaped


def unguard(text: str) -> str:
    """The cell that `guard` was given."""
    bare = text[1:] if text.startswith("'") and _triggers(text[1:]) else text
    return _TO_UNESCAPE.sub(_unspell, bare) if _SPELLING.search(bare) else bare


def guarded(texts: Collection[str]) -> dict[str, str]:
    """Those of the texts whose harmless spelling differs, with that spelling."""
    if _are_harmless(texts):
        return {}
    triggers = _TRIGGER.match
    suspects = [text for text in texts if not text.isprintable() or "\\" in text or triggers(text)]
    return {text: spelling for text in suspects if (spelling := guard(text)) != text}


def _are_harmless(texts: Collection[str]) -> bool:
    """Whether no text needs a closer look: a few passes at memory speed instead of one search per text."""
    joined = "," + ",".join(texts)
    if not (joined.isascii() and joined.isprintable()) or "\\" in joined:
        return False
    return not any(beginning in joined for beginning in _BEGINNINGS)


def _triggers(text: str) -> bool:
    return _TRIGGER.match(text) is not None and _EXEMPT.fullmatch(text) is None


def _spell(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == 0x5C:
        return "\\\\"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _unspell(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else "\\"
