"""Entry point of the command `netsleuth` and of `python -m netsleuth_tui`."""

from __future__ import annotations

import sys

from netsleuth_tui import __version__

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:  # answered before anything else is imported
        sys.stdout.write(f"netsleuth {__version__}\n")
        return
    try:
        from netsleuth_tui.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command line could say so itself
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
