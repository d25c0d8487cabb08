"""Packets that Windows dropped on their way through the host: event 170 of pktmon, with the reason and the component."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netsleuth_tui.decode.etw import PKTMON
from netsleuth_tui.findings.event_groups import by_values, event_finding, told_of
from netsleuth_tui.findings.event_rows import event_rows, provider_of
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["packets_dropped"]

DROPPED_PACKET = 170
SEVERITY = 60
WHY = "the host threw these packets away itself: on purpose, as a firewall does, or because it could not handle them"


def packets_dropped(seen: Seen, limits: Limits) -> Iterable[Finding]:
    """One finding per reason and component, the largest first; where there are many, one of all besides."""
    rows = event_rows(seen)
    provider = provider_of(PKTMON)
    places = rows.places(provider, DROPPED_PACKET)
    names = ("DropReason", "DropReasonName", "Component", "ComponentName", "Direction")
    groups = by_values([rows.codes(name, places) for name in names], places, least=limits.packet_drops)
    for same in told_of(places, groups):
        values = {} if same is places else rows.values(int(same[0]), *names)
        component = values.get("ComponentName") or f"component {values.get('Component')}"
        direction = {"Rx": " that came in", "Tx": " that went out"}.get(str(values.get("Direction")), "")
        where = (
            f"{direction} in {component}, reason {values.get('DropReasonName') or values.get('DropReason')}"
            if values
            else f", {len(groups)} reasons and places"
        )
        yield event_finding(
            seen,
            same,
            kind="packet-dropped",
            title=f"Windows dropped {counted(len(same), 'packet')}{where}",
            severity=SEVERITY,
            why=WHY,
            terms=rows.kind_terms(int(same[0])) | {"Provider": provider} | values,
            between=[str(component)] if values else [],
        )
