"""Machine code on disk: made by one process, linked by another that has never seen Numba, and equal to the plain functions."""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest

from netsleuth_tui import analysis, decode, ingest, jit, kernel_cache, native, readers, store
from netsleuth_tui.analysis import EVERYTHING, overview, timeline
from netsleuth_tui.decode.hosts import HostTable
from netsleuth_tui.ingest import Loader
from netsleuth_tui.kernel_making import Kept, Making, Reused
from netsleuth_tui.store import Store
from netsleuth_tui.store.lookup import Lookup

SAMPLES = Path(__file__).resolve().parents[1] / "sample_captures"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each group with the machine code of its kernels, written by the processes that a user's first run starts.

    It is made in this version's own directory and copied from there, so that the tests that start the program need not have it made again.
    """
    directory = tmp_path_factory.mktemp("kernels")
    cache = kernel_cache.directory() or directory / "cache"

    def write(groups: Sequence[str]) -> None:
        for group in groups:
            if not (cache / group / native.INDEX).exists():
                (cache / group).mkdir(parents=True, exist_ok=True, mode=0o700)
                with subprocess.Popen([*jit.WARM_UP, str(cache / group), group], stdin=subprocess.PIPE) as child:
                    assert child.wait() == 0
            shutil.copytree(cache / group, directory / group)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (jit.GROUPS[:2], jit.GROUPS[2:])))
    return directory


@pytest.fixture
def linked(written: Path) -> Iterator[None]:
    """All kernels by their machine code."""
    code = {name: call for group in jit.GROUPS for name, call in native.load(written / group).items()}
    before = [kernel.compiled for kernel in jit._compiler.kernels]
    for kernel in jit._compiler.kernels:
        kernel.compiled = code.get(kernel.name)
    yield
    for kernel, was in zip(jit._compiler.kernels, before, strict=True):
        kernel.compiled = was


def load(name: str) -> Store:
    """A sample in a store of its own."""
    store = Store()
    Loader(store, memory=1 << 30, cancel=threading.Event(), report=lambda _: None).load([str(SAMPLES / name)])
    return store


def test_every_kernel_of_the_package_is_written(written: Path) -> None:
    """The warm-up reaches all of them, so that none runs plain for good."""
    for room in (analysis, decode, ingest, readers, store):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            importlib.import_module(module.name)
    listed = {entry["name"] for group in jit.GROUPS for entry in json.loads((written / group / native.INDEX).read_text())}
    assert listed == {kernel.name for kernel in jit._compiler.kernels if kernel.name.startswith("netsleuth_tui.")}


def test_no_two_kernels_share_a_symbol(written: Path) -> None:
    """Each has its own name in it: those that different processes compiled are linked together, and both may have begun to count from 1."""
    entries = [entry for group in jit.GROUPS for entry in json.loads((written / group / native.INDEX).read_text())]
    assert all(entry["name"].replace(".", "_") in entry["symbol"] for entry in entries)
    assert len({entry["symbol"] for entry in entries}) == len(entries)


def test_no_machine_code_counts_references(written: Path) -> None:
    """What Numba's runtime would be called for stands in no object file: neither counting nor freeing."""
    objects = [path for group in jit.GROUPS for path in (written / group).glob("*.o")]
    assert objects
    assert not [path.name for path in objects if b"NRT_" in path.read_bytes()]


def test_kernels_that_allocate_are_refused() -> None:
    """Nobody would free what they made."""

    @numba.njit
    def allocates(count: int) -> tuple[int, int]:
        made = np.zeros(count, np.int64)
        return made[0], made[count - 1]

    allocates(2)
    with pytest.raises(RuntimeError, match=r"calls .*NRT_"):
        native.translate("allocates", allocates, "")


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("name", ["net1_capture_v1(0).cap", "router-loop.pcapng.gz"])
def test_linked_code_gives_what_plain_functions_give(name: str) -> None:
    """Columns, addresses and counts of a capture are the same, byte for byte."""
    fast = load(name)
    counted, line = overview(fast, EVERYTHING), timeline(fast, EVERYTHING, every=10**10, by="ip.addr")
    for kernel in jit._compiler.kernels:
        kernel.compiled = None
    slow = load(name)
    assert fast.packets == slow.packets > 0
    texts = [np.stack((store.hosts.hi, store.hosts.lo)) for store in (fast, slow)]
    for column, a, b in zip(fast.columns()._fields, fast.columns(), slow.columns(), strict=True):
        if column in ("src", "dst"):  # numbered in the order in which the threads met them
            assert np.array_equal(texts[0][:, a], texts[1][:, b]), column
        else:
            assert np.array_equal(a, b), column
    again = overview(slow, EVERYTHING)
    assert (counted.protocols, counted.flags, counted.first, counted.last) == (again.protocols, again.flags, again.first, again.last)
    assert np.array_equal(line.counts, timeline(slow, EVERYTHING, every=10**10, by="ip.addr").counts)


