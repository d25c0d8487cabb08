"""The commands together, and how every one of them ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter, UnusedCliTokensError

from netsleuth_tui.cli import exits
from netsleuth_tui.cli.browse import browse
from netsleuth_tui.cli.options import STDIN
from netsleuth_tui.errors import NetSleuthError, UsageError
from netsleuth_tui.paths import version_text
from netsleuth_tui.terminal.lifecycle import Ending
from netsleuth_tui.terminal.sanitize import display

__all__ = ["app", "run"]

EPILOGUE = (
    "Exit codes: 0 done; 1 failed; 2 usage; 3 done, but part of the input could not be read (what and where is on stderr); 130 interrupted."
)

COMMANDS = ("summary", "timeline", "export", "extract", "conversations", "esp", "regions", "events", "explain", "findings", "kernels")
"""One module each, imported when the command is called: none waits for what only another one needs."""

_HABITS = {
    "-r": "files are named as they are: netsleuth FILE... --filter tcp",
    "-Y": "it is --filter: netsleuth FILE... --filter tcp",
    "-R": "it is --filter: netsleuth FILE... --filter tcp",
    "-T": "rows are netsleuth export FILE... --fields frame.time,ip.src",
    "-e": "rows are netsleuth export FILE... --fields frame.time,ip.src",
    "-w": "frames are written by netsleuth extract FILE... --filter tcp -o OUT.pcapng",
    "-i": "it captures nothing: ssh HOST tcpdump -U -w - | netsleuth -",
}
"""Options of tshark and tcpdump, and what there is here instead."""

app = App(
    name="netsleuth",
    help="Explore packet captures from the terminal: what else was going on at that time?",
    help_epilogue=EPILOGUE,
    version=lambda: version_text().rstrip(),
    help_format="plaintext",
    default_command=browse,
    default_parameter=Parameter(show_default=lambda value: value or None),
)
for _name in COMMANDS:
    app.command(f"netsleuth_tui.cli.{_name}:{_name}", name=_name)
app.register_install_completion_command()


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit code; errors were printed to stderr, without control characters.
    """
    try:
        if arguments[:1] == ["help"] and not os.path.lexists("help"):
            arguments = [*arguments[1:], "--help"]
        _check_command(arguments)
        if not {"--help", "-h"}.isdisjoint(arguments):
            _ = [app[name] for name in COMMANDS]  # which imports them: what is not imported is listed without a word
        with Ending():
            code = app(
                [STDIN if word == "-" else word for word in arguments], exit_on_error=False, print_error=False, result_action="return_value"
            )
            _flush()
    except UnusedCliTokensError as error:
        unused = " ".join(error.unused_tokens or ())
        _complain(f"{arguments[0]} takes nothing of this kind: {unused}\nnetsleuth {arguments[0]} --help shows what there is")
        return exits.USAGE
    except CycloptsError as error:
        _complain(f"{error}{_below_nothing(error, arguments)}\nnetsleuth --help shows what there is")
        return exits.USAGE
    except NetSleuthError as error:
        _complain(str(error))
        _give_up()
        return exits.USAGE if isinstance(error, UsageError) else exits.FAILED
    except KeyboardInterrupt:
        _complain("interrupted")
        return exits.INTERRUPTED
    except BrokenPipeError:
        _give_up()  # the reader of our output has seen enough
        return exits.DONE
    return code if isinstance(code, int) else exits.DONE


def _flush() -> None:
    """Bring out what was printed.

    Raises:
        ExportError: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    from netsleuth_tui.export.standard_output import flush

    flush()


def _give_up() -> None:
    """Let what standard output does not take go nowhere: at exit it would fail once more, with another code."""
    try:
        _flush()
    except (NetSleuthError, BrokenPipeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _below_nothing(error: CycloptsError, arguments: Sequence[str]) -> str:
    """What to add where a value was taken for an option, since it begins with a minus."""
    if not isinstance(error, MissingArgumentError):
        return ""
    return next((f" {word} is below 0." for word in arguments if word[:1] == "-" and word[1:2].isdigit()), "")


def _check_command(arguments: Sequence[str]) -> None:
    """A command that was mistyped would be taken for a file.

    Raises:
        UsageError: It was.
    """
    word = arguments[0] if arguments else ""
    habit = next((word for word in arguments if word in _HABITS), None)
    if habit is not None and word not in COMMANDS:
        raise UsageError(f"there is no {habit}", hint=_HABITS[habit])
    if word.startswith("--") and "=" not in word:
        from difflib import get_close_matches

        for meant in get_close_matches(word, ("--version", "--help"), 1, 0.75):
            if meant != word:
                raise UsageError(f"there is no {word}", hint=f"did you mean {meant}?")
    if word in COMMANDS or not word.isalpha() or os.path.exists(word):  # noqa: PTH110 - which says False of a name that no file can have
        return
    from difflib import get_close_matches

    for meant in get_close_matches(word, COMMANDS, 1, 0.75):
        raise UsageError("no such command, and no such file", where=word, hint=f"did you mean netsleuth {meant}?")


def _complain(text: str) -> None:
    for line in text.splitlines():
        sys.stderr.write(f"netsleuth: {display(line)}\n")
