"""Why a name that tshark knows is not a field here, and what to write instead."""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Iterable, Sequence

from netsleuth_tui.query.event_fields import EVENT_FIELDS
from netsleuth_tui.query.fields import ALIASES, NAMED, PROTOCOLS

__all__ = ["meant", "near", "no_event_field", "no_frame_field", "why_no_field"]

_PORTS = {
    "bgp": "tcp.port == 179",
    "dhcp": "udp.port in {67, 68}",
    "dns": "udp.port == 53 or tcp.port == 53",
    "ftp": "tcp.port == 21",
    "http": "tcp.port in {80, 8080}",
    "http2": "tcp.port == 443",
    "isakmp": "udp.port in {500, 4500}",
    "kerberos": "tcp.port == 88 or udp.port == 88",
    "ldap": "tcp.port == 389",
    "mdns": "udp.port == 5353",
    "nbns": "udp.port == 137",
    "ntp": "udp.port == 123",
    "quic": "udp.port == 443",
    "radius": "udp.port in {1812, 1813}",
    "rdp": "tcp.port == 3389",
    "rtp": "udp",
    "sip": "udp.port == 5060",
    "smb": "tcp.port in {139, 445}",
    "smb2": "tcp.port == 445",
    "smtp": "tcp.port == 25",
    "snmp": "udp.port in {161, 162}",
    "ssh": "tcp.port == 22",
    "ssl": "tcp.port == 443",
    "syslog": "udp.port == 514",
    "telnet": "tcp.port == 23",
    "tftp": "udp.port == 69",
    "tls": "tcp.port == 443",
    "vxlan": "udp.port == 4789",
}

_REASONS: tuple[tuple[str, str], ...] = (
    (r"tcp\.(seq|nxtseq)", "relative sequence numbers are not kept; tcp.seq_raw is the number on the wire"),
    (r"tcp\.ack", "relative acknowledgment numbers are not kept; tcp.ack_raw is the number on the wire"),
    (r"tcp\.window_size", "the scaled window is not kept; tcp.window_size_value is the number on the wire"),
    (r"tcp\.analysis\..*", "of TCP analysis there are tcp.analysis.flags, .retransmission, .lost_segment, .ack_rtt … (docs/filter.md)"),
    (r"tcp\.(stream|time|completeness).*", "TCP streams are not followed by the filter"),
    (r"(eth|wlan|sll|arp)\.(src|dst|addr|sa|da|ta|ra|bssid|src\.hw.*|dst\.hw.*)", "MAC addresses are not kept"),
    (r"frame\.time_(delta|relative).*", "only the time of the frame itself is kept: frame.time_epoch"),
    (r"frame\.protocols", "only the highest protocol is kept, as _ws.col.protocol; ask for a layer by its name, such as tcp"),
    (r"(frame|tcp|udp|data)\.(payload|data|segment.*)|data(-text-lines)?", "payload bytes are not indexed"),
    (r"(ip|ipv6)\.(host|src_host|dst_host)", "names are not resolved; compare addresses with ip.addr"),
    (r"(ip|tcp|udp|icmp)\.checksum.*", "checksums are not kept"),
    (r"ip\.(hdr_len|dsfield.*|tos)|tcp\.(hdr_len|options.*|urgent_pointer)", "this header field is not kept"),
    (r"udp\.length", "this header field is not kept; frame.len is the length of the frame"),
    (r"ipv6\.(tclass|flow)|icmp(v6)?\.(ident|seq|checksum|nd|mtu).*|vlan\.(priority|cfi|etype|dei)", "this header field is not kept"),
    (r"(gre|mpls|sctp|pppoe|arp\.proto|arp\.hw)\.[a-z_.]+", "this header field is not kept"),
    (r"_ws\.(malformed|expert.*|short|unreassembled)", "what dissectors find wrong is not kept"),
    (r"frame\.(comment|interface.*|encap.*|marked|ignored)|pkt_comment", "comments and interfaces of frames are not kept"),
    (r"(ip|ipv6)\.geoip.*", "places are geo.country, geo.continent, geo.asn, site, and geo.src.country …"),
)

_EVENT_NAMES = {name.lower(): name for name in EVENT_FIELDS}
_MADE = re.compile(r"(ext|folder)\(")