def test_a_process_that_links_never_imports_numba(written: Path) -> None:
    """Importing it takes longer than loading a capture."""
    code = (
        "import sys; from pathlib import Path; from netsleuth_tui import native\n"
        f"native.load(Path({str(written / 'decode')!r}))\n"
        "assert 'numba' not in sys.modules and 'llvmlite' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("linked")
def test_arrays_of_another_kind_are_refused() -> None:
    """Machine code cannot check what it is given, so the caller does."""
    kernel = next(kernel for kernel in jit._compiler.kernels if kernel.name.endswith("hosts.place"))
    good = np.zeros(4, np.int64)
    kernel(good, good[:0], good[:0])
    for bad in (good.astype(np.int32), good[::2], good.reshape(2, 2)):
        with pytest.raises(TypeError, match="contiguous int64"):
            kernel(bad, good[:0], good[:0])
    with pytest.raises(ValueError, match="zip"):
        kernel(good, good)


def test_damaged_code_is_not_linked(written: Path, tmp_path: Path) -> None:
    """A cut or changed object file is found by its checksum; a missing one is missing."""
    for path in (written / "reading").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    victim = next(tmp_path.glob("*.o"))
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="damaged"):
        native.load(tmp_path)
    victim.unlink()
    with pytest.raises(OSError, match=victim.name.replace(".", r"\.")):
        native.load(tmp_path)


def test_only_kernels_whose_sources_changed_are_compiled_again(written: Path, tmp_path: Path) -> None:
    """The others are taken from another version's directory; damaged ones are not."""
    shutil.copytree(written / "reading", tmp_path / "kernels-1" / "reading")
    index = tmp_path / "kernels-1" / "reading" / native.INDEX
    entries = json.loads(index.read_text())
    changed = next(entry for entry in entries if entry["name"].endswith("records.write_records"))
    was = changed["made_of"]
    changed["made_of"] = "0" * 64
    for entry in entries:
        entry["symbol"] += "_"  # tells what was taken from what was compiled
    index.write_text(json.dumps(entries))
    (tmp_path / "kernels-1").chmod(0o700)
    found = kernel_cache.reusable(tmp_path / "kernels-2" / "reading", kernel_cache.Ingredients())
    assert {k.entry.name for k in found} == {entry["name"] for entry in entries} - {changed["name"]}
    entry = next(k for k in native.read(written / "reading") if k.entry.name == changed["name"]).entry
    assert entry.made_of == was == kernel_cache.Ingredients()(entry.name)
    (tmp_path / "kernels-1").chmod(0o777)
    assert kernel_cache.reusable(tmp_path / "kernels-2" / "reading", kernel_cache.Ingredients()) == []


