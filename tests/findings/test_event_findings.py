"""Findings about events: each kind on what it is, on what it is not, and on what just misses it; the filter shows what is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from looking import check
from made import START
from made_events import add_events, event

from netsleuth_tui.analysis import EVERYTHING, Scope
from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.events import Event
from netsleuth_tui.findings import KINDS, LIMITS, Finding, Limits, find
from netsleuth_tui.store import Store

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
OF_EVENTS = [
    kind for kind in KINDS if kind.slug in {
        "datagram-dropped", "packet-dropped", "log-cleared", "audit-policy", "logon-failures", "logon-after-failures", "event-flood",
        "new-event", "log-silence",
    }
]  # fmt: skip
EVENTLOG = "Microsoft-Windows-Eventlog"
AFD, PKTMON = "Microsoft-Windows-Winsock-AFD", "Microsoft-Windows-PktMon"


def found(*events: Event, kind: str = "", scope: Scope = EVERYTHING, limits: Limits = LIMITS) -> list[Finding]:
    """Findings about these events, after a check that each of them shows what it counts."""
    store = add_events(Store(), *events)
    report = find(store, scope, limits=limits, kinds=OF_EVENTS)
    check(store, report.findings)
    assert [looked.kind for looked in report.looked_for] == [each.slug for each in OF_EVENTS]
    return [finding for finding in report.findings if not kind or finding.kind == kind]


def logon(time: int, event_id: int = 4625, user: str = "bob", address: str = "203.0.113.9", **fields: str) -> Event:
    """A logon, by default one that failed."""
    return event(time, event_id, {"TargetUserName": user, "TargetDomainName": "CORP", "IpAddress": address}, **fields)


def background(count: int, every: int, event_id: int = 4688, begin: int = START, **fields: str) -> list[Event]:
    """Events at a steady rate."""
    return [event(begin + k * every, event_id, **fields) for k in range(count)]


def cleared(event_id: int, provider: str = EVENTLOG, channel: str = "System", of: str | None = None, time: int = START) -> Event:
    """Event 104 or 1102."""
    data = {"SubjectUserName": "mallory", "SubjectDomainName": "CORP"} | ({"Channel": of} if of else {})
    return event(time, event_id, data, provider=provider, channel=channel)


# A log that was cleared


def test_cleared_logs_are_told_with_who_did_it():
    """The Security log, and others, each a finding."""
    told = found(cleared(1102, channel="Security"), cleared(104, of="System"), cleared(104, of="Application", time=START + SECOND))
    assert [(each.kind, each.count) for each in told] == [("log-cleared", 2), ("log-cleared", 1)]
    assert told[1].title == "The log Security was cleared by CORP\\mallory"
    assert "2 logs were cleared" in told[0].title
    assert "CORP\\mallory" in told[0].between


def test_the_same_ids_of_other_providers_are_something_else():
    """Remote desktop has a 1102, and a 104, too."""
    assert not found(cleared(1102, "Microsoft-Windows-TerminalServices-ClientActiveXCore"), cleared(104, "Microsoft-Windows-Kernel-Power"))
    assert not found(cleared(1103), cleared(105))


# The audit policy


def policy(changes: str, guid: str = "0CCE9215-69AE-11D9-BED3-505054503030", time: int = START, event_id: int = 4719) -> Event:
    """Event 4719."""
    data = {"SubjectUserName": "mallory", "SubjectDomainName": "CORP", "SubcategoryGuid": guid, "AuditPolicyChanges": changes}
    return event(time, event_id, data)


def test_auditing_less_is_worse_than_auditing_more():
    """By which subcategories something was taken out; two changes of one are one."""
    (less,) = found(policy("%%8448, %%8450"), policy("%%8450", time=START + 1000), policy("%%8448", "another", time=START + 2000))
    assert (less.kind, less.count) == ("audit-policy", 3)
    assert "2 subcategories are audited less" in less.title
    (more,) = found(policy("%%8449, %%8451"))
    assert more.severity < less.severity
    assert "more is audited" in more.title
    assert not found(policy("%%8448", event_id=4717))


# Logons


def test_a_burst_of_failed_logons_from_an_address():
    """Five within minutes are told, with who was tried; four are not, and five over hours neither."""
    tries = [logon(START + k * MINUTE, user=("bob", "alice")[k % 2]) for k in range(5)]
    (burst,) = found(*tries, logon(START + MINUTE, address="198.51.100.1"))
    assert (burst.kind, burst.count, burst.first, burst.last) == ("logon-failures", 5, START, START + 4 * MINUTE)
    assert "203.0.113.9" in burst.title
    assert "CORP\\bob and CORP\\alice" in burst.title
    assert burst.between == ("203.0.113.9", "FS01.corp.example")
    assert not found(*tries[:4])
    assert not found(*(logon(START + k * HOUR) for k in range(5)))
    assert not found(*(logon(START + k * MINUTE, provider="Another") for k in range(5)))


@pytest.mark.parametrize("here", ["-", "", "127.0.0.1", "::1"])
def test_failures_without_an_address_are_told_by_computer(here: str):
    """Those of two computers do not add up."""
    (burst,) = found(*(logon(START + k, address=here) for k in range(5)), *(logon(START + k, address=here, computer="B") for k in range(4)))
    assert "on FS01.corp.example" in burst.title


def test_an_account_that_is_tried_from_many_addresses():
    """No address alone makes a burst; many together do, a few do not."""
    (burst,) = found(*(logon(START + k * SECOND, address=f"203.0.113.{k}") for k in range(6)))
    assert "from 6 addresses" in burst.title
    assert 'TargetUserName == "bob"' in burst.filter
    assert not found(*(logon(START + k * SECOND, address=f"203.0.113.{k % 4}") for k in range(6)))


def test_a_logon_after_failures_of_the_same_address_or_account():
    """Of the address it is worst; of the account, on the same computer, it counts too; others do not, nor much later, nor before."""
    tries = [logon(START + k * SECOND) for k in range(6)]
    after = START + MINUTE
    (one,) = found(*tries, logon(after, 4624), kind="logon-after-failures")
    assert (one.count, one.first) == (1, after)
    assert "from 203.0.113.9" in one.title
    (other,) = found(*tries, logon(after, 4624, "BOB@corp.example", "10.0.0.9"), kind="logon-after-failures")
    assert other.severity < one.severity
    for innocent in (
        logon(after, 4624, "carol", "10.0.0.9"),
        logon(after, 4624, "bob", "10.0.0.9", computer="B"),
        logon(START + HOUR, 4624),
        logon(START - SECOND, 4624),
        logon(after, 4634),
    ):
        assert not found(*tries, innocent, kind="logon-after-failures")
    assert not found(*tries[:4], logon(after, 4624), kind="logon-after-failures")


# Dropped datagrams and packets


def datagram(time: int, process: str | None = "2264", reason: str = "Insufficient local buffer space", event_id: int = 1033) -> Event:
    """Winsock-AFD 1033."""
    data = {"Reason": reason, "Length": "512", "Address": "10.1.4.31:40514", "SocketProcessID": process, "LocalAddress": "0.0.0.0:5140"}
    return event(time, event_id, data, provider=AFD, channel=None, computer=None)


def test_dropped_datagrams_are_told_by_reason_and_socket():
    """With the process where it is known; one is enough."""
    told = found(datagram(START), datagram(START + SECOND), datagram(START + 2 * SECOND, None, "Buffer allocation failed"))
    assert [(each.kind, each.count) for each in told] == [("datagram-dropped", 2), ("datagram-dropped", 1)]
    assert told[0].title == "Windows dropped 2 datagrams for the socket 0.0.0.0:5140 of process 2264: Insufficient local buffer space"
    assert told[1].title.endswith("for the socket 0.0.0.0:5140: Buffer allocation failed")
    assert told[0].between == ("10.1.4.31:40514", "0.0.0.0:5140")
    assert not found(datagram(START, event_id=1032))
    assert not found(replace(datagram(START), provider="Another"))
    assert not found(datagram(START), limits=Limits(datagram_drops=2))


def test_of_many_sockets_all_are_told_together_first():
    """The largest follow one by one."""
    told = found(*(datagram(START + k, str(k)) for k in range(30)))
    assert "30 datagrams for 30 sockets" in told[0].title or any("30 datagrams for 30 sockets" in each.title for each in told)
    assert max(each.count for each in told) == 30


def test_dropped_packets_are_told_by_reason_and_component():
    """And direction."""

    def drop(k: int, reason: str) -> Event:
        data = {"Direction": "Rx", "Component": "9", "DropReason": reason, "ComponentName": "tcpip.sys"}
        return event(START + k, 170, data, provider=PKTMON, channel=None, computer=None)

    told = found(drop(0, "1206"), drop(1, "1206"), drop(2, "902"))
    assert [(each.kind, each.count) for each in told] == [("packet-dropped", 2), ("packet-dropped", 1)]
    assert told[0].title == "Windows dropped 2 packets that came in in tcpip.sys, reason 1206"
    assert not found(replace(drop(0, "1206"), event_id=160))


# Floods


FLOOD = Limits(flood_events=100)


def test_an_event_flood_is_far_above_the_median_of_the_log():
    """100 within 10 s in an otherwise quiet hour; 90 are not, nor as many all the time, nor in a log of a minute."""
    quiet = background(360, 10 * SECOND)
    aligned = START // (10 * SECOND) * 10 * SECOND + 10 * MINUTE
    burst = [event(aligned + k * 50_000_000, 5156) for k in range(120)]
    (flood,) = found(*quiet, *burst, kind="event-flood", limits=FLOOD)
    assert flood.count == 120
    assert flood.usual == 0
    assert "5156" in flood.title
    assert not found(*quiet, *burst[:90], kind="event-flood", limits=FLOOD)
    assert not found(*quiet, *burst, kind="event-flood")
    assert not found(*burst, kind="event-flood", limits=FLOOD)
    always = [event(START + k * 80_000_000, 5156) for k in range(125 * 31)]
    assert not found(*always, kind="event-flood", limits=FLOOD)


def test_several_floods_of_a_kind_are_told_with_the_worst():
    """And how many more there are."""
    quiet = background(360, 10 * SECOND)
    aligned = START // (10 * SECOND) * 10 * SECOND
    bursts = [event(aligned + m * 10 * MINUTE + k * 20_000_000, 5156) for m in (1, 3) for k in range(100 + 50 * m)]
    (flood,) = found(*quiet, *bursts, kind="event-flood", limits=FLOOD)
    assert flood.count == 250
    assert flood.title.endswith("and 1 time more")


# New kinds of events


def test_an_event_that_appears_late_and_goes_on():
    """Not once, not in a short log, not early."""
    usual = background(2000, 30 * SECOND)
    new = [event(START + 1800 * 30 * SECOND + k * 10 * MINUTE, 7031) for k in range(8)]
    (told,) = found(*usual, *new, kind="new-event")
    assert (told.count, told.first) == (8, new[0].time)
    assert "7031" in told.title
    assert not found(*usual, *new[:4], kind="new-event")
    assert not found(*usual, *(replace(each, time=new[0].time + k) for k, each in enumerate(new)), kind="new-event")
    assert not found(
        *usual, *(replace(each, time=START + 1500 * 30 * SECOND + k * 10 * MINUTE) for k, each in enumerate(new)), kind="new-event"
    )
    assert not found(*usual[::3], *new, kind="new-event")


# Silence


def test_a_log_that_is_silent_for_a_while():
    """An hour in a log that never paused for more than seconds; a few minutes are none, and a log that often pauses has none."""
    before, after = background(1500, 2 * SECOND), background(1500, 2 * SECOND, begin=START + 3000 * SECOND + HOUR)
    (silence,) = found(*before, *after, kind="log-silence")
    assert silence.count == 3602
    assert silence.count_of == "seconds of silence"
    assert (silence.first, silence.last) == (before[-1].time, after[0].time)
    assert "Security" in silence.title
    assert silence.window[0] < silence.first < silence.last < silence.window[1]
    soon = background(1500, 2 * SECOND, begin=START + 3000 * SECOND + 5 * MINUTE)
    assert not found(*before, *soon, kind="log-silence")
    often = [event(START + k * 2 * SECOND + k // 300 * HOUR, 1) for k in range(3000)]
    assert not found(*often, kind="log-silence")
    assert not found(*before[:400], *after[:400], kind="log-silence")


def test_a_log_that_ends_while_others_go_on():
    """Others that began before; where it is the last one, nothing is known of what came after."""
    security = background(1500, 2 * SECOND)
    system = background(40, 5 * MINUTE, 7036, channel="System")
    (end,) = found(*security, *system, kind="log-silence")
    assert end.first == security[-1].time
    assert "before others" in end.title
    later = background(40, 5 * MINUTE, 7036, begin=START + HOUR, channel="System")
    assert not found(*security, *later, kind="log-silence")
    assert not found(*security, kind="log-silence")


# All of them


def test_a_scope_narrows_what_is_looked_at_and_what_filters_say():
    """Failures of one computer alone; the filter of the scope is in that of the finding, and the window ends with it."""
    tries = [logon(START + k * SECOND, computer="AB"[k % 2]) for k in range(12)]
    (burst,) = found(*tries, scope=Scope('Computer == "A" || Computer == "C"', START, START + 11 * SECOND))
    assert burst.count == 6
    assert burst.filter.startswith('(Computer == "A" || Computer == "C") && ')


@settings(max_examples=60)
@example([(START, 4624, EVENTLOG, "bob")] * 4 + [(2**63 - 1, 4624, EVENTLOG, "bob")])
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(NO_TIME), st.just(START), st.integers(NO_TIME + 1, 2**63 - 1), st.integers(START, START + HOUR)),
            st.sampled_from([4624, 4625, 4719, 1102, 104, 1033, 170]),
            st.sampled_from([EVENTLOG, AFD, PKTMON, "Microsoft-Windows-Security-Auditing", None]),
            st.sampled_from(["bob", "-", "", 'a"b\\', "x" * 5000, None]),
        ),
        max_size=40,
    )
)
def test_nothing_is_told_that_the_filter_does_not_show(rows):
    """Whatever the times and texts are: equal, backwards, absent, at the ends of what can be said."""
    limits = Limits(
        logon_failures=1, logon_addresses=1, flood_events=1, flood_times=0.5, new_event_after=1, new_event_share=0.1, new_event_minutes=1,
        silence_events=1, silence_seconds=1.0, silence_times=0.5, silence_usual=1e12,
    )  # fmt: skip
    names = ("TargetUserName", "SubjectUserName", "IpAddress", "Channel", "AuditPolicyChanges", "Reason", "DropReason")
    found(*(event(time, number, dict.fromkeys(names, text), provider=provider) for time, number, provider, text in rows), limits=limits)


def test_many_events_in_any_order_of_time_take_little_time():
    """Half a million events, backwards, need no loop over events."""
    store, count = Store(), 500_000
    columns = store.events.reserve(count)
    columns.row[:count] = np.arange(count)
    columns.time[:count] = START + np.arange(count)[::-1] * 1_000_000
    columns.event_id[:count] = np.arange(count) % 60_000
    store.events.commit(count)
    assert find(store, kinds=OF_EVENTS).seconds < 10


@pytest.mark.sweep
def test_attacks_are_found_and_other_logs_are_quiet(shared):
    """Of real logs: each of those that hold one of these events, and no finding of other kinds than those that were looked at."""
    from event_logs import load

    folder = shared / "corpora" / "logs"
    found_in = {
        "ID104-1102-Event log cleared.evtx": {"log-cleared"},
        "ID4719-Audit policy deactivation.evtx": {"audit-policy"},
        "ID 4776,4625-AccountRestore local bruteforce.evtx": {"logon-failures"},
        "ID4625-OpenSSH brutforce with valid users.evtx": {"logon-failures"},
        "2-vss_7-System.evtx": set(),
        "post-Security.evtx": set(),
        "Security_with_size_t.evtx": set(),
    }
    for name, kinds in found_in.items():
        (path,) = folder.rglob(name)
        assert {finding.kind for finding in find(load(path), kinds=OF_EVENTS).findings} == kinds, name
