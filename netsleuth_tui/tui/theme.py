"""Colours: themes are data (TOML files); widgets take ready styles from the palette that is made of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rich.style import Style
from textual.theme import Theme

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.paths import themes

__all__ = ["DARK", "SIXTEEN", "Palette", "palette", "theme_names", "to_textual"]

DARK = "netsleuth-dark"
SIXTEEN = "netsleuth-16"

REVERSE = "reverse"
"""Value of the cursor's colour where a terminal has none to spare: foreground and background change places."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Styles that line-API widgets draw with; all have a background."""

    text: Style
    strong: Style
    muted: Style
    faint: Style
    accent: Style
    good: Style
    warning: Style
    error: Style
    cursor: Style
    """The line under the cursor of the pane that has the focus."""
    cursor_away: Style
    """The same in a pane without the focus."""
    protocols: Mapping[str, Style]
    """By label, as `analysis` names them."""

    def protocol(self, label: str) -> Style:
        """Style of a protocol's name and bars."""
        return self.protocols.get(label, self.muted)


@cache
def theme_names() -> tuple[str, ...]:
    """Names of the themes that are installed."""
    return tuple(sorted(path.stem for path in themes().glob("*.toml")))


@cache
def _read(name: str) -> dict[str, Any]:
    if name not in theme_names():
        raise NetSleuthError(f"there is no theme {name!r}", hint=f"one of {', '.join(theme_names())}")
    return tomllib.loads((themes() / f"{name}.toml").read_text("utf-8"))


@cache
def palette(name: str) -> Palette:
    """The styles of a theme.

    Raises:
        NetSleuthError: There is no such theme.
    """
    data = _read(name)
    colors: dict[str, str] = data["colors"]
    background = colors["background"]

    def style(role: str, *, bold: bool = False, dim: bool = False) -> Style:
        return Style(color=colors[role], bgcolor=background, bold=bold or None, dim=dim or None)

    if colors["cursor"] == REVERSE:
        cursor, away = Style(reverse=True, bold=True), Style(bgcolor=background, bold=True, underline=True)
    else:
        cursor = Style(color=colors["strong"], bgcolor=colors["cursor"])
        away = Style(color=colors["text"], bgcolor=colors["surface"])
    ansi = bool(data.get("ansi"))
    return Palette(
        text=style("text"),
        strong=style("strong", bold=True),
        muted=style("muted", dim=ansi),
        faint=style("faint"),
        accent=style("accent", bold=True),
        good=style("good"),
        warning=style("warning"),
        error=style("error"),
        cursor=cursor,
        cursor_away=away,
        protocols={label: Style(color=color, bgcolor=background) for label, color in data["protocols"].items()},
    )


@cache
def to_textual(name: str) -> Theme:
    """A theme in Textual's terms, for what the style sheets draw.

    Raises:
        NetSleuthError: There is no such theme.
    """
    data = _read(name)
    ansi = bool(data.get("ansi"))
    colors = {role: f"ansi_{color}" if ansi and color != REVERSE else color for role, color in data["colors"].items()}
    return Theme(
        name=name,
        ansi=ansi,
        dark=bool(data["dark"]),
        primary=colors["accent"],
        secondary=colors["accent"],
        accent=colors["accent"],
        foreground=colors["text"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["surface"],
        boost=colors["surface"],
        success=colors["good"],
        warning=colors["warning"],
        error=colors["error"],
        variables={
            "ansi-background": "ansi_black" if data["dark"] else "ansi_white",
            "ansi-foreground": "ansi_white" if data["dark"] else "ansi_black",
            "quiet": colors["muted"],
            "faint": colors["faint"],
            "strong": colors["strong"],
            "scrollbar": colors["faint"],
            "scrollbar-hover": colors["muted"],
            "scrollbar-active": colors["muted"],
            "scrollbar-background": colors["background"],
            "scrollbar-background-hover": colors["background"],
            "scrollbar-background-active": colors["background"],
            "scrollbar-corner-color": colors["background"],
            "input-cursor-background": colors["text"] if not ansi else "ansi_white",
            "input-cursor-foreground": colors["background"] if not ansi else "ansi_black",
        },
    )
