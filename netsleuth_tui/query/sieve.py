"""What a frame must have in fixed places to satisfy a filter (see `decode.sieve`).

That is a necessary condition, and where it says all of the filter a sufficient one for frames whose headers are whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.sieve import NEGATED, Slot
from netsleuth_tui.query.fields import NAMED, PROTOCOLS, Field
from netsleuth_tui.query.nodes import Address, All, Any, Comparison, Membership, Node, Not, Number, Present, Range, Reference, Value

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
_OTHERS = {Slot.OTHER, *(Slot.SRC6 + word for word in range(8))}
"""Slots that say only a part of what is asked: one word of four."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Clauses as `decode.sieve.sieve` takes them."""

    tests: NDArray[np.int64]
    ends: NDArray[np.int64]
    is_whole: bool
    """Whether a frame that passes them all for sure satisfies the filter; otherwise they are only necessary."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A condition as clauses, all of which have to pass; `is_whole` where they say all of it."""

    clauses: tuple[Clause, ...] = ()
    is_whole: bool = False

    def negated(self) -> _Form:
        """What holds where this does not; nothing is known of it unless this is whole."""
        if not self.is_whole or not self.clauses or math.prod(map(len, self.clauses)) > MOST_CLAUSES:
            return _Form()
        return _Form(_distinct(tuple(map(_opposite, tests)) for tests in product(*self.clauses)), is_whole=True)

    def part(self) -> Clause:
        """The clause that keeps fewest frames; empty where any frame may pass."""
        return min(self.clauses, key=_weight, default=())


def sieve_of(node: Node) -> Sieve | None:
    """What every frame that satisfies a filter passes; None where that can be any frame."""
    form = _form(node)
    clauses = sorted(form.clauses, key=_weight)[:MOST_CLAUSES]
    if not clauses:
        return None
    tests = [number for clause in clauses for test in clause for number in test]
    ends = np.cumsum([len(clause) for clause in clauses]).astype(np.int64)
    return Sieve(np.array(tests, np.int64), ends, form.is_whole and len(clauses) == len(form.clauses))


def _weight(clause: Clause) -> tuple[int, int]:
    """What keeps few frames comes first: addresses, then ports, then the rest."""
    slots = {test[0] for test in clause}
    if max(slots) >= NEGATED:
        return 3, len(clause)
    kind = 0 if slots <= {Slot.SRC4, Slot.DST4} or min(slots) >= Slot.SRC6 else 1 if slots <= {Slot.SRC_PORT, Slot.DST_PORT} else 2
    return kind, len(clause)


def _distinct(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    return tuple(dict.fromkeys(tuple(dict.fromkeys(clause)) for clause in clauses))


def _opposite(test: Test) -> Test:
    return (test[0] ^ NEGATED, *test[1:])


def _form(node: Node) -> _Form:
    if isinstance(node, Not):
        return _form(node.term).negated()
    if isinstance(node, All):
        forms = [_form(term) for term in node.terms]
        return _Form(_distinct(clause for form in forms for clause in form.clauses), all(form.is_whole for form in forms))
    if isinstance(node, Any):
        return _either([_form(term) for term in node.terms])
    return _leaf(node)


def _leaf(node: Node) -> _Form:
    if isinstance(node, Present):
        return _of_protocol(node.name) if node.name in PROTOCOLS else _Form()
    if isinstance(node, Comparison) and not isinstance(node.right, Reference):
        return _of_comparison(node, node.right)
    if isinstance(node, Membership):
        return _of_field(node.left, [(item.low, item.high) if isinstance(item, Range) else (item, item) for item in node.items])
    return _Form()


def _either(forms: list[_Form]) -> _Form:
    """One of several: one clause of each, in every combination, or where those are too many only the best of each."""
    if not all(form.clauses for form in forms):
        return _Form()
    if math.prod(len(form.clauses) for form in forms) <= MOST_CLAUSES:
        joined = _distinct(tuple(test for clause in chosen for test in clause) for chosen in product(*(form.clauses for form in forms)))
        if all(len(clause) <= MOST_TESTS for clause in joined):
            return _Form(joined, all(form.is_whole for form in forms))
    (clause,) = _distinct([tuple(test for form in forms for test in form.part())])
    return _Form((clause,)) if len(clause) <= MOST_TESTS else _Form()


def _of_comparison(node: Comparison, value: Value) -> _Form:
    """A field in a relation to a value. One that is not there is in none, so that '!=' is more than the opposite of '=='."""
    if node.relation != "!=":
        bounds = (value, value) if node.relation == "==" else (None, value) if node.relation in {"<", "<="} else (value, None)
        form = _of_field(node.left, [bounds])
        return _Form(form.clauses, form.is_whole and node.relation == "==" and not (node.every and _occurs_twice(node.left)))
    equal = _of_field(node.left, [(value, value)])
    there = _of_protocol(node.left.name.partition(".")[0])
    if not equal.is_whole or not there.clauses:
        return _Form()
    tests = tuple(map(_opposite, equal.clauses[0]))
    clauses = tuple((test,) for test in tests) if node.every else (tests,)
    return _Form((*clauses, *there.clauses), is_whole=True)


def _occurs_twice(reference: Reference) -> bool:
    field = NAMED.get(reference.name)
    return field is None or len(field.columns) > 1


def _of_protocol(name: str) -> _Form:
    if name in _CARRIED:
        return _Form((((Slot.CARRIED, 0xFF, _CARRIED[name], _CARRIED[name]),),), is_whole=True)
    if name in _VERSIONS:
        return _Form((((Slot.VERSION, 0xFF, _VERSIONS[name], _VERSIONS[name]),),), is_whole=True)
    return _Form()


Bounds = tuple[Value | None, Value | None]
"""Least and greatest; None is open."""


def _of_field(reference: Reference, ranges: list[Bounds]) -> _Form:
    """One occurrence of a field is in one of the ranges, bounds included."""
    field = NAMED.get(reference.name)
    if field is None or not ranges:
        return _Form()
    tests: list[Test] = []
    for bounds in ranges:
        found = list(_tests(field, reference.mask, bounds))
        if not found:
            return _Form()
        tests += found
    if len(tests) > MOST_TESTS:
        return _Form()
    clauses = _distinct([tuple(tests)])
    if field.name.endswith("port"):
        clauses += _of_protocol(field.name.partition(".")[0]).clauses
    return _Form(clauses, _OTHERS.isdisjoint(test[0] for test in tests) and all(map(_is_exact, ranges)))


def _is_exact(bounds: Bounds) -> bool:
    """Whether tests say just that: networks are compared by their first bits, which only equality is."""
    low, high = bounds
    return low == high or not any(isinstance(bound, Address) and bound.prefix < 32 for bound in bounds)


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
