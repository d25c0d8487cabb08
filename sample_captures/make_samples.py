"""Makes the sample captures, their ground truth, and the table of it in README.md: the same bytes every time.

usage: make_samples.py [-o DIRECTORY]     (without -o: beside this script)

The counts come from the packets as they are made. A test makes everything again, compares it with what is committed, and compares the
counts with what capinfos, tshark, and two readers of event logs say.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import esp_tunnel
import print_server
import resets_by_office
import router_loop
import syn_reset
import ten_gigabit
from capture_files import Packet, compressed, netmon, pcapng
from event_log import event_log

HERE = Path(__file__).resolve().parent
TABLE_BEGINS, TABLE_ENDS = "<!-- ground truth begins -->", "<!-- ground truth ends -->"

LOOP_FILE = "router-loop.pcapng.gz"
ESP_FILE = "esp-tunnel.pcapng.gz"
OFFICE_FILE = "resets-by-office.pcapng.gz"
PIECE_FILE = "net1_capture_v1({}).cap"
LOG_FILE = "print_server.evtx"
TRACE_FILE = "syn-reset.etl"

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp"}
_FLAGS = {"tcp.flags.syn": 0x02, "tcp.flags.reset": 0x04, "tcp.flags.fin": 0x01}
_SECOND = 10**9


def protocol(frame: bytes) -> str:
    """What a frame carries; the frames of the samples are untagged, and their IPv4 headers have no options."""
    return "arp" if frame[12:14] == b"\x08\x06" else _PROTOCOLS[frame[23]]


def counts(packets: Sequence[Packet], snap_length: int) -> dict[str, Any]:
    """The numbers that any tool should find in a file of these packets."""
    protocols = Counter(protocol(packet.frame) for packet in packets)
    segments = [packet.frame for packet in packets if protocol(packet.frame) == "tcp"]
    return {
        "packets": len(packets),
        "bytes": sum(len(packet.frame) for packet in packets),
        "captured_bytes": sum(min(len(packet.frame), snap_length) for packet in packets),
        "first": packets[0].time,
        "last": packets[-1].time,
        "protocols": dict(sorted(protocols.items())),
        "flags": {name: sum(bool(frame[47] & bit) for frame in segments) for name, bit in _FLAGS.items()},
    }


def peak(packets: Sequence[Packet], matches: Callable[[Packet], bool]) -> dict[str, int]:
    """The second with the most matching packets."""
    second, count = max(Counter(packet.time // _SECOND for packet in packets if matches(packet)).items(), key=lambda item: item[1])
    return {"time": second * _SECOND, "packets": count}


def loop_truth(packets: Sequence[Packet]) -> dict[str, Any]:
    """Counts of the router loop, and what each burst consists of."""
    looped = {IPv4Address(address).packed for address in router_loop.LOOPED}
    bursts = []
    for seconds in router_loop.BURSTS:
        begin = router_loop.START + seconds * _SECOND
        icmp = [p.frame for p in packets if begin <= p.time < begin + _SECOND and protocol(p.frame) == "icmp"]
        copies = [frame for frame in icmp if frame[30:34] in looped]
        bursts.append(
            {
                "time": begin,
                "icmp": len(icmp),
                "echo_requests": len({frame[18:20] for frame in copies}),
                "copies": len(copies),
                "time_exceeded": sum(frame[34] == 11 for frame in icmp),
            }
        )
    return {
        **counts(packets, router_loop.SNAP_LENGTH),
        "peak": peak(packets, lambda packet: True),  # noqa: ARG005
        "icmp_peak": peak(packets, lambda packet: protocol(packet.frame) == "icmp"),
        "loop": {"pinged_by": router_loop.PINGER, "addresses": list(router_loop.LOOPED), "ttl_step": 1, "hops": 2, "bursts": bursts},
    }


def piece_truth(packets: Sequence[Packet]) -> dict[str, Any]:
    """Counts of one piece of the series, and those of the one address in it."""
    address = IPv4Address(ten_gigabit.ADDRESS).packed
    kept = [packet for packet in packets if address in (packet.frame[26:30], packet.frame[30:34])]
    return {**counts(packets, ten_gigabit.SNAP_LENGTH), ten_gigabit.ADDRESS: counts(kept, ten_gigabit.SNAP_LENGTH)}


def tunnel_truth(packets: Sequence[Packet]) -> dict[str, Any]:
    """Counts of the tunnels, and what became of the packets of each; ESP in UDP counts for both."""
    counted, associations = counts(packets, esp_tunnel.SNAP_LENGTH), esp_tunnel.truth(packets)
    counted["protocols"]["esp"] = sum(one["packets"] for one in associations)
    return {**counted, "associations": associations}


def office_truth(packets: Sequence[Packet]) -> dict[str, Any]:
    """Counts of the farm's capture, and resets by site."""
    return {**counts(packets, resets_by_office.SNAP_LENGTH), **resets_by_office.truth(packets)}


