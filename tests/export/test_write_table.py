"""Tables as CSV, JSON and text: other readers give back the same values."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.export import ExportError, Written, format_of, unguard, write_table, write_text
from netsleuth_tui.tabular import Cell, Column, Table

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from("=+-@'\",;\r\n\t\0\x1b\\x1b0-é "), max_size=8),
)
CELLS = st.one_of(TEXTS, st.none())
INTEGERS = st.one_of(st.integers(-(2**63), 2**64 - 1), st.none())


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """One to four columns of text or whole numbers, in up to three blocks; the first column's names are hostile too."""
    kinds = draw(st.lists(st.sampled_from(["text", "integer"]), min_size=1, max_size=4))
    names = draw(st.lists(TEXTS.filter(bool), min_size=len(kinds), max_size=len(kinds), unique=True))
    blocks = []
    for _ in range(draw(st.integers(0, 3))):
        rows = draw(st.integers(0, 4))
        blocks.append([draw(st.lists(CELLS if kind == "text" else INTEGERS, min_size=rows, max_size=rows)) for kind in kinds])
    return Table(tuple(Column(name, kind) for name, kind in zip(names, kinds, strict=True)), blocks)  # type: ignore[arg-type]


def rows_of(table: Table) -> list[tuple[Cell, ...]]:
    return [row for block in table.blocks for row in zip(*block, strict=True)]


def written(table: Table, format: str, *, raw: bool = False) -> tuple[bytes, Written]:  # noqa: A002
    out = io.BytesIO()
    result = write_table(table, format=format, target=None, raw=raw, stream=out)  # type: ignore[arg-type]
    assert result.bytes == len(out.getvalue())
    return out.getvalue(), result


def as_text(cell: Cell) -> str:
    return "" if cell is None else str(cell)


@settings(max_examples=500)
@given(tables())
def test_raw_csv_reads_back_exactly(table: Table) -> None:
    """Python's csv module gives back every name and value."""
    data, result = written(table, "csv", raw=True)
    names, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    assert names == [column.name for column in table.columns]
    assert rows == [[as_text(cell) for cell in row] for row in rows_of(table)]
    assert (result.rows, result.guarded) == (len(rows), 0)


@settings(max_examples=500)
@given(tables())
def test_guarded_csv_reads_back_after_unguarding(table: Table) -> None:
    """Unguarding gives back every name and text, numbers were never touched, and the count is right."""
    data, result = written(table, "csv")
    names, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    kinds = [column.kind for column in table.columns]
    assert [unguard(name) for name in names] == [column.name for column in table.columns]
    exact = [[as_text(cell) for cell in row] for row in rows_of(table)]
    assert [[unguard(cell) if kind == "text" else cell for cell, kind in zip(row, kinds, strict=True)] for row in rows] == exact
    heading = [(column.name, name) for column, name in zip(table.columns, names, strict=True)]
    cells = heading + [pair for before, after in zip(exact, rows, strict=True) for pair in zip(before, after, strict=True)]
    assert result.guarded == sum(before != after for before, after in cells)
    assert not set(data) & (set(range(32)) - {10, 13} | {127})


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(table=tables())
def test_duckdb_reads_the_same(table: Table, tmp_path: Path) -> None:
    """DuckDB's reader gives back the same values."""
    path = tmp_path / "t.csv"
    write_table(table, format="csv", target=str(path), force=True)
    exact = [tuple(as_text(cell) for cell in row) for row in rows_of(table)]
    if not exact:
        return
    options = "header=false, skip=1, all_varchar=true, delim=',', quote='\"', escape='\"', auto_detect=false, new_line='\\n'"
    names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(table.columns)))
    with duckdb.connect() as connection:
        rows = connection.execute(f"from read_csv('{path}', {options}, columns={{{names}}})").fetchall()
    assert [
        tuple(unguard(cell or "") if column.kind == "text" else cell or "" for cell, column in zip(row, table.columns, strict=True))
        for row in rows
    ] == exact


