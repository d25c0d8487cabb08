"""No widget gets text as a string that Textual or Rich would read as markup."""

from __future__ import annotations

import ast
from pathlib import Path

import netsleuth_tui.tui

ROOT = Path(netsleuth_tui.tui.__file__).parent
READ_MARKUP = frozenset({"Static", "Label", "Button", "RichLog", "DataTable", "OptionList", "Tree", "Toast", "Markdown", "TextArea"})
"""Widgets that parse strings."""
SINKS = frozenset({"notify", "add_row", "add_option", "from_markup", "render_str", "markup", "update"})
"""Calls that parse strings."""
TEXTS = frozenset({"tooltip", "border_title", "border_subtitle", "title", "sub_title"})
"""Attributes that parse strings."""


def found_in(source: str) -> list[str]:
    """What of it is used, as 'line: name'."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            if name in READ_MARKUP | SINKS:
                found.append(f"{node.lineno}: {name}")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [f"{node.lineno}: {t.attr}" for t in targets if isinstance(t, ast.Attribute) and t.attr in TEXTS]
    return found


def test_no_widget_reads_markup() -> None:
    """Panes draw segments; the widgets and calls that parse strings are not used at all."""
    files = sorted(ROOT.rglob("*.py"))
    assert len(files) > 20
    assert {str(path.relative_to(ROOT)): found for path in files if (found := found_in(path.read_text("utf-8")))} == {}


def test_the_check_finds_what_it_looks_for() -> None:
    """It would notice."""
    assert sorted(found_in("Static(name)\nself.notify(text)\nw.border_title = name")) == ["1: Static", "2: notify", "3: border_title"]
