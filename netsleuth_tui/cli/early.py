"""What takes its time and asks nobody, begun before the rest of the program is imported, or done while files are read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import import_module

__all__ = ["import_meanwhile", "start_kernels"]


def start_kernels(files: Sequence[str]) -> None:
    """Have the kernels linked, where the files named are worth it; patterns and folders are looked at later."""
    from netsleuth_tui.ingest.counted import size_of
    from netsleuth_tui.ingest.slowness import start_for_files

    size = sum(size_of(name) or 0 for name in files)
    if size:
        start_for_files(size, files)


def import_meanwhile(name: str) -> None:
    """Import a module on a thread: reading and decoding leave it the time, and who needs it then waits for what is left."""
    threading.Thread(target=import_module, args=(name,), name="import").start()
