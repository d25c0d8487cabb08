"""The commands together, and how every one of them ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

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
        _check_command(arguments)
        if not {"--help", "-h"}.isdisjoint(arguments):
            _ = [app[name] for name in COMMANDS]  # which imports them: what is not imported is listed without a word
        with Ending():
            code = app(
                [STDIN if word == "-" else word for word in arguments], exit_on_error=False, print_error=False, result_action="return_value"
            )
            sys.stdout.flush()
    except CycloptsError as error:
        _complain(f"{error}\nnetsleuth --help shows what there is")
        return exits.USAGE
    except NetSleuthError as error:
        _complain(str(error))
        return exits.USAGE if isinstance(error, UsageError) else exits.FAILED
    except KeyboardInterrupt:
        _complain("interrupted")
        return exits.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has seen enough; nothing may be flushed into the broken pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.DONE
    return code if isinstance(code, int) else exits.DONE


def _check_command(arguments: Sequence[str]) -> None:
    """A command that was mistyped would be taken for a file.

    Raises:
        UsageError: It was.
    """
    word = arguments[0] if arguments else ""
    if word in COMMANDS or not word.isalpha() or os.path.exists(word):  # noqa: PTH110 - which says False of a name that no file can have
        return
    from difflib import get_close_matches

    for meant in get_close_matches(word, COMMANDS, 1, 0.75):
        raise UsageError("no such command, and no such file", where=word, hint=f"did you mean netsleuth {meant}?")


def _complain(text: str) -> None:
    for line in text.splitlines():
        sys.stderr.write(f"netsleuth: {display(line)}\n")
