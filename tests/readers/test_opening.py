"""Opening: by content, never by name; what is no capture is refused with words that help, and nothing blocks."""

from __future__ import annotations

import io
import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from readers.captures import enhanced, interface, pcap_header, read, record, section
from readers.conftest import Write

from netsleuth_tui.readers import UnreadableFile, open_capture, read_frame
from netsleuth_tui.readers.opening import open_in_blocks
from netsleuth_tui.readers.sources import StreamSource
from netsleuth_tui.wording import spoken

A, B = b"first frame", b"the second one"
PCAP = pcap_header() + record(A) + record(B)


def refusal(path: Path | str) -> str:
    """What is said when `path` is opened."""
    with pytest.raises(UnreadableFile) as caught:
        open_capture(str(path))
    assert spoken(str(path)) in str(caught.value)
    return str(caught.value)


def refusal_in_time(path: Path) -> str:
    """The same where opening might block for ever."""
    said: list[str] = []
    opening = threading.Thread(target=lambda: said.append(refusal(path)), daemon=True)
    opening.start()
    opening.join(20)
    assert not opening.is_alive(), "opening blocks"
    return said[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello\n", "is not a capture"),
        (b"4", "is not a capture"),
        (b"\n", "is not a capture"),
        (bytes(5000), "begins with zeros only"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a Git LFS pointer"),
        (b"TRSNIFF data    \x1a", "is a Sniffer capture, which is not read"),
        (b"ElfFile\0" + bytes(100), "is a Windows event log (.evtx), not a capture"),
        (b"PK\x03\x04", "is a zip archive"),
    ],
)
def test_what_is_no_capture_is_named(write: Write, content: bytes, words: str) -> None:
    """The message says what the file is, as far as its first bytes tell."""
    assert words in refusal(write(content))


@pytest.mark.parametrize("magic", [b"\xd4", b"\xa1", b"\xd4\xc3\xb2", b"\xa1\xb2", b"\x4d\x3c\xb2", b"\x0a\x0d\x0d"])
def test_a_file_that_ends_inside_a_magic_number_is_a_damaged_capture(write: Write, magic: bytes) -> None:
    """Its damage is where it ends."""
    result = read(write(magic))
    assert (result.frames, result.damage[0].offset) == ([], len(magic))


def test_names_say_nothing(tmp_path: Path) -> None:
    """A pcapng file named .pcap, and a pcap file named .txt."""
    (tmp_path / "a.pcap").write_bytes(section() + interface() + enhanced(A))
    (tmp_path / "b.txt").write_bytes(PCAP)
    readers = [open_capture(str(tmp_path / n)) for n in ("a.pcap", "b.txt")]
    assert [reader.format for reader in readers] == ["pcapng", "pcap"]
    for reader in readers:
        reader.close()


def test_the_missing_and_the_irregular_are_refused(tmp_path: Path) -> None:
    """A directory, nothing at all, a socket, a device, a name with a NUL."""
    assert "is a directory" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "none")
    assert "is a device" in refusal("/dev/null")
    assert "not a file name" in refusal("a\0b")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert "is a socket" in refusal(tmp_path / "socket")


def test_a_fifo_without_a_writer_does_not_block(tmp_path: Path) -> None:
    """It is refused at once."""
    os.mkfifo(tmp_path / "fifo")
    assert "is a pipe" in refusal_in_time(tmp_path / "fifo")


def test_a_fifo_that_takes_the_place_of_a_file_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the opening."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_bytes(PCAP)
    regular = (tmp_path / "file").stat()
    monkeypatch.setattr(Path, "stat", lambda _: regular)
    assert "is a pipe" in refusal_in_time(tmp_path / "fifo")


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says why."""
    (tmp_path / "a").write_bytes(PCAP)

    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    assert "not permitted to read it" in refusal(tmp_path / "a")


def test_opening_reads_no_more_than_the_head(write: Write) -> None:
    """The rest waits for `batches`."""
    reader = open_capture(str(write(pcap_header() + record(bytes(1000)) * 100)))
    assert reader.position <= 4096
    assert reader.size == 24 + 1016 * 100
    list(reader.batches())
    assert reader.position == reader.size


class TestStandardInput:
    """Standard input is read where the path is "-"; it may be a live capture."""

    @pytest.fixture
    def pipe(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
        """Standard input as a pipe; its other end."""
        down, up = os.pipe()
        with os.fdopen(down, "r") as stdin, io.FileIO(up, "w") as pipe:
            monkeypatch.setattr(sys, "stdin", stdin)
            yield pipe

    def test_is_read_to_its_end(self, pipe: io.FileIO) -> None:
        """Frames as in a file; the size is unknown."""
        pipe.write(PCAP)
        pipe.close()
        reader = open_capture("-")
        assert sum(batch.count for batch in reader.batches()) == 2
        assert (reader.size, reader.position, reader.damage) == (0, len(PCAP), [])

    def test_frames_arrive_before_the_stream_ends(self, pipe: io.FileIO) -> None:
        """What has come is handed on although the block is not full."""
        pipe.write(PCAP)
        batches = open_capture("-").batches()
        assert next(batches).count == 2
        pipe.write(record(A))
        assert next(batches).count == 1
        pipe.close()
        assert list(batches) == []

    def test_closing_ends_the_waiting(self, pipe: io.FileIO) -> None:
        """From another thread, while nothing comes."""
        pipe.write(PCAP)
        reader = open_capture("-")
        batches = reader.batches()
        next(batches)
        threading.Timer(0.1, reader.close).start()
        ended: list[int] = []
        waiting = threading.Thread(target=lambda: ended.append(len(list(batches))), daemon=True)
        waiting.start()
        waiting.join(20)
        assert ended == [0]
        assert reader.damage == []

    def test_a_cut_stream_is_damaged(self, pipe: io.FileIO) -> None:
        """As a cut file is."""
        pipe.write(PCAP[:-1])
        pipe.close()
        reader = open_capture("-")
        assert sum(batch.count for batch in reader.batches()) == 1
        assert reader.damage[0].offset == 24 + 16 + len(A)

    def test_a_terminal_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody types a capture."""
        monkeypatch.setattr(os, "isatty", lambda _: True)
        assert "is a terminal" in refusal("-")

    def test_cannot_be_read_again(self) -> None:
        """A frame of it is gone once its batch is."""
        with pytest.raises(UnreadableFile, match="second time"):
            read_frame("-", "", 0, 1)

    def test_an_unreadable_stream_is_damage(self, pipe: io.FileIO, monkeypatch: pytest.MonkeyPatch) -> None:
        """An error of the system while reading keeps what came before."""
        pipe.write(PCAP)
        reader = open_in_blocks("-")
        batches = reader.batches()
        assert next(batches).count == 2

        def fail(*_: object) -> int:
            raise OSError(5, "Input/output error")

        source = reader._disk
        assert isinstance(source, StreamSource)
        monkeypatch.setattr(source, "_file", type("Broken", (), {"fileno": source._file.fileno, "readinto": fail})())
        pipe.close()
        assert list(batches) == []
        assert str(reader.damage[0]) == f"damaged at byte {len(PCAP)}: cannot be read any further: Input/output error"


