"""Event logs: from the file to a store in which every field can be asked for, in turn with what the libraries take.

Each is measured as a whole process, which begins with nothing and ends with the most frequent event ids, and in a process that runs
already, without what it takes to import libraries and to link kernels. The evtx library reads the same records and makes JSON of each,
which is dropped; the same JSON goes into tables of DuckDB: seven system fields by themselves, and the event data as JSON that each
question has to parse, or as a row for each value, as the store has them. python-evtx makes XML of the first records, extrapolated.
Also said: when the most frequent event ids could first be shown, peak memory, and how long a column of event data takes. Without --log
a log is made of the sample's chunks again and again, --megabytes of them, or of the chunks of real logs in a --folder: once of all of them,
once of those of security logs, again and again. `--log` may be given several times.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from bench import REPOSITORY, environment

OURS = """
import json, resource, sys, time
from netsleuth_tui import jit
if len(sys.argv) > 2:
    jit.start(); jit.wait()  # compile once, before anything is measured
    sys.exit()
import numpy as np
import netsleuth_tui.ingest.events
from netsleuth_tui.session import Session
jit.start(); jit.wait()
began, work = time.perf_counter(), time.process_time()
first = []
session = Session(8 << 30)
def report(progress):
    if progress.events and not first:
        np.bincount(session.store.events.view().event_id)
        first.append(time.perf_counter() - began)
session.load(sys.argv[1:2], report=report)
loaded, work = time.perf_counter() - began, time.process_time() - work
events = session.store.events
again = time.perf_counter()
name = max(events.fields(), key=lambda name: name == "ObjectName", default="")
events.codes(name)
column = time.perf_counter() - again
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
source = session.store.sources[0]
print(json.dumps([events.rows, loaded, work, first[0] if first else 0, peak, column, source.lost, jit.is_ready("events")]))
"""

LIBRARY = """
import json, sys, time, evtx
began, work, count = time.perf_counter(), time.process_time(), 0
for record in evtx.PyEvtxParser(sys.argv[1]).records_json():
    count += 1
print(json.dumps([count, time.perf_counter() - began, time.process_time() - work]))
"""

LIBRARY_AND_DUCKDB = """
import itertools, json, sys, time, duckdb, evtx
import numpy as np
began, work, count = time.perf_counter(), time.process_time(), 0
parts = ("EventData", "UserData")
database = duckdb.connect(config={"threads": 1})
fields = ["Provider.#attributes.Name", "EventID", "Level", "Task", "Channel", "Computer", "TimeCreated.#attributes.SystemTime"]
paths = ", ".join("'$.Event.System." + ".".join(f'"{part}"' for part in name.split(".")) + "'" for name in fields)
data = ", ".join(f"json_extract(text, '$.Event.{part}')" for part in parts)
database.execute("create table events (row bigint, system varchar[], event_data json, user_data json)")
database.execute("create table cells (row bigint, name varchar, value varchar)")
records = iter(evtx.PyEvtxParser(sys.argv[1]).records_json())
while batch := list(itertools.islice(records, 20_000)):
    texts = np.array([record["data"] for record in batch], dtype=object)
    database.register("batch", {"row": np.arange(count, count + len(batch)), "text": texts})
    if len(sys.argv) == 2:
        database.execute(f"insert into events select row, json_extract_string(text, [{paths}]), {data} from batch")
    else:
        database.execute(f"insert into events select row, json_extract_string(text, [{paths}]), null, null from batch")
        for part in parts:
            source = f"batch b, json_tree(b.text, '$.Event.{part}') t where t.atom is not null"
            database.execute(f"insert into cells select b.row, t.path || '.' || t.key, t.atom from {source}")
    database.unregister("batch")
    count += len(batch)
seconds, work = time.perf_counter() - began, time.process_time() - work
database.execute("select system[2], count(*) from events group by 1 order by 2 desc").fetchall()
print(json.dumps([count, seconds, work]))
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

