"""What a window consists of that the rest does not: which values are over-represented in it, ranked, and folded where they say the same.

Values are looked for among at most `SAMPLED` rows of the window, drawn evenly; a value with `LEAST_SHARE` of its packets is not missed.
From there on every number is counted over all rows, in one pass. The sample also decides which values belong to the same packets: the most
remarkable value leads a finding, values that hold for nearly the same packets join it, and what is left of a value once the packets of
findings are taken out must stand out by itself to lead another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.counting import LENGTHS
from netsleuth_tui.analysis.explanation import Against, Difference, Explanation, Line
from netsleuth_tui.analysis.keyness import LEAST_PACKETS, LEAST_SHARE, Sides
from netsleuth_tui.analysis.networks import PREFIXES
from netsleuth_tui.analysis.scope import Scope, rows_of
from netsleuth_tui.analysis.timeline import axis
from netsleuth_tui.analysis.traits import TRAITS, Names, Sample, Trait, sampled
from netsleuth_tui.analysis.watching import Watched, watch
from netsleuth_tui.decode.columns import NO_TIME

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import Hosts
    from netsleuth_tui.store import Rows, Store

__all__ = ["explain"]

SAMPLED = 1 << 14
MOST_VALUES = 200
"""Of each field, the most frequent in the window: more cannot have `LEAST_SHARE` of its packets each."""
MOST_FINDINGS = 8
INTERVALS = 40
INSIDE, BASELINE = 1, 2
"""Sides of a row; 0 is neither."""
CONTAINED = 0.8
"""A value belongs to a finding if so much of it lies among the finding's packets."""
COVERED = 0.9
"""Values that together cover so much of a finding's packets describe it."""
ENOUGH = 0.95
"""Where so much is covered, no more values are added."""
MOST_TOGETHER = 4
"""More values than this (or a range) are no description."""
OWN = 0.5
"""A value leads another finding if so much of it lies beyond the packets of the findings before."""
HEADING = ("protocol", "pair", "host", "net24", "net16", "net8", "port", "spi", "ttl")
"""What names a finding, in this order; of the places only the first."""
PLACES = frozenset(("pair", "host", "net24", "net16", "net8"))


@dataclass(frozen=True, slots=True)
class _Value:
    """A value that may stand out."""

    trait: Trait
    key: int
    line: int
    where: NDArray[np.bool_]
    """Which of the sampled rows have it."""
    size: int
    """How many of them."""


def explain(store: Store, scope: Scope, *, against: Against = "rest") -> Explanation:
    """Compare a time window with the rest, or with the time of equal length before it.

    Args:
        store: What was loaded.
        scope: The window; its filter narrows both sides.
        against: What to compare with.

    Raises:
        FilterError: The filter is not valid.
    """
    span = store.span
    if span is None or (scope.start is None and scope.end is None):
        return _nothing(scope, against, "There is no time window to explain." if span else "Nothing here has a time.")
    first, end_of_all = span[0], span[1] + 1
    start = max(scope.start if scope.start is not None else first, first)
    end = min(scope.end if scope.end is not None else end_of_all, end_of_all)
    if end <= start:
        return _nothing(scope, against, "The window lies outside the time of the capture.")
    base = (first, end_of_all) if against == "rest" else (max(first, start - (end - start)), start)
    outside = base[1] - base[0] - (end - start if against == "rest" else 0)
    if outside <= 0:
        return _nothing(scope, against, "The window is all the time there is." if against == "rest" else "There is no time before it.")
    return _Comparison(store, scope, against, (start, end), base, outside / 1e9).explanation()


def _nothing(scope: Scope, against: Against, remark: str) -> Explanation:
    return Explanation(scope.start or 0, scope.end or 0, against, 0, 0, 0.0, 0.0, 0, 1, (), 0, remark)


