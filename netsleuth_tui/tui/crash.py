"""What is left of a crash: one line for the user, and a report without anything that was captured."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback

from netsleuth_tui import __version__
from netsleuth_tui.terminal.sanitize import display

__all__ = ["report"]


def report(error: BaseException) -> str:
    """Write the traceback, without local variables, to a file that only the user can read.

    Returns:
        One line for stderr, ending with a newline.
    """
    what = display(f"{type(error).__name__}: {error}", limit=300)
    try:
        descriptor, path = tempfile.mkstemp(prefix="netsleuth-crash-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"netsleuth {__version__}, Python {platform.python_version()}, {platform.system()}\n\n")
            file.writelines(display(line) + "\n" for entry in traceback.format_exception(error) for line in entry.splitlines())
    except OSError as failure:
        return f"netsleuth: internal error: {what} (no report could be written: {display(str(failure), limit=200)})\n"
    return f"netsleuth: internal error: {what}; please report it with {display(path)}\n"
