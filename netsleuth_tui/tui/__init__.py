"""The app. Textual is not imported before it is started."""

from __future__ import annotations

from netsleuth_tui.tui.launch import run

__all__ = ["run"]
