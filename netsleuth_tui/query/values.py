"""What may stand beside a field: turns a written value into the field's own kind, or says what was expected there."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from netsleuth_tui.decode.columns import NO_TIME, Protocol
from netsleuth_tui.query import times
from netsleuth_tui.query.errors import FilterError
from netsleuth_tui.query.event_fields import event_field
from netsleuth_tui.query.fields import ALIASES, NAMED, Field
from netsleuth_tui.query.nodes import Address, Duration, Instant, Number, Text, Value
from netsleuth_tui.query.strings import unquoted
from netsleuth_tui.query.tokens import Piece

__all__ = ["LABELS", "field_called", "field_named", "is_number", "looks_like_value", "number", "value"]

LABELS: Final = tuple(protocol.label for protocol in Protocol)
"""Texts of _ws.col.protocol, by code."""

_NUMBER = re.compile(r"-?(?:0[xX][0-9A-Fa-f]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)")
_TRUTH = {"true": 1, "True": 1, "TRUE": 1, "false": 0, "False": 0, "FALSE": 0}
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}|([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}")


def field_named(name: str) -> Field | None:
    """The field of packets or of events with this name or alias."""
    return NAMED.get(ALIASES.get(name, name)) or event_field(name)


def field_called(name: str) -> Field:
    """The field that a tree names.

    Raises:
        KeyError: There is none.
    """
    field = field_named(name)
    if field is None:
        raise KeyError(name)
    return field


def looks_like_value(word: str) -> bool:
    """Whether a word is a number, an address, a time or a truth value rather than a name."""
    return word[0].isdigit() or word[0] in "-:" or ":" in word or word in _TRUTH


def is_number(word: str) -> bool:
    """Whether a word is a whole number, in any of the notations."""
    return _NUMBER.fullmatch(word) is not None


def number(word: str) -> int | None:
    """A whole number: decimal, 0x hexadecimal, 0 octal or 0b binary; None if it is none."""
    if not is_number(word):
        return None
    sign, digits = (-1, word[1:]) if word.startswith("-") else (1, word)
    lower = digits.lower()
    if lower.startswith("0x"):
        return sign * int(lower, 16)
    if lower.startswith("0b"):
        return sign * int(lower, 2)
    return sign * int(lower, 8 if lower.startswith("0") else 10)


def value(field: Field, piece: Piece) -> Value:
    """The value that `piece` is for `field`.

    Raises:
        FilterError: It cannot be one.
    """
    if field.kind == "address":
        return _address(field, piece)
    if field.kind == "time":
        return _instant(field, piece)
    if field.kind == "duration":
        return _duration(field, piece)
    if field.kind == "data" and piece.kind == "WORD" and is_number(piece.text):
        return _loose_number(field, piece)
    if field.kind in {"label", "text", "data", "place"}:
        return Text(
            unquoted(piece, any_unit=field.event is not None or field.kind == "place") if piece.kind == "STRING" else piece.text, piece.span
        )
    return _number(field, piece)


def _refuse(piece: Piece, what: str, hint: str) -> FilterError:
    return FilterError(what, column=piece.span.start, length=piece.span.end - piece.span.start, hint=hint)


def _number(field: Field, piece: Piece) -> Number:
    example = _number_example(field)
    if piece.kind == "STRING":
        raise _refuse(piece, f"{field.name} is compared with a number, not with a string", example)
    if field.kind == "bool" and piece.text in _TRUTH:
        return Number(_TRUTH[piece.text], piece.span)
    found = number(piece.text)
    if found is None:
        kind = "0 or 1, or true or false" if field.kind == "bool" else "a whole number"
        raise _refuse(piece, f"{field.name} is compared with {kind}, not with {piece.text}", example)
    if not 0 <= found <= field.maximum:
        raise _refuse(piece, f"{piece.text} is out of range: {field.name} is a number from 0 to {field.maximum}", "")
    return Number(found, piece.span)


def _loose_number(field: Field, piece: Piece) -> Number:
    """A number that event data is compared with: as large as 64 bits hold, with or without a sign."""
    found = number(piece.text) or 0
    if not -(1 << 63) <= found < 1 << 64:
        raise _refuse(piece, f"{piece.text} is out of range: numbers have at most 64 bits", f'as text: {field.name} == "{piece.text}"')
    return Number(found, piece.span)


def _number_example(field: Field) -> str:
    examples = {
        "bool": "1",
        "port": "443",
        "eth.type": "0x0800",
        "ip.proto": "6",
        "esp.spi": "0x1000",
        "frame.len": "1500",
        "tcp.flags": "0x012",
        "EventID": "4663",
        "Keywords": "0x8020000000000000",
    }
    kind = "port" if field.name.endswith("port") else field.kind
    shown = examples.get(field.name) or examples.get(kind) or "1"
    return f"for example {field.name} == {shown}"


def _address(field: Field, piece: Piece) -> Address:
    shown = "10.1.0.0/16" if field.version == 4 else "2001:db8::/32"
    hint = f"for example {field.name} == {shown}"
    text = piece.text
    if piece.kind == "STRING":
        raise _refuse(piece, f"{field.name} is compared with an address, written without quotes", hint)
    if _MAC.fullmatch(text):
        raise _refuse(piece, f"MAC addresses are not kept, and {field.name} is an IPv{field.version} address", hint)
    base, slash, bits = text.partition("/")
    try:
        found = ipaddress.ip_address(base)
    except ValueError:
        what = f'"{text}" is not an IPv{field.version} address'
        if re.search(r"[g-zG-Z_]", base):
            what += ", and names are not resolved"
        raise _refuse(piece, what, hint) from None
    if found.version != field.version:
        other = "ipv6.addr" if found.version == 6 else "ip.addr"
        raise _refuse(piece, f"{text} is an IPv{found.version} address, but {field.name} is IPv{field.version}", f"see {other}")
    width = found.max_prefixlen
    if slash and not (re.fullmatch(r"[0-9]{1,3}", bits) and int(bits) <= width):
        raise _refuse(piece, f'"/{bits}" is not a prefix length from 0 to {width}', hint)
    prefix = int(bits) if slash else width
    below = width - prefix
    return Address(4 if field.version == 4 else 6, int(found) >> below << below, prefix, piece.span)


def _instant(field: Field, piece: Piece) -> Instant:
    text = unquoted(piece) if piece.kind == "STRING" else piece.text
    ns = times.instant(text)
    if ns is None:
        ns = times.epoch(text)
    if ns is None:
        hint = 'for example "2026-11-23 12:00:03.5", UTC unless it ends in a zone such as +01:00; at most nanoseconds'
        if field.name == "frame.time_epoch":
            hint = "for example 1795435203.5, at most nanoseconds"
        raise _refuse(piece, f'"{text}" is not a time', hint)
    if not NO_TIME < ns < 1 << 63:
        raise _refuse(piece, f'"{text}" is outside the years 1678 to 2261', "")
    return Instant(ns, piece.span)


def _duration(field: Field, piece: Piece) -> Duration:
    ns = times.epoch(piece.text) if piece.kind == "WORD" else None
    if ns is None:
        raise _refuse(piece, f"{field.name} is compared with seconds", f"for example {field.name} > 0.2, at most nanoseconds")
    if not 0 <= ns <= field.maximum:
        raise _refuse(piece, f"{piece.text} is out of range: {field.name} is a number of seconds from 0 on", "")
    return Duration(ns, piece.span)
