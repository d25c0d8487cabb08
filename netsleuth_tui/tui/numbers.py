"""Numbers as the screen writes them: thousands apart, units short, shares with one digit that means something."""

from __future__ import annotations

from netsleuth_tui.wording import grouped

__all__ = ["grouped", "rate", "share", "short", "size"]

_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(number: float) -> str:
    """'5.01 M', '412 k', '999': three digits that count."""
    for unit, letter in _SI:
        if number >= unit * 0.9995:
            return f"{_three(number / unit)} {letter}"
    return f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"


def size(octets: float) -> str:
    """'489 MB', decimal units."""
    return f"{short(octets)}B" if octets >= 999.5 else f"{octets:.0f} B"


def rate(per_second: float, *, of_bytes: bool) -> str:
    """'7 012/s', or '12.4 MB/s'."""
    if of_bytes:
        return f"{size(per_second)}/s"
    return f"{grouped(round(per_second))}/s" if per_second >= 10 or per_second == int(per_second) else f"{per_second:.2g}/s"


def share(part: int, whole: int) -> str:
    """'0.7 %', '100 %'; never 0 % or 100 % where that is not exact."""
    if part == 0 or whole == 0:
        return "0 %"
    if part == whole:
        return "100 %"
    percent = 100 * part / whole
    if percent < 0.05:
        return "<0.1 %"
    if percent > 99.9:
        return ">99.9 %"
    return f"{percent:.1f} %"


def _three(number: float) -> str:
    return f"{number:.2f}" if number < 9.995 else f"{number:.1f}" if number < 99.95 else f"{number:.0f}"
