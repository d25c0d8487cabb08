"""What a kernel is made of: changes that it can see change its digest, all others do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from netsleuth_tui.kernel_sources import Sources

KERNEL = """
from netsleuth_tui.jit import kernel
from netsleuth_tui.tables import SIZES, half as part
from netsleuth_tui import numbers

LIMIT = 3
OTHER = 4


@kernel(plain=None)
def count(data: Columns) -> int:
    return part(data) + SIZES[0] + LIMIT + numbers.WIDTH


class Columns(NamedTuple):
    row: int
    time: int


def unrelated():
    return OTHER
"""
TABLES = """
SIZES = make(4)
for k in range(4):
    SIZES[k] = OFFSETS[k]
OFFSETS = [1, 2, 3, 4]
if True:
    SIZES.fill(7)

def make(n):
    return [0] * n

def half(x):
    return deeper(x)

def deeper(x):
    return 1

UNUSED = 9
"""
NUMBERS = "WIDTH = 8\n"


def digest(folder: Path, *, kernel: str = KERNEL, tables: str = TABLES, numbers: str = NUMBERS) -> str | None:
    """Of the kernel `count` in a package of these modules."""
    (folder / "__init__.py").write_text("")
    for name, text in (("rows", kernel), ("tables", tables), ("numbers", numbers)):
        (folder / f"{name}.py").write_text(text)
    return Sources(folder).digest("netsleuth_tui.rows.count")


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("kernel", "part(data) +", "part(data) -"),
        ("kernel", "LIMIT = 3", "LIMIT = 5"),
        ("kernel", "    row: int\n    time: int", "    time: int\n    row: int"),
        ("tables", "return deeper(x)", "return deeper(2 * x)"),
        ("tables", "return 1", "return 2"),
        ("tables", "[0] * n", "[1] * n"),
        ("tables", "range(4)", "range(3)"),
        ("tables", "[1, 2, 3, 4]", "[1, 2, 3, 5]"),
        ("tables", "fill(7)", "fill(8)"),
        ("numbers", "8", "16"),
    ],
)
def test_what_a_kernel_reaches_changes_its_digest(tmp_path: Path, module: str, before: str, after: str) -> None:
    """Functions, constants, tables and what fills them, and the order of members, in this module and others."""
    texts = {"kernel": KERNEL, "tables": TABLES, "numbers": NUMBERS}
    assert before in texts[module]
    assert digest(tmp_path) != digest(tmp_path, **{module: texts[module].replace(before, after)})


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("kernel", "return OTHER", "return 2 * OTHER"),
        ("kernel", "OTHER = 4", "OTHER = 5"),
        ("kernel", "return part(data)", "# a word\n    return  part( data )"),
        ("tables", "UNUSED = 9", "UNUSED = 10"),
    ],
)
def test_what_it_does_not_reach_leaves_it(tmp_path: Path, module: str, before: str, after: str) -> None:
    """Other definitions, comments and lay-out."""
    texts = {"kernel": KERNEL, "tables": TABLES, "numbers": NUMBERS}
    assert before in texts[module]
    assert digest(tmp_path) == digest(tmp_path, **{module: texts[module].replace(before, after)}) is not None


def test_there_is_no_digest_of_what_is_not_there(tmp_path: Path) -> None:
    """A kernel that an older version had is not reused."""
    digest(tmp_path)
    assert Sources(tmp_path).digest("netsleuth_tui.rows.gone") is None
    assert Sources(tmp_path).digest("netsleuth_tui.gone.count") is None
