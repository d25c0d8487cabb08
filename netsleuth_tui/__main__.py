"""Entry point of the command `netsleuth` and of `python -m netsleuth_tui`."""

from __future__ import annotations

import os
import sys
import threading
from typing import NoReturn

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:  # answered before anything heavy is imported
        from netsleuth_tui.paths import version_text

        sys.stdout.write(version_text())
        return
    try:
        from netsleuth_tui.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command line could say so itself
        code = 130
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process.

    A daemon thread inside of machine code (kernels, DuckDB, the linker) aborts the process while the interpreter is taken down, with a
    core dump. Where one is still alive, there is nothing left to take down in order.
    """
    if any(thread.daemon for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            try:
                if stream is not None:
                    stream.flush()
            except (OSError, ValueError):
                code = code or 1
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
