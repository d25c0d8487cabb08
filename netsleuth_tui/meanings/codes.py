"""Codes of Windows by name: strings of msobjs.dll (%%4416), bits of access masks, SIDs, logon types, NTSTATUS and Kerberos results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["bits_of", "encryption", "kerberos", "logon_type", "parameters", "rights", "sid_name", "status"]

DATA = Path(__file__).with_name("codes.toml")

_PARAMETER = re.compile(r"%%(\d{1,6})(?!\d)")
_DOMAIN_SID = re.compile(r"S-1-5-21-\d{1,10}-\d{1,10}-\d{1,10}-(\d{1,10})")
_SERVICE_SID = re.compile(r"S-1-5-(80|82|83|90|96)-\d[\d-]{0,80}")
_KINDS_OF_SIDS = {
    "80": "Service account",
    "82": "IIS application pool",
    "83": "Virtual machine",
    "90": "Window manager",
    "96": "Font driver host",
}


@cache
def _said(table: str) -> Mapping[int, str]:
    return {int(number, 0): name for number, name in _file()[table].items()}


@cache
def _file() -> Mapping[str, Any]:
    import tomllib

    with DATA.open("rb") as file:
        return tomllib.load(file)


@cache
def bits_of(object_type: str) -> Mapping[int, str]:
    """Bits of an access mask to an object of a type (as events spell it: 'File', 'Key', 'Process', 'SAM_USER') and their names.

    Where nothing is known of the type, only the bits that mean the same for all.
    """
    tables = _file()["rights"]
    own = tables.get("directory service" if object_type.startswith("%{") else object_type.strip().lower(), {})
    return {int(bit, 0): name for bit, name in {**own, **tables["any"]}.items()}


def rights(mask: int, object_type: str) -> list[str]:
    """Names of the rights in an access mask, the lowest bit first; bits without a name as a hexadecimal number at the end.

    >>> rights(0x10080, "File")
    ['ReadAttributes', 'DELETE']
    >>> rights(0x3, "Martian")
    ['0x3']
    """
    names = bits_of(object_type)
    found = [name for bit, name in names.items() if mask & bit]
    rest = mask & ~sum(names)
    return [*found, f"{rest:#x}"] if rest else found


def parameters(text: str) -> str:
    r"""A text with its %%N replaced by what they stand for, on one line; those without a name stay.

    >>> parameters("%%1537\r\n\t\t\t\t%%4423\r\n\t\t\t\t%%99999")
    'DELETE ReadAttributes %%99999'
    """
    return " ".join(_PARAMETER.sub(lambda match: _said("parameters").get(int(match[1]), match[0]), text).split())


def sid_name(sid: str) -> str:
    """The name of a SID that is the same on all hosts, or of what kind it is; empty for all others.

    >>> sid_name("S-1-5-18"), sid_name("S-1-5-21-1-2-3-500"), sid_name("S-1-5-21-1-2-3-1104")
    ('Local system', 'Administrator', '')
    """
    found = _file()["sids"].get(sid)
    if found:
        return str(found)
    if match := _DOMAIN_SID.fullmatch(sid):
        return _said("relative_ids").get(int(match[1]), "")
    if match := _SERVICE_SID.fullmatch(sid):
        return _KINDS_OF_SIDS[match[1]]
    return ""


def logon_type(number: int) -> str:
    """As in 'RemoteInteractive'; empty where it is none."""
    return _said("logon_types").get(number, "")


def status(number: int) -> str:
    """An NTSTATUS, as in 'wrong password'; empty where it is not known.

    >>> status(0xC000006A), status(-1073741718)
    ('wrong password', 'wrong password')
    """
    return _said("status").get(number & 0xFFFFFFFF, "")


def kerberos(number: int) -> str:
    """A Kerberos result (RFC 4120, section 7.5.9); empty where it is not known."""
    return _said("kerberos").get(number, "")


def encryption(number: int) -> str:
    """An encryption type of Kerberos; empty where it is not known."""
    return _said("encryption").get(number & 0xFFFFFFFF, "")
