"""What is looked at, as a command for the shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from netsleuth_tui.analysis.scope import Scope
from netsleuth_tui.analysis.times import iso

__all__ = ["shell_words"]


def shell_words(
    files: Sequence[str],
    scope: Scope,
    shifts: Sequence[str] = (),
    places: Sequence[tuple[str, str]] = (),
    load_filter: str = "",
    loading: Sequence[tuple[str, str]] = (),
) -> str:
    """`netsleuth FILE... --filter '…' --since … --until …`: opens the same files and looks at the same packets.

    Names of files are quoted for a POSIX shell; control characters in them are written as escapes, so that nothing that is pasted is run
    before Enter is pressed.

    Args:
        files: Names of the captures.
        scope: What is looked at.
        shifts: Clock offsets, as `--shift` takes them.
        load_filter: Which packets were loaded; all without one.
        loading: Other options that say how files were loaded, with their values.
        places: Options that name files of places, and these files.

    >>> shell_words(["my trace.pcap"], Scope("tcp.port == 80"))
    "netsleuth 'my trace.pcap' --filter 'tcp.port == 80'"
    """
    words = ["netsleuth", *(_quoted(name if name == "-" or not name.startswith("-") else f"./{name}") for name in files)]
    text = scope.filter.strip()
    if text:
        words.append(f"--filter={_quoted(text)}" if text.startswith("-") else f"--filter {_quoted(text)}")
    if load_filter:
        words.append(f"--load-filter={_quoted(load_filter)}" if load_filter.startswith("-") else f"--load-filter {_quoted(load_filter)}")
    words += [f"--shift {_quoted(shift)}" if not shift.startswith("-") else f"--shift={_quoted(shift)}" for shift in shifts]
    words += [
        f"{option} {_quoted(value)}" if not value.startswith("-") else f"{option}={_quoted(value)}" for option, value in (*loading, *places)
    ]
    for option, time in (("--since", scope.start), ("--until", scope.end)):
        if time is not None:
            words.append(f"{option} {iso(time)}")
    return " ".join(words)


def _quoted(word: str) -> str:
    """A word of a POSIX shell; with control characters, in the form of bash, zsh and ksh: $'…'."""
    if word.isprintable():
        return shlex.quote(word)
    escaped = "".join(_escaped(c) for c in word)
    return f"$'{escaped}'"


def _escaped(c: str) -> str:
    if c in "\\'":
        return f"\\{c}"
    if c.isprintable():
        return c
    return "".join(f"\\x{byte:02x}" for byte in c.encode("utf-8", "surrogateescape"))
