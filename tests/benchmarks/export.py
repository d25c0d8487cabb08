"""How fast tables are written: rows per second for every format, and in turn with Python's `csv.writer` on the same rows.

    python tests/benchmarks/export.py [--rows 262144] [--rounds 5] [--capture FILE]

Eight columns, four of whole numbers and four of addresses as text, in blocks of 65,536 rows, written to memory. Every round writes each
format once; the ratio is taken round by round. With a capture also what `netsleuth export` does with its first rows: the values of 21
fields, and the writing. Processor times, so that other work on the machine counts less.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import spread

from netsleuth_tui.analysis import EVERYTHING, records_table
from netsleuth_tui.analysis.records import BLOCK as RECORDS
from netsleuth_tui.export import write_table
from netsleuth_tui.session import Session
from netsleuth_tui.tabular import Column, Table

BLOCK = 65_536
COLUMNS = tuple(Column(f"c{i}", "integer" if i < 4 else "text") for i in range(8))

Blocks = list[list[Any]]
Writer = Callable[[Blocks], int]


def blocks_of(rows: int) -> Blocks:
    """Blocks of eight columns."""
    made = []
    for first in range(0, rows, BLOCK):
        ids = range(first, min(first + BLOCK, rows))
        numbers = [[i * step for i in ids] for step in (1, 7, 60, 1514)]
        texts = [[f"10.{k}.{i % 256}.{i % 91}" for i in ids] for k in range(4)]
        made.append(numbers + texts)
    return made


def ours(**options: Any) -> Writer:
    """Our writer with these options; it returns the bytes that were written."""

    def write(blocks: Blocks) -> int:
        out = io.BytesIO()
        write_table(Table(COLUMNS, blocks), target=None, stream=out, **options)
        return len(out.getbuffer())

    return write


def pythons(blocks: Blocks) -> int:
    """Python's own writer, without a guard."""
    out = io.BytesIO()
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in COLUMNS])
    for block in blocks:
        writer.writerows(zip(*block, strict=True))
    text.flush()
    return len(out.getbuffer())


WRITERS: dict[str, Writer] = {
    "csv.writer": pythons,
    "csv, guarded": ours(format="csv"),
    "csv, raw": ours(format="csv", raw=True),
    "jsonl": ours(format="jsonl"),
    "table": ours(format="table"),
}


def export_capture(path: str, rows: int) -> None:
    """Write the first rows of a capture to nowhere, and print how long that took."""
    session = Session()
    session.load([path])
    for format in ("csv", "jsonl"):  # noqa: A001 - the word that the command line uses
        table = records_table(session.store, EVERYTHING)
        began = time.process_time()
        with Path(os.devnull).open("wb") as nowhere:
            written = write_table(
                Table(table.columns, itertools.islice(table.blocks, rows // RECORDS)), format=format, target=None, stream=nowhere
            )
        taken = time.process_time() - began
        print(f"records, {format:5} {written.bytes / 1e6:6.1f} MB   {written.rows / taken:12,.0f} rows/s of {len(table.columns)} fields")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4 * BLOCK)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--capture", help="a capture whose rows are exported as well")
    asked = parser.parse_args()
    blocks = blocks_of(asked.rows)
    sizes = {name: write(blocks) for name, write in WRITERS.items()}  # also the round that does not count
    seconds: dict[str, list[float]] = {name: [] for name in WRITERS}
    for _ in range(asked.rounds):
        for name, write in WRITERS.items():
            began = time.process_time()
            write(blocks)
            seconds[name].append(time.process_time() - began)
    print(f"{asked.rows} rows of {len(COLUMNS)} columns, {asked.rounds} rounds after one that does not count")
    for name, taken in seconds.items():
        ratio = spread([theirs / mine for theirs, mine in zip(seconds["csv.writer"], taken, strict=True)], "times csv.writer")
        print(f"{name:13} {sizes[name] / 1e6:6.1f} MB   {asked.rows / statistics.median(taken):12,.0f} rows/s   {ratio}")
    if asked.capture:
        export_capture(asked.capture, asked.rows)


if __name__ == "__main__":
    main()
