"""The protocols that both programs look into, by tshark's names."""

from __future__ import annotations

_FOLLOWED = """
eth ethertype vlan ieee8021ad ieee8021ah mpls pppoes ppp sll null raw radiotap prism ppi wlancap wlan_radio wlan wlan_aggregate llc
chdlc fr tr fddi nflog ip ipv6 ipv6.hopopts ipv6.dstopts ipv6.routing ipv6.fraghdr gre ah etherip
"""
FOLLOWED = frozenset(_FOLLOWED.split())
"""frame.protocols: what the kernels look into."""