class TestFilesThatChange:
    """Captures that are written, cut or taken away while they are read."""

    LONG = pcap_header() + record(bytes(84)) * 100

    def test_growth_is_noted_and_not_read(self, write: Write) -> None:
        """The file is as long as it was when it was opened, and a record that was not whole then is no damage."""
        path = write(self.LONG + record(A)[:20])
        reader = open_in_blocks(str(path), block=1000, first=1000)
        batches = reader.batches()
        count = next(batches).count
        path.write_bytes(self.LONG + record(A) + record(B))
        count += sum(batch.count for batch in batches)
        assert count == 100
        assert reader.notes == [f"grew by {len(record(A) + record(B)) - 20} bytes while it was read"]
        assert reader.damage == []

    def test_shrinking_is_damage_where_it_ends(self, write: Write) -> None:
        """What was read before is kept."""
        path = write(self.LONG)
        reader = open_in_blocks(str(path), block=1000, first=1000)
        batches = reader.batches()
        count = next(batches).count
        os.truncate(path, 5050)
        count += sum(batch.count for batch in batches)
        assert count == 50
        assert [str(d) for d in reader.damage] == ["damaged at byte 5050: the file became 4974 bytes shorter while it was read"]

    def test_removal_does_not_matter(self, write: Write) -> None:
        """The open file remains readable."""
        path = write(self.LONG)
        reader = open_in_blocks(str(path), block=1000, first=1000)
        batches = reader.batches()
        next(batches)
        path.unlink()
        assert sum(batch.count for batch in batches) == 90 + 1

    def test_an_error_of_the_disk_is_damage(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the system's words."""
        reader = open_in_blocks(str(write(self.LONG)), block=1000, first=1000)
        batches = reader.batches()
        next(batches)

        def fail(*_: object) -> int:
            raise OSError(116, "Stale file handle")

        real = reader._disk._file
        broken = type("Broken", (), {"closed": False, "readinto": fail, "close": lambda _: real.close(), "fileno": lambda _: real.fileno()})
        monkeypatch.setattr(reader._disk, "_file", broken())
        assert sum(batch.count for batch in batches) == 40 - 9
        assert "damaged at byte 4096: the file cannot be read any further: Stale file handle" in str(reader.damage[0])


class TestReadFrame:
    """One frame again, for the detail pane."""

    def test_gives_the_bytes_at_an_offset(self, write: Write) -> None:
        """As the batch had them."""
        path = write(PCAP)
        assert [read_frame(str(path), "", f.offset, len(f.data)) for f in read(path).frames] == [A, B]

    def test_gives_less_where_the_file_ends(self, write: Write) -> None:
        """A file that was cut since then, and a length that is nobody's."""
        path = write(PCAP)
        assert read_frame(str(path), "", len(PCAP) - 3, 2**40) == B[-3:]
        assert read_frame(str(path), "", 10**12, 10) == b""

    def test_says_so_if_the_file_is_gone(self, tmp_path: Path) -> None:
        """As opening does."""
        with pytest.raises(UnreadableFile, match="no such file"):
            read_frame(str(tmp_path / "gone"), "", 0, 1)


def test_modes_are_named() -> None:
    """Every kind of file that is no regular one has a word."""
    from netsleuth_tui.readers.sources import _refuse_irregular

    for mode in (stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR, stat.S_IFLNK):
        with pytest.raises(UnreadableFile):
            _refuse_irregular("x", mode)
