"""What deserves attention, found without being asked for: each kind of finding is one function over the store and a scope."""

from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.kinds import KINDS, Kind, left_by
from netsleuth_tui.findings.limits import LIMITS, Limits, limits_from, user_limits
from netsleuth_tui.findings.report import Looked, Report, Steps, find, findings_table
from netsleuth_tui.findings.seen import Seen

__all__ = [
    "KINDS",
    "LIMITS",
    "Finding",
    "Kind",
    "Limits",
    "Looked",
    "Report",
    "Seen",
    "Steps",
    "find",
    "findings_table",
    "left_by",
    "limits_from",
    "user_limits",
]
