"""Which data are used: what the user names, what is found in the usual places, what comes with the program."""

from __future__ import annotations

from collections.abc import Sequence

from netsleuth_tui.places.atlas import Atlas
from netsleuth_tui.places.bundled import Bundled
from netsleuth_tui.places.places import Places, Source
from netsleuth_tui.places.sites import read_sites

__all__ = ["open_places"]


def open_places(*, sites: Sequence[str] = ()) -> Places:
    """Open places.

    Args:
        sites: CSV files of the user's own networks; later files overrule earlier ones.

    Raises:
        NetSleuthError: A file that was named cannot be used, and why.
    """
    atlas = Atlas()
    found, warnings = read_sites(sites)
    sources: list[Source] = [Bundled(atlas)]
    return Places(atlas, sources, found, warnings)
