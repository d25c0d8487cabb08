"""Event logs: from the file to a store in which every field can be asked for, in turn with what the libraries take for less.

The evtx library reads the same records and makes JSON of each, which is dropped; the same JSON goes into a table of DuckDB, seven system
fields by themselves and the event data as one value; python-evtx makes XML of the first ones, extrapolated.
Also said: when the most frequent event ids could first be shown, peak memory, and how long a column of event data takes. Without --log
a log is made of the sample's chunks again and again, --megabytes of them, or of the chunks of real logs in a --folder; `--log` may be given
several times.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from bench import REPOSITORY, environment

OURS = """
import json, resource, sys, time
from netsleuth_tui import jit
if len(sys.argv) > 2:
    jit.start(); jit.wait()  # compile once, before anything is measured
    sys.exit()
began = time.perf_counter()
from netsleuth_tui.session import Session
import numpy as np
first = []
session = Session(8 << 30)
def report(progress):
    if progress.events and not first:
        np.bincount(session.store.events.view().event_id)
        first.append(time.perf_counter() - began)
session.load(sys.argv[1:2], report=report)
loaded = time.perf_counter() - began
events = session.store.events
again = time.perf_counter()
name = max(events.fields(), key=lambda name: name == "ObjectName", default="")
events.codes(name)
column = time.perf_counter() - again
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
source = session.store.sources[0]
print(json.dumps([events.rows, loaded, time.process_time(), first[0] if first else 0, peak, column, source.lost, jit.is_ready("events")]))
"""

LIBRARY = """
import json, sys, time, evtx
began, count = time.perf_counter(), 0
for record in evtx.PyEvtxParser(sys.argv[1]).records_json():
    count += 1
print(json.dumps([count, time.perf_counter() - began, time.process_time()]))
"""

LIBRARY_AND_DUCKDB = """
import itertools, json, sys, time, duckdb, evtx
import numpy as np
began, count = time.perf_counter(), 0
database = duckdb.connect(config={"threads": 1})
fields = ["Provider.#attributes.Name", "EventID", "Level", "Task", "Channel", "Computer", "TimeCreated.#attributes.SystemTime"]
paths = ", ".join("'$.Event.System." + ".".join(f'"{part}"' for part in name.split(".")) + "'" for name in fields)
database.execute("create table events (system varchar[], data json)")
records = iter(evtx.PyEvtxParser(sys.argv[1]).records_json())
while batch := list(itertools.islice(records, 20_000)):
    database.register("batch", {"text": np.array([record["data"] for record in batch], dtype=object)})
    database.execute(f"insert into events select json_extract_string(text, [{paths}]), json_extract(text, '$.Event.EventData') from batch")
    database.unregister("batch")
    count += len(batch)
print(json.dumps([count, time.perf_counter() - began, time.process_time()]))
"""

PYTHON_EVTX = """
import contextlib, itertools, json, sys, time
from Evtx.Evtx import Evtx
began = count = 0
with Evtx(sys.argv[1]) as log, contextlib.suppress(Exception):  # what it cannot read ends the measurement
    began = time.perf_counter()
    for record in itertools.islice(log.records(), 400):
        record.xml()
        count += 1
print(json.dumps([count, time.perf_counter() - began]))
"""

CHUNK = 1 << 16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, action="append", help="measure with this log")
    parser.add_argument("--folder", type=Path, help="measure with one log made of all sound chunks of the logs in this folder, each once")
    parser.add_argument("--megabytes", type=int, default=256, help="size of the log that is made (default: 256)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (default: 3)")
    asked = parser.parse_args()
    _run(OURS, "", "compile")
    if asked.log:
        for log in asked.log:
            measure(log, asked.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "made.evtx"
        if asked.folder:
            gather(log, asked.folder)
        else:
            make(log, asked.megabytes)
        measure(log, asked.rounds)


def measure(log: Path, rounds: int) -> None:
    """Run the programs in turn."""
    ours, library, tables = [], [], []
    for _ in range(rounds):
        ours.append(_run(OURS, str(log)))
        library.append(_run(LIBRARY, str(log)))
        tables.append(_run(LIBRARY_AND_DUCKDB, str(log)))
    count, seconds = _run(PYTHON_EVTX, str(log))
    rows, lost, is_compiled = int(ours[-1][0]), int(ours[-1][6]), ours[-1][7]
    mine, theirs = (statistics.median(run[1] for run in runs) for runs in (ours, library))
    work, their_work = (statistics.median(run[2] for run in runs) for runs in (ours, library))
    table, table_work = (statistics.median(run[place] for run in tables) for place in (1, 2))
    pairs = sorted(one[1] / other[1] for one, other in zip(ours, library, strict=True))
    slow = count / seconds if seconds else 0.0
    times = rows / mine / slow if slow else 0.0
    print(f"{log.name}: {log.stat().st_size / 1e6:.0f} MB, {rows} events loaded ({lost} lost), {int(library[-1][0])} by the library")
    print(f"  load, every field        {mine:8.2f} s  {rows / mine:10.0f}/s   processor {work:.2f} s")
    print(f"  evtx library, JSON       {theirs:8.2f} s  {library[-1][0] / theirs:10.0f}/s   processor {their_work:.2f} s")
    print(f"  evtx library → DuckDB    {table:8.2f} s  {tables[-1][0] / table:10.0f}/s   processor {table_work:.2f} s")
    print(f"  ours / JSON              {statistics.median(pairs):8.2f} [{pairs[0]:.2f}, {pairs[-1]:.2f}]")
    print(f"  python-evtx, XML         {slow:8.0f}/s of the first {count:.0f}: loading is {times:.0f} times as fast (extrapolated)")
    print(f"  first event ids after    {statistics.median(r[3] for r in ours):8.2f} s")
    print(f"  one column of event data {statistics.median(r[5] for r in ours) * 1e3:8.1f} ms")
    print(f"  peak memory              {max(r[4] for r in ours):8.0f} MB")
    if not is_compiled:
        print("  kernels were not compiled: these figures are those of plain Python")


def make(path: Path, megabytes: int) -> None:
    """Write a log of the sample's chunks, again and again, with one header."""
    sample = (REPOSITORY / "sample_captures" / "print_server.evtx").read_bytes()
    chunks = sample[4096:]
    with path.open("wb") as out:
        header = bytearray(sample[:4096])
        struct.pack_into("<I", header, 120, 1)
        out.write(header)
        while out.tell() < megabytes << 20:
            out.write(chunks)


def gather(path: Path, folder: Path) -> None:
    """Write a log of the chunks of many logs: those that are sound, each once."""
    chunks: dict[bytes, None] = {}
    for log in sorted(folder.rglob("*.evtx")):
        data = log.read_bytes()
        for base in range(4096, len(data) - CHUNK + 1, CHUNK):
            chunk = data[base : base + CHUNK]
            free, records = struct.unpack_from("<II", chunk, 48)
            is_sound = chunk[:8] == b"ElfChnk\0" and 1024 <= free <= CHUNK and zlib.crc32(chunk[512:free]) == records
            if is_sound and zlib.crc32(chunk[128:512], zlib.crc32(chunk[:120])) == struct.unpack_from("<I", chunk, 124)[0]:
                chunks[chunk] = None
    header = (REPOSITORY / "sample_captures" / "print_server.evtx").read_bytes()[:4096]
    path.write_bytes(header + b"".join(chunks))


def _run(code: str, *args: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *args], check=True, capture_output=True, text=True, env=environment()
    )
    return list(json.loads(done.stdout)) if done.stdout else []


if __name__ == "__main__":
    main()
