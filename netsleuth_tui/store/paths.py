"""Parts of paths as Windows writes them, as keys for counting: in lower case, since Windows does not tell case apart."""

from __future__ import annotations

import re

__all__ = ["extension", "folder"]

_ROOT = re.compile(r"[A-Za-z]:|[\\/]{2}[^\\/]+[\\/]+[^\\/]+|\\Device\\[^\\]+|\\\?\?\\[A-Za-z]:", re.IGNORECASE)
"""What folders are counted from: a drive, a share, a device."""

_SEPARATORS = re.compile(r"[\\/]+")


def extension(path: str) -> str:
    """What follows the last dot of the last part of a path, in lower case; '' where there is none."""
    last = path[max(path.rfind("\\"), path.rfind("/")) + 1 :]
    name, dot, after = last.rpartition(".")
    return after.lower() if dot and name else ""


def folder(path: str, depth: int) -> str:
    r"""The first `depth` folders of a path after its root, in lower case: c:\windows for C:\Windows\System32\a.dll and 1.

    The last part is a folder only where a separator follows it. Where a path has fewer folders, all of them.
    """
    lower = path.lower()
    root = _ROOT.match(lower)
    begin = root.group() if root is not None else ""
    rest = lower[len(begin) :]
    parts = [part for part in _SEPARATORS.split(rest) if part]
    if parts and rest[-1] not in "\\/":
        parts.pop()
    lead = "\\" if not begin and rest[:1] in {"\\", "/"} else ""
    kept = parts[:depth]
    return "\\".join([begin, *kept]) if begin else lead + "\\".join(kept)
