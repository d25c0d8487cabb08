"""Quoted strings of the filter language: their escapes, both ways, and the patterns that `matches` accepts."""

from __future__ import annotations

import re
import warnings

from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.nodes import Span
from netsleuth_tui.query.tokens import Piece

__all__ = ["linear_pattern", "pattern", "quoted", "unquoted"]

_SIMPLE = {"'": "'", '"': '"', "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{1,3})|(.))", re.DOTALL)

LINEAR_LENGTH = 400
"""Longest regular expression for the texts of events."""

MOST_REPEATED = 1000
"""The engine refuses larger counts in braces."""

PATTERN_LENGTH = 40
"""Longest regular expression; with repeated groups refused, this bounds the steps of a search."""

_REPEATED_GROUP = re.compile(r"(?<!\\)(?:\\\\)*\)[*+{]")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=")
_LOOKS_AROUND = re.compile(r"\(\?(?:<?[=!]|>|\()|[*+?}]\+")
_COUNTED = re.compile(r"\{([0-9]*),?([0-9]*)\}")
_AMBIGUOUS_SET = re.compile(r"\[\[|--|&&|~~|\|\|")


def unquoted(piece: Piece, *, expression: bool = False, any_unit: bool = False) -> str:
    r"""The characters that a STRING piece stands for.

    Args:
        piece: The string, with its quotes.
        expression: It is a regular expression: what is no escape of strings (`\.`) is left to it.
        any_unit: Unpaired surrogates are characters, too: texts of event logs may hold them.

    Raises:
        FilterError: An escape is not one of Wireshark's.
    """
    text = piece.text
    if text.startswith("r"):
        return text[2:-1]
    start = piece.span.start + 1

    def character(found: re.Match[str]) -> str:
        two, four, eight, octal, simple = found.groups()
        if simple is not None:
            if expression and simple not in _SIMPLE:
                return found.group()
            if simple not in _SIMPLE:
                hint = f'a backslash is \\\\, or write a raw string: r"{found.group()}"'
                raise _bad_escape(found, start, f"{found.group()} is not an escape", hint)
            return _SIMPLE[simple]
        code = int(octal, 8) if octal else int(two or four or eight, 16)
        if code > 0x10FFFF or (0xD800 <= code < 0xE000 and not any_unit):
            raise _bad_escape(found, start, f"{found.group()} is not a character", "")
        return chr(code)

    return _ESCAPE.sub(character, text[1:-1])


def _bad_escape(found: re.Match[str], start: int, what: str, hint: str) -> FilterError:
    return FilterError(what, column=start + found.start(), length=len(found.group()), hint=hint)


def quoted(text: str) -> str:
    """`text` as a string of the filter language, printable."""
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    if c.isprintable():
        return c
    code = ord(c)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def linear_pattern(text: str, span: Span) -> None:
    """Check a regular expression for the texts of events, which an engine searches in linear time, whatever pattern and text are.

    Raises:
        FilterError: It is none, or asks for what that engine does not have.
    """

    def refuse(what: str, hint: str = "") -> FilterError:
        return FilterError(what, column=span.start, length=span.end - span.start, hint=hint)

    if len(text) > LINEAR_LENGTH:
        raise refuse(f"a pattern has at most {LINEAR_LENGTH} characters")
    if _BACK_REFERENCE.search(text) or _LOOKS_AROUND.search(text):
        raise refuse("references to groups and looking around are not supported")
    if any(int(count or 0) > MOST_REPEATED for counts in _COUNTED.findall(text) for count in counts):
        raise refuse(f"something is repeated more than {MOST_REPEATED} times")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        reason = getattr(error, "msg", "too large")
        raise refuse(f"not a regular expression: {reason}", r'for example r"\.dll$"') from None


def pattern(text: str, span: Span) -> re.Pattern[str]:
    """The compiled regular expression, which ignores case as in Wireshark.

    What could make a search take very long is refused: long patterns, repeated groups, references to groups.

    Raises:
        FilterError: It is none, or one of those.
    """

    def refuse(what: str, hint: str = "") -> FilterError:
        return FilterError(what, column=span.start, length=span.end - span.start, hint=hint)

    if len(text) > PATTERN_LENGTH:
        raise refuse(f"a pattern has at most {PATTERN_LENGTH} characters")
    if _REPEATED_GROUP.search(text) or _BACK_REFERENCE.search(text):
        raise refuse("repeated groups and references to groups are not supported", "write the alternatives out")
    if "[" in text and _AMBIGUOUS_SET.search(text):
        raise refuse("this set of characters can be read in two ways", "escape the sign with a backslash")
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        reason = getattr(error, "msg", "too large")
        raise refuse(f"not a regular expression: {reason}", 'for example "^ICMP"') from None
