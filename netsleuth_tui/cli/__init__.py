"""The command line: one file per command; data on stdout, narration on stderr, exit codes that scripts can rely on."""

from netsleuth_tui.cli.app import run

__all__ = ["run"]
