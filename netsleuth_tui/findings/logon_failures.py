"""Logons that failed in a burst (event 4625), and logons of the same address or account that then succeeded (4624)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.findings.event_groups import by_values, event_finding
from netsleuth_tui.findings.event_rows import SECURITY, EventRows, Numbers, Terms, event_rows, numbered, runs
from netsleuth_tui.findings.finding import Finding, grade
from netsleuth_tui.findings.words import listed, span_of
from netsleuth_tui.wording import counted, grouped

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["logon_failures", "logons_after_failures"]

SUCCESS, FAILURE = 4624, 4625
SECOND = 1_000_000_000
HERE = ("", "-", "127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::")  # noqa: S104 - an address in a log
"""What stands in IpAddress where the logon came from the computer itself, or from nobody knows where."""
SEVERITY_FAILED, SEVERITY_SAME_ADDRESS, SEVERITY_SAME_ACCOUNT = 55, 92, 80
BURSTS = 50
"""So many of the largest bursts are looked at."""
NAMED = 3
MOST_ACCOUNTS = 3
WHY_FAILED = "passwords are being guessed, or a program goes on with one that is no longer valid and may lock the account out"
WHY_SUCCEEDED = "a password may have been guessed: what these logons did afterwards is worth a look"


def logon_failures(seen: Seen, limits: Limits) -> Iterable[Finding]:
    """One finding per burst from an address (on a computer, where no address is said), and per burst for an account from many addresses."""
    rows = event_rows(seen)
    places = rows.places(SECURITY, FAILURE)
    found = bursts(rows, limits)
    if len(found) > BURSTS:
        yield _failed(seen, limits, places, {}, f"in {grouped(len(found))} bursts")
    for burst in found[:BURSTS]:
        yield _failed(seen, limits, burst, _origin(rows, burst), "")
    remote = places[~_is_here(rows, rows.codes("IpAddress", places))]
    of = numbered([rows.codes("TargetUserName", remote)]).of if len(remote) else np.zeros(0, np.int64)
    for burst in _bursts(rows, remote, of, limits)[:BURSTS]:
        addresses = rows.texts("IpAddress", burst)
        if len(addresses) >= limits.logon_addresses:
            yield _failed(seen, limits, burst, rows.values(int(burst[0]), "TargetUserName"), f"from {len(addresses)} addresses")


def logons_after_failures(seen: Seen, limits: Limits) -> Iterable[Finding]:
    """One finding per burst that a logon followed within the pause that ends it: from its address, or of an account that was tried."""
    rows = event_rows(seen)
    logons = rows.places(SECURITY, SUCCESS)
    times = rows.time[logons]
    for burst in bursts(rows, limits)[:BURSTS]:
        begin, end = int(rows.time[burst[limits.logon_failures - 1]]), int(rows.time[burst[-1]]) + round(limits.logon_pause * SECOND)
        near = logons[np.searchsorted(times, begin) : np.searchsorted(times, end, side="right")]
        origin = _origin(rows, burst)
        for same, who in _same(rows, burst, near, origin):
            accounts = rows.who(same, "TargetUserName")
            where = f"from {origin['IpAddress']}" if "Computer" not in origin else f"on {origin['Computer']}"
            yield event_finding(
                seen,
                same,
                kind="logon-after-failures",
                title=f"{counted(len(same), 'logon')} of {listed(accounts) or 'an account'} succeeded after failed ones {where}",
                severity=SEVERITY_SAME_ADDRESS if who is origin else SEVERITY_SAME_ACCOUNT,
                why=WHY_SUCCEEDED,
                terms=rows.kind_terms(int(same[0])) | who,
                between=[*rows.texts("IpAddress", same)[:NAMED], *accounts[:NAMED]],
            )


def bursts(rows: EventRows, limits: Limits) -> list[Numbers]:
    """Bursts of failures by address, or by computer where there is none; the largest first, as places in the order of time."""
    places = rows.places(SECURITY, FAILURE)
    if not len(places):
        return []
    address = rows.codes("IpAddress", places)
    computer = np.where(_is_here(rows, address), rows.column("computer")[places], 0)
    return _bursts(rows, places, numbered([address, computer]).of, limits)


def _bursts(rows: EventRows, places: Numbers, of: Numbers, limits: Limits) -> list[Numbers]:
    order = np.argsort(of, kind="stable")
    sorted_places = places[order]
    edges = runs(of[order], rows.time[sorted_places], round(limits.logon_pause * SECOND))
    sizes = np.diff(edges)
    large = np.flatnonzero(sizes >= limits.logon_failures)
    large = large[np.argsort(-sizes[large], kind="stable")]
    return [sorted_places[edges[k] : edges[k + 1]] for k in large.tolist()]


def _is_here(rows: EventRows, codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which addresses are none, or the computer's own."""
    known = [code for text in HERE if (code := rows.store.events.texts.code(text)) is not None]
    return np.isin(codes, np.array([0, *known], np.uint32))


def _origin(rows: EventRows, burst: Numbers) -> Terms:
    """Where a burst comes from, as values for a filter."""
    first = int(burst[0])
    origin = rows.values(first, "IpAddress")
    here = _is_here(rows, rows.codes("IpAddress", burst[:1]))[0]
    return origin | ({"Computer": rows.system("computer", first) or None} if here else {})


def _failed(seen: Seen, limits: Limits, burst: Numbers, terms: Terms, where: str) -> Finding:
    rows = event_rows(seen)
    accounts = rows.who(burst, "TargetUserName")
    computers = sorted({rows.text(code) for code in np.unique(rows.column("computer")[burst]).tolist()})
    address = terms.get("IpAddress")
    where = where or (f"on {terms['Computer']}" if "Computer" in terms else f"from {address}")
    took = span_of(int(rows.time[burst[0]]), int(rows.time[burst[-1]]))
    return event_finding(
        seen,
        burst,
        kind="logon-failures",
        title=f"{counted(len(burst), 'logon')} failed {where} within {took}, as {listed(accounts) or 'nobody'}",
        severity=grade(SEVERITY_FAILED, len(burst) / limits.logon_failures, 85),
        why=WHY_FAILED,
        terms=rows.kind_terms(int(burst[0])) | terms,
        between=[*rows.texts("IpAddress", burst)[:NAMED], *computers[:NAMED]],
    )


def _same(rows: EventRows, burst: Numbers, near: Numbers, origin: Terms) -> Iterator[tuple[Numbers, Terms]]:
    """Logons from the address of a burst; where there are none, or there is no address, those of accounts that were tried on a computer."""
    if "Computer" not in origin:
        same = near[rows.codes("IpAddress", near) == rows.codes("IpAddress", burst[:1])[0]]
        if len(same):
            yield same, origin
            return
    tried = {_plain(text) for text in rows.texts("TargetUserName", burst)}
    codes = rows.codes("TargetUserName", near)
    distinct = np.unique(codes)
    texts = rows.store.events.texts.many(distinct)
    chosen = np.array([code for code, text in zip(distinct.tolist(), texts, strict=True) if _plain(text) in tried], np.uint32)
    computer = rows.column("computer")
    near = near[np.isin(codes, chosen) & np.isin(computer[near], computer[burst])]
    for same in by_values([rows.codes("TargetUserName", near), computer[near]], near)[:MOST_ACCOUNTS]:
        first = int(same[0])
        yield same, rows.values(first, "TargetUserName") | {"Computer": rows.system("computer", first) or None}


def _plain(account: str) -> str:
    """An account without its domain, in small letters: Windows takes them as equal."""
    return account.partition("@")[0].lower()
