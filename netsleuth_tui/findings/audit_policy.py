"""An audit policy that was changed: event 4719 of the Security log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from netsleuth_tui.findings.event_groups import by_values, event_finding
from netsleuth_tui.findings.event_rows import SECURITY, EventRows, Numbers, event_rows
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.words import listed
from netsleuth_tui.wording import counted

if TYPE_CHECKING:
    from netsleuth_tui.findings.limits import Limits
    from netsleuth_tui.findings.seen import Seen

__all__ = ["audit_policy_changed"]

CHANGED = 4719
REMOVED = ("%%8448", "%%8450")
"""In AuditPolicyChanges: successes, or failures, are not audited any more (msobjs.dll; 8449 and 8451 say that they are from now on)."""
SEVERITY_REMOVED, SEVERITY_ADDED = 85, 35
WHY_REMOVED = "what these subcategories would have told is not in the log from then on; turning auditing off hides what follows"
WHY_ADDED = "from then on the log tells other things than before: counts before and after it cannot be compared"


def audit_policy_changed(seen: Seen, limits: Limits) -> Iterable[Finding]:
    """One finding per computer and account; worse where something is not audited any more."""
    rows = event_rows(seen)
    places = rows.places(SECURITY, CHANGED)
    columns = [rows.column("computer")[places], rows.codes("SubjectUserName", places), rows.codes("SubjectDomainName", places)]
    for same in by_values(columns, places, least=limits.audit_policy_changes):
        removed = _removals(rows, same)
        accounts = rows.who(same, "SubjectUserName")
        by = f" by {listed(accounts)}" if accounts else ""
        computer = rows.system("computer", int(same[0]))
        fewer = f"{removed} subcategor{'y is' if removed == 1 else 'ies are'} audited less than before"
        yield event_finding(
            seen,
            same,
            kind="audit-policy",
            title=f"The audit policy was changed{by}, {counted(len(same), 'time')}: {fewer if removed else 'more is audited'}",
            severity=SEVERITY_REMOVED if removed else SEVERITY_ADDED,
            why=WHY_REMOVED if removed else WHY_ADDED,
            terms=rows.kind_terms(int(same[0]))
            | {"Computer": computer or None}
            | rows.values(int(same[0]), "SubjectUserName", "SubjectDomainName"),
            between=[*([computer] if computer else []), *accounts],
        )


def _removals(rows: EventRows, places: Numbers) -> int:
    """Subcategories of which something was taken out of the audit policy."""
    codes = rows.codes("AuditPolicyChanges", places)
    distinct = np.unique(codes)
    texts = rows.store.events.texts.many(distinct)
    less = [code for code, text in zip(distinct.tolist(), texts, strict=True) if any(said in text for said in REMOVED)]
    return len(np.unique(rows.codes("SubcategoryGuid", places[np.isin(codes, less)])))
