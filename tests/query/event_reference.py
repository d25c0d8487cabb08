"""The rules for events, written out once more and slowly, and random events to try them on."""

from __future__ import annotations

import ntpath
import random
import re

from made_events import add_events, event
from query.reference import OPERATORS

from netsleuth_tui.decode.columns import NO_TIME
from netsleuth_tui.decode.events import Event
from netsleuth_tui.query.event_fields import TIMES, event_field
from netsleuth_tui.query.nodes import All, Any, Comparison, Either, Membership, Not, Present, Range, Reference, Search
from netsleuth_tui.store import Store

__all__ = ["DATA", "EVENTS", "STORE", "SYSTEM", "holds_event", "value_of"]

DATA = {
    "SubjectUserName": ["alice", "Bob", "bob", "", "-", "PRINT01$", "日本", "\ud800x", '"quoted" \\'],
    "TargetUserName": ["bob", "alice", "0x10"],
    "ObjectName": [
        r"C:\Windows\System32\a.dll", r"C:\WINDOWS\spool\b.LOG", r"\\srv\share\x.log", r"C:\dir.d\none", r"\Device\Volume1\a\b.txt", "",
        r"\REGISTRY\MACHINE\SOFTWARE",
    ],
    "AccessMask": ["0x1", "0x2", "0x10000", "0x120089", "65536", "-5", "0xffffffffffffffff", "none"],
    "LogonType": ["2", "3", "10"],
    "HandleId": ["0x0", "0x10", "0x14"],
    "ProcessId": ["0x4", "0x100", "0x200"],
    "SubjectLogonId": ["0x3e7", "0x1234"],
    "ProcessID": ["7", "0x4"],
    "param1": ["5", "five"],
    "Product Name": ["NetSleuth"],
    "Empty.Case-1": ["a"],
    "Certificate.fileRef": ["x.cer", ""],
}  # fmt: skip
"""Event data and their pools; names that are no plain words, and one that is a system field's, among them."""

TIMES_POOL = [NO_TIME, 0, 1, 5_000_000_100, 86_399_999_999_900, 1_795_435_203_500_000_000]
SYSTEM = {
    "event_id": [0, 4656, 4658, 4660, 4663, 65535],
    "level": [0, 2, 4],
    "task": [0, 12800],
    "opcode": [0, 1],
    "version": [0, 1],
    "keywords": [0, 0x8020000000000000, 0x8010000000000000],
    "process_id": [4, 0x100, 0xFFFFFFFF],
    "thread_id": [0, 8],
    "flags": [0, 0, 0, 1, 2, 3],
    "provider": [None, "Microsoft-Windows-Security-Auditing", "Service Control Manager"],
    "channel": ["Security", "System"],
    "computer": ["FS01.corp.example", "PRINT01"],
    "user": [None, "S-1-5-18"],
}
COLUMNS = {
    "EventID": "event_id", "Level": "level", "Task": "task", "Opcode": "opcode", "Version": "version", "Keywords": "keywords",
    "ProcessID": "process_id", "ThreadID": "thread_id", "Provider": "provider", "Channel": "channel", "Computer": "computer",
    "UserID": "user", "EventRecordID": "record_id",
}  # fmt: skip
ROWS = 300
DICE = random.Random(7)  # noqa: S311 - the same events each time


def one(number: int) -> Event:
    system = {name: DICE.choice(pool) for name, pool in SYSTEM.items()}
    data = {name: DICE.choice(pool) for name, pool in DATA.items() if DICE.random() < 0.6}
    return event(DICE.choice(TIMES_POOL), system.pop("event_id"), data, record_id=number * 3, **system)


EVENTS = [one(number) for number in range(1, ROWS + 1)]
STORE = add_events(Store(), *EVENTS)


def value_of(name: str, row: int) -> int | str | None:  # noqa: PLR0911 - one case per kind of field
    """The value of a field, a number of system fields and a text of all others; None where it is absent."""
    each = EVENTS[row]
    if name in TIMES:
        return None if each.time == NO_TIME else each.time
    if name == "hour":
        return None if each.time == NO_TIME else each.time // 3_600_000_000_000 % 24
    if name == "Recovered":
        return each.flags & 1
    if name == "source":
        return 0
    if name in COLUMNS:
        return getattr(each, COLUMNS[name])
    made = re.fullmatch(r"(ext|folder)\((.+?)(?:,(\d+))?\)", name)
    if made is not None:
        base = value_of(made[2], row)
        return base if base is None else extension(base) if made[1] == "ext" else folder(base, int(made[3]))
    if name.startswith("Handle."):
        return of_handle(name.removeprefix("Handle."), row)
    field = event_field(name)
    return dict(zip(each.names, each.values, strict=True)).get(field.event.column)


