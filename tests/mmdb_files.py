"""Small databases in MaxMind's format, written for tests: https://maxmind.github.io/MaxMind-DB/."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SEPARATOR = bytes(16)
MARKER = b"\xab\xcd\xefMaxMind.com"
EPOCH = 1_780_272_000
"""2026-06-01."""

Tree = list[list[int]]


def encoded(value: Any) -> bytes:
    """A value of the data section; whole numbers become uint32, or uint64 where they do not fit."""
    if isinstance(value, str):
        return _control(2, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(encoded(key) + encoded(inner) for key, inner in value.items())
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(encoded, value))
    return _number_of(value, 6 if value < 1 << 32 else 9)


def _control(kind: int, size: int) -> bytes:
    more = b"" if size < 29 else bytes([size - 29])
    head = min(size, 29)
    return (bytes([kind << 5 | head]) if kind < 8 else bytes([head, kind - 7])) + more


def database(
    networks: Iterable[tuple[int, int, Any]], bits: int = 24, *, version: int = 6, kind: str = "Test", epoch: int = EPOCH
) -> bytes:
    """A database of networks that have nothing in common, as (first address, prefix length, record)."""
    width = 32 if version == 4 else 128
    data, tree = b"", [[-1, -1]]
    for first, length, record in networks:
        _enter(tree, first, length, width, -2 - len(data))
        data += encoded(record)
    nodes = len(tree)
    body = b"".join(_node([_number(record, nodes) for record in node], bits) for node in tree)
    return body + SEPARATOR + data + MARKER + metadata(nodes, bits, version, kind, epoch)


def metadata(nodes: int, bits: int, version: int, kind: str = "Test", epoch: int = EPOCH) -> bytes:
    """What stands at the end of a database."""
    numbers = {
        "node_count": (6, nodes),
        "record_size": (5, bits),
        "ip_version": (5, version),
        "build_epoch": (9, epoch),
        "binary_format_major_version": (5, 2),
        "binary_format_minor_version": (5, 0),
    }
    texts = {"database_type": kind, "languages": ["en"], "description": {"en": kind}}
    said = b"".join(encoded(key) + _number_of(number, of) for key, (of, number) in numbers.items())
    return _control(7, len(numbers) + len(texts)) + said + b"".join(encoded(key) + encoded(value) for key, value in texts.items())


def _number_of(number: int, kind: int) -> bytes:
    """A number of a type: 5 is uint16, 6 uint32, 9 uint64."""
    octets = number.to_bytes((number.bit_length() + 7) // 8)
    return _control(kind, len(octets)) + octets


def _enter(tree: Tree, first: int, length: int, width: int, record: int) -> None:
    node = 0
    for depth in range(length):
        bit = first >> (width - 1 - depth) & 1
        if depth == length - 1:
            tree[node][bit] = record
        elif tree[node][bit] < 0:
            tree.append([-1, -1])
            tree[node][bit] = node = len(tree) - 1
        else:
            node = tree[node][bit]


def _number(record: int, nodes: int) -> int:
    """The number of a node; of none (-1); or of a place in the data (-2 and below)."""
    return record if record >= 0 else nodes if record == -1 else nodes + 16 + (-2 - record)


def _node(records: list[int], bits: int) -> bytes:
    left, right = records
    if bits == 28:
        return (left & 0xFFFFFF).to_bytes(3) + bytes([left >> 24 << 4 | right >> 24]) + (right & 0xFFFFFF).to_bytes(3)
    return left.to_bytes(bits // 8) + right.to_bytes(bits // 8)
