"""Special-use addresses have their class, whatever Python's own table says, and no country."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from addresses import arrays, country_codes, regions

from netsleuth_tui.places import open_places
from netsleuth_tui.places.special import SPECIAL


@pytest.mark.parametrize(
    ("addresses", "region"),
    [
        (("10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"), "Private (unmapped)"),
        (("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::1", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"), "Private (unmapped)"),
        (("100.64.0.0", "100.127.255.255"), "CGNAT"),
        (("127.0.0.1", "::1"), "Loopback"),
        (("169.254.0.0", "169.254.255.255", "fe80::1", "febf::1"), "Link-local"),
        (("224.0.0.0", "239.255.255.255", "ff02::fb"), "Multicast"),
        (("255.255.255.255",), "Broadcast"),
        (("240.0.0.0", "255.255.255.254", "192.0.0.9", "2001:1::1"), "Reserved"),
        (("192.0.2.0", "192.0.2.255", "198.51.100.7", "203.0.113.255", "2001:db8::1", "3fff:fff::"), "Documentation"),
        (("198.18.0.0", "198.19.255.255", "2001:2::1"), "Benchmarking"),
        (("0.0.0.0", "::"), "Unspecified"),  # noqa: S104 - nothing binds here
        (("0.0.0.1", "0.255.255.255"), "This network"),
        (("2001::1", "2001:0:ffff::"), "Teredo"),
        (("2002::1", "192.88.99.1"), "6to4"),
        (("5f00::1",), "SRv6"),
        (("64:ff9b:1::1",), "NAT64"),
    ],
)
def test_special_addresses_have_their_class(addresses: tuple[str, ...], region: str) -> None:
    """First and last addresses of the blocks included."""
    places = open_places()
    assert regions(places, *addresses) == [region] * len(addresses)
    assert country_codes(places, *addresses) == [None] * len(addresses)


@pytest.mark.parametrize(
    "address", ["9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "223.255.255.255"]
)
def test_their_neighbours_are_public(address: str) -> None:
    """The blocks end where they end."""
    assert open_places().locate(*arrays([address])).special.tolist() == [-1]


def test_the_table_is_of_networks() -> None:
    """No row has host bits set or stands twice."""
    assert len({ip_network(text) for text, _ in SPECIAL}) == len(SPECIAL)