@settings(max_examples=300)
@given(tables())
def test_json_is_exact_and_harmless(table: Table) -> None:
    """JSON and JSON lines give back names, texts, whole numbers and absence, in printable characters only."""
    expected = [dict(zip([column.name for column in table.columns], row, strict=True)) for row in rows_of(table)]
    array, result = written(table, "json")
    lines, _ = written(table, "jsonl")
    assert json.loads(array) == expected
    assert [json.loads(line) for line in lines.decode().split("\n")[:-1]] == expected
    assert result.rows == len(expected)
    assert not any(0x7F <= ord(c) < 0xA0 or ord(c) in {0x202E, 0x200B, 0xFEFF} or (ord(c) < 32 and c != "\n") for c in array.decode())


def one_column(kind: str, *cells: Cell) -> Table:
    return Table((Column("a", kind),), [[cells]])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "as_csv", "as_json"),
    [
        ((1, 0, 2**64 - 1), "1 0 18446744073709551615", [1, 0, 2**64 - 1]),
        ((True, False), "1 0", [True, False]),
        ((True, None, 3), '1 "" 3', [True, None, 3]),
        ((1.5, float("nan"), float("inf"), None), '1.5 "" "" ""', [1.5, None, None, None]),
    ],
)
def test_numbers(cells: tuple[Cell, ...], as_csv: str, as_json: list[Any]) -> None:
    """Whole numbers stay whole, truth is 1 or 0 in CSV, and what is no number is absent."""
    assert written(one_column("number", *cells), "csv")[0].decode().split("\n")[1:-1] == as_csv.split(" ")
    assert [row["a"] for row in json.loads(written(one_column("number", *cells), "json")[0])] == as_json


def test_lone_surrogates() -> None:
    """A lone surrogate, as event logs have them, stops no format."""
    table = one_column("text", "a\ud800b")
    assert written(table, "csv")[0] == b"a\na\\ud800b\n"
    assert json.loads(written(table, "jsonl")[0]) == {"a": "a\ud800b"}
    assert written(table, "csv", raw=True)[0].decode("utf-8", "surrogatepass") == "a\na\ud800b\n"
    assert written(table, "table")[0].decode() == "a\na\\u{d800}b\n"


def test_numeric_columns_are_never_guarded() -> None:
    """A number with a sign keeps it, even where it arrives as text."""
    assert written(one_column("number", "-1-2", -5), "csv")[0] == b"a\n-1-2\n-5\n"
    assert written(one_column("text", "-1-2", -5), "csv")[0] == b"a\n'-1-2\n-5\n"


def test_aligned_text() -> None:
    """Texts stand left and numbers right, in the same column for wide characters too; data cannot reach the terminal."""
    table = Table(
        (Column("host"), Column("packets", "integer"), Column("info")),
        [[["10.0.0.1", "東京", None], [7, 12345678, None], ["a", "\x1b[2J", "x\ny"]]],
    )
    lines = written(table, "table")[0].decode().splitlines()
    assert lines == ["host       packets  info", "10.0.0.1         7  a", "東京      12345678  ␛[2J", "                    x␊y"]


def test_aligned_text_streams() -> None:
    """Widths come from the first rows; a longer cell later is whole, and a huge one is clipped."""
    table = Table((Column("a"), Column("b", "integer")), [[["x"], [1]], [["longer than the first"], [2]], [["y" * 5000], [3]]])
    lines = written(table, "table")[0].decode().splitlines()
    assert lines[:3] == ["a  b", "x  1", "longer than the first  2"]
    assert lines[3] == "y" * 1023 + "…  3"
    assert written(Table((Column("a"), Column("bb")), []), "table")[0] == b"a  bb\n"


