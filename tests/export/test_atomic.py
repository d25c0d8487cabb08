"""Files appear whole or not at all, whatever goes wrong, and never in place of another."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netsleuth_tui.export import atomic
from netsleuth_tui.export.atomic import ExportError, open_new

CONTENT = bytes(range(256)) * 400
"""102,400 bytes: more than the buffer."""

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def write(path: str | Path, content: bytes = CONTENT, *, force: bool = False) -> None:
    with open_new(path, force=force) as out:
        for first in range(0, len(content), 7000):
            out.write(content[first : first + 7000])


def test_a_new_file(tmp_path: Path) -> None:
    """The file is whole, its owner's alone, and nothing else is there; the target shows up only at the end."""
    target = tmp_path / "rows.csv"
    with open_new(target) as out:
        out.write(CONTENT)
        (part,) = tmp_path.iterdir()
        assert part.name.startswith("rows.csv.")
        assert part.name.endswith(".part")
    assert target.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
    if os.name != "nt":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, "-", ".csv", "a b\n\x1b"])
def test_any_name_that_the_system_takes(tmp_path: Path, name: str) -> None:
    """Names of the greatest length leave room for the ending of the unfinished file."""
    write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("force", [False, True])
def test_an_exception_leaves_nothing(tmp_path: Path, error: type[BaseException], *, force: bool) -> None:
    """Whatever ends the block, there is no file, and an old one is as it was."""
    target = tmp_path / "rows.csv"
    if force:
        target.write_text("old")
    with pytest.raises(error), open_new(target, force=force) as out:  # noqa: PT012 - the block is what fails
        out.write(CONTENT)
        raise error
    assert [path.read_text() for path in tmp_path.iterdir()] == (["old"] if force else [])


def test_an_existing_file_is_refused_and_replaced_with_force(tmp_path: Path) -> None:
    """Without force the old content stays, with force the new one takes its place; other names of the old file keep it."""
    target = tmp_path / "rows.csv"
    target.write_text("old")
    other = tmp_path / "hard link"
    other.hardlink_to(target)
    with pytest.raises(ExportError, match=r"exists already.*--force"):
        write(target)
    assert target.read_text() == "old"
    write(target, force=True)
    assert target.read_bytes() == CONTENT
    assert other.read_text() == "old"


@posix
@pytest.mark.parametrize("points_at", ["file", "nothing"])
def test_symbolic_links_are_never_followed(tmp_path: Path, points_at: str) -> None:
    """A link to a file, or to nothing, is refused, or replaced itself."""
    (tmp_path / "file").write_text("old")
    link = tmp_path / "link"
    link.symlink_to(points_at)
    with pytest.raises(ExportError, match="exists already"):
        write(link)
    write(link, force=True)
    assert not link.is_symlink()
    assert link.read_bytes() == CONTENT
    assert (tmp_path / "file").read_text() == "old"
    assert not (tmp_path / "nothing").exists()


@contextlib.contextmanager
def destination(kind: str, base: Path) -> Iterator[tuple[str, str]]:  # noqa: C901 - one case per kind
    """A place where no file can be made, and what the error says about it."""
    if kind == "directory":
        yield str(base), "is a directory"
    elif kind == "directory with a slash":
        yield f"{base / 'new'}/", "is a directory"
    elif kind == "link to a directory":
        (base / "link").symlink_to(base)
        yield str(base / "link"), "is a directory"
    elif kind == "no such directory":
        yield str(base / "missing" / "rows.csv"), "no such directory"
    elif kind == "below a file":
        (base / "file").touch()
        yield str(base / "file" / "rows.csv"), "is not a directory"
    elif kind == "pipe":
        os.mkfifo(base / "pipe")
        yield str(base / "pipe"), "is a named pipe, not a file"
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(base / "s"))
            yield str(base / "s"), "is a socket, not a file"
    elif kind == "device":
        yield "/dev/null", "is a device, not a file"
    elif kind == "name too long":
        yield str(base / ("a" * 300)), "too long"
    elif kind == "null byte":
        yield str(base / "a\0b"), "null"
    elif kind == "empty":
        yield "", "is a directory"
    elif kind == "link loop":
        (base / "loop").symlink_to("loop")
        yield str(base / "loop"), "exists already|too many levels"


