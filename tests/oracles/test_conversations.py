"""Conversations of real captures have the packets and bytes that tshark's `-z conv` prints, each way; who begins is left out of it.

What differs belongs to a class, which is a condition on the packets of the conversation; docs/differences.md describes them.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest
from oracles.followed import FOLLOWED
from oracles.said import TABLES, Said, said
from oracles.tcp_marks import AS_THE_FILE_HAS_IT

from netsleuth_tui.analysis import EVERYTHING, Scope, conversations, rows_of
from netsleuth_tui.decode.columns import Has
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.readers import UnreadableFile
from netsleuth_tui.session import Session

End = tuple[str, int]
Tables = dict[str, dict[frozenset[End], list[tuple[End, int, str]]]]
"""By table and ends: of each end its packets, and its bytes as tshark writes them; several times for several connections."""

LINE = re.compile(r"(\S+)\s+<->\s+(\S+)\s+(\d+) (-?\d+ (?:bytes|[kMG]B))\s+(\d+) (-?\d+ (?:bytes|[kMG]B))\s+(\d+) ")
EXTENSIONS = {"ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr", "mipv6", "shim6", "data"}
UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}

CAPTURES = [
    "seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/many-protocols.pcap",
    "seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/ip-frag.pcap",
    "seladb+PcapPlusPlus/Tests/ExamplesTest/pcap_examples/tls2.pcap",
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/sll.pcap",
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/example2.pcap",
    "seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/4KHttpRequests.pcap",
    "wireshark-4.0.17/test/captures/challenge01_ooo_stream.pcapng.gz",
    "ntop+nDPI/nintendo.pcap",
    "ntop+nDPI/ipsec_isakmp_esp.pcap",
]


def printed(octets: int) -> str:
    """Bytes as tshark prints them: in the largest unit that leaves two digits before it cuts."""
    unit = next((name for name in ("GB", "MB", "kB") if octets >= 10 * UNITS[name]), "bytes")
    return f"{octets // UNITS[unit]} {unit}"


def end_of(text: str, *, ports: bool) -> End:
    """'10.0.0.1:53' or '10.0.0.1'."""
    host, _, port = text.rpartition(":") if ports else (text, "", "-1")
    return str(ip_address(host)), int(port)


def theirs(answer: Said) -> Tables:
    """What tshark prints of a file; lines of several connections between the same ports stay apart."""
    found: Tables = {name: {} for name in TABLES}
    table = ""
    for line in answer.conversations:
        title = re.match(r"(IPv4|IPv6|TCP|UDP) Conversations", line)
        if title:
            table = {"IPv4": "ip"}.get(title[1], title[1].lower())
        cells = LINE.match(line)
        if cells:
            a, b = (end_of(cells[k], ports=table in ("tcp", "udp")) for k in (1, 2))
            found[table].setdefault(frozenset((a, b)), []).extend([(b, int(cells[3]), cells[4]), (a, int(cells[5]), cells[6])])
    return found


def ours(session: Session) -> Tables:
    """What we have, in the same form."""
    found: Tables = {name: {} for name in TABLES}
    for by in ("address", "ports"):
        made = conversations(session.store, rows_of(session.store, EVERYTHING), by=by)
        ports = [made.numbers(f"port_{side}").tolist() for side in "ab"] if by == "ports" else [[-1] * len(made)] * 2
        hosts = made.cells("a"), made.cells("b")
        protocols = made.cells("protocol") if by == "ports" else ["ipv6" if ":" in str(a) else "ip" for a in hosts[0]]
        sent = [list(zip(made.cells(f"packets_{way}"), made.cells(f"bytes_{way}"), strict=True)) for way in ("ab", "ba")]
        for k, protocol in enumerate(protocols):
            table = str(protocol).lower()
            if table in found and (by == "address" or ports[0][k] >= 0):
                ends = [(str(hosts[side][k]), ports[side][k]) for side in (0, 1)]
                found[table][frozenset(ends)] = [(ends[side], int(sent[side][k][0]), printed(int(sent[side][k][1]))) for side in (0, 1)]
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """A conversation of which we and tshark say different things."""

    table: str
    ends: frozenset[End]
    ours: Counter[End]
    """Packets that each end sent."""
    theirs: Counter[End]
    bits: Has
    """What any packet between the two addresses has, as we see it."""
    longest: int
    """Bytes on the wire that one of them claims at most."""
    unusual: dict[str, set[str]]
    """Addresses of frames that have something unusual in tshark; see `unusual_addresses`."""

    def has_address(self, kind: str) -> bool:
        """Whether one of the ends has an address in such frames."""
        return any(host in self.unusual[kind] for host, _ in self.ends)


def inner_header(d: Difference) -> bool:
    """IP headers inside others: tshark counts each of them, and ports under the innermost addresses."""
    return d.has_address("inner")


def not_followed(d: Difference) -> bool:
    """IP headers behind protocols that only tshark follows."""
    return d.has_address("unreached")


def bad_length(d: Difference) -> bool:
    """UDP headers with an impossible length: tshark does not count their ports."""
    return d.table == "udp" and d.has_address("bad length")


def cut_off(d: Difference) -> bool:
    """Headers that are cut off, or contradict themselves: tshark stops before it counts, or goes on."""
    return bool(d.bits & (Has.TRUNCATED | Has.MALFORMED)) or d.has_address("malformed")


def source_route(d: Difference) -> bool:
    """Packets with a source route or routing header: tshark takes the last stop for the destination."""
    return d.has_address("routed")


def only_extensions(d: Difference) -> bool:
    """IPv6 packets in which nothing that tshark knows follows the extension headers, as in all fragments but the first."""
    return d.table == "ipv6" and d.has_address("only extensions")


def two_gibibytes(d: Difference) -> bool:
    """Frames that claim 2 GiB or more."""
    return d.longest >= 2**31


CLASSES: tuple[Callable[[Difference], bool], ...] = (
    inner_header,
    not_followed,
    bad_length,
    cut_off,
    source_route,
    only_extensions,
    two_gibibytes,
)


def classify(d: Difference) -> str:
    """The first class that a difference belongs to, or nothing."""
    return next((condition.__name__ for condition in CLASSES if condition(d)), "")


def unusual_addresses(answer: Said) -> dict[str, set[str]]:
    """Addresses of frames with more than one IP header, one behind a protocol that we do not follow, a bad length of UDP, or a route."""
    found: dict[str, set[str]] = {name: set() for name in ("inner", "unreached", "bad length", "malformed", "routed", "only extensions")}
    for frame in answer.occurrences():
        hosts = [str(ip_address(text)) for name in ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst") for text in frame[name]]
        path_to = "".join(frame["frame.protocols"]).split(":")
        ips = [k for k, name in enumerate(path_to) if name in ("ip", "ipv6")]
        if len(hosts) > 2:
            found["inner"].update(hosts)
        if ips and not set(path_to[: ips[-1]]) <= FOLLOWED:
            found["unreached"].update(hosts)
        if frame["udp.length.bad"] or frame["udp.length.bad_zero"]:
            found["bad length"].update(hosts)
        if ips and {"data"} < set(path_to[ips[-1] + 1 :]) | {"data"} <= EXTENSIONS:
            found["only extensions"].update(hosts)
        if any("Malformed" in text for text in frame["_ws.expert.message"]):
            found["malformed"].update(hosts)
        if "ipv6.routing" in path_to or {"131", "137"} & set(frame["ip.opt.type"]):
            found["routed"].update(hosts)
    return found


def between(session: Session, ends: frozenset[End]) -> tuple[Has, int]:
    """What any packet between two addresses has, and the greatest length of one."""
    text = " && ".join(f"ip{'v6' if ':' in host else ''}.addr == {host}" for host, _ in ends)
    rows = rows_of(session.store, Scope(text))
    ids, columns = rows.take(0, len(rows)), session.store.columns()
    return (Has(int(np.bitwise_or.reduce(columns.present[ids]))), int(columns.len[ids].max())) if len(ids) else (Has(0), 0)


def differences(session: Session, found: Tables, unusual: Callable[[], dict[str, set[str]]]) -> Iterator[Difference]:
    """Compare conversation by conversation: packets of each end, and bytes as far as tshark prints them."""
    mine = ours(session)
    for table in TABLES:
        for ends in mine[table].keys() | found[table].keys():
            here, there = mine[table].get(ends, []), found[table].get(ends, [])
            sent = [Counter[End](), Counter[End]()]
            for counter, lines in zip(sent, (here, there), strict=True):
                for end, packets, _ in lines:
                    counter[end] += packets
            same = +sent[0] == +sent[1]
            if same and len(there) == 2:  # of one connection: bytes of several cannot be added up once they are cut to kB
                same = {(end, text) for end, packets, text in here if packets} == {(end, text) for end, packets, text in there if packets}
            if not same:
                yield Difference(table, ends, +sent[0], +sent[1], *between(session, ends), unusual())


def compared(path: Path, answer: Callable[[], Said]) -> tuple[list[Difference], int] | None:
    """Differences of a file, and how many conversations were compared; None where one of the two does not read it."""
    session = Session(1 << 30)
    try:
        session.load([str(path)])
    except (UnreadableFile, NetSleuthError):
        return None
    found = answer()
    if not found.is_complete or not session.store.sources:
        return None
    tables = theirs(found)
    return list(differences(session, tables, cache(lambda: unusual_addresses(found)))), sum(len(table) for table in tables.values())


@pytest.mark.parametrize("name", CAPTURES)
def test_conversations_are_those_of_tshark(shared: Path, tshark: str, name: str) -> None:
    """Packets and bytes each way, by pair of addresses and by ports."""
    path = shared / "corpora" / "captures" / name
    result = compared(path, lambda: said(tshark, path))
    assert result is not None
    found, count = result
    assert count
    assert not [d for d in found if not classify(d)]


@pytest.mark.sweep
def test_conversations_of_every_capture(swept: Mapping[Path, Future[Said]]) -> None:
    """The same for all captures of the corpora: equal, or different for a reason that has a name."""
    counts: Counter[str] = Counter()
    without: list[tuple[str, Difference]] = []
    for path, answer in swept.items():
        result = compared(path, answer.result)
        if result is None:
            counts["files that one does not read"] += 1
            continue
        counts["files"] += 1
        counts["conversations"] += result[1]
        for difference in result[0]:
            counts[classify(difference)] += 1
            if not classify(difference):
                without.append((str(path), difference))
    print(counts)  # noqa: T201 - shown with -s, and where the test fails
    assert not without, without[:5]
    assert counts["conversations"] > 5000


def judged(tshark: str, path: Path) -> Counter[tuple[str, ...]]:
    """How many segments of each sender tshark takes for sent again."""
    names = ("ip.src", "tcp.srcport", "ip.dst", "tcp.dstport")
    wanted = [word for name in names for word in ("-e", name)]
    marked = ["-Y", "tcp.analysis.retransmission && ip", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f", *wanted]
    done = subprocess.run([tshark, *AS_THE_FILE_HAS_IT, "-r", str(path), *marked], capture_output=True, text=True, check=True)
    return Counter(tuple(line.split("\t")) for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", CAPTURES)
def test_retransmissions_are_those_of_tshark(shared: Path, tshark: str, name: str) -> None:
    """For every sender as many as tshark says, fast and spurious ones with them."""
    path = shared / "corpora" / "captures" / name
    session = Session(1 << 30)
    session.load([str(path)])
    made = conversations(session.store, rows_of(session.store, Scope("tcp && ip")), by="ports")
    texts = {column: [str(cell) for cell in made.cells(column)] for column in ("a", "port_a", "b", "port_b")}
    counts = judged(tshark, path)
    for k, ends in enumerate(zip(texts["a"], texts["port_a"], texts["b"], texts["port_b"], strict=True)):
        for sender, side in ((ends, "ab"), ((*ends[2:], *ends[:2]), "ba")):
            assert int(made.numbers(f"retransmissions_{side}")[k]) == counts[sender], sender
