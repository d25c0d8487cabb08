"""`netsleuth findings`: what deserves attention, worst first."""

from __future__ import annotations

from netsleuth_tui.cli.options import Common, Files
from netsleuth_tui.errors import misused
from netsleuth_tui.wording import counted

__all__ = ["findings"]

NO_OPTIONS = Common()


def findings(files: Files, /, *, common: Common = NO_OPTIONS) -> int:
    """What deserves attention, worst first: what, when, between whom, and the filter and window that show it.

    Example: netsleuth findings router-loop.pcapng.gz
    """
    from netsleuth_tui.cli.headless import ending, format_of, load, say, write
    from netsleuth_tui.findings import KINDS, findings_table, left_by, user_limits

    with misused():
        limits = user_limits()
    session, scope = load(files, common)
    report = session.findings(scope, limits=limits)
    if not report.findings:
        say("nothing found; looked for:")
        for looked in report.looked_for:
            say(f"  {looked.kind}: {looked.definition}")
    else:
        nothing = [looked.kind for looked in report.looked_for if not looked.found]
        found = counted(len(report.findings), "finding")
        say(f"{found}; looked for {len(report.looked_for)} kinds, found nothing of {', '.join(nothing) or 'none'}")
        for looked in report.looked_for:
            more = looked.found - limits.findings_of_a_kind
            if more > 0:
                say(f"{more} more of {looked.kind}, less severe: findings_of_a_kind in [findings] of config.toml shows them")
    left_out = [kind.slug for kind in KINDS if kind not in left_by(session.load_filter)]
    if left_out:
        say(f"not looked for, since --load-filter leaves out packets that they would call missing: {', '.join(left_out)}")
    write(findings_table(report, reading=format_of(common) == "table"), session, common)
    return ending(session)