KINDS = (
    *("directory", "directory with a slash", "link to a directory", "no such directory", "below a file", "pipe", "socket", "device"),
    *("name too long", "null byte", "empty"),
)


@posix
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_destinations_that_cannot_be(kind: str, *, force: bool) -> None:
    """Each says what it is, at once, with force as without, and nothing is left behind."""
    with tempfile.TemporaryDirectory() as directory, destination(kind, Path(directory)) as (target, reason):
        before = sorted(Path(directory).iterdir())
        with pytest.raises(ExportError, match=reason):
            write(target, force=force)
        assert sorted(Path(directory).iterdir()) == before


@posix
def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    """A link to itself is a name that exists."""
    with destination("link loop", tmp_path) as (target, reason), pytest.raises(ExportError, match=reason):
        write(target)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_dev_full_is_a_device(tmp_path: Path) -> None:
    """Also behind a link, as /dev/stdout is one."""
    link = tmp_path / "out"
    link.symlink_to("/dev/full")
    with pytest.raises(ExportError, match=r"is a device, not a file.*standard output"):
        write(link, force=True)


def test_the_name_appears_while_the_file_is_written(tmp_path: Path) -> None:
    """Somebody else's file of the same name wins, and nothing of ours remains."""
    target = tmp_path / "rows.csv"
    with pytest.raises(ExportError, match="exists already"), open_new(target) as out:  # noqa: PT012 - the block is what fails
        out.write(CONTENT)
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


@posix
def test_a_swapper_never_gets_us_to_follow_a_link(tmp_path: Path) -> None:
    """While somebody makes and removes a link at the target, the file behind the link stays as it is."""
    precious = tmp_path / "precious"
    precious.write_text("old")
    target = tmp_path / "rows.csv"
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError):
                target.symlink_to(precious)
            with contextlib.suppress(OSError):
                target.unlink()

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(200):
            with contextlib.suppress(ExportError):
                write(target, b"new")
    finally:
        done.set()
        swapper.join()
    assert precious.read_text() == "old"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("name", ["EPERM", "EOPNOTSUPP", "ENOSYS"])