class _Comparison:
    """One window against another part of the time."""

    def __init__(
        self, store: Store, scope: Scope, against: Against, window: tuple[int, int], base: tuple[int, int], other_seconds: float
    ) -> None:
        self.store, self.scope, self.against, self.window = store, scope, against, window
        columns = store.columns()
        self.hosts: Hosts = store.hosts.known()
        self.names = Names(store, self.hosts)
        rows = rows_of(store, Scope(scope.filter))
        sample = sampled(columns, _drawn(store.within(_ids(rows), *window)), self.hosts)
        self.sampled = len(sample.rows.row)
        self.values = _values(sample)
        span = store.span or (0, 0)
        self.origin, self.every, intervals = axis(span, columns=INTERVALS)
        edges, slots = _segments(self.origin, self.every, intervals, window, base)
        counts = watch(columns, rows, _watched(self.values, sample), edges, slots, (len(self.values) + 1, 3 * intervals))
        self.counts = counts.reshape(len(counts), intervals, 3)
        inside, others = (int(self.counts[0, :, side].sum()) for side in (INSIDE, BASELINE))
        self.sides = Sides(inside, (window[1] - window[0]) / 1e9, others, other_seconds, len(self.values))
        self.outside_seconds = _outside_seconds(self.origin, self.every, intervals, window, (span[0], span[1] + 1))

    def explanation(self) -> Explanation:
        """Rank and fold."""
        findings, more = self._findings() if self.sampled else ([], 0)
        sides = self.sides
        rate, other_rate = sides.packets / sides.seconds, sides.other_packets / sides.other_seconds
        return Explanation(
            *self.window, self.against, int(sides.packets), int(sides.other_packets), rate, other_rate, self.origin, self.every,
            tuple(findings), more, "" if findings else self._remark(rate, other_rate),
        )  # fmt: skip

    def _remark(self, rate: float, other_rate: float) -> str:
        where = "the rest" if self.against == "rest" else "the time before"
        if not self.sides.packets:
            return "There is no packet in the window."
        if not self.sides.other_packets:
            return f"There is no packet in {where} to compare with."
        if self.sides.packets < LEAST_PACKETS:
            return f"Too few packets in the window to compare ({self.sides.packets:.0f})."
        times = rate / other_rate
        amount = "about as many packets a second as" if 0.8 < times < 1.25 else f"{times:.3g} times the packets a second of"
        return f"Nothing stands out: the window has {amount} {where}, and is made up alike."

    def _findings(self) -> tuple[list[Difference], int]:
        explained = np.zeros(self.sampled, np.bool_)
        left = [value for value in self.values if self._stands_out([value], value.trait.least_share)]
        findings: list[Difference] = []
        while left:
            sides = Sides(
                self.sides.packets * (1 - float(explained.mean())), self.sides.seconds, self.sides.other_packets,
                self.sides.other_seconds, len(self.values),
            )  # fmt: skip
            scored = []
            for value in left:
                inside, others = self._sums([value])[1:]
                rest = inside * float(np.count_nonzero(value.where & ~explained)) / value.size
                standing = sides.standing(rest, others, value.trait.least_share)
                if standing.stands_out and rest >= OWN * inside:
                    scored.append((standing.score, -value.line, value))
            if not scored:
                break
            if len(findings) == MOST_FINDINGS:
                return findings, len(scored)
            lead = max(scored)[2]
            findings.append(self._finding(lead))
            explained |= lead.where
            left = [value for *_, value in scored if value is not lead]
        return findings, 0

    def _finding(self, lead: _Value) -> Difference:
        """The leading value, and those that describe the same packets."""
        parts: dict[str, list[_Value]] = {lead.trait.name: [lead]}
        for trait in TRAITS:
            if trait is not lead.trait and not (trait.name.startswith("net") and PLACES & parts.keys()):
                members = self._same_packets(lead.where, [value for value in self.values if value.trait is trait])
                if members and self._stands_out(members, LEAST_SHARE):
                    parts[trait.name] = members
        lines = [self._line(members) for members in parts.values()]
        lines.sort(key=lambda line: -line.surprise)
        return Difference(self._heading(parts, lines), tuple(lines))

    def _same_packets(self, where: NDArray[np.bool_], values: list[_Value]) -> list[_Value]:
        """Those of a field's values that together hold for nearly all of the packets, and hardly for others."""
        size = int(np.count_nonzero(where))
        inside = [(int(np.count_nonzero(value.where & where)), value) for value in values]
        inside = [(common, value) for common, value in inside if common and common >= CONTAINED * value.size]
        inside.sort(key=lambda one: (-one[0], one[1].line))
        chosen: list[_Value] = []
        covered = 0
        for common, value in inside:
            if not value.trait.ordered and (covered >= ENOUGH * size or len(chosen) == MOST_TOGETHER):
                break
            chosen.append(value)
            covered += common
            if not value.trait.alone:
                break
        if covered < COVERED * size:
            return []
        return self._without_gaps(where, values, chosen) if values[0].trait.ordered else chosen

    def _without_gaps(self, where: NDArray[np.bool_], values: list[_Value], chosen: list[_Value]) -> list[_Value]:
        """What lies between the values, too, where they still hold hardly for other packets."""
        keys = [value.key for value in chosen]
        between = [value for value in values if min(keys) <= value.key <= max(keys)]
        common = sum(int(np.count_nonzero(value.where & where)) for value in between)
        return between if common >= CONTAINED * sum(value.size for value in between) else chosen

    def _heading(self, parts: dict[str, list[_Value]], lines: list[Line]) -> Line:
        """What the lines have in common, as one filter; counted by asking for it."""
        place = next((name for name in HEADING if name in PLACES and name in parts), "")
        named = [name for name in HEADING if name in parts and (name not in PLACES or name == place)]
        if len(lines) == 1 or len(named) < 2:
            return lines[0]
        chosen = [(parts[name][0].trait, [value.key for value in parts[name]]) for name in named]
        labels = [f"TTL {t.label(self.names, keys)}" if t.name == "ttl" else t.label(self.names, keys) for t, keys in chosen]
        texts = [t.filter(self.names, keys) for t, keys in chosen]
        text = " && ".join(f"({part})" if "||" in part else part for part in texts)
        scope = f"({self.scope.filter.strip()}) && {text}" if self.scope.filter.strip() else text
        rows = rows_of(self.store, Scope(scope))
        times = self.store.columns().time[rows.take(0, len(rows))]
        return self._made("Together", " · ".join(labels), text, self._by_side(times))

    def _by_side(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """(intervals, 3): as the pass over all rows counts."""
        intervals = self.counts.shape[1]
        times = times[times != NO_TIME]
        inside = (times >= self.window[0]) & (times < self.window[1])
        base = ~inside
        if self.against == "before":
            base = (times >= self.window[0] - (self.window[1] - self.window[0])) & (times < self.window[0])
        at = np.clip((times - self.origin) // self.every, 0, intervals - 1)
        side = np.where(inside, INSIDE, np.where(base, BASELINE, 0))
        return np.bincount(at * 3 + side, minlength=intervals * 3).reshape(intervals, 3)

    def _sums(self, values: list[_Value]) -> NDArray[np.int64]:
        """Packets by side. Several values are of a field of which a packet has one."""
        sums: NDArray[np.int64] = self.counts[[value.line for value in values]].sum(axis=(0, 1))
        return sums

    def _stands_out(self, values: list[_Value], least_share: float) -> bool:
        sums = self._sums(values)
        return self.sides.standing(float(sums[INSIDE]), float(sums[BASELINE]), least_share).stands_out

    def _line(self, values: list[_Value]) -> Line:
        trait, keys = values[0].trait, [value.key for value in values]
        counts = self.counts[[value.line for value in values]].sum(axis=0)
        return self._made(trait.title, trait.label(self.names, keys), trait.filter(self.names, keys), counts)

    def _made(self, kind: str, label: str, text: str, counts: NDArray[np.int64]) -> Line:
        sides = self.sides
        inside, others = int(counts[:, INSIDE].sum()), int(counts[:, BASELINE].sum())
        rate, other_rate = inside / sides.seconds, others / sides.other_seconds
        lift = rate / other_rate if others else None
        wide = self.outside_seconds >= self.every / 2e9
        outside = counts.sum(axis=1) - counts[:, INSIDE]
        usual = float(np.median(outside[wide] / self.outside_seconds[wide])) if wide.any() else other_rate
        timeline = tuple(counts.sum(axis=1).tolist())
        surprise = sides.standing(inside, others).surprise
        return Line(kind, label, text, inside, others, rate, other_rate, usual, lift, surprise, timeline)


def _ids(rows: Rows) -> NDArray[np.uint32] | None:
    return None if rows.ids is None else rows.take(0, len(rows))


def _drawn(rows: Rows) -> NDArray[np.uint32]:
    """All row ids, or `SAMPLED` of them: one from each of as many equal parts, always the same."""
    if len(rows) <= SAMPLED:
        return rows.take(0, len(rows))
    drawn = np.random.default_rng(0).random(SAMPLED)
    places = ((np.arange(SAMPLED) + drawn) * (len(rows) / SAMPLED)).astype(np.int64)
    if rows.ids is not None:
        return rows.ids[rows.first + places]
    return (rows.first + places).astype(np.uint32)


def _values(sample: Sample) -> list[_Value]:
    """Values that may have `LEAST_SHARE` of the window's packets."""
    found: list[_Value] = []
    least = max(int(LEAST_SHARE * len(sample.rows.row) / 2), 1)
    for trait in TRAITS:
        occurrences = trait.keys(sample)
        first, *others = occurrences
        distinct = [first, *(np.where(other == first, -1, other) if len(occurrences) == 2 else other for other in others)]
        keys, counts = np.unique(np.concatenate(distinct), return_counts=True)
        counts = np.where(keys >= 0, counts, 0)
        for at in np.argsort(-counts, kind="stable")[:MOST_VALUES].tolist():
            if counts[at] >= least:
                key = int(keys[at])
                where = np.logical_or.reduce([one == key for one in occurrences])
                found.append(_Value(trait, key, len(found) + 1, where, int(counts[at])))
    return found


def _segments(
    origin: int, every: int, intervals: int, window: tuple[int, int], base: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where segments of time begin that lie in one interval and on one side, and the slot of each: interval * 3 + side."""
    cuts = [origin + k * every for k in range(1, intervals)]
    edges = np.unique(np.array([NO_TIME + 1, *cuts, *window, *base], np.int64))
    interval = np.clip((np.maximum(edges, origin) - origin) // every, 0, max(intervals - 1, 0))
    side = np.where((edges >= base[0]) & (edges < base[1]), BASELINE, 0)
    side[(edges >= window[0]) & (edges < window[1])] = INSIDE
    return np.append(edges, np.int64(2**63 - 1)), interval * 3 + side


def _outside_seconds(origin: int, every: int, intervals: int, window: tuple[int, int], span: tuple[int, int]) -> NDArray[np.float64]:
    """Seconds of each interval that lie within the span and outside the window."""
    starts = origin + every * np.arange(intervals, dtype=np.int64)

    def within(part: tuple[int, int]) -> NDArray[np.int64]:
        length: NDArray[np.int64] = np.maximum(np.minimum(starts + every, part[1]) - np.maximum(starts, part[0]), 0)
        return length

    seconds: NDArray[np.float64] = (within(span) - within(window)) / 1e9
    return seconds


def _watched(values: list[_Value], sample: Sample) -> Watched:
    """The tables that lead from a value to its line."""
    hosts = max(len(sample.hosts.version), 1)
    lines: dict[str, dict[int, int]] = {trait.name: {} for trait in TRAITS}
    for value in values:
        lines[value.trait.name][value.key] = value.line

    def table(name: str, size: int) -> NDArray[np.int16]:
        made = np.zeros(size, np.int16)
        for key, line in lines[name].items():
            made[key] = line
        return made

    by_host = np.zeros((hosts, 4), np.int16)
    by_host[:, 0] = table("host", hosts)
    for level, (v4, _) in enumerate(PREFIXES):
        if lines[f"net{v4}"]:
            by_host[:, level + 1] = table(f"net{v4}", hosts)[sample.first_of_network(level)]
    pairs = np.zeros((len(lines["host"]) + 1,) * 2, np.int16)
    for key, line in lines["pair"].items():
        one, other = (lines["host"].get(host, 0) for host in (key >> 32, key & 0xFFFFFFFF))
        if one and other:
            pairs[one, other] = pairs[other, one] = line
    spis = sorted(lines["spi"])
    return Watched(
        table("protocol", 256), table("flag", 9), table("vlan", 1 << 12), table("ttl", 1024), table("icmp", 512),
        table("length", len(LENGTHS))[np.searchsorted(np.array(LENGTHS), np.arange(LENGTHS[-1] + 1), side="right") - 1],
        table("port", 3 << 16), by_host, pairs,
        np.array([*spis, 0], np.uint32), np.array([*(lines["spi"][spi] for spi in spis), 0], np.int16),
    )  # fmt: skip
