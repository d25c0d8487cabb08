"""Filters on real captures keep as many frames as tshark keeps with the same text."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from oracles.tcp_marks import AS_THE_FILE_HAS_IT

from netsleuth_tui.analysis import Scope, rows_of
from netsleuth_tui.session import Session

CAPTURES = [
    "seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/many-protocols.pcap",
    "seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/ip-frag.pcap",
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/sll.pcap",
    "ntop+nDPI/ipsec_isakmp_esp.pcap",
]

FILTERS = """
tcp
udp
icmp
arp
ip
ipv6
eth
vlan
llc
sll
esp
not tcp
tcp or udp and ip.ttl < 64
(tcp or udp) and ip.ttl < 64
!(tcp || udp)
tcp.port == 443
tcp.port != 443
tcp.port !== 443
tcp.port ~= 443
tcp.port === 443
not tcp.port == 443
all tcp.port > 1024
any tcp.port < 1024
tcp.port == 0x1bb
tcp.srcport == 80
tcp.dstport >= 1024
tcp.srcport < tcp.dstport
udp.port == 53
udp.port > 5000 and udp.port < 6000
udp.srcport == udp.dstport
tcp.flags
tcp.flags & 0x02
tcp.flags & 0x12 == 0x12
tcp.flags.reset
tcp.flags.reset == 1
tcp.flags.syn == 1 and tcp.flags.ack == 0
tcp.flags.syn == tcp.flags.ack
tcp.flags == 0x10
tcp.len > 0
tcp.len == 0
tcp.window_size_value < 1000
tcp.seq_raw == tcp.ack_raw
ip.addr == 10.0.0.0/8
ip.addr != 10.0.0.0/8
ip.src == 192.168.0.0/16
ip.dst > 128.0.0.0
ip.src == ip.dst
ip.ttl == 64
ip.ttl <= 64 and ip.ttl > 32
ip.len > 1000
ip.id == 0
ip.proto == 17
ip.version == 4
ip.flags.df == 1
ip.flags.mf == 1
ip.frag_offset > 0
ipv6.addr == fe80::/10
ipv6.src > fe80::1
ipv6.hlim == 1
ipv6.nxt == 17
ipv6.plen > 100
icmp.type == 8
icmp.code == 0
arp.opcode == 1
arp.src.proto_ipv4 == 0.0.0.0/0
eth.type == 0x0800
eth.type == 0x8100
vlan.id
vlan.id == 10
frame.len > 1000
frame.cap_len <= 60
frame.number < 100
frame.time >= "2014-06-01 00:00:00Z"
frame.time_epoch < 1500000000.5
esp.spi
esp.sequence > 100
tcp.port in {80, 443, 8000..8010}
tcp.port not in {80, 443}
ip.addr in {10.0.0.0/8, 192.168.0.1..192.168.0.99}
""".strip().splitlines()

OUTERMOST = {
    "ip.id == 0": "ip.id#1 == 0",
    "ip.src == ip.dst": "ip.src#1 == ip.dst#1",
    "ip.flags.df == 1": "ip.flags.df#1 == 1",
    "vlan.id == 10": "vlan.id#1 == 10",
}
"""What tshark must be asked where frames hold a header twice: in stacked VLAN tags, and in packets that ICMP errors quote."""


def run(tshark: str, *arguments: str) -> str:
    return subprocess.run([tshark, *AS_THE_FILE_HAS_IT, *arguments], capture_output=True, text=True, check=True).stdout


def tshark_counts(tshark: str, capture: Path) -> dict[str, int]:
    """Frames for each filter: all filters without a comma in one pass, each of the others in one of its own."""
    together = [text for text in FILTERS if "," not in text]
    table = run(tshark, "-r", str(capture), "-q", "-z", ",".join(["io,stat,0", *(OUTERMOST.get(text, text) for text in together)]))
    row = next(line for line in table.splitlines() if re.match(r"\|\s*[0-9.]+ <>", line))
    numbers = [int(number) for number in re.findall(r"\d+", row.split("|", 2)[2])]
    counts = dict(zip(together, numbers[0::2], strict=True))
    for text in FILTERS:
        if text not in counts:
            counts[text] = len(run(tshark, "-r", str(capture), "-Y", text, "-T", "fields", "-e", "frame.number").splitlines())
    return counts


@pytest.mark.parametrize("name", CAPTURES)
def test_filters_keep_as_many_frames_as_in_tshark(shared, tshark, name):
    """Row counts of every filter equal tshark's; a field is that of the outermost header."""
    capture = shared / "corpora" / "captures" / name
    session = Session()
    session.load([str(capture)])
    ours = {text: len(rows_of(session.store, Scope(text))) for text in FILTERS}
    assert ours == tshark_counts(tshark, capture)
    assert any(ours.values())
