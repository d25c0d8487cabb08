"""Where the files that come with the program are: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

from netsleuth_tui.errors import NetSleuthError

__all__ = ["sample", "themes"]

PACKAGE = Path(__file__).parent


def _data(folder: str) -> Path:
    packed = PACKAGE / "_data" / folder
    return packed if packed.is_dir() else PACKAGE.parent / folder


def themes() -> Path:
    """The folder of colour themes."""
    return _data("themes")


def sample(name: str) -> Path:
    """A capture that comes with the program.

    Raises:
        NetSleuthError: It is not there.
    """
    path = _data("sample_captures") / name
    if not path.is_file():
        raise NetSleuthError(f"the sample {name} is not installed", where=str(path.parent))
    return path
