"""Link types that have no LINKTYPE_ number: numbers of ours, above all that the tcpdump group has assigned, for what other formats carry.

A reader gives them to frames, and decoding knows them. They never leave the program: a capture that is written has real ones.
"""

from __future__ import annotations

__all__ = ["NETMON_UNKNOWN", "NETMON_WLAN", "NET_EVENT", "NO_FRAME"]

NETMON_WLAN = 0xF006
"""802.11 behind Network Monitor's own metadata: a version byte, then the length of the metadata, itself included, 16 bits little endian."""
NET_EVENT = 0xFFE0
"""An ETW event that Network Monitor keeps among the frames: EVENT_HEADER, context, and the event's data."""
NETMON_UNKNOWN = 0xF0FF
"""A frame of a Network Monitor media type that nothing is known about."""
NO_FRAME = 0xF0FE
"""A packet that a table of text tells of: there are no bytes of it."""
