"""Where the other half of something is looked for: among all packets of the window, whatever the filter leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Has
from netsleuth_tui.findings.seen import Seen

__all__ = ["PORT_UNREACHABLE", "hears", "refused", "unfiltered"]

PORT_UNREACHABLE = {4: (3, 3), 6: (1, 4)}
"""ICMP type and code (RFC 792, RFC 4443 section 3.1)."""


def unfiltered(seen: Seen) -> Seen:
    """All packets of the scope's window: who says that a packet is not there looks here; ask for it by `seen.once`."""
    return Seen(seen.store, replace(seen.scope, filter=""), seen.cancelled) if seen.scope.filter.strip() else seen


def hears(seen: Seen) -> NDArray[np.bool_]:
    """By host id: packets to it were captured, so both directions may have been; ask for it by `seen.once`."""
    found = np.zeros(len(seen.hosts.version), np.bool_)
    found[seen.columns.dst[seen.ip]] = True
    return found


def refused(seen: Seen) -> dict[int, int]:
    """How many messages one host sent another that a port cannot be reached, by `sender << 32 | receiver`; ask for it by `seen.once`."""
    c = seen.columns
    found: dict[int, int] = {}
    for version, bits in ((4, Has.ICMP), (6, Has.ICMPV6)):
        rows = seen.having(bits | Has.ADDRESSES | Has.ICMP_TYPE | Has.ICMP_CODE)
        kind, code = PORT_UNREACHABLE[version]
        rows = rows[(c.icmp_type[rows] == kind) & (c.icmp_code[rows] == code)]
        pairs, counts = np.unique(c.src[rows].astype(np.int64) << 32 | c.dst[rows], return_counts=True)
        found |= dict(zip(pairs.tolist(), counts.tolist(), strict=True))
    return found
