"""Which files a command line means: names, patterns, and folders, in the order in which a capture rotates."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import MutableMapping, Sequence
from pathlib import Path

__all__ = ["expand", "read_once", "series_of"]


def expand(paths: Sequence[str], given: MutableMapping[str, int] | None = None) -> list[tuple[str, bool]]:
    """Files to open, in order, each with whether it was named (True) or found in a folder (False).

    Folders are walked to the bottom, without following links to folders. A pattern that matches nothing stays as it is, so that
    opening it says so. Numbers sort as numbers: `(2).cap` comes before `(10).cap`. A file that is meant several times, also by links, is
    there once, where it comes first; `given` gets how often it was meant.
    """
    files: list[tuple[str, bool]] = []
    for path in paths:
        exact = path == "-" or os.path.exists(path)  # noqa: PTH110 - which says False of a name that no file can have
        names = [path] if exact else sorted(glob.glob(path), key=_natural) or [path]  # noqa: PTH207 - names, as the user typed them
        for name in names:
            if name != "-" and os.path.isdir(name):  # noqa: PTH112 - likewise
                files.extend((found, False) for found in _below(name))
            else:
                files.append((name, True))
    once: dict[str, tuple[str, bool]] = {}
    for name, named in files:
        same = name if name == "-" else _real(name)
        first, was_named = once.get(same, (name, False))
        once[same] = first, was_named or named
        if given is not None:
            given[first] = given.get(first, 0) + 1
    return list(once.values())


def read_once(times: int) -> list[str]:
    """The note for a file that was given so many times; none where that is once."""
    return [f"it was given {times} times, and is read once"] if times > 1 else []


def _real(name: str) -> str:
    """Where a name leads to; names that no file can have lead nowhere."""
    try:
        return os.path.realpath(name)
    except (OSError, ValueError):
        return name


def series_of(name: str) -> str:
    """What the names of a series' files have in common: all but their numbers; the name itself where it has none."""
    folder, file = os.path.split(name)
    return os.path.join(folder, re.sub(r"\d+", "#", file))  # noqa: PTH118 - text in, text out


def _below(folder: str) -> list[str]:
    found = [os.path.join(root, name) for root, _, names in os.walk(folder) for name in names]  # noqa: PTH118 - text in, text out
    return sorted((name for name in found if Path(name).is_file()), key=_natural)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