def table(truth: dict[str, dict[str, Any]]) -> str:
    """The ground truth as Markdown tables: all captures, the bursts of the loop, the one address of the series, the tunnels, the log."""
    log = truth[LOG_FILE]
    truth = {name: of for name, of in truth.items() if "packets" in of}
    heads = "packets | bytes on the wire | first (UTC) | last (UTC) | TCP | UDP | ICMP | ARP | SYN | RST"
    lines = [f"| file | {heads} |", "|---|" + "---:|" * 10]
    for name, of in truth.items():
        numbers = [of["protocols"].get(kind, 0) for kind in ("tcp", "udp", "icmp", "arp")]
        numbers += [of["flags"][flag] for flag in ("tcp.flags.syn", "tcp.flags.reset")]
        cells = [f"`{name}`", _grouped(of["packets"]), _grouped(of["bytes"]), _clock(of["first"]), _clock(of["last"])]
        lines.append(_row(cells + [_grouped(number) for number in numbers]))
    loop = truth[LOOP_FILE]
    for title, key in (("Busiest second of the router loop", "peak"), ("Its busiest second of ICMP", "icmp_peak")):
        lines += ["", f"{title}: {_clock(loop[key]['time'], 0)}, {_grouped(loop[key]['packets'])} packets."]
    lines += ["", "| burst of the loop | ICMP in that second | echo requests | copies of them | time exceeded |", "|---|" + "---:|" * 4]
    for burst in loop["loop"]["bursts"]:
        numbers = [burst[key] for key in ("icmp", "echo_requests", "copies", "time_exceeded")]
        lines.append(_row([_clock(burst["time"], 0), *(_grouped(number) for number in numbers)]))
    lines += ["", f"| file | packets of {ten_gigabit.ADDRESS} | bytes on the wire | SYN | RST |", "|---|" + "---:|" * 4]
    for name, of in truth.items():
        if kept := of.get(ten_gigabit.ADDRESS):
            numbers = [kept["packets"], kept["bytes"], kept["flags"]["tcp.flags.syn"], kept["flags"]["tcp.flags.reset"]]
            lines.append(_row([f"`{name}`", *(_grouped(number) for number in numbers)]))
    lines += ["", *_trace_lines(truth[TRACE_FILE]["trace"])]
    names = ("packets", "bytes", "expected", "lost", "late", "duplicates", "max_depth")
    lines += ["", "| SPI of the tunnels | packets | bytes | expected | lost | late | duplicates | max. depth | dropped by a window of 64 |"]
    lines.append("|---|" + "---:|" * 8)
    for one in truth[ESP_FILE]["associations"]:
        drops = one["replay_drops"]["64"]
        lines.append(_row([f"`{one['spi']}`", *(_grouped(one[name]) for name in names), _grouped(drops)]))
    lines += _office_lines(truth[OFFICE_FILE])
    lines += ["", f"| `{LOG_FILE}`: event id | events |", "|---|---:|"]
    lines += [_row([event_id, _grouped(count)]) for event_id, count in log["event_ids"].items()]
    lines.append(_row(["all", _grouped(log["events"])]))
    lines += ["", "| program | events | share |", "|---|---:|---:|"]
    for program, count in log["programs"].items():
        if program != "-":
            lines.append(_row([f"`{program}`", _grouped(count), f"{100 * count / log['events']:.1f} %"]))
    lines += ["", "| program | type of file | 4663 |", "|---|---|---:|"]
    for program, extension, count in log["4663_by_program_and_extension"]:
        lines.append(_row([f"`{program}`", extension, _grouped(count)]))
    return "\n".join(lines)


