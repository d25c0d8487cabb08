"""The events of a scope as findings need them: those with a time, by kind (provider and id) and by log (computer and channel)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.analysis.event_kinds import shared_ids
from netsleuth_tui.analysis.event_values import event_row_ids, titles
from netsleuth_tui.analysis.scope import Scope, event_rows_of
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.meanings.providers import provider_name

if TYPE_CHECKING:
    from netsleuth_tui.decode.events import EventColumns
    from netsleuth_tui.findings.seen import Seen
    from netsleuth_tui.store import Store
    from netsleuth_tui.tabular import Cell

__all__ = ["SECURITY", "EventKinds", "EventRows", "event_rows", "numbered", "provider_of", "runs"]

SECURITY = "Microsoft-Windows-Security-Auditing"

TABLE = 1 << 24
"""So many combinations are numbered through a table; of more, those that occur are sorted."""

NOBODY = frozenset({"", "-"})
"""How event data say that there is no value."""

Numbers = NDArray[np.int64]
Terms = dict[str, "Cell"]
Ids = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class EventKinds:
    """Events by some columns of codes."""

    of: NDArray[np.int64]
    """The number of each event."""
    example: Numbers
    """For each number the place of one event that has it."""

    def __len__(self) -> int:
        return len(self.example)


class EventRows:
    """Events of a scope that have a time; places are positions in `ids`, in the order of the store.

    Args:
        store: What was loaded.
        scope: Which of it.

    Raises:
        FilterError: The filter is not valid.
    """

    def __init__(self, store: Store, scope: Scope) -> None:
        self.store = store
        self.all: EventColumns = store.events.view()
        ids = event_row_ids(store, event_rows_of(store, scope))
        ids = ids[ids < len(self.all.time)]
        times = self.all.time[ids]
        timed = times != NO_TIME
        whole = bool(timed.all())
        self.ids: Ids = ids if whole else ids[timed]
        """Row ids, ascending."""
        self.time: Numbers = times if whole else times[timed]
        """ns since the epoch."""

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def kinds(self) -> EventKinds:
        """By provider and event id."""
        return numbered([self.column("provider"), self.column("event_id")])

    @cached_property
    def logs(self) -> EventKinds:
        """By computer and channel; the events of a trace, which have neither, by provider."""
        channel = self.column("channel")
        provider = np.where(channel == 0, self.column("provider"), 0)
        return numbered([self.column("computer"), channel, provider])

    @cached_property
    def _shared(self) -> frozenset[int]:
        return shared_ids(self.store)

    def column(self, name: str) -> NDArray[np.generic]:
        """A column of the table at the events."""
        column: NDArray[np.generic] = getattr(self.all, name)
        return column if len(self.ids) == len(column) else column[self.ids]

    @cached_property
    def by_log(self) -> tuple[Numbers, Numbers]:
        """Times by log, ascending in each of them, and where each log begins; behind those, the number of events."""
        of = self.logs.of
        edges = np.concatenate(([0], np.cumsum(np.bincount(of, minlength=len(self.logs)))))
        if len(self.logs) <= 1:
            times = self.time
        else:
            narrow = of.astype(np.uint16) if len(self.logs) < 1 << 16 else of  # of two bytes, which are sorted by counting
            times = self.time[np.argsort(narrow, kind="stable")]
        steps_back = np.flatnonzero(times[1:] < times[:-1]) + 1
        unsorted = np.unique(np.searchsorted(edges, steps_back[~np.isin(steps_back, edges)], side="right") - 1)
        if len(unsorted):
            times = times.copy()
        for log in unsorted.tolist():
            times[edges[log] : edges[log + 1]].sort(kind="stable")
        return times, edges

    @cached_property
    def log_spans(self) -> tuple[Numbers, Numbers]:
        """First and last time of each log."""
        times, edges = self.by_log
        return times[edges[:-1]], times[edges[1:] - 1]

    def places(self, provider: str, *event_ids: int) -> Numbers:
        """Places of the events of a provider with one of these ids, in the order of time."""
        code = self.store.events.texts.code(provider)
        if code is None:
            return np.zeros(0, np.int64)
        ids = self.column("event_id")
        chosen = ids == event_ids[0]
        for event_id in event_ids[1:]:
            chosen |= ids == event_id
        found = np.flatnonzero(chosen)
        found = found[self.column("provider")[found] == code]
        in_time: Numbers = found[np.argsort(self.time[found], kind="stable")]
        return in_time

    def codes(self, name: str, places: Numbers) -> Ids:
        """Codes of event data at some events, 0 where they have no such field."""
        return self.store.events.codes(name)[self.ids[places]]

    def text(self, code: int) -> str:
        """The text of a code; empty where it is absent."""
        return self.store.events.texts.text(code)

    def texts(self, name: str, places: Numbers) -> list[str]:
        """Distinct values of a field at some events, the most frequent first, empty ones and '-' left out."""
        codes, counts = np.unique(self.codes(name, places), return_counts=True)
        named = self.store.events.texts.many(codes[np.argsort(-counts, kind="stable")])
        return [text for text in named if text not in NOBODY]

    def system(self, name: str, place: int) -> str:
        """The text of a system field (provider, channel, computer, user) of one event."""
        return self.text(int(getattr(self.all, name)[self.ids[place]]))

    def number(self, name: str, place: int) -> int:
        """A number of one event."""
        return int(getattr(self.all, name)[self.ids[place]])

    def kind_terms(self, place: int) -> Terms:
        """What tells the kind of an event from others, as names and values for a filter."""
        event_id = self.number("event_id", place)
        found: Terms = {"EventID": event_id}
        if event_id in self._shared:
            found["Provider"] = self.system("provider", place) or None
        return found

    def log_terms(self, place: int) -> Terms:
        """What tells the log of an event from others: computer and channel, or the provider where there are none."""
        names = {"Computer": "computer", "Channel": "channel"} if self.number("channel", place) else {"Provider": "provider"}
        return {name: self.text(code) if (code := self.number(column, place)) else None for name, column in names.items()}

    def values(self, place: int, *names: str) -> Terms:
        """Event data of an event, as they stand in a filter."""
        codes = {name: int(self.store.events.codes(name)[self.ids[place]]) for name in names}
        return {name: self.text(code) if code else None for name, code in codes.items()}

    def who(self, places: Numbers, name: str) -> list[str]:
        """Accounts at some events: domain and name, the most frequent first."""
        domain, user = self.codes(name.replace("UserName", "DomainName"), places), self.codes(name, places)
        found = numbered([domain, user])
        counts = np.bincount(found.of, minlength=len(found))
        order = np.argsort(-counts, kind="stable")
        domains, names = (self.store.events.texts.many(side[found.example[order]]) for side in (domain, user))
        full = [f"{domain}\\{user}" if domain not in NOBODY else user for domain, user in zip(domains, names, strict=True)]
        return [account for account, user in zip(full, names, strict=True) if user not in NOBODY]

    def most(self, name: str, places: Numbers, most: int = 3) -> list[str]:
        """Texts of a system field at some events, the most frequent first."""
        codes, counts = np.unique(self.column(name)[places], return_counts=True)
        return [self.text(code) for code in codes[np.argsort(-counts, kind="stable")][:most].tolist() if code]

    def log_name(self, place: int) -> str:
        """The channel of an event, or its provider where there is none."""
        return self.system("channel", place) or self.system("provider", place)

    def described(self, place: int) -> str:
        """'4625 (Logon failed)'; of a kind without a title with its provider."""
        event_id = self.number("event_id", place)
        provider = self.system("provider", place)
        title = titles().title(self.system("channel", place), provider, event_id)
        return f"{event_id} ({title or provider})" if title or provider else str(event_id)


def provider_of(guid: str) -> str:
    """The name that a provider has in the store."""
    return provider_name(UUID(guid))


def event_rows(seen: Seen) -> EventRows:
    """The events that are looked at, gathered once for all kinds of findings.

    Raises:
        FilterError: The filter is not valid.
    """
    return seen.once(_gather)


def _gather(seen: Seen) -> EventRows:
    return EventRows(seen.store, seen.scope)


def numbered(columns: Sequence[NDArray[np.generic]]) -> EventKinds:
    """Number the combinations of values that occur, ascending, in a few passes without sorting where they are few.

    Args:
        columns: Of unsigned integers, all of the same length, at least one.
    """
    of, size = _dense(columns[0])
    for column in columns[1:]:
        more, many = _dense(column)
        if many > 1:
            of = of * many + more
            size = size * many
            of, size = _dense(of) if size <= TABLE else _sorted(of)
    example = np.zeros(size, np.int64)
    example[of[::-1]] = np.arange(len(of))[::-1]
    return EventKinds(of, example)


def _dense(values: NDArray[np.generic]) -> tuple[Numbers, int]:
    """Small numbers for values, in their order, and how many there are."""
    top = int(values.max()) + 1 if len(values) else 0
    if top > TABLE:
        return _sorted(values)
    occurs = np.zeros(top, np.bool_)
    occurs[values] = True
    places = np.cumsum(occurs) - 1
    return places[values], int(occurs.sum())


def _sorted(values: NDArray[np.generic]) -> tuple[Numbers, int]:
    distinct, of = np.unique(values, return_inverse=True)
    return of.astype(np.int64), len(distinct)


def runs(keys: NDArray[np.generic], time: Numbers, gap: int) -> Numbers:
    """Where runs begin: of one key, with no more than `gap` ns between neighbours.

    Args:
        keys: Ascending.
        time: Ascending within a key.
        gap: The longest pause within a run.

    Returns:
        First place of each run, and, behind them, the number of places.
    """
    if not len(keys):
        return np.zeros(1, np.int64)
    # as unsigned numbers no difference within a key is too large; where the key changes, it does not matter
    begins = np.flatnonzero((keys[1:] != keys[:-1]) | (np.diff(time.view(np.uint64)) > np.uint64(gap))) + 1
    return np.concatenate(([0], begins, [len(keys)])).astype(np.int64)
