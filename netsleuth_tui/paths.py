"""Where the files that come with the program are: in the package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from netsleuth_tui import __version__
from netsleuth_tui.errors import NetSleuthError

__all__ = ["place_data", "sample", "themes", "version_text"]

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
    return _file(_data("sample_captures"), name)


def place_data(name: str) -> Path:
    """A table of places that comes with the program.

    Raises:
        NetSleuthError: It is not there.
    """
    return _file(PACKAGE / "places" / "data", name)


def version_text() -> str:
    """What `--version` prints: the version, and the attribution of the data that come with the program."""
    try:
        attribution = place_data("ATTRIBUTION").read_text("utf-8").strip()
    except (NetSleuthError, OSError):  # the version is needed most where something is missing
        attribution = "the data of places are not installed"
    return f"netsleuth {__version__}\n{attribution}\n"


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise NetSleuthError(f"the file {name} is not installed", where=str(path.parent))
    return path
