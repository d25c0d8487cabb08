"""Event traces in the store: packets among packets, all else among the events, with what is known of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from ingest.test_events import load
from readers import etl_files as made

from netsleuth_tui.ingest import Loader, traces
from netsleuth_tui.readers import EventTrace, etl_finding, etl_merge
from netsleuth_tui.store import Store
from netsleuth_tui.store import packets as packet_table


def fields(store: Store, row: int) -> dict[str, str | None]:
    """The data of an event by name."""
    return {name: store.events.texts.text(code) if code else None for name, code in store.events.data(row)}


def loaded(folder: Path, records: list[made.Record], **about: int | bool) -> Store:
    """A store with a trace of these records."""
    path = folder / "trace.etl"
    path.write_bytes(made.trace(records, **about))  # type: ignore[arg-type]
    return load(path)


def socket(time: int, event_id: int, data: bytes) -> made.Record:
    """An event of Winsock-AFD of a 64-bit system: EnterExit, Location, Process and Endpoint, then its own."""
    head = b"\1\0\0\0\x2a\0\0\0" + (0xFFFF8001).to_bytes(8, "little") + (0xFFFF9002).to_bytes(8, "little")
    return made.event(time, made.AFD, event_id, head + data)


@pytest.mark.parametrize("packed", [False, True])
def test_a_dropped_datagram_is_told_with_its_socket(tmp_path: Path, *, packed: bool) -> None:
    """What Windows says of it, and whose socket it was, as earlier events of its endpoint say."""
    local = made.sock_address("10.0.0.5", 5000)
    created = (2).to_bytes(4, "little") * 2 + (17).to_bytes(4, "little") + (4711).to_bytes(8, "little") + bytes(4)
    records = [
        socket(10, 1000, created),
        socket(20, 1030, bytes(4) + len(local).to_bytes(4, "little") + local),
        *made.ndis(30, bytes(60)),
        made.dropped_datagram(40, 0xFFFF9002, made.sock_address("10.0.0.9", 5060), 1372, 2),
        made.dropped_datagram(50, 0xFFFF9777, made.sock_address("::1", 53), 99, 7),
    ]
    store = loaded(tmp_path, records, packed=packed)
    assert (store.packets, store.events.rows) == (1, 4)
    columns = store.events.view()
    assert store.events.texts.many(columns.provider) == ["Microsoft-Windows-Winsock-AFD"] * 4
    assert (columns.time // 100 - made.START).tolist() == [10, 20, 40, 50]
    assert columns.level.tolist() == [4, 4, 2, 2]
    assert fields(store, 2) == {
        "EnterExit": "0",
        "Seq": "11003",
        "Process": "0x12345080",
        "Endpoint": "0xffff9002",
        "Buffer": "0x55667788",
        "Length": "1372",
        "Address": "10.0.0.9:5060",
        "Reason": "Insufficient local buffer space",
        "SocketProcessID": "4711",
        "LocalAddress": "10.0.0.5:5000",
    }
    other = fields(store, 3)
    assert (other["Address"], other["Reason"], other["SocketProcessID"], other["LocalAddress"]) == ("[::1]:53", "7", None, None)


def test_a_socket_of_a_32_bit_system(tmp_path: Path) -> None:
    """Pointers take four bytes in its events."""
    dropped = made.dropped_datagram(1, 0x9002, made.sock_address("10.0.0.9", 7), 10, 5, wide=False)
    store = loaded(tmp_path, [dropped])
    found = fields(store, 0)
    assert (found["Endpoint"], found["Length"], found["Reason"]) == ("0x9002", "10", "Indicated datagram too large - integer overflow")


def test_an_event_that_ends_early_has_what_it_reaches(tmp_path: Path) -> None:
    """Fields behind its end are absent, whichever byte it ends at, and a length of an address that lies ends it there."""
    whole = made.dropped_datagram(1, 0x9002, made.sock_address("10.0.0.9", 7), 10, 2).content[80:140]
    lying = whole[:36] + b"\xff\xff\xff\x7f" + whole[40:]
    records = [made.event(i, made.AFD, 1033, data) for i, data in enumerate([*(whole[:n] for n in range(61)), lying])]
    store = loaded(tmp_path, records)
    reached = [sum(value is not None for value in fields(store, row).values()) for row in range(62)]
    assert reached[:61] == sorted(reached[:61])
    assert (reached[0], reached[60], reached[61]) == (0, 8, 6)


def test_a_drop_of_pktmon_is_a_packet_and_an_event(tmp_path: Path) -> None:
    """With reason and component by number and by name, and the place as a number."""
    named = made.event(0, made.PKTMON, 20, b"\x0e\0\x05\0" + "TCPIP\0The stack\0".encode("utf-16-le"))
    dropped = made.pktmon(5, bytes(64), event_id=170, component=14, reason=902, place=0xE0004400, direction=4, group=77)
    store = loaded(tmp_path, [dropped, named])
    assert store.packets == 1
    found = [fields(store, row) for row in range(2)]
    assert found[0] == {"Id": "14", "Type": "5", "Name": "TCPIP", "Description": "The stack"}
    assert (found[1]["ComponentName"], found[1]["DropReasonName"]) == ("TCPIP", "NL_NotLocallyDestined")
    assert (found[1]["DropReason"], found[1]["DropLocation"], found[1]["Direction"]) == ("902", "0xe0004400", "Tx")
    assert store.events.view().event_id.tolist() == [20, 170]


def test_a_trace_without_packets_says_what_is_in_it(tmp_path: Path) -> None:
    """Its providers, those with most events first, by name where that is known."""
    unknown = UUID("00000000-1111-2222-3333-444444444444")
    records = [made.event(i, made.AFD if i % 3 else unknown, 1002, bytes(28)) for i in range(9)]
    store = loaded(tmp_path, records)
    wanted = "its events are from Microsoft-Windows-Winsock-AFD (6), {00000000-1111-2222-3333-444444444444} (3)"
    assert f"there are no packets in the trace; {wanted}" in store.sources[0].notes
    assert (store.sources[0].format, store.sources[0].events, store.packets) == ("etl", 9, 0)


def in_small_groups(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trace of 300 packets and 100 events that is read in many groups of buffers."""
    for module in (etl_finding, etl_merge):
        monkeypatch.setattr(module, "GROUP", 2048)
    records = [record for i in range(300) for record in made.ndis(10 * i, bytes(12) + b"\x08\x06" + bytes(40))]
    records += [made.dropped_datagram(30 * i, 0x99, made.sock_address("10.0.0.9", 5060 + i % 7), 1372, 2) for i in range(100)]
    path = folder / "trace.etl"
    path.write_bytes(made.trace(records, size=1024))
    return path


