"""Datagrams that reached the host and no program: Winsock-AFD event 1033 says that a socket could not take one, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netsleuth_tui.decode.etw import AFD, DROPPED_DATAGRAM, LOCAL, OWNER
from netsleuth_tui.findings.event_groups import by_values, event_finding, told_of
from netsleuth_tui.findings.event_rows import event_rows, provider_of
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["datagrams_dropped"]

SEVERITY = 80
WHY = "these datagrams reached the host and never their program: it was not the network that lost them"
BUFFER = "; the program reads too slowly for the buffer that its socket has"


def datagrams_dropped(seen: Seen, limits: Limits) -> Iterable[Finding]:
    """One finding per reason and socket, the largest first; where there are many sockets, one of all besides."""
    rows = event_rows(seen)
    provider = provider_of(AFD)
    places = rows.places(provider, DROPPED_DATAGRAM)
    names = ("Reason", OWNER, LOCAL)
    groups = by_values([rows.codes(name, places) for name in names], places, least=limits.datagram_drops)
    for same in told_of(places, groups):
        whole = same is places
        values = {} if whole else rows.values(int(same[0]), *names)
        reason = values.get("Reason") or ""
        process, local = values.get(OWNER), values.get(LOCAL)
        senders = rows.texts("Address", same)
        whose = f" for the socket {local}" if local else ""
        whose += f" of process {process}" if process else ""
        whose = f" for {counted(len(groups), 'socket')}" if whole else whose
        yield event_finding(
            seen,
            same,
            kind="datagram-dropped",
            title=f"Windows dropped {counted(len(same), 'datagram')}{whose}{f': {reason}' if reason else ''}",
            severity=SEVERITY,
            why=WHY + (BUFFER if "buffer space" in str(reason) else ""),
            terms=rows.kind_terms(int(same[0])) | {"Provider": provider} | values,
            between=[*senders[:3], *([str(local)] if local else [])],
        )
