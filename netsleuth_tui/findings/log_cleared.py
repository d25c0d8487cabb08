"""A log that was cleared: events 1102 (the Security log) and 104 (any other) of the event log service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netsleuth_tui.findings.event_groups import by_values, event_finding
from netsleuth_tui.findings.event_rows import event_rows
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.words import listed
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["log_cleared"]

PROVIDER = "Microsoft-Windows-Eventlog"
SECURITY_CLEARED, CLEARED = 1102, 104
SEVERITY = 90
WHY = "what was in the log before is gone, unless it was forwarded or saved; intruders clear logs to hide what they did"


def log_cleared(seen: Seen, limits: Limits) -> Iterable[Finding]:
    """One finding per computer, of the Security log and of the others: even one takes evidence away."""
    rows = event_rows(seen)
    for event_id in (SECURITY_CLEARED, CLEARED):
        places = rows.places(PROVIDER, event_id)
        for same in by_values([rows.column("computer")[places]], places, least=limits.logs_cleared):
            logs = ["Security"] if event_id == SECURITY_CLEARED else rows.texts("Channel", same)
            accounts = rows.who(same, "SubjectUserName")
            computer = rows.system("computer", int(same[0]))
            what = f"The log {listed(logs)} was cleared" if len(logs) == 1 else f"{counted(len(logs), 'log')} were cleared ({listed(logs)})"
            often = f" {len(same)} times" if len(logs) == 1 and len(same) > 1 else ""
            yield event_finding(
                seen,
                same,
                kind="log-cleared",
                title=f"{what}{often}{' by ' + listed(accounts) if accounts else ''}",
                severity=SEVERITY,
                why=WHY,
                terms=rows.kind_terms(int(same[0])) | {"Provider": PROVIDER, "Computer": computer or None},
                between=[*([computer] if computer else []), *accounts],
            )
