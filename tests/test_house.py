"""The house itself: who imports what at run time, how long files are, and that texts do not drift from the program."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "netsleuth_tui"
CORE = ("readers", "decode", "terminal", "meanings", "store", "query", "ingest", "analysis", "findings", "export", "session")
SOURCES = sorted(path for folder in ("netsleuth_tui", "tests", "sample_captures") for path in (ROOT / folder).rglob("*.py"))


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("room", CORE)
def test_the_core_knows_no_screen(room: str) -> None:
    """Every module of a core room can be imported without Textual or Rich being loaded."""
    place = PACKAGE / room
    paths = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    names = [name for name in names if not name.endswith("_worker")]  # a program of its own, in a process of its own
    loaded = modules_after("\n".join(f"import {name}" for name in names))
    assert not loaded & {"textual", "rich", "scapy"}


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    """A session is made without the compiler, the engine or the grammar; the version is told without even NumPy."""
    assert not modules_after("import netsleuth_tui.session; netsleuth_tui.session.Session()") & {
        "numba",
        "duckdb",
        "sqlglot",
        "lark",
        "scapy",
    }
    assert not modules_after("import netsleuth_tui.__main__") & {"numpy", "cyclopts", "textual"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_and_say_why_they_exist(path: Path) -> None:
    """At most 400 lines, and a docstring on top; a test function has one too."""
    text = path.read_text()
    assert text.count("\n") <= 400
    tree = ast.parse(text)
    if tree.body:
        assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), node.name


def test_version_costs_little_more_than_an_interpreter() -> None:
    """Nothing but the package itself, and what finds its files, is imported to tell the version and whose data it carries."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "netsleuth_tui", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("netsleuth ")
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "|" in line}
    ours = {name for name in imported if name.startswith("netsleuth_tui")}
    assert ours == {"netsleuth_tui", "netsleuth_tui.paths", "netsleuth_tui.errors"}
    assert "DB-IP" in done.stdout


def test_the_first_paint_waits_for_no_heavy_library():
    """The app is imported without NumPy, the engine, the parser and what counts: they come while the first screen is there already."""
    code = (
        "import sys, netsleuth_tui.tui.app\n"
        "heavy = {'numpy', 'duckdb', 'lark', 'sqlglot', 'numba', 'llvmlite', 'plotext', 'scapy', 'netsleuth_tui.analysis'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