def test_file_systems_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without `link` the file still appears whole, and still replaces nothing."""

    def link(*_: Any, **__: Any) -> None:
        raise OSError(getattr(errno, name), "no links here")

    monkeypatch.setattr(os, "link", link)
    target = tmp_path / "rows.csv"
    write(target)
    assert target.read_bytes() == CONTENT
    with pytest.raises(ExportError, match="exists already"), open_new(tmp_path / "other") as out:  # noqa: PT012 - the block is what fails
        out.write(b"ours")
        (tmp_path / "other").write_text("theirs")
    assert (tmp_path / "other").read_text() == "theirs"
    assert not list(tmp_path.glob("*.part"))


CALLS = [
    ("fsync", errno.EIO),
    ("fsync", errno.ENOSPC),
    ("link", errno.EIO),
    ("link", errno.ENOSPC),
    ("replace", errno.EIO),
    ("open", errno.ENOSPC),
]


@posix
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("call", "code"), CALLS)
def test_a_system_call_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, *, force: bool) -> None:
    """Whichever call fails, the file is whole or it is not there, and the error says which file."""

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        survives = call == ("link" if force else "replace")
        with contextlib.nullcontext() if survives else pytest.raises(ExportError, match=rf"rows\.csv: .*{os.strerror(code).lower()}"):
            write(tmp_path / "rows.csv", force=force)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([CONTENT] if survives else [])


@pytest.mark.parametrize("code", [0, errno.EINVAL, errno.EIO, errno.ENOSPC])
def test_the_disk_takes_bytes_while_more_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """What it says then is said of the file, though the system says it only once; file systems that cannot do it are excused."""
    asked: list[int] = []

    def take(descriptor: int) -> None:
        asked.append(os.fstat(descriptor).st_size)
        if code:
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic, "_DATA_TO_DISK", take)
    monkeypatch.setattr(atomic, "_MUCH", 1 << 20)
    piece, fails = bytes(range(256)) * 1024, code in {errno.EIO, errno.ENOSPC}
    expected = pytest.raises(ExportError, match=os.strerror(code).lower()) if fails else contextlib.nullcontext()
    with expected, open_new(tmp_path / "rows.csv") as out:
        for _ in range(20):
            out.write(piece)
    assert asked
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([] if fails else [20 * piece])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("disk")]


def test_a_directory_that_cannot_be_synced_still_has_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the name is there the export has succeeded, on file systems too that cannot sync a directory."""
    real = os.fsync
    calls: list[int] = []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not here")
        real(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    write(tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_bytes() == CONTENT
    assert len(calls) == (1 if os.name == "nt" else 2)


LIMITED = """
import resource, sys
from pathlib import Path
from netsleuth_tui.export.atomic import ExportError, open_new
content = bytes(range(256)) * 400
directory = Path(sys.argv[1])
step = int(sys.argv[2])
for limit in range(0, len(content) + 2 * step, step):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    target = directory / f"at {limit}"
    try:
        with open_new(target) as out:
            for first in range(0, len(content), 7000):
                out.write(content[first:first + 7000])
    except ExportError as error:
        assert not target.exists() and limit < len(content), limit
        assert "file too large" in str(error) and f"after {min(limit, len(content)):,} bytes" in str(error), (limit, str(error))
        assert "bytes free" in str(error)
    else:
        assert target.read_bytes() == content and limit >= len(content), limit
        target.unlink()
    assert list(directory.iterdir()) == [], limit
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))  # whoever measures this run writes afterwards
print("done")
"""


@posix
def test_no_room_at_any_point(tmp_path: Path) -> None:
    """The file may grow to N bytes, for 200 N: it is whole, or absent with an error that says how far it came."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(len(CONTENT) // 200)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


KILLED = """
import sys, time
from netsleuth_tui.export.atomic import open_new
while True:
    with open_new(sys.argv[1], force=True) as out:
        for _ in range(20):
            out.write(b"new" * 10_000)
            print("x", flush=True)
"""


@posix
def test_a_kill_leaves_an_obvious_part_at_most(tmp_path: Path) -> None:
    """Killed at any time, the target is one of the whole contents, and what else remains ends in .part."""
    target = tmp_path / "rows.csv"
    for attempt in range(12):
        target.write_bytes(b"old")
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(target)], stdout=subprocess.PIPE)
        assert child.stdout
        child.stdout.readline()
        time.sleep(attempt * 0.004)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert target.read_bytes() in {b"old", b"new" * 200_000}
        assert all(path.name.endswith(".part") for path in tmp_path.iterdir() if path != target)


UNPRIVILEGED = """
import os, sys
from netsleuth_tui.export.atomic import ExportError, open_new
str(ExportError("", where="-"))  # imports what it needs while the package can be read
os.seteuid(65534)
try:
    with open_new(sys.argv[1]) as out:
        out.write(b"x")
except ExportError as error:
    print(error)
"""


@posix
def test_a_directory_that_is_read_only() -> None:
    """It is named, and the error says that no file can be made in it."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.chmod(0o555)
        target = place / "rows.csv"
        if os.geteuid() == 0:
            done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, str(target)], capture_output=True, text=True, check=True)
            message = done.stdout
        else:
            with pytest.raises(ExportError) as caught:
                write(target)
            message = str(caught.value)
        assert f"cannot make a file in {place}: permission denied" in message
        place.chmod(0o700)
        assert list(place.iterdir()) == []