LIBRARY_ALONE = "library, JSON dropped"
SECURITY = "Microsoft-Windows-Security-Auditing".encode("utf-16-le")
"""In all chunks of security logs."""
CHUNK = 1 << 16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, action="append", help="measure with this log")
    parser.add_argument("--folder", type=Path, help="measure with logs made of the sound chunks of all logs in this folder")
    parser.add_argument("--megabytes", type=int, help="size of the log that is made (default: 256, or 64 of security logs)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (default: 3)")
    asked = parser.parse_args()
    _run(OURS, "", "compile")
    if asked.log:
        for log in asked.log:
            measure(log, asked.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        log, security = Path(folder) / "made.evtx", Path(folder) / "security.evtx"
        if asked.folder:
            gather(log, asked.folder)
            measure(log, asked.rounds)
            gather(security, asked.folder, SECURITY, asked.megabytes or 64)
            measure(security, asked.rounds)
        else:
            make(log, asked.megabytes or 256)
            measure(log, asked.rounds)


def measure(log: Path, rounds: int) -> None:
    """Run the programs in turn."""
    command = [sys.executable, "-m", "netsleuth_tui", "events", str(log), "--format", "csv"]
    programs = {
        "every field, netsleuth events": (OURS, (str(log),), command),
        LIBRARY_ALONE: (LIBRARY, (str(log),), None),
        "library → DuckDB, JSON kept": (LIBRARY_AND_DUCKDB, (str(log),), None),
        "library → DuckDB, row a value": (LIBRARY_AND_DUCKDB, (str(log), "values"), None),
    }
    inside: dict[str, list[list[float]]] = {name: [] for name in programs}
    whole: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, (code, args, command_line) in programs.items():
            inside[name].append(_run(code, *args))
            whole[name].append(_process(command_line or [sys.executable, "-W", "ignore", "-c", code, *args]))
    runs = next(iter(inside.values()))
    rows, lost, is_compiled = int(runs[-1][0]), int(runs[-1][6]), runs[-1][7]
    by_library = int(inside[LIBRARY_ALONE][-1][0])
    print(f"{log.name}: {log.stat().st_size / 1e6:.0f} MB, {rows} events loaded ({lost} lost), {by_library} by the library")
    print("  seconds, of the processor, events/s; in brackets: ours by theirs, pair by pair, and by the processor")
    for title, times in (
        ("in a running process", {name: [(run[1], run[2]) for run in runs] for name, runs in inside.items()}),
        ("as a whole process", whole),
    ):
        print(f"  {title}")
        ours = next(iter(times.values()))
        for name, taken in times.items():
            seconds, work = (statistics.median(run[k] for run in taken) for k in (0, 1))
            ratio, by_work = (statistics.median(one[k] / other[k] for one, other in zip(ours, taken, strict=True)) for k in (0, 1))
            compared = f"   [{ratio:.2f}, {by_work:.2f}]" if taken is not ours else ""
            print(f"    {name:30} {seconds:7.2f} {work:7.2f} {rows / seconds:9.0f}/s{compared}")
    count, seconds = _run(PYTHON_EVTX, str(log))
    slow = count / seconds if seconds else 0.0
    times_as_fast = rows / statistics.median(run[1] for run in runs) / slow if slow else 0.0
    print(f"  python-evtx, XML         {slow:8.0f}/s of the first {count:.0f}: loading is {times_as_fast:.0f} times as fast (extrapolated)")
    print(f"  first event ids after    {statistics.median(r[3] for r in runs):8.2f} s in a running process")
    print(f"  one column of event data {statistics.median(r[5] for r in runs) * 1e3:8.1f} ms")
    print(f"  peak memory              {max(r[4] for r in runs):8.0f} MB")
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


def gather(path: Path, folder: Path, having: bytes = b"", megabytes: int = 0) -> None:
    """Write a log of the chunks of many logs: those that are sound and have some bytes, each once, or again and again up to a size."""
    chunks: dict[bytes, None] = {}
    for log in sorted(folder.rglob("*.evtx")):
        data = log.read_bytes()
        for base in range(4096, len(data) - CHUNK + 1, CHUNK):
            chunk = data[base : base + CHUNK]
            free, records = struct.unpack_from("<II", chunk, 48)
            is_sound = having in chunk and chunk[:8] == b"ElfChnk\0" and 1024 <= free <= CHUNK and zlib.crc32(chunk[512:free]) == records
            if is_sound and zlib.crc32(chunk[128:512], zlib.crc32(chunk[:120])) == struct.unpack_from("<I", chunk, 124)[0]:
                chunks[chunk] = None
    header = (REPOSITORY / "sample_captures" / "print_server.evtx").read_bytes()[:4096]
    made = b"".join(chunks)
    path.write_bytes(header + made * max(-(-(megabytes << 20) // max(len(made), 1)), 1))


def _process(command: list[str]) -> tuple[float, float]:
    """Seconds that a whole process takes, and seconds of the processor."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _run(code: str, *args: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *args], check=True, capture_output=True, text=True, env=environment()
    )
    return list(json.loads(done.stdout)) if done.stdout else []


if __name__ == "__main__":
    main()
