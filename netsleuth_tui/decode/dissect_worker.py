"""The process in which scapy opens one frame at a time: it may hang, exhaust its memory or crash, and nobody else notices.

Started by `dissect.Dissector` alone. A request on standard input is a header (link type, length of the frame, seconds allowed) and the
frame; the reply on standard output is its length and a JSON object. The first reply, without a request, says that scapy is loaded.

The process guards the host against itself: an address space limit, a processor time limit and an alarm for each request, no core
files, and, once scapy is loaded, no new files and no sockets at all. It ends when its parent does.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from netsleuth_tui.decode import scapy_layers

__all__ = ["LENGTH", "REQUEST", "main"]

REQUEST = struct.Struct(">HId")
"""Link type, bytes of the frame that follow, seconds allowed."""

LENGTH = struct.Struct(">I")
"""Bytes of the reply that follow."""

_ADDRESS_SPACE = 1 << 30
_GRACE = 1.0
"""Seconds after which the kernel ends a request that the parent has not ended."""
_FIRST_SHARE = 0.6
"""Part of the time allowed after which a frame is opened once more, and less deeply."""
_FEW = 4
"""Items of a list the second time: scapy takes quadratic time for long ones, and a few hundred bytes suffice for minutes."""


def main() -> None:
    """Serve requests until standard input ends."""
    requests, replies = _private_pipes()
    _limit_resources()
    _end_with_parent(requests)
    scapy_layers.load()
    _close_doors()
    _send(replies, {"ready": True})
    while True:
        header = requests.read(REQUEST.size)
        if len(header) < REQUEST.size:
            return
        link_type, length, seconds = REQUEST.unpack(header)
        frame = requests.read(length)
        if len(frame) < length:
            return
        _send(replies, _answer(frame, link_type, seconds))


def _send(replies: BinaryIO, reply: dict[str, Any]) -> None:
    data = json.dumps(reply).encode("ascii")
    replies.write(LENGTH.pack(len(data)) + data)
    replies.flush()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, out of reach of anything that prints or asks."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return requests, replies


def _limit_resources() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ImportError):
        import resource

        _lower(resource.RLIMIT_AS, _ADDRESS_SPACE)
        _lower(resource.RLIMIT_CORE, 0)


def _lower(limit: int, value: int) -> None:
    import resource

    hard = resource.getrlimit(limit)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(limit, (soft, hard))


def _end_with_parent(requests: BinaryIO) -> None:
    """End at once when the other end of the pipe is closed, busy or not.

    Not by prctl(PR_SET_PDEATHSIG): that follows the thread that started us, and such threads come and go while the parent stays.
    """
    import select

    if not hasattr(select, "poll"):
        return

    def watch() -> None:
        poll = select.poll()
        poll.register(requests.fileno(), 0)
        while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
            pass
        # What the parent had written before it ended needs no answer any more.
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _answer(frame: bytes, link_type: int, seconds: float) -> dict[str, Any]:
    """Open a frame; where that takes too long, without the lists that take most of the time."""
    _limit_processor_time(seconds + _GRACE)
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


def _limit_processor_time(seconds: float) -> None:
    """Have the kernel end this process after that much more work, even where Python's own handlers get no turn."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        limit = math.ceil(time.process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


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


def _close_doors() -> None:
    """No sockets, no processes, and not a byte into a file from here on."""
    forbidden = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "shutil.")

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(forbidden):
            raise PermissionError(event)

    sys.addaudithook(refuse)
    with contextlib.suppress(ImportError):
        import resource

        _lower(resource.RLIMIT_FSIZE, 0)
