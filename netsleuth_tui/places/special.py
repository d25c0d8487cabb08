"""Addresses that are nowhere in particular: special-use networks, which no place database is asked about.

The table is NetSleuth's own, from the registries of RFC 6890 and RFC 8190: what the standard library calls private or global
differs between versions of Python, and knows nothing of some blocks.
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network

from netsleuth_tui.places.steps import Networks, Steps, steps_of

__all__ = ["CLASSES", "special_steps"]

PRIVATE = "Private (unmapped)"

SPECIAL = (
    ("0.0.0.0/8", "This network"),  # RFC 791
    ("0.0.0.0/32", "Unspecified"),  # RFC 1122, section 3.2.1.3
    ("10.0.0.0/8", PRIVATE),  # RFC 1918
    ("100.64.0.0/10", "CGNAT"),  # shared address space, RFC 6598
    ("127.0.0.0/8", "Loopback"),  # RFC 1122, section 3.2.1.3
    ("169.254.0.0/16", "Link-local"),  # RFC 3927
    ("172.16.0.0/12", PRIVATE),  # RFC 1918
    ("192.0.0.0/24", "Reserved"),  # IETF protocol assignments, RFC 6890, section 2.1
    ("192.0.2.0/24", "Documentation"),  # RFC 5737
    ("192.88.99.0/24", "6to4"),  # relays, deprecated by RFC 7526
    ("192.168.0.0/16", PRIVATE),  # RFC 1918
    ("198.18.0.0/15", "Benchmarking"),  # RFC 2544
    ("198.51.100.0/24", "Documentation"),  # RFC 5737
    ("203.0.113.0/24", "Documentation"),  # RFC 5737
    ("224.0.0.0/4", "Multicast"),  # RFC 5771
    ("240.0.0.0/4", "Reserved"),  # RFC 1112, section 4
    ("255.255.255.255/32", "Broadcast"),  # RFC 919
    ("::/128", "Unspecified"),  # RFC 4291
    ("::1/128", "Loopback"),  # RFC 4291
    ("64:ff9b:1::/48", "NAT64"),  # local translation, RFC 8215; addresses of 64:ff9b::/96 stand for the IPv4 address within
    ("100::/64", "Discard"),  # RFC 6666
    ("100:0:0:1::/64", "Reserved"),  # dummy prefix, RFC 9780
    ("2001::/23", "Reserved"),  # IETF protocol assignments, RFC 2928
    ("2001::/32", "Teredo"),  # RFC 4380
    ("2001:2::/48", "Benchmarking"),  # RFC 5180
    ("2001:10::/28", "ORCHID"),  # RFC 4843
    ("2001:20::/28", "ORCHID"),  # RFC 7343
    ("2001:db8::/32", "Documentation"),  # RFC 3849
    ("2002::/16", "6to4"),  # RFC 3056
    ("3fff::/20", "Documentation"),  # RFC 9637
    ("5f00::/16", "SRv6"),  # segment identifiers, RFC 9602
    ("fc00::/7", PRIVATE),  # unique local addresses, RFC 4193
    ("fe80::/10", "Link-local"),  # RFC 4291
    ("fec0::/10", PRIVATE),  # site-local addresses, deprecated by RFC 3879
    ("ff00::/8", "Multicast"),  # RFC 4291
)
"""Networks and the class of their addresses; of nested ones the longest prefix counts."""

CLASSES = tuple(dict.fromkeys(name for _, name in SPECIAL))
"""Names of the classes by code."""


@cache
def special_steps() -> Steps:
    """The table, with codes of `CLASSES`."""
    found = {4: Networks([], [], []), 6: Networks([], [], [])}
    for text, name in SPECIAL:
        network = ip_network(text)
        found[network.version].add(int(network.network_address), int(network.broadcast_address), CLASSES.index(name))
    return steps_of(found[4], found[6])
