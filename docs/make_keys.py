"""Makes docs/keys.md, the list of all keys, from the app itself.

usage: make_keys.py [-o docs/keys.md]
"""

from __future__ import annotations

import argparse
import asyncio
import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.widget import Widget

    from netsleuth_tui.tui.app import NetSleuthApp

HERE = Path(__file__).resolve().parent

HEAD = """# Keys

Made by `docs/make_keys.py` from the app itself. `?` shows those of the pane in use, and `:` finds any of them by what it does.

The second column is the id of the action: `config.toml` in the configuration directory (`~/.config/netsleuth/` on Linux) gives it
another key. Several keys are separated by commas; a key that one action gets is taken from the one that had it, and an id that does not
exist is said.

```toml
theme = "netsleuth-light"

[keys]
"main.filter" = "f4"
"scope.undo" = "u,ctrl+z"
```
"""

PARTS = {"FilterInput": "In the filter line", "LayerTree": "In the layers of the packet", "HexDump": "In the bytes of the packet"}


async def page() -> str:
    """The page, as Markdown."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.app import NetSleuthApp

    app = NetSleuthApp((), Session())
    async with app.run_test(size=(160, 50)):
        app.main.mount_panes()
        lines = [f"\n## {place}\n\n| key | id | |\n|---|---|---|\n{''.join(rows)}" for place, rows in _places(app)]
    return HEAD + "".join(lines)


def _places(app: NetSleuthApp) -> Iterator[tuple[str, list[str]]]:
    """Headings, and the lines of their tables."""
    from netsleuth_tui.tui.panes import Pane, pane_of
    from netsleuth_tui.tui.widgets.lines import ScrolledLines

    common = {binding.id for binding in ScrolledLines.BINDINGS}
    yield "Everywhere", _rows(app.main, set())
    yield "In every list", _rows(app.main.table, {binding.id for _, binding in app.main.table._bindings} - common)  # noqa: SLF001
    for widget in app.main.walk_children():
        place = PARTS.get(type(widget).__name__) or (f"In {pane.TITLE}" if (pane := pane_of(widget)) is not None else "")
        rows = _rows(widget, common) if place and (widget.can_focus or isinstance(widget, Pane)) else []
        if rows:
            yield place, rows


def _rows(widget: Widget, without: set[str | None]) -> list[str]:
    """A line for each action of a widget, with all of its keys."""
    found = [binding for _, binding in widget._bindings if binding.id and binding.id not in without]  # noqa: SLF001
    rows = []
    for name, same in groupby(sorted(found, key=lambda b: [other.id for other in found].index(b.id)), key=lambda b: b.id):
        bindings = list(same)
        keys = " ".join(dict.fromkeys(f"`{_shown(widget, binding)}`" for binding in bindings))
        rows.append(f"| {keys} | {name} | {bindings[0].tooltip or bindings[0].description} |\n")
    return rows


def _shown(widget: Widget, binding: object) -> str:
    return widget.app.get_key_display(binding).replace("|", "\\|")  # type: ignore[arg-type]


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "keys.md")
    parser.parse_args().output.write_text(asyncio.run(page()), encoding="utf-8")


if __name__ == "__main__":
    main()