def test_a_version_beside_spares_the_compiler(written: Path, tmp_path: Path) -> None:
    """With all kernels reusable, a group is there without Numba, and the same byte for byte."""
    for group in ("kernels-1", "kernels-2"):
        (tmp_path / group).mkdir(mode=0o700)
    shutil.copytree(written / "reading", tmp_path / "kernels-1" / "reading")
    (tmp_path / "kernels-2" / "reading").mkdir()
    code = (
        "import sys; sys.modules['numba'] = None; from pathlib import Path; from netsleuth_tui.warm_up import warm_up\n"
        "warm_up(Path(sys.argv[1]), 'reading')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "kernels-2" / "reading")], check=True)
    first, second = (native.read(tmp_path / name / "reading") for name in ("kernels-1", "kernels-2"))
    assert first == second


def test_reused_code_gives_way_where_its_callers_changed(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments of another type have the kernel compiled for them."""
    kernel = next(kernel for kernel in jit._compiler.kernels if kernel.name.endswith("records.write_records"))
    one = next(k for k in native.read(written / "reading") if k.entry.name == kernel.name)
    kept = []
    reused = Reused(kernel, one, native.link([one])[kernel.name], lambda name, _: kept.append(name) or one)
    monkeypatch.setattr(jit, "dispatcher", lambda _: lambda *args: args)
    monkeypatch.setattr(kernel, "compiled", reused)
    assert kernel(1, 2) == (1, 2)  # type: ignore[arg-type]
    assert kept == [kernel.name]
    assert kernel.compiled is not reused


def test_a_compiler_that_had_to_end_leaves_what_is_ready(written: Path, tmp_path: Path) -> None:
    """The next one compiles the others only, and the index of the unfinished goes when all are there."""
    for version in ("kernels-1", "kernels-2"):
        (tmp_path / version / "reading").mkdir(parents=True)
        (tmp_path / version).chmod(0o700)
    code = (
        "import sys; from pathlib import Path; from netsleuth_tui import jit, kernel_making; from netsleuth_tui.warm_up import warm_up\n"
        "def keep(self, name, dispatcher, keep=kernel_making.Making.keep):\n"
        "    keep(self, name, dispatcher); sys.exit(f'{name} is kept')\n"
        "kernel_making.Making.keep = keep\n"
        "warm_up(Path(sys.argv[1]), 'reading')"
    )
    half = tmp_path / "kernels-1" / "reading"
    done = subprocess.run([sys.executable, "-c", code, str(half)], check=False, capture_output=True, text=True)
    assert "is kept" in done.stderr
    assert not (half / native.INDEX).exists()
    [first] = native.read(half, native.UNFINISHED)
    making = Making(tmp_path / "kernels-2" / "reading", "reading")
    kernels = {kernel.name: kernel for kernel in jit.kernels("reading")}
    assert isinstance(making.form(kernels[first.entry.name]), Reused)
    assert first in native.read(written / "reading")
    del kernels[first.entry.name]
    assert {type(making.form(kernel)) for kernel in kernels.values()} == {Kept}
    with pytest.raises(RuntimeError, match="was not made here"):
        making.write()
    assert not (written / "reading" / native.UNFINISHED).exists()


@pytest.mark.parametrize("content", ["[{}]", "[1]", "null", "{}", "[]", "[{", ""])
def test_a_damaged_index_is_no_index(content: str, tmp_path: Path) -> None:
    """It is an error that has the kernels compiled again, not one that leaves them plain for good."""
    (tmp_path / native.INDEX).write_text(content)
    with pytest.raises(ValueError, match=r"kernels|Expecting"):
        native.load(tmp_path)


def test_the_compiler_runs_nothing_from_the_working_directory(tmp_path: Path) -> None:
    """A folder of captures may hold a numba.py; and without its parent the child ends at once."""
    (tmp_path / "numba.py").write_text("open('PWNED', 'w').close()")
    done = subprocess.run([*jit.WARM_UP, str(tmp_path), jit.GROUPS[0]], cwd=tmp_path, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 1
    assert not (tmp_path / "PWNED").exists()


def test_the_cache_directory_is_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that others can write to, or that is a link, is not used."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    directory = kernel_cache.directory()
    assert directory is not None
    assert directory.stat().st_mode & 0o077 == 0
    directory.chmod(0o777)
    assert kernel_cache.directory() is None
    directory.rmdir()
    directory.symlink_to(tmp_path)
    assert kernel_cache.directory() is None


@pytest.mark.usefixtures("linked")
def test_hosts_are_looked_up_within_the_table() -> None:
    """Ids beyond the table are not among those that are looked for, compiled or not."""
    ids = np.array([0, 1, 2, 3, 2**32 - 1], np.uint32)
    lookup = Lookup("found", "src", np.array([0, 1, 1], np.uint8))
    fast = lookup.over(ids).tolist()
    for kernel in jit._compiler.kernels:
        kernel.compiled = None
    assert fast == lookup.over(ids).tolist() == [False, True, True, False, False]


@pytest.mark.usefixtures("linked")
def test_growing_a_host_table_keeps_its_numbers() -> None:
    """The kernel that fills a larger table leaves every address its id."""
    table = HostTable()
    table.merge(load("net1_capture_v1(0).cap").hosts)
    before = table.lo.copy()
    table.reserve(1 << 16)
    assert np.array_equal(table.lo, before)
    assert table.merge(table).tolist() == list(range(table.count))


def test_sources_that_changed_meanwhile_are_not_said_to_be_compiled(tmp_path: Path) -> None:
    """A directory of a version that is no longer the one on the disk gets no machine code: it might be of other sources than it says."""
    stale = tmp_path / "kernels-0123456789abcdef" / "reading"
    stale.mkdir(parents=True)
    with pytest.raises(RuntimeError, match="the sources changed"):
        Making(stale, "reading").write()
    assert not list(stale.iterdir())


def test_what_does_not_lie_ready_is_not_compiled_unless_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small input links what there is; where there is nothing, the next one that needs it has it compiled."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    filled: list[str] = []
    monkeypatch.setattr(jit, "_fill", lambda directory: filled.append(directory.name))
    compiler = jit._Compiler()
    compiler.start(compiling=False, events_first=False)
    assert compiler.looked.wait(60)
    while compiler.state == "compiling":
        compiler.finished.wait(0.01)
    assert (compiler.state, compiler.is_cached, filled) == ("plain", False, [])
    compiler.start(compiling=True, events_first=False)
    assert compiler.finished.wait(60)
    assert compiler.state == "unavailable"
    assert set(filled) <= set(jit.GROUPS)
    assert filled


def test_what_lies_ready_is_linked_for_small_input(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to want it compiled."""
    monkeypatch.setattr(kernel_cache, "directory", lambda: written)
    monkeypatch.setattr(kernel_cache, "forget_old", lambda _: None)
    compiler = jit._Compiler()
    compiler.start(compiling=False, events_first=False)
    assert compiler.finished.wait(60)
    assert (compiler.state, compiler.is_cached) == ("compiled", True)
