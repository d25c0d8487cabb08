"""Filters that outlive a run: those that the user has named, and those that were applied before.

Named ones are in `filters.toml` in the user's configuration directory, made to be edited by hand, one line each:

    resets = "tcp.flags.reset == 1"
    "print server" = "ip.addr == 10.1.0.9 and tcp.port in {445, 9100}"

Applied ones are in `filter-history` in the user's state directory, one a line, the newest last. Both files are readable by their owner
alone, and appear whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from netsleuth_tui.errors import NetSleuthError

__all__ = ["expanded", "filters_path", "history_path", "read_filters", "read_history", "remember", "save_filter"]

MOST_BYTES = 1 << 20
"""A larger file is none of ours."""

MOST_KEPT = 500
"""Filters that the history keeps."""

LONGEST = 4096
"""Characters of a filter in the history: as many as a filter may have."""

NAME = re.compile(r"[\w.-]+(?: [\w.-]+)*")
"""Names are words, with single blanks between them."""

MOST_NAMED = 40
"""Characters of a name."""


def filters_path() -> Path:
    """Where the named filters are, or would be."""
    from platformdirs import user_config_path

    return user_config_path("netsleuth", appauthor=False) / "filters.toml"


def history_path() -> Path:
    """Where the filters that were applied are, or would be."""
    from platformdirs import user_state_path

    return user_state_path("netsleuth", appauthor=False) / "filter-history"


# Named filters


def read_filters(path: Path | None = None) -> dict[str, str]:
    """Named filters, in the order of the file; none where there is no file. Whether they are valid is not looked at here.

    Raises:
        NetSleuthError: The file cannot be read, or is not what it should be; with the line where that is known.
    """
    path = filters_path() if path is None else path
    return _named(_read(path), str(path))


def save_filter(name: str, text: str, path: Path | None = None) -> None:
    """Keep a filter under a name, in place of one that has it; all other lines of the file stay as they are.

    Raises:
        NetSleuthError: This is no name, or the file cannot be read or written.
    """
    path = filters_path() if path is None else path
    if not NAME.fullmatch(name) or len(name) > MOST_NAMED:
        raise NetSleuthError(f"a name is made of letters, digits, . _ - and blanks, at most {MOST_NAMED} characters", where=repr(name))
    before = _read(path)
    wanted = _named(before, str(path)) | {name: text}
    entry = f"{name if re.fullmatch(r'[A-Za-z0-9_-]+', name) else _quoted(name)} = {_quoted(text)}\n"
    lines = before.splitlines(keepends=True)
    own = [k for k, line in enumerate(lines) if _defines(line, name)]
    if own:
        lines[own[0]] = entry
    else:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines.append(entry)
    after = "".join(lines)
    if not _says(after, wanted):  # a text over several lines, or tables: what is meant stays, how it is written does not
        after = "".join(f"{_quoted(key)} = {_quoted(value)}\n" for key, value in wanted.items())
    _write(path, after)


def expanded(text: str) -> str:
    """A filter as it was given, or for `@name` the one that has that name.

    Raises:
        NetSleuthError: No filter has the name, or the file cannot be read.
    """
    if not text.strip().startswith("@"):
        return text
    name, named = text.strip()[1:], read_filters()
    if name not in named:
        hint = f"there are {', '.join(f'@{known}' for known in named)}" if named else "there are none yet"
        raise NetSleuthError(f"no filter is named {name!r}", where=str(filters_path()), hint=hint)
    return named[name]


def _named(content: str, where: str) -> dict[str, str]:
    try:
        found = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        place = f"{where}, line {line[1]}" if line else where
        raise NetSleuthError(f"this is not TOML: {error}", where=place, hint='a line reads: name = "filter"') from None
    for name, text in found.items():
        if not isinstance(text, str):
            raise NetSleuthError(f"{name} is no text", where=where, hint='a line reads: name = "filter"')
    return found


def _says(content: str, wanted: Mapping[str, str]) -> bool:
    try:
        return tomllib.loads(content) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _defines(line: str, name: str) -> bool:
    try:
        return set(tomllib.loads(line)) == {name}
    except tomllib.TOMLDecodeError:
        return False


def _quoted(text: str) -> str:
    """A TOML string on one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 1 << 16 else f"\\U{ord(c):08x}" for c in escaped) + '"'


# Filters that were applied


def read_history(path: Path | None = None) -> list[str]:
    """Filters that were applied, oldest first; what is damaged in the file, or cannot be read, is left out."""
    try:
        content = _read(history_path() if path is None else path, errors="replace")
    except NetSleuthError:
        return []
    lines = [line for line in content.split("\n") if line.strip() and line.isprintable() and len(line) <= LONGEST]
    return _newest(lines)


def remember(text: str, path: Path | None = None) -> list[str]:
    """Put a filter at the end of the history, and read what other runs have put there.

    Returns:
        The history; also where it cannot be written, which is nothing to stop for.
    """
    path = history_path() if path is None else path
    line = " ".join(text.split("\n")).strip()
    history = read_history(path)
    if line and line.isprintable() and len(line) <= LONGEST:
        history = _newest([*history, line])
        with contextlib.suppress(NetSleuthError):
            _write(path, "".join(f"{entry}\n" for entry in history))
    return history


def _newest(lines: list[str]) -> list[str]:
    """Each line once, where it came last; the newest `MOST_KEPT`."""
    return list(reversed(dict.fromkeys(reversed(lines))))[-MOST_KEPT:]


# Files


def _read(path: Path, errors: str = "strict") -> str:
    """The text of a file, empty where there is none.

    Raises:
        NetSleuthError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise NetSleuthError(f"this is longer than {MOST_BYTES} bytes", where=str(path))
        return content.decode("utf-8", errors)
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise NetSleuthError(f"this is not UTF-8 text: byte {error.start}", where=str(path)) from None
    except OSError as error:
        raise NetSleuthError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _write(path: Path, content: str) -> None:
    """Put a file in its place at once, readable by its owner alone; where a link stands for it, the file behind the link.

    Raises:
        NetSleuthError: It cannot be written; what was there before is untouched.
    """
    part = ""
    try:
        target = path.resolve()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(target)
    except OSError as error:
        if part:
            with contextlib.suppress(OSError):
                Path(part).unlink()
        raise NetSleuthError(f"cannot be written: {error.strerror}", where=str(path)) from None