def extension(path: str) -> str:
    return ntpath.splitext(ntpath.basename(path))[1][1:].lower()


def folder(path: str, depth: int) -> str:
    root, rest = ntpath.splitdrive(path.lower())
    if not root and rest.startswith("\\device\\"):
        volume = rest.split("\\")[2]
        root, rest = f"\\device\\{volume}", rest.removeprefix(f"\\device\\{volume}")
    folders = rest.split("\\")[:-1]
    kept = "\\".join(part for part in folders if part)
    kept = "\\".join(kept.split("\\")[:depth])
    if root:
        return f"{root}\\{kept}" if kept else root
    return ("\\" if rest.startswith("\\") else "") + kept


def of_handle(name: str, row: int) -> str | None:
    def said(at: int) -> str | None:
        return dict(zip(EVENTS[at].names, EVENTS[at].values, strict=True)).get(name)

    def handle(at: int) -> tuple:
        data = dict(zip(EVENTS[at].names, EVENTS[at].values, strict=True))
        return (EVENTS[at].computer, *(data.get(key) for key in ("HandleId", "ProcessId", "SubjectLogonId")))

    own, key = said(row), handle(row)
    if own not in (None, "", "-") or key[1] in (None, "", "0x0"):
        return own
    for at in range(row - 1, -1, -1):
        if handle(at) != key:
            continue
        if EVENTS[at].event_id == 4658:
            break
        if said(at) not in (None, "", "-"):
            return said(at)
    return own


def as_number(value: int | str) -> int | None:
    if isinstance(value, int):
        return value
    if re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value) if abs(int(value)) < 1 << 63 else None
    if re.fullmatch(r"0x[0-9a-f]{1,16}", value, re.IGNORECASE):
        return int(value, 16) if int(value, 16) < 1 << 63 else None
    return None


def compared(value: int | str, relation: str, other) -> bool:
    if isinstance(other, str):
        return OPERATORS[relation](value, other)
    number = as_number(value)
    return relation == "!=" if number is None else OPERATORS[relation](number, other)


def masked(value: int | str | None, mask: int | None) -> int | str | None:
    if value is None or mask is None:
        return value
    number = as_number(value)
    return None if number is None else number & mask


def pair(one: int | str, relation: str, other: int | str) -> bool:
    a, b = as_number(one), as_number(other)
    if a is not None and b is not None:
        return OPERATORS[relation](a, b)
    if isinstance(one, str) and isinstance(other, str):
        return OPERATORS[relation](one, other)
    return relation == "!="


def within(value: int | str, item) -> bool:
    if isinstance(item, Range):
        return compared(value, ">=", item.low.value) and compared(value, "<=", item.high.value) and as_number(value) is not None
    return compared(value, "==", item.value)


def holds_event(node, row: int) -> bool:  # noqa: C901, PLR0911 - one case per kind of node
    match node:
        case Not(term):
            return not holds_event(term, row)
        case All(terms):
            return all(holds_event(term, row) for term in terms)
        case Any(terms):
            return any(holds_event(term, row) for term in terms)
        case Either(terms):
            return sum(holds_event(term, row) for term in terms) % 2 == 1
        case Present(name):
            return (name in TIMES or event_field(name) is not None) and value_of(name, row) is not None
        case Search(left, how, text):
            value = known(left, row)
            if value is None:
                return False
            return text.value in value if how == "contains" else re.search(text.value, value, re.IGNORECASE) is not None
        case Membership(left, items):
            value = known(left, row)
            return value is not None and any(within(value, item) for item in items)
        case Comparison(left, relation, Reference() as right, _):
            one, other = known(left, row), known(right, row)
            return one is not None and other is not None and pair(one, relation, other)
        case Comparison(left, relation, right, _):
            value = known(left, row)
            return value is not None and compared(value, relation, right.value)
    raise AssertionError(node)


def known(reference: Reference, row: int) -> int | str | None:
    name = reference.name
    if name not in TIMES and event_field(name) is None:
        return None
    return masked(value_of(name, row), reference.mask)
