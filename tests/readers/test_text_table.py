"""Tables of text: separators, quotes, encodings, and lines that are broken."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsleuth_tui.readers import TextTable, UnreadableFile, open_capture, open_file
from netsleuth_tui.readers import text_table as module
from netsleuth_tui.readers.limits import LONGEST_LINE


def table(path: Path, content: bytes) -> TextTable:
    """The content as an open table."""
    path.write_bytes(content)
    opened = open_file(str(path))
    assert isinstance(opened, TextTable)
    return opened


def rows(opened: TextTable) -> list[tuple[int, list[str]]]:
    """All rows with the lines in which they begin."""
    return [(line, row) for block in opened.blocks() for line, row in zip(block.lines.tolist(), block.rows, strict=True)]


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", b"a\tb\r\n1\t2\r\n", b"a;b\n1;2", b"\xef\xbb\xbfa,b\n1,2\n", '"a","b"\n"1","2"\n'.encode("utf-16"), b"a|b\n\n1|2\n"],
)
def test_every_dialect_has_the_same_rows(tmp_path: Path, content: bytes) -> None:
    """Separators, line ends, byte order marks, UTF-16 and quotes are a matter of form."""
    assert [row for _, row in rows(table(tmp_path / "t", content))] == [["a", "b"], ["1", "2"]]


def test_single_quotes_and_commas_inside(tmp_path: Path) -> None:
    """`-E quote=s` is understood, and what is quoted separates nothing."""
    assert rows(table(tmp_path / "t", b"a,b\n'x,y','2'\n"))[1] == (2, ["x,y", "2"])


def test_a_compressed_table(tmp_path: Path) -> None:
    """Compression is what it is for captures."""
    opened = table(tmp_path / "t", gzip.compress(b"a,b\n1,2\n"))
    assert opened.compression == "gzip"
    assert len(rows(opened)) == 2


def test_a_cell_of_several_lines(tmp_path: Path) -> None:
    """Lines are counted as they are in the file, and offsets are where they begin."""
    blocks = list(table(tmp_path / "t", b'a,b\n1,"x\ny"\n\n3,4\n').blocks())
    assert blocks[0].lines.tolist() == [1, 2, 5]
    assert blocks[0].offsets.tolist() == [0, 4, 13]


def test_a_quote_that_never_closes_costs_its_own_line(tmp_path: Path) -> None:
    """Lines behind it are rows as ever, be it the only one of its kind or one of two."""
    for quotes in (1, 2):
        content = b"a,b\n" + b'1,"x\n' * quotes + b"3,4\n" * 100
        assert rows(table(tmp_path / "t", content))[-100:] == [(quotes + 2 + k, ["3", "4"]) for k in range(100)]


def test_a_huge_line_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its number; whether it fits a block or not."""
    for block in (1 << 20, 1 << 15):
        monkeypatch.setattr(module, "TABLE_BLOCK", block)
        opened = table(tmp_path / "t", b"a,b\n1,2\n" + b"x" * (LONGEST_LINE * 3) + b",y\n3,4\n")
        assert rows(opened) == [(1, ["a", "b"]), (2, ["1", "2"]), (4, ["3", "4"])]
        message = f"damaged in line 3: the line is longer than {LONGEST_LINE} bytes and was left out"
        assert [str(damage) for damage in opened.damage] == [message]


def test_a_cut_off_compression_is_damage(tmp_path: Path) -> None:
    """What came before is kept."""
    content = gzip.compress(b"".join(b"%d,%d\n" % (k, k * 7919) for k in range(5000)))[:-600]
    opened = table(tmp_path / "t", content)
    assert len(rows(opened)) > 1000
    assert "end too early" in str(opened.damage[0])


def test_a_table_is_no_capture(tmp_path: Path) -> None:
    """Where frames are wanted it says so."""
    (tmp_path / "t").write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableFile, match="no frames"):
        open_capture(str(tmp_path / "t"))


@given(st.lists(st.binary(max_size=60), max_size=20), st.integers(0, 3))
def test_any_bytes_end(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], separator: int) -> None:
    """Whatever follows a line of text, reading ends, and lines ascend within the file."""
    content = b"a,b\n" + [b"\n", b'"', b",", b"\0"][separator].join(parts)
    found = rows(table(tmp_path_factory.mktemp("any") / "t", content))
    lines = [line for line, _ in found]
    assert lines == sorted(set(lines))
    assert lines[-1] <= content.count(b"\n") + 1
