"""Sockets and their processes, as Winsock-AFD tells of them event after event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.decode import sockets
from netsleuth_tui.decode.sockets import Socket, Sockets

CREATED, CLOSED, CONNECTED, BOUND = 1000, 1001, 1018, 1030
ANY = "0.0.0.0"  # noqa: S104 - what the events say
NET10 = 0x0A000000


def created(pid: int, protocol: int = 17, family: int = 2, kind: int = 2, endpoint: str = "0x1", status: str = "0x0") -> tuple:
    """A socket is made."""
    fields = {"AddressFamily": str(family), "SocketType": str(kind), "Protocol": str(protocol), "ProcessId": str(pid)}
    return CREATED, {"Endpoint": endpoint, "Status": status, **fields}


def about(event: int, address: str | None = None, endpoint: str = "0x1", status: str = "0x0") -> tuple:
    """Something happens to it."""
    return event, {"Endpoint": endpoint, "Status": status, "Address": address}


def seen(*events: tuple) -> list[Socket]:
    """What follows from events a nanosecond apart, from 1 on."""
    watch = Sockets()
    for time, (event, data) in enumerate(events, 1):
        watch.see(event, data, time)
    return watch.found


def test_a_socket_is_its_processes_from_its_binding_to_its_end() -> None:
    """Told at the beginning and again at the end of each request, which changes nothing."""
    twice = [event for event in (created(9), about(BOUND, "10.0.0.1:53"), about(CLOSED)) for _ in range(2)]
    assert seen(*twice) == [Socket(9, "", 17, 4, NET10 | 1, 53, since=3, until=5)]


def test_a_connection_has_another_side_from_then_on() -> None:
    """Bound at any address to a port that the system chose: port 0 is none yet. An IPv4 address inside of IPv6 is that address."""
    events = created(9, 6, 23), about(BOUND, "[::]:0"), about(BOUND, "[::]:50000"), about(CONNECTED, "[::ffff:10.0.0.2]:80"), about(CLOSED)
    assert seen(*events) == [
        Socket(9, "", 6, 6, 0, 50000, since=3, until=4),
        Socket(9, "", 6, 4, 0, 50000, NET10 | 2, 80, since=4, until=5),
    ]


def test_what_fails_was_never_so() -> None:
    """A socket that was not made, a port that another one has; a connection that is refused was asked for all the same."""
    assert seen(created(9, status="0xc0000001"), about(BOUND, f"{ANY}:53")) == []
    taken = created(9), about(BOUND, f"{ANY}:53"), about(BOUND, f"{ANY}:53", status="0xc000020a")
    assert seen(*taken) == [Socket(9, "", 17, 4, 0, 53, since=2, until=3)]
    refused = created(9, 6), about(BOUND, f"{ANY}:5"), about(CONNECTED, "10.0.0.2:80"), about(CONNECTED, "10.0.0.2:80", status="0xc0000236")
    assert [one.until for one in seen(*refused)] == [3, None]


def test_only_what_is_said_is_known() -> None:
    """An endpoint that was made before the trace has no process; nor has one of another family or protocol, or one that is no number."""
    assert seen(about(BOUND, "10.0.0.1:53"), about(CONNECTED, "10.0.0.2:80"), about(CLOSED)) == []
    for other in (created(9, family=1), created(9, protocol=1), created(1 << 40)):
        assert seen(other, about(BOUND, "10.0.0.1:53")) == []
    assert seen(created(9), about(BOUND, None), about(BOUND, "1f00"), about(BOUND, "10.0.0.1:x"), about(BOUND, "[::g]:53")) == []
    assert seen(created(9, protocol=0, kind=1), about(BOUND, "10.0.0.1:53"))[0].protocol == 6


def test_an_endpoint_is_used_again() -> None:
    """An address in the kernel is that of another socket after the first one is gone, whether its end was told or not."""
    events = created(9), about(BOUND, "10.0.0.1:53"), created(8), about(BOUND, "10.0.0.1:54")
    assert [(one.pid, one.local_port, one.until) for one in seen(*events)] == [(9, 53, 3), (8, 54, None)]


def test_sockets_are_kept_to_a_number_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that come later are counted."""
    monkeypatch.setattr(sockets, "MOST_SOCKETS", 3)
    watch = Sockets()
    for number in range(5):
        for event, data in (created(9, endpoint="0x1"), about(BOUND, f"10.0.0.1:{number + 1}"), about(CLOSED)):
            watch.see(event, data, number)
    assert (len(watch.found), watch.beyond, watch.missed) == (3, 2, 3)


def test_sockets_that_are_open_are_kept_to_a_number_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the others counts once, though it is told of twice; from the first one on nobody knows all."""
    monkeypatch.setattr(sockets, "MOST_SOCKETS", 3)
    watch = Sockets()
    for number in range(5):
        changes = watch.changes
        for event, data in (created(number, endpoint=f"0x{number}"), about(BOUND, "10.0.0.1:53", f"0x{number}")):
            for _ in range(2):
                watch.see(event, data, number)
        assert watch.changes > changes
    assert ([one.pid for one in watch.found], watch.beyond, watch.missed) == ([0, 1, 2], 2, 3)
    watch.see(*about(CLOSED, endpoint="0x4"), 5)
    watch.see(*created(4, endpoint="0x4"), 6)
    assert (watch.beyond, watch.missed) == (3, 3)


EVENTS = st.builds(
    lambda event, endpoint, address, status: about(event, address, endpoint, status) if event != CREATED else created(5, endpoint=endpoint),
    st.sampled_from([CREATED, CLOSED, CONNECTED, BOUND]), st.sampled_from(["0x1", "0x2"]), st.sampled_from([None, "10.0.0.1:5", "[::]:6"]),
    st.sampled_from(["0x0", "0xc0000001"]),
)  # fmt: skip


@given(st.lists(EVENTS, max_size=20))
def test_whatever_happens_each_socket_ends_after_it_begins(events: list[tuple]) -> None:
    """And no more are open than there are endpoints."""
    found = seen(*events)
    assert all(one.since is not None and (one.until is None or one.since <= one.until) and one.local_port for one in found)
    assert sum(one.until is None for one in found) <= 2
