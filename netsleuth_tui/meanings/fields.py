"""What the value of a field of an event means: which of the codes a field holds."""

from __future__ import annotations

from netsleuth_tui.meanings import codes

__all__ = ["depends_on_event", "meaning"]

KERBEROS = range(4768, 4774)
"""Events whose Status is a Kerberos result, not an NTSTATUS."""
PROTOCOLS = {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6"}
FILTERING = range(5150, 5160)
"""Events of the filtering platform."""
MASKS = {"accessmask", "grantedaccess"}
RESULTS = {"status", "substatus", "failurecode", "resultcode"}
ENCRYPTIONS = {"ticketencryptiontype", "preauthencryptiontype", "sessionkeyencryptiontype"}
MOST = 32_000
"""Longer values are not looked at."""


def meaning(field: str, value: str, *, event_id: int = 0, object_type: str = "") -> str:
    """What a value stands for; empty where it says all there is to say itself.

    Args:
        field: Name of the field of the event's data.
        value: As the log has it.
        event_id: Of the event; the same field can mean different things.
        object_type: The event's ObjectType, on which the low bits of an access mask depend.
    """
    if not value or len(value) > MOST:
        return ""
    name = field.lower()
    if "%%" in value:
        read = codes.parameters(value)
        return read if read != " ".join(value.split()) else ""
    if value.startswith("S-1-"):
        return codes.sid_name(value)
    number = _number(value)
    found = _of_number(name, number, value, event_id, object_type) if number is not None else ""
    return found if found != value else ""


def depends_on_event(field: str) -> bool:
    """Whether the same value of a field can mean different things in different events.

    >>> depends_on_event("AccessMask"), depends_on_event("LogonType")
    (True, False)
    """
    return field.lower() in {*MASKS, *RESULTS, "protocol"}


def _of_number(name: str, number: int, value: str, event_id: int, object_type: str) -> str:
    found = ""
    if name in MASKS and number:
        found = " ".join(codes.rights(number, "Process" if name == "grantedaccess" else object_type))
    elif name == "logontype":
        found = codes.logon_type(number)
    elif name in RESULTS and event_id in KERBEROS:
        found = codes.kerberos(number)
    elif name in RESULTS and value[0] in "0-":  # a status is written as 0x…, or as a negative number
        found = codes.status(number)
    elif name in ENCRYPTIONS:
        found = codes.encryption(number)
    elif name == "protocol" and event_id in FILTERING:
        found = PROTOCOLS.get(number, "")
    return found


def _number(value: str) -> int | None:
    """The number that a value is: decimal, or hexadecimal behind 0x."""
    if len(value) > 20:
        return None
    try:
        return int(value, 16) if value[:2] in {"0x", "0X"} else int(value)
    except ValueError:
        return None
