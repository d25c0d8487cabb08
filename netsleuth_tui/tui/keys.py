"""Keys as the screens and widgets list them: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.dom import DOMNode

__all__ = ["footer_key", "ids", "key"]


def key(name: str, keys: str, action: str, does: str, display: str | None = None) -> Binding:
    """A key that the help and the palette explain.

    Args:
        name: Stable id, under which the user's key map can give it another key.
        keys: Textual's names of the keys, separated by commas.
        action: What Textual calls.
        does: What the user reads, for the help and the palette.
        display: How the key is written, where Textual's own way is not the best.
    """
    return Binding(keys, action, does, show=False, key_display=display, id=name, tooltip=does)


def footer_key(name: str, keys: str, action: str, word: str, does: str, display: str | None = None) -> Binding:
    """A key that matters enough to stand in the last line, with a word for what it does."""
    return Binding(keys, action, word, key_display=display, id=name, tooltip=does)


def ids(nodes: Iterable[DOMNode]) -> set[str]:
    """Ids of all keys of some screens and widgets."""
    return {binding.id for node in nodes for _, binding in node._bindings if binding.id}  # noqa: SLF001 - there is no other list of them