def test_a_trace_that_is_left_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was loaded stays, it is said that this is not all, and no thread goes on."""
    path, cancel, before = in_small_groups(tmp_path, monkeypatch), threading.Event(), set(threading.enumerate())
    store = Store()
    loader = Loader(store, memory=1 << 30, cancel=cancel, report=lambda progress: cancel.set() if progress.packets > 100 else None)
    monkeypatch.setattr("netsleuth_tui.ingest.load.REPORT_EVERY", 0.0)
    last = loader.load([str(path)])
    assert last.phase == "cancelled"
    assert 100 < store.packets < 200
    assert not store.sources[0].complete
    assert set(threading.enumerate()) == before


def test_a_trace_that_fails_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error behind its first packets ends the file where it was, and is told."""
    path, whole = in_small_groups(tmp_path, monkeypatch), EventTrace.parts

    def failing(self: EventTrace) -> Iterator[Any]:
        for part in whole(self):
            yield part
            if self.packets > 100:
                raise OSError(5, "Input/output error")

    monkeypatch.setattr(EventTrace, "parts", failing)
    loader = Loader(Store(), memory=1 << 30, cancel=threading.Event(), report=lambda _: None)
    loader.load([str(path)])
    assert 0 < loader.store.packets < 300
    assert [str(failure).rpartition(": ")[2] for failure in loader.failures] == ["Input/output error"]


def test_columns_are_laid_out_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many packets a trace has is known well enough from its first ones: what is there is not copied into larger columns again."""
    path, rooms = in_small_groups(tmp_path, monkeypatch), list[int]()
    monkeypatch.setattr(packet_table, "SMALLEST", 1)
    whole = packet_table._allocate
    monkeypatch.setattr(packet_table, "_allocate", lambda rows: (rooms.append(rows), whole(rows))[1])
    store = load(path)
    assert store.packets == 300
    assert len([rows for rows in rooms if rows]) <= 2
    assert max(rooms) < 450


@pytest.mark.parametrize("most", [0, 10, 1 << 16])
def test_texts_that_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """However few codes of texts are remembered, every event has its own texts."""
    monkeypatch.setattr(traces, "_CODES_KEPT", most)
    store = load(in_small_groups(tmp_path, monkeypatch))
    addresses = [fields(store, row)["Address"] for row in range(store.events.rows)]
    assert addresses == [f"10.0.0.9:{5060 + i % 7}" for i in range(100)]


def test_packets_and_events_of_real_traces(shared: Path) -> None:
    """Each event of a trace without packets is a row, in the order of time, and within the span of its source."""
    store = load(shared / "corpora/etl/KernelNetwork.etl", shared / "corpora/etl/microsoft_demikernel.PktMon.etl")
    first, second = store.sources
    assert (first.events, first.packets, second.packets) == (8923, 0, 38)
    columns = store.events.view()
    times = columns.time[:8923]
    assert bool((times[1:] >= times[:-1]).all())
    assert (first.first, first.last) == (int(times[0]), int(times[-1]))
    assert set(store.events.texts.many(columns.provider[:8923])) == {"Microsoft-Windows-Kernel-Network"}
