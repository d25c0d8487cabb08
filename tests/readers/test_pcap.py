"""Classic pcap: every variant is read alike, old ones included, and lengths are not believed beyond their limits."""

from __future__ import annotations

import pytest
from readers.captures import KUZNETZOV, MICRO, NANO, SECOND, Frame, pcap_header, read, record
from readers.conftest import Write

A, B = b"first frame", b"the second one"
TIME = 1_700_000_000 * SECOND + 123_456_000


@pytest.mark.usefixtures("engine")
class TestVariants:
    """Files that differ in the widths and orders of their headers only."""

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize(("magic", "head"), [(MICRO, 16), (NANO, 16), (KUZNETZOV, 24)])
    def test_reads_every_magic_number_in_both_byte_orders(self, write: Write, order: str, magic: int, head: int) -> None:
        """The frames of all six variants are the same, but for where they lie."""
        path = write(pcap_header(order, magic) + record(A, TIME, order=order, magic=magic) + record(B, TIME + SECOND, 99, order, magic))
        second = 24 + head + len(A) + head
        assert read(path).frames == [Frame(A, len(A), TIME, 1, 24 + head), Frame(B, 99, TIME + SECOND, 1, second)]

    def test_nanoseconds_are_kept(self, write: Write) -> None:
        """The last digit of a nanosecond capture arrives."""
        assert read(write(pcap_header(magic=NANO) + record(A, TIME + 789, magic=NANO))).frames[0].time == TIME + 789

    @pytest.mark.parametrize("version", [(2, 0), (2, 1), (2, 2), (543, 0)])
    def test_old_versions_have_the_lengths_exchanged(self, write: Write, version: tuple[int, int]) -> None:
        """Before 2.3 the length on the wire stood first."""
        exchanged = record(A, captured=70, wire=len(A))
        assert read(write(pcap_header(version=version) + exchanged * 2)).frames[1] == Frame(A, 70, 0, 1, 24 + 16 + len(A) + 16)

    def test_version_2_3_has_either_order(self, write: Write) -> None:
        """In 2.3 the captured length is the smaller one."""
        path = write(pcap_header(version=(2, 3)) + record(A, captured=70, wire=len(A)) + record(A, wire=70))
        assert [(f.data, f.wire) for f in read(path).frames] == [(A, 70), (A, 70)]

    def test_a_later_version_is_read_and_noted(self, write: Write) -> None:
        """An unknown major version is no reason to give up, but worth a note."""
        result = read(write(pcap_header(version=(3, 0)) + record(A)))
        assert len(result.frames) == 1
        assert result.notes == ["pcap version 3.0 is unknown; read as 2.4"]

    def test_the_upper_half_of_the_link_type_is_not_part_of_it(self, write: Write) -> None:
        """Bits 16 to 31 hold the length of the frame check sequence."""
        result = read(write(pcap_header(link=1 | 4 << 28 | 1 << 26) + record(A)))
        assert result.frames[0].link == 1
        assert result.interfaces[0].link_type == 1

    @pytest.mark.parametrize("snap", [0, 5, 0xFFFFFFFF])
    def test_the_snap_length_is_reported_and_not_enforced(self, write: Write, snap: int) -> None:
        """Writers get it wrong; frames longer than it are whole all the same."""
        result = read(write(pcap_header(snap=snap) + record(A)))
        assert result.frames[0].data == A
        assert result.interfaces[0].snap_length == snap

    def test_fractions_beyond_a_second_are_carried(self, write: Write) -> None:
        """2.5 million microseconds are two and a half seconds."""
        content = pcap_header() + (7).to_bytes(4, "little") + (2_500_000).to_bytes(4, "little") + record(A)[8:]
        assert read(write(content)).frames[0].time == 9 * SECOND + 500_000_000

    def test_times_reach_to_2106(self, write: Write) -> None:
        """Seconds are unsigned."""
        assert read(write(pcap_header() + record(A, 0xFFFFFFFF * SECOND))).frames[0].time == 0xFFFFFFFF * SECOND

    def test_a_header_alone_is_an_empty_capture(self, write: Write) -> None:
        """No frames, no damage."""
        result = read(write(pcap_header()))
        assert (result.frames, result.damage) == ([], [])


@pytest.mark.usefixtures("engine")
class TestDamage:
    """What comes before damage is kept, and where it is is said."""

    @pytest.mark.parametrize("length", [262_145, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
    def test_an_impossible_length_ends_the_reading_there(self, write: Write, length: int) -> None:
        """The offset is that of the record whose length is wrong."""
        good = pcap_header() + record(A) * 3
        result = read(write(good + record(A, captured=length) + record(A)))
        assert len(result.frames) == 3
        assert str(result.damage[0]) == f"damaged at byte {len(good)}: a frame of {length} bytes is longer than the maximum of 262144"

    def test_the_longest_frame_is_read(self, write: Write) -> None:
        """262,144 bytes are still believed."""
        assert len(read(write(pcap_header() + record(bytes(262_144)))).frames[0].data) == 262_144

    def test_d_bus_messages_may_be_longer_than_a_block(self, write: Write) -> None:
        """A frame of a link type with a higher maximum gets a block of its own, and the next frames are found."""
        long = bytes(range(256)) * 40_000
        result = read(write(pcap_header(link=231) + record(A) + record(long) + record(B)))
        assert [f.data for f in result.frames] == [A, long, B]
        assert result.damage == []

    def test_a_cut_record_header_is_damage_where_the_file_ends(self, write: Write) -> None:
        """Seven bytes of a header hold nothing."""
        content = pcap_header() + record(A) + record(B)[:7]
        assert (
            str(read(write(content)).damage[0])
            == f"damaged at byte {len(content)}: the file ends inside a record header, after 7 of 16 bytes"
        )

    def test_a_cut_frame_is_damage_where_its_record_begins(self, write: Write) -> None:
        """The whole frames before it are kept."""
        content = pcap_header() + record(A)
        result = read(write(content + record(B)[:-3]))
        assert len(result.frames) == 1
        assert str(result.damage[0]) == f"damaged at byte {len(content)}: the file ends inside a frame, after 11 of 14 bytes"

    @pytest.mark.parametrize("length", [4, 23])
    def test_a_cut_file_header_is_damage(self, write: Write, length: int) -> None:
        """A file that begins as pcap and ends there is a damaged capture, not an unknown file."""
        assert read(write(pcap_header()[:length])).damage[0].offset == length