def test_large_blocks_are_cut_in_slices() -> None:
    """A block larger than a slice comes out whole and in order, in every format."""
    count = 40_000
    table = Table((Column("n", "integer"), Column("t")), [[range(count), [f"={i % 5}" for i in range(count)]]])
    data, result = written(table, "csv")
    assert data.decode().split("\n")[1:-1] == [f"{i},'={i % 5}" for i in range(count)]
    assert (result.rows, result.guarded) == (count, count)
    assert [row["n"] for row in json.loads(written(table, "json")[0])] == list(range(count))


def test_to_a_file(tmp_path: Path) -> None:
    """The result names the file, the rows and the bytes; a second time is refused without force."""
    target = str(tmp_path / "rows.csv")
    result = write_table(one_column("text", "=1"), format="csv", target=target, force=False, raw=False)
    assert result == Written(rows=1, bytes=6, guarded=1, path=target)
    assert Path(target).read_bytes() == b"a\n'=1\n"
    with pytest.raises(ExportError, match="exists already"):
        write_table(one_column("text", "b"), format="csv", target=target)
    assert write_table(one_column("text", "b"), format="csv", target=target, force=True).rows == 1


def test_a_table_that_fails_half_way_leaves_no_file(tmp_path: Path) -> None:
    """An error from the table's own blocks passes through, and nothing is left."""

    def blocks() -> Any:
        yield [["a"]]
        raise NetSleuthError("the store is gone")

    with pytest.raises(NetSleuthError, match="the store is gone"):
        write_table(Table((Column("a"),), blocks()), format="csv", target=str(tmp_path / "t.csv"))
    assert list(tmp_path.iterdir()) == []


def test_unknown_format() -> None:
    """A format that does not exist is refused with the ones that do."""
    with pytest.raises(NetSleuthError, match="csv, json, jsonl, table"):
        written(one_column("text"), "xlsx")


PRINT = """
import sys
from netsleuth_tui.export import ExportError, write_table
from netsleuth_tui.tabular import Column, Table
try:
    print("before")
    write_table(Table((Column("a"),), [[["x" * 100] * 5000]]), format="csv", target=None)
except (BrokenPipeError, ExportError) as error:
    sys.stderr.write(f"{type(error).__name__}: {error}")
    sys.stderr.flush()
    import os
    os._exit(1)
"""


BUFFERED = {**os.environ, "PYTHONUNBUFFERED": ""}


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_standard_output(unbuffered: str) -> None:
    """Rows follow what was printed before them, all of them, also where standard output has no buffer."""
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, check=True, env=environment)
    assert done.stdout.startswith(b"before" + os.linesep.encode() + b"a\nx")
    assert done.stdout.count(b"\n") == 5001 + 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_standard_output_that_is_full() -> None:
    """A device without space is an error that says so."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", PRINT], env=BUFFERED, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"ExportError: standard output: cannot write: no space left on device" in done.stderr


def test_standard_output_that_nobody_reads() -> None:
    """A closed pipe is a BrokenPipeError, for the command to end quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", PRINT], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert b"BrokenPipeError" in done.stderr


def test_a_name_says_its_format() -> None:
    """By its suffix, in either case; CSV without one, and an error for any other."""
    assert [format_of(name) for name in ("a.csv", "A.JSONL", "a.b.ndjson", "a.json", "a.txt", "a")] == [
        "csv",
        "jsonl",
        "jsonl",
        "json",
        "table",
        "csv",
    ]
    with pytest.raises(NetSleuthError, match=r"\.parquet is no format .*\.csv, \.json"):
        format_of("x.parquet")


def test_lines_of_text(tmp_path: Path) -> None:
    """Written whole, in UTF-8, and counted."""
    target = str(tmp_path / "a.txt")
    written = write_text("a\n\u2588\n", target=target)
    assert (written.rows, written.bytes, written.path) == (2, 6, target)
    assert Path(target).read_bytes() == b"a\n\xe2\x96\x88\n"
    with pytest.raises(ExportError, match="exists"):
        write_text("b", target=target)