def meant(word: str) -> str:
    """The known name that `word` was probably meant to be, or an empty string."""
    names = [*NAMED, *ALIASES, *PROTOCOLS]
    lower = word.lower()
    if lower in names:
        return lower
    if lower in _EVENT_NAMES:
        return _EVENT_NAMES[lower]
    parts = [name for name in NAMED if name.endswith(f".{lower}") or name.startswith(f"{lower}.")]
    close = parts or difflib.get_close_matches(lower, names, n=1, cutoff=0.65)
    return close[0] if close else ""


_FLAGS = {
    "ack": "tcp.flags.ack == 1",
    "fin": "tcp.flags.fin == 1",
    "psh": "tcp.flags.push == 1",
    "rst": "tcp.flags.reset == 1",
    "syn": "tcp.flags.syn == 1",
    "urg": "tcp.flags.urg == 1",
}
"""What people call flags of TCP."""

_ALIKE = 0.75
"""Share of two names that has to be the same for one to be a slip for the other, as difflib counts it."""
_LONGEST, _MOST = 60, 200
"""Characters of a name that may be a slip, and names it is compared with: a log can have thousands, and the screen asks at every key."""


def near(word: str, names: Iterable[str]) -> str:
    """The name that `word` is a slip for: the first that is the same in another case, or else the nearest one; empty where none is near."""
    listed = [*names]
    return _same(word, listed) or _nearest(word, listed)


def _same(word: str, names: Iterable[str]) -> str:
    """The first name that is the same in any case; empty where none is."""
    lower = word.lower()
    return next((name for name in names if name.lower() == lower), "")


def _nearest(word: str, names: Iterable[str]) -> str:
    """The name that is most like it, among those of nearly its length; empty where none is like it."""
    lower = word.lower()
    if len(lower) > _LONGEST:
        return ""
    least = _ALIKE / (2 - _ALIKE)  # the shorter one's share of the longer, where all of it is the same
    fit = (name for name in names if least * len(name) <= len(lower) <= len(name) / least)
    by_lower = {name.lower(): name for name in reversed(heapq.nsmallest(_MOST, fit, key=lambda name: abs(len(name) - len(lower))))}
    found = difflib.get_close_matches(lower, by_lower, 1, _ALIKE)
    return by_lower[found[0]] if found else ""


def no_event_field(word: str, have: Sequence[str]) -> str:
    """What to say about a name of event data that no event has: it may be a protocol in capitals, or a slip.

    Args:
        word: As it was written.
        have: The names that events have.
    """
    guess = _same(word, have) or _same(word, EVENT_FIELDS) or _of_packets(word) or _nearest(word, [*have, *EVENT_FIELDS])
    return f"no event has a field {word}{_asked(guess)}"


def no_frame_field(word: str, *, needed: bool) -> str:
    """What to say about a name of event data where only frames are looked at; empty where there is nothing to say.

    Args:
        word: As it was written.
        needed: Whether no frame can match the filter for it; otherwise only a probable slip is said.
    """
    guess = _of_packets(word)
    if not guess and not needed:
        return ""
    return f"frames have no field {word}" + (_asked(guess) or ", which is event data")


def _asked(guess: str) -> str:
    return f"; did you mean {guess}?" if guess else ""


def _of_packets(word: str) -> str:
    """What a name in capitals asks of packets in lower case: a protocol, a field, a flag, a port; or an empty string."""
    lower = word.lower()
    return lower if lower in PROTOCOLS or lower in NAMED or lower in ALIASES else _FLAGS.get(lower, "") or _PORTS.get(lower, "")


def why_no_field(word: str) -> tuple[str, str]:
    """What to say about a name that is no field.

    Returns:
        What is wrong, and a hint (may be empty).
    """
    what = f'no field "{word}"'
    if _MADE.match(word):
        return what, "ext(F) and folder(F,n) are made of a field that holds paths, as in folder(ObjectName,2)"
    for pattern, reason in _REASONS:
        if re.fullmatch(pattern, word):
            return what, reason
    top = word.split(".", maxsplit=1)[0]
    if top in _PORTS:
        return what, f"protocols above TCP and UDP are not dissected; by port: {_PORTS[top]}"
    guess = meant(word)
    return (f"{what}; did you mean {guess}?", "") if guess else (what, "completion lists the fields")
