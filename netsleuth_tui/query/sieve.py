"""What a frame must have in fixed places to satisfy a filter: a necessary condition, never a sufficient one (see `decode.sieve`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.sieve import Slot
from netsleuth_tui.query.fields import NAMED, PROTOCOLS, Field
from netsleuth_tui.query.nodes import Address, All, Any, Comparison, Membership, Node, Number, Present, Range, Reference, Relation, Value

__all__ = ["Sieve", "sieve_of"]

Test = tuple[int, int, int, int]
"""Slot, mask, least and greatest value."""

Clause = tuple[Test, ...]
"""One of these has to pass."""

MOST_TESTS = 64
MOST_CLAUSES = 8
_WORD = 0xFFFFFFFF
_CARRIED = {"tcp": 6, "udp": 17, "icmp": 1, "sctp": 132}
_VERSIONS = {"ip": 4, "ipv6": 6}
_PORTS = {"src_port": Slot.SRC_PORT, "dst_port": Slot.DST_PORT}
_IMPOSSIBLE: Test = (Slot.OTHER, 0, 0, 0)
"""Of a frame that is IP; the others stay."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Clauses as `decode.sieve.sieve` takes them."""

    tests: NDArray[np.int64]
    ends: NDArray[np.int64]


def sieve_of(node: Node) -> Sieve | None:
    """What every frame that satisfies a filter passes; None where that can be any frame."""
    clauses = sorted(_clauses(node), key=_weight)[:MOST_CLAUSES]
    if not clauses:
        return None
    tests = [number for clause in clauses for test in clause for number in test]
    return Sieve(np.array(tests, np.int64), np.cumsum([len(clause) for clause in clauses]).astype(np.int64))


def _weight(clause: Clause) -> tuple[int, int]:
    """What keeps few frames comes first: addresses, then ports, then the rest."""
    slots = {test[0] for test in clause}
    kind = 0 if slots <= {Slot.SRC4, Slot.DST4} or min(slots) >= Slot.SRC6 else 1 if slots <= {Slot.SRC_PORT, Slot.DST_PORT} else 2
    return kind, len(clause)


def _clauses(node: Node) -> list[Clause]:
    if isinstance(node, All):
        return list(dict.fromkeys(clause for term in node.terms for clause in _clauses(term)))
    if isinstance(node, Any):
        best = [min(found, key=_weight) if (found := _clauses(term)) else () for term in node.terms]
        joined = tuple(dict.fromkeys(test for clause in best for test in clause))
        return [joined] if all(best) and len(joined) <= MOST_TESTS else []
    if isinstance(node, Present):
        return _of_protocol(node.name) if node.name in PROTOCOLS else []
    if isinstance(node, Comparison) and not isinstance(node.right, Reference):
        return _of_field(node.left, [_range(node.relation, node.right)])
    if isinstance(node, Membership):
        return _of_field(node.left, [(item.low, item.high) if isinstance(item, Range) else (item, item) for item in node.items])
    return []


def _of_protocol(name: str) -> list[Clause]:
    if name in _CARRIED:
        return [((Slot.CARRIED, 0xFF, _CARRIED[name], _CARRIED[name]),)]
    if name in _VERSIONS:
        return [((Slot.VERSION, 0xFF, _VERSIONS[name], _VERSIONS[name]),)]
    return []


Bounds = tuple[Value | None, Value | None]
"""Least and greatest; None is open."""


def _range(relation: Relation, value: Value) -> Bounds | None:
    """Values that stand in the relation, or somewhat more; None for all."""
    if relation == "==":
        return value, value
    if relation == "!=":
        return None
    return (None, value) if relation in {"<", "<="} else (value, None)


def _of_field(reference: Reference, ranges: Iterable[Bounds | None]) -> list[Clause]:
    field = NAMED.get(reference.name)
    wanted = list(ranges)
    if field is None or not wanted or any(bounds is None for bounds in wanted):
        return []
    tests: list[Test] = []
    for bounds in wanted:
        found = [] if bounds is None else list(_tests(field, reference.mask, bounds))
        if not found:
            return []
        tests += found
    if len(tests) > MOST_TESTS:
        return []
    return [tuple(tests), *(_of_protocol(field.name.partition(".")[0]) if field.name.endswith("port") else [])]


def _tests(field: Field, mask: int | None, bounds: Bounds) -> Iterator[Test]:
    """One test for each occurrence of the field; none where it is in no fixed place."""
    low, high = bounds
    if field.kind == "address":
        yield from _of_address(field, low, high)
    elif field.kind in {"uint", "bool"} and not field.constants:
        least = low.value if isinstance(low, Number) else 0
        greatest = high.value if isinstance(high, Number) else field.maximum
        for column in field.columns:
            own = ((field.maximum if mask is None else mask) << field.shift) & (field.mask or field.maximum)
            slot = Slot.FLAGS if column == "tcp_flags" else Slot.PROTO if field.name == "ip.proto" else _PORTS.get(column)
            if slot is not None:
                yield slot, own, least << field.shift, greatest << field.shift


def _of_address(field: Field, low: Value | None, high: Value | None) -> Iterator[Test]:
    if field.name.startswith("arp."):
        yield _IMPOSSIBLE
        return
    known = low if isinstance(low, Address) else high
    if not isinstance(known, Address) or known.version != field.version:
        return
    for column in field.columns:
        if field.version == 4:
            mask = _WORD >> (32 - known.prefix) << (32 - known.prefix)
            least = low.value & mask if isinstance(low, Address) else 0
            yield (Slot.SRC4 if column == "src" else Slot.DST4), mask, least, (high.value & mask if isinstance(high, Address) else _WORD)
        elif low == high:
            word = max(known.prefix // 32 - 1, 0)
            mask = _WORD if known.prefix >= 32 else _WORD >> (32 - known.prefix) << (32 - known.prefix)
            value = known.value >> (96 - 32 * word) & mask
            yield (Slot.SRC6 if column == "src" else Slot.DST6) + word, mask, value, value
