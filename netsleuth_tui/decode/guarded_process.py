"""What a process that opens untrusted data does to guard the host against itself, and how it talks to the process that started it.

A request comes on standard input; a reply on standard output is its length and a JSON object. The first reply, without a request, says that
the process is ready.
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
from collections.abc import Callable
from typing import Any, BinaryIO

__all__ = ["LENGTH", "guarded", "limit_processor_time", "send"]

LENGTH = struct.Struct(">I")
"""Bytes that follow."""


def guarded(address_space: int, load: Callable[[], object]) -> tuple[BinaryIO, BinaryIO]:
    """Guard the host against this process, load what opens the data, close the doors behind it, and say that all is ready.

    Args:
        address_space: Bytes of memory that the process may take.
        load: Imports libraries, which needs files that are out of reach afterwards.

    Returns:
        The pipes of requests and of replies.
    """
    requests, replies = _private_pipes()
    _limit_resources(address_space)
    _end_with_parent(requests)
    load()
    _close_doors()
    send(replies, {"ready": True})
    return requests, replies


def send(replies: BinaryIO, reply: dict[str, Any]) -> None:
    """Write one reply."""
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


def _limit_resources(address_space: int) -> None:
    """No interrupts from the terminal, no core files, and no more than so many bytes of memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ImportError):
        import resource

        _lower(resource.RLIMIT_AS, address_space)
        _lower(resource.RLIMIT_CORE, 0)


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


def limit_processor_time(seconds: float) -> None:
    """Have the kernel end this process after that much more work, even where Python's own handlers get no turn."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        limit = math.ceil(time.process_time() + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


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


def _lower(limit: int, value: int) -> None:
    import resource

    hard = resource.getrlimit(limit)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(limit, (soft, hard))