def _trace_lines(trace: dict[str, Any]) -> list[str]:
    heads = (
        "first reset",
        "last reset",
        "first datagram dropped",
        "last",
        "datagrams dropped",
        "bytes of them",
        "socket",
        "process",
        "reason",
    )
    moments = [_clock(trace[name]) for name in ("first_reset", "last_reset", "first_drop", "last_drop")]
    cells = [*moments, _grouped(trace["dropped_datagrams"]), _grouped(trace["dropped_bytes"]), f"`{trace['local']}`", str(trace["process"])]
    return [f"| `{TRACE_FILE}`: {' | '.join(heads)} |", "|---|" + "---:|" * 5 + "---|---|---|", _row([*cells, trace["reason"]])]


def _office_lines(office: dict[str, Any]) -> list[str]:
    """Resets by site, and those of the minutes in which one site fails."""
    first, last = int(resets_by_office.FAILS // 60), int(resets_by_office.WORKS_AGAIN // 60)
    heads = "packets sent | resets sent | resets received | resets sent from 10:12 to 10:14"
    lines = ["", f"| site in `{OFFICE_FILE}` | {heads} |", "|---|" + "---:|" * 4]
    for name, sent in office["packets_sent"].items():
        during = office["resets_sent_by_minute"].get(name, [])[first : last + 1]
        numbers = [sent, office["resets_sent"].get(name, 0), office["resets_received"].get(name, 0), sum(during)]
        lines.append(_row([name, *map(_grouped, numbers)]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _clock(time: int, digits: int = 6) -> str:
    seconds, nanoseconds = divmod(time, _SECOND)
    clock = f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}"
    return f"{clock}.{nanoseconds:09d}"[: len(clock) + 1 + digits] if digits else clock


def make(directory: Path) -> None:
    """Write the captures, `ground_truth.json` and README.md into a directory."""
    loop = router_loop.packets()
    described = "core link, router to firewall"
    data = pcapng(loop, router_loop.SNAP_LENGTH, comment=router_loop.COMMENT, interface="core1", description=described)
    (directory / LOOP_FILE).write_bytes(compressed(data))
    truth = {LOOP_FILE: loop_truth(loop)}
    tunnel = esp_tunnel.packets()
    described = "before the firewall of the data centre"
    data = pcapng(tunnel, esp_tunnel.SNAP_LENGTH, comment=esp_tunnel.COMMENT, interface="outside", description=described)
    (directory / ESP_FILE).write_bytes(compressed(data))
    truth[ESP_FILE] = tunnel_truth(tunnel)
    office = resets_by_office.packets()
    described = "before the farm, towards the offices"
    data = pcapng(office, resets_by_office.SNAP_LENGTH, comment=resets_by_office.COMMENT, interface="farm1", description=described)
    (directory / OFFICE_FILE).write_bytes(compressed(data))
    (directory / resets_by_office.SITES_CSV).write_text(resets_by_office.sites_csv(), encoding="utf-8", newline="\n")
    truth[OFFICE_FILE] = office_truth(office)
    for number, piece in enumerate(ten_gigabit.pieces()):
        name = PIECE_FILE.format(number)
        (directory / name).write_bytes(netmon(piece, ten_gigabit.SNAP_LENGTH, start=ten_gigabit.START, zone=ten_gigabit.ZONE))
        truth[name] = piece_truth(piece)
    logged = print_server.events()
    (directory / LOG_FILE).write_bytes(event_log(logged, print_server.COMPUTER, print_server.FIRST_RECORD))
    truth[LOG_FILE] = print_server.truth(logged)
    traced = syn_reset.packets()
    (directory / TRACE_FILE).write_bytes(syn_reset.netsh_trace(traced))
    truth[TRACE_FILE] = {**counts(traced, syn_reset.SNAP_LENGTH), "trace": syn_reset.truth(traced)}
    (directory / "ground_truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    page = (HERE / "README.md").read_text(encoding="utf-8")
    before, rest = page.split(TABLE_BEGINS)
    after = rest.split(TABLE_ENDS)[1]
    page = f"{before}{TABLE_BEGINS}\n{table(truth)}\n{TABLE_ENDS}{after}"
    (directory / "README.md").write_text(page, encoding="utf-8")


def main() -> None:
    """Make the samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=HERE)
    make(parser.parse_args().output)


if __name__ == "__main__":
    main()
