"""The process in which scapy opens one frame at a time: it may hang, exhaust its memory or crash, and nobody else notices.

Started by `dissect.Dissector` alone. A request on standard input is a header (link type, length of the frame, seconds allowed) and the
frame; the reply on standard output is its length and a JSON object. The first reply, without a request, says that scapy is loaded.

The process guards the host against itself: an address space limit, a processor time limit and an alarm for each request, no core
files, and, once scapy is loaded, no new files and no sockets at all. It ends when its parent does.
"""

from __future__ import annotations

import contextlib
import signal
import struct
from collections.abc import Iterator
from typing import Any

from netsleuth_tui.decode import scapy_layers
from netsleuth_tui.decode.guarded_process import LENGTH, guarded, limit_processor_time, send

__all__ = ["LENGTH", "REQUEST", "main"]

REQUEST = struct.Struct(">HId")
"""Link type, bytes of the frame that follow, seconds allowed."""

_ADDRESS_SPACE = 1 << 30
_GRACE = 1.0
"""Seconds after which the kernel ends a request that the parent has not ended."""
_FIRST_SHARE = 0.6
"""Part of the time allowed after which a frame is opened once more, and less deeply."""
_FEW = 4
"""Items of a list the second time: scapy takes quadratic time for long ones, and a few hundred bytes suffice for minutes."""


def main() -> None:
    """Serve requests until standard input ends."""
    requests, replies = guarded(_ADDRESS_SPACE, scapy_layers.load)
    while True:
        header = requests.read(REQUEST.size)
        if len(header) < REQUEST.size:
            return
        link_type, length, seconds = REQUEST.unpack(header)
        frame = requests.read(length)
        if len(frame) < length:
            return
        send(replies, _answer(frame, link_type, seconds))


def _answer(frame: bytes, link_type: int, seconds: float) -> dict[str, Any]:
    """Open a frame; where that takes too long, without the lists that take most of the time."""
    limit_processor_time(seconds + _GRACE)
    with contextlib.suppress(_TooLong), _alarm(_FIRST_SHARE * seconds, _raise_too_long):
        return scapy_layers.dissect(frame, link_type)
    with _alarm(seconds + _GRACE, signal.SIG_DFL):
        reply = scapy_layers.dissect(frame, link_type, longest_list=_FEW)
    reply["failure"] = reply["failure"] or "took too long to open in full"
    return {**reply, "clipped": True}


class _TooLong(BaseException):
    """The first attempt has had its time; scapy catches every Exception, so it is none."""


def _raise_too_long(_: int, __: Any) -> None:
    raise _TooLong


@contextlib.contextmanager
def _alarm(seconds: float, action: Any) -> Iterator[None]:
    """Raise an alarm after that time; its default action is the end of the process."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, action)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
