"""Codes of Windows: names, unknown ones, and what real logs say twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.meanings import kerberos, logon_type, meaning, parameters, rights, sid_name, status
from netsleuth_tui.meanings.codes import bits_of


@pytest.mark.parametrize(
    ("field", "value", "event_id", "object_type", "wanted"),
    [
        ("AccessMask", "0x1", 4663, "File", "ReadData/ListDirectory"),
        ("AccessMask", "0x1", 4663, "Key", "QueryKeyValue"),
        ("AccessMask", "0x10000", 4663, "", "DELETE"),
        ("AccessMask", "0x0", 4663, "File", ""),
        ("GrantedAccess", "0x1410", 10, "", "VMRead QueryInformation QueryLimitedInformation"),
        ("AccessList", "%%4416\r\n\t\t\t\t%%4423\r\n\t\t\t\t", 4663, "File", "ReadData/ListDirectory ReadAttributes"),
        ("AccessReason", "%%1538:\t%%1801\tD:(A;ID;FA;;;BA)", 4656, "File", "READ_CONTROL: granted by D:(A;ID;FA;;;BA)"),
        ("Anything", "%%99999", 1, "", ""),
        ("SubjectUserSid", "S-1-5-18", 4663, "", "Local system"),
        ("MemberSid", "S-1-5-21-1-2-3-512", 4728, "", "Domain admins"),
        ("SubjectUserSid", "S-1-5-21-1-2-3-1105", 4663, "", ""),
        ("LogonType", "10", 4624, "", "RemoteInteractive"),
        ("Status", "0xc000006d", 4625, "", "logon failure"),
        ("Status", "0x18", 4771, "", "pre-authentication failed: wrong password"),
        ("Status", "18", 7036, "", ""),
        ("TicketEncryptionType", "0x17", 4769, "", "RC4-HMAC"),
        ("Protocol", "17", 5156, "", "UDP"),
        ("Protocol", "17", 4624, "", ""),
        ("ProcessId", "0x4", 4663, "", ""),
    ],
)
def test_meaning(field: str, value: str, event_id: int, object_type: str, wanted: str) -> None:
    """Which code a field holds follows from its name, the event and the kind of object."""
    assert meaning(field, value, event_id=event_id, object_type=object_type) == wanted


def test_names() -> None:
    """A few of each table."""
    assert (logon_type(3), logon_type(99)) == ("Network", "")
    assert (status(0xC0000064), status(1)) == ("unknown user", "")
    assert (kerberos(6), kerberos(0x1000)) == ("unknown client", "")
    assert sid_name("S-1-5-80-1-2-3-4-5") == "Service account"
    assert (sid_name(""), sid_name("S-1-5-21-1-2-3"), sid_name("S-1-5-21-" + "9" * 5000)) == ("", "", "")


@given(st.integers(0, 2**32 - 1), st.sampled_from(["File", "Key", "Process", "SAM_USER", "", "nonsense"]))
def test_no_bit_of_a_mask_is_lost(mask: int, kind: str) -> None:
    """Names and the rest together are the mask again."""
    bits = {name: bit for bit, name in bits_of(kind).items()}
    assert sum(bits[name] if name in bits else int(name, 16) for name in rights(mask, kind)) == mask


@given(st.text(), st.text(), st.integers(0, 65535), st.text())
def test_any_value_has_a_meaning_or_none(field: str, value: str, event_id: int, kind: str) -> None:
    """Nothing that a log says raises; what is made of it is one line."""
    assert "\n" not in meaning(field, value, event_id=event_id, object_type=kind)
    assert "\n" not in parameters(value)


def test_access_lists_and_masks_of_real_events_say_the_same(shared: Path) -> None:
    """In 4656 and 4663 the mask and the list name the same rights, for every kind of object that we know."""
    compared: Counter[str] = Counter()
    different = []
    for path in sorted((shared / "corpora" / "logs").rglob("*.evtx")):
        for data in event_data(path, "AccessList"):
            mask, codes, kind = (str(data.get(name, "")) for name in ("AccessMask", "AccessList", "ObjectType"))
            if "%%" not in codes or mask in {"", "0x0"} or len(bits_of(kind)) <= len(bits_of("")):
                continue
            listed = {name for name in parameters(codes).split() if "%%" not in name}
            masked = {name for name in rights(int(mask, 0), kind) if not name.startswith("0x")}
            compared[kind] += 1
            if listed != masked:
                different.append((path.name, kind, mask, codes))
    assert {"File", "Key", "Process", "SAM_SERVER", "SAM_DOMAIN", "SAM_USER", "SAM_ALIAS", "SAM_GROUP"} <= compared.keys()
    assert sum(compared.values()) > 2500
    assert len(different) <= 1, different  # one log holds an event of which list and mask are not of the same access


def event_data(path: Path, word: str) -> Iterator[dict[str, Any]]:
    """The event data of records in which a word occurs, by the evtx wheel; damaged records are left out."""
    from evtx import PyEvtxParser

    try:
        for record in PyEvtxParser(str(path)).records_json():
            if word in record["data"]:
                yield json.loads(record["data"])["Event"].get("EventData") or {}
    except RuntimeError:
        return
