"""Every kind of finding there is, in the order in which they are looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from netsleuth_tui.findings.arp_storm import arp_storm
from netsleuth_tui.findings.finding import Finding
from netsleuth_tui.findings.limits import Limits
from netsleuth_tui.findings.router_loop import router_loop, time_exceeded
from netsleuth_tui.findings.seen import Seen

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding."""

    slug: str
    """What findings call their kind."""
    looks_for: str
    """What is looked for and from which threshold on, with the names of limits in braces."""
    find: Callable[[Seen, Limits], Iterable[Finding]]
    """Finds them, in any order."""

    def definition(self, limits: Limits) -> str:
        """What is looked for, with the numbers that count."""
        from dataclasses import asdict

        return self.looks_for.format_map(asdict(limits))


BURST = "a second and {times_usual:g} times the usual"

KINDS: tuple[Kind, ...] = (
    Kind(
        "router-loop", "the same packet at least 3 times, each within a second of the last, its TTL falling by the same step", router_loop
    ),
    Kind("time-exceeded", f"ICMP messages that a TTL was used up, {{exceeded_per_second}} {BURST}", time_exceeded),
    Kind("arp-storm", f"ARP packets, {{arp_per_second}} {BURST}", arp_storm),
)
