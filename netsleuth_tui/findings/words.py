"""Numbers, times and names as the titles of findings have them."""

from __future__ import annotations

from collections.abc import Sequence

from netsleuth_tui.analysis.times import BILLION
from netsleuth_tui.wording import counted, grouped

__all__ = ["listed", "percent", "rate", "span_of"]

MINUTE, HOUR, DAY = 60, 3600, 86_400


def rate(per_second: float) -> str:
    """'350', '3.4', '0.07': a number per second."""
    if per_second >= 10:
        return grouped(round(per_second))
    return f"{per_second:.1f}" if per_second >= 1 else f"{per_second:.2g}" if per_second >= 0.005 else "0"


def percent(part: float, whole: float) -> str:
    """'12 %', '0.34 %'."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"


def listed(names: Sequence[str], of: int | None = None, most: int = 2) -> str:
    """'a', 'a and b', 'a, b and 3 others'.

    Args:
        names: Some of them, the first in the list first.
        of: How many there are; as many as `names` where it is not said.
        most: Names that are written out.
    """
    number = len(names) if of is None else of
    shown = list(names[:most])
    rest = number - len(shown)
    if rest > 0:
        return f"{', '.join(shown)} and {counted(rest, 'other')}"
    return " and ".join((", ".join(shown[:-1]), shown[-1]) if len(shown) > 1 else shown)


def span_of(begin: int, end: int) -> str:
    """How long from one instant to another: '0.3 s', '12 s', '4 min', '2 h', '3 days'.

    Args:
        begin: ns since the epoch.
        end: ns since the epoch.
    """
    seconds = (end - begin) / BILLION
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "1 ms"
    for size, unit in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
