"""The busy print server: ten minutes of its security log, most of it one program that touches dll and log files.

An agent that counts printed pages looks through the printer drivers and its own logs every 20 seconds. Object access is audited on the
whole disk, so each file that it opens makes three or four events. The spooler, an indexer and a few people do what is left.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from event_log import Event, Kind, Provider, Value, sid
from traffic import Dice

__all__ = ["AGENT", "COMPUTER", "FIRST_RECORD", "events", "truth"]

COMPUTER = "PRINT01.corp.example"
DOMAIN = "CORP"
FIRST_RECORD = 48_210_377
SECOND = 10**9

Fields = dict[str, tuple[int, Value]]

START = int(datetime(2026, 3, 10, 9, 0, 0, tzinfo=UTC).timestamp()) * SECOND
LENGTH, SCAN_EVERY = 600, 20
"""Seconds of the log, and from scan to scan."""

AGENT = r"C:\Program Files\PrintTrack\ptagent.exe"
SPOOLER = r"C:\Windows\System32\spoolsv.exe"
INDEXER = r"C:\Windows\System32\SearchIndexer.exe"
EXPLORER = r"C:\Windows\explorer.exe"
LSASS = r"C:\Windows\System32\lsass.exe"

AUDITING = Provider("Microsoft-Windows-Security-Auditing", uuid.UUID("54849625-5478-4994-a5ba-3e3b0328c30d"), "Security")
EVENT_LOG = Provider("Microsoft-Windows-Eventlog", uuid.UUID("fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148"), "Security")
SUCCESS, FAILURE = 0x8020000000000000, 0x8010000000000000
HANDLES, FILES, LOGONS, LOGOFFS, SPECIAL, CLEARED = 12802, 12800, 12544, 12545, 12548, 104

DRIVERS = [
    rf"C:\Windows\System32\spool\drivers\x64\3\{name}.dll"
    for name in (
        "unidrv", "unidrvui", "unires", "pscript5", "ps5ui", "mxdwdrv", "xpssvcs", "lx4200gfx", "lx4200ui", "lx4200ps", "kx700core",
        "kx700ui", "kx700pcl", "labelwr",
    )
]  # fmt: skip
LOGS = [rf"C:\ProgramData\PrintTrack\Logs\queue-{number:02}.log" for number in range(1, 13)]
SHARES = [
    rf"D:\Shares\{folder}\{name}"
    for folder, names in {
        "Finance": ("Q1 summary.xlsx", "Invoices 2026.xlsx", "Budget draft.docx"),
        "Öffentlich": ("Urlaubsplan.xlsx", "Speiseplan.pdf"),
        "Legal": ("Contract 4711.docx", "Contract 4712.docx"),
    }.items()
    for name in names
]

NO_GUID = bytes(16)


class Account(NamedTuple):
    """Who does something."""

    name: str
    sid: bytes
    logon: int
    domain: str = DOMAIN


def _domain_account(name: str, number: int, logon: int) -> Account:
    return Account(name, sid(5, 21, 1587066498, 1489273250, 1035260531, number), logon)


SYSTEM = Account("PRINT01$", sid(5, 18), 0x3E7)
NOBODY = Account("-", sid(0, 0), 0, "-")
SERVICE = _domain_account("svc-printtrack", 1108, 0x5A21C)
ADMIN = _domain_account("adm-mueller", 1124, 0x7B00F1)
PEOPLE = [
    _domain_account(name, 1130 + k, 0x8C0010 + 0x11A3 * k) for k, name in enumerate(("a.rossi", "b.öztürk", "c.lindqvist", "d.nowak"))
]


class Access(NamedTuple):
    """A way to open a file."""

    codes: tuple[int, ...]
    mask: int


READ = Access((1538, 1541, 4416, 4419, 4423), 0x120089)
APPEND = Access((1541, 4416, 4418, 4423), 0x100085)
DELETE = Access((1537, 4423), 0x10080)
ONE_OF = {1: 4416, 2: 4417, 4: 4418, 0x10000: 1537}
"""Bits of a mask of which an access makes use, and their codes."""


def _codes(codes: Sequence[int]) -> str:
    return "".join(f"%%{code}\r\n\t\t\t\t" for code in codes)


def _subject(who: Account) -> Fields:
    return {
        "SubjectUserSid": (Kind.SID, who.sid),
        "SubjectUserName": (Kind.TEXT, who.name),
        "SubjectDomainName": (Kind.TEXT, who.domain),
        "SubjectLogonId": (Kind.HEX64, who.logon),
    }


class Log:
    """Events as they come; handles and threads are numbered by dice."""

    def __init__(self, seed: int) -> None:
        self.dice = Dice(seed)
        self.events: list[Event] = []

    def audit(self, time: int, event_id: int, fields: Fields, *, version: int, task: int, success: bool = True) -> None:
        """One event of the auditing provider."""
        thread = 4 * self.dice.whole(20, 900)
        keywords = SUCCESS if success else FAILURE
        made = Event(time, AUDITING, event_id, fields, version=version, task=task, keywords=keywords, process=4, thread=thread)
        self.events.append(made)

    def touch(self, time: int, who: Account, program: tuple[int, str], path: str, access: Access, uses: Sequence[int]) -> int:
        """Open a file, use some of the rights, perhaps delete it, close it.

        Returns:
            When it is closed.
        """
        process: Fields = {"ProcessId": (Kind.HEX64, program[0]), "ProcessName": (Kind.TEXT, program[1])}
        handle = (Kind.HEX64, 4 * self.dice.whole(30, 1200))
        about: Fields = {"ObjectServer": (Kind.TEXT, "Security"), "ObjectType": (Kind.TEXT, "File"), "ObjectName": (Kind.TEXT, path)}
        granted = "".join(f"%%{code}:\t%%1801\tD:(A;ID;FA;;;BA)\r\n\t\t\t\t" for code in access.codes)
        asked: Fields = {
            **_subject(who), **about, "HandleId": handle, "TransactionId": (Kind.GUID, NO_GUID),
            "AccessList": (Kind.TEXT, _codes(access.codes)), "AccessReason": (Kind.TEXT, granted),
            "AccessMask": (Kind.HEX32, access.mask), "PrivilegeList": (Kind.TEXT, "-"),
            "RestrictedSidCount": (Kind.U32, 0), **process, "ResourceAttributes": (Kind.TEXT, "-"),
        }  # fmt: skip
        self.audit(time, 4656, asked, version=1, task=FILES)
        for bit in uses:
            time += int(self.dice.between(20e3, 900e3))
            used: Fields = {
                **_subject(who), **about, "HandleId": handle, "AccessList": (Kind.TEXT, _codes([ONE_OF[bit]])),
                "AccessMask": (Kind.HEX32, bit), **process, "ResourceAttributes": (Kind.TEXT, "S:AI"),
            }  # fmt: skip
            self.audit(time, 4663, used, version=1, task=FILES)
        if 0x10000 in uses:
            time += int(self.dice.between(20e3, 200e3))
            server: Fields = {"ObjectServer": (Kind.TEXT, "Security"), "HandleId": handle}
            self.audit(time, 4660, {**_subject(who), **server, **process, "TransactionId": (Kind.GUID, NO_GUID)}, version=0, task=FILES)
        time += int(self.dice.between(20e3, 600e3))
        closed: Fields = {**_subject(who), "ObjectServer": (Kind.TEXT, "Security"), "HandleId": handle, **process}
        self.audit(time, 4658, closed, version=0, task=FILES)
        return time

    def logon(self, time: int, who: Account, kind: int, address: str) -> None:
        """A logon that succeeds."""
        process = (Kind.HEX64, 0x2D4) if kind != 3 else (Kind.HEX64, 0)
        fields: Fields = {
            **_subject(SYSTEM if kind != 3 else NOBODY),
            "TargetUserSid": (Kind.SID, who.sid), "TargetUserName": (Kind.TEXT, who.name), "TargetDomainName": (Kind.TEXT, who.domain),
            "TargetLogonId": (Kind.HEX64, who.logon), "LogonType": (Kind.U32, kind),
            "LogonProcessName": (Kind.TEXT, "Kerberos" if kind == 3 else "User32 "), "AuthenticationPackageName": (Kind.TEXT, "Kerberos"),
            "WorkstationName": (Kind.TEXT, "-" if kind == 3 else "PRINT01"),
            "LogonGuid": (Kind.GUID, uuid.UUID(int=who.logon << 64).bytes_le),
            "TransmittedServices": (Kind.TEXT, "-"), "LmPackageName": (Kind.TEXT, "-"), "KeyLength": (Kind.U32, 0), "ProcessId": process,
            "ProcessName": (Kind.TEXT, "-" if kind == 3 else LSASS), "IpAddress": (Kind.TEXT, address),
            "IpPort": (Kind.TEXT, str(self.dice.whole(49152, 65536)) if address != "-" else "-"),
            "ImpersonationLevel": (Kind.TEXT, "%%1833"),
            "RestrictedAdminMode": (Kind.TEXT, "-"), "TargetOutboundUserName": (Kind.TEXT, "-"),
            "TargetOutboundDomainName": (Kind.TEXT, "-"),
            "VirtualAccount": (Kind.TEXT, "%%1843"), "TargetLinkedLogonId": (Kind.HEX64, 0),
            "ElevatedToken": (Kind.TEXT, "%%1842" if kind != 3 else "%%1843"),
        }  # fmt: skip
        self.audit(time, 4624, fields, version=2, task=LOGONS)
        if kind != 3:
            privileges = "SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeRestorePrivilege\r\n\t\t\tSeTakeOwnershipPrivilege"
            self.audit(time + 1200, 4672, {**_subject(who), "PrivilegeList": (Kind.TEXT, privileges)}, version=0, task=SPECIAL)

    def refused(self, time: int, name: str, address: str, status: int, reason: str) -> None:
        """A logon from the network that fails."""
        fields: Fields = {
            **_subject(NOBODY),
            "TargetUserSid": (Kind.SID, NOBODY.sid), "TargetUserName": (Kind.TEXT, name), "TargetDomainName": (Kind.TEXT, DOMAIN),
            "Status": (Kind.HEX32, 0xC000006D), "FailureReason": (Kind.TEXT, reason), "SubStatus": (Kind.HEX32, status),
            "LogonType": (Kind.U32, 3), "LogonProcessName": (Kind.TEXT, "NtLmSsp "), "AuthenticationPackageName": (Kind.TEXT, "NTLM"),
            "WorkstationName": (Kind.TEXT, "WS-0417"), "TransmittedServices": (Kind.TEXT, "-"), "LmPackageName": (Kind.TEXT, "-"),
            "KeyLength": (Kind.U32, 0), "ProcessId": (Kind.HEX64, 0), "ProcessName": (Kind.TEXT, "-"), "IpAddress": (Kind.TEXT, address),
            "IpPort": (Kind.TEXT, str(self.dice.whole(49152, 65536))),
        }  # fmt: skip
        self.audit(time, 4625, fields, version=0, task=LOGONS, success=False)

    def logoff(self, time: int, who: Account, kind: int) -> None:
        """The end of a logon."""
        fields: Fields = {
            "TargetUserSid": (Kind.SID, who.sid), "TargetUserName": (Kind.TEXT, who.name), "TargetDomainName": (Kind.TEXT, who.domain),
            "TargetLogonId": (Kind.HEX64, who.logon), "LogonType": (Kind.U32, kind),
        }  # fmt: skip
        self.audit(time, 4634, fields, version=0, task=LOGOFFS)


def events() -> list[Event]:
    """The log, in the order of time."""
    log = Log(seed=463)
    _people(log)
    _agent(log)
    _spooler(log)
    cleared = Event(
        START, EVENT_LOG, 1102, _subject(ADMIN), level=4, task=CLEARED, keywords=0x4020000000000000, process=1188, thread=2212,
        inside=("LogFileCleared", "http://manifests.microsoft.com/win/2004/08/windows/eventlog"),
    )  # fmt: skip
    return [cleared, *sorted(log.events, key=lambda event: event.time)]


def _agent(log: Log) -> None:
    """Every driver and every log of its own, again and again; the eldest log goes once a minute."""
    program = (0x1A6C, AGENT)
    for scan in range(1, LENGTH // SCAN_EVERY):
        time = START + scan * SCAN_EVERY * SECOND + int(log.dice.between(0, 2e8))
        for path in DRIVERS:
            time = log.touch(time, SERVICE, program, path, READ, [1]) + int(log.dice.between(1e5, 4e6))
        for path in LOGS:
            time = log.touch(time, SERVICE, program, path, APPEND, [1, 4]) + int(log.dice.between(1e5, 6e6))
        if scan % 3 == 0:
            log.touch(time, SERVICE, program, rf"C:\ProgramData\PrintTrack\Logs\queue-{scan % 12 + 1:02}.{scan:04}.log", DELETE, [0x10000])


def _spooler(log: Log) -> None:
    """Jobs that are written, read and deleted."""
    program = (0x9F8, SPOOLER)
    for number in range(1, 26):
        time = START + int(log.dice.between(5, LENGTH - 10) * SECOND)
        path = rf"C:\Windows\System32\spool\PRINTERS\{number:05}"
        who = log.dice.one_of(PEOPLE)
        time = log.touch(time, who, program, path + ".SPL", APPEND, [4]) + int(log.dice.between(1e6, 4e8))
        log.touch(time, SYSTEM, program, path + ".SPL", DELETE, [0x10000])


def _people(log: Log) -> None:
    """Logons, documents that are opened, an indexer after them, and somebody who mistypes a password."""
    log.logon(START + 2 * SECOND, ADMIN, 10, "10.1.4.22")
    for k, who in enumerate(PEOPLE):
        begin = START + int(log.dice.between(10, 200) * SECOND)
        log.logon(begin, who, 3, f"10.1.8.{31 + k}")
        for _ in range(4):
            time = begin + int(log.dice.between(1, 300) * SECOND)
            path = log.dice.one_of(SHARES)
            time = log.touch(time, who, (0x1F20 + 8 * k, EXPLORER), path, READ, [1])
            if log.dice.happens(0.5):
                log.touch(time + SECOND, SYSTEM, (0x11C4, INDEXER), path, READ, [1])
        log.logoff(begin + 350 * SECOND, who, 3)
    for k in range(3):
        log.refused(START + (141 + 4 * k) * SECOND, "d.nowak", "10.1.8.34", 0xC000006A, "%%2313")
    log.refused(START + 402 * SECOND, "scanner", "10.1.9.7", 0xC0000064, "%%2313")
    log.logoff(START + 580 * SECOND, ADMIN, 10)


def truth(made: Sequence[Event]) -> dict[str, Any]:
    """What any tool should find in the log."""
    touched = [event for event in made if event.event_id == 4663]
    programs = Counter(_text(event, "ProcessName") for event in made if "ProcessName" in event.fields)
    masks = Counter(_number(event, "AccessMask") for event in touched)
    files = Counter((_text(event, "ProcessName"), _text(event, "ObjectName").rpartition(".")[2].lower()) for event in touched)
    return {
        "events": len(made),
        "first": made[0].time // 100 * 100,
        "last": made[-1].time // 100 * 100,
        "first_record": FIRST_RECORD,
        "event_ids": {str(event_id): count for event_id, count in sorted(Counter(event.event_id for event in made).items())},
        "programs": dict(programs.most_common()),
        "share_of_the_agent": round(programs[AGENT] / len(made), 4),
        "4663_by_program_and_extension": [[*key, count] for key, count in files.most_common()],
        "4663_by_access": {f"{mask:#x}": count for mask, count in sorted(masks.items())},
        "deleted": sorted(set(_deleted(made))),
    }


def _text(event: Event, name: str) -> str:
    return str(event.fields[name][1])


def _number(event: Event, name: str) -> int:
    value = event.fields[name][1]
    return value if isinstance(value, int) else 0


def _deleted(made: Sequence[Event]) -> Iterator[str]:
    """Names of the objects whose deletion was audited: 4660 has none, the 4656 with the same handle of the same process has it."""
    names: dict[tuple[int, int], str] = {}
    for event in made:
        if event.event_id in {4656, 4660}:
            handle = (_number(event, "ProcessId"), _number(event, "HandleId"))
            if event.event_id == 4656:
                names[handle] = _text(event, "ObjectName")
            else:
                yield names[handle]
