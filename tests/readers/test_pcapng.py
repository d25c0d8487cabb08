"""pcapng: sections, interfaces, clocks, every packet block, and what the file says about itself."""

from __future__ import annotations

import struct

import pytest
from readers.captures import (
    END_OF_OPTIONS,
    NO_TIME,
    SECOND,
    block,
    enhanced,
    interface,
    obsolete,
    option,
    pcap_header,
    read,
    section,
    simple,
    statistics,
)
from readers.conftest import Write

from netsleuth_tui.readers import Comment, Interface

A, B, C = b"first frame", b"the second one", b"3"
pytestmark = pytest.mark.usefixtures("engine")


class TestSections:
    """Byte order, interfaces and clocks begin anew with every section."""

    @pytest.mark.parametrize("order", ["<", ">"])
    def test_reads_both_byte_orders(self, write: Write, order: str) -> None:
        """Frames and times are the same."""
        path = write(
            section(order=order) + interface(order=order) + enhanced(A, 1_500_000, order=order) + enhanced(B, 2, wire=70, order=order)
        )
        frames = read(path).frames
        assert [(f.data, f.wire, f.time, f.link, f.offset) for f in frames] == [(A, 11, 1_500_000_000, 1, 76), (B, 70, 2000, 1, 120)]

    def test_sections_of_both_byte_orders_follow_each_other(self, write: Write) -> None:
        """The second section's interface 0 is not the first one's."""
        first = section() + interface(link=1) + enhanced(A)
        second = section(order=">") + interface(order=">", link=101) + enhanced(B, order=">")
        result = read(write(first + second + first))
        assert [(f.data, f.link) for f in result.frames] == [(A, 1), (B, 101), (A, 1)]
        assert [i.link_type for i in result.interfaces] == [1, 101, 1]

    def test_interfaces_of_a_section_are_forgotten_in_the_next(self, write: Write) -> None:
        """A frame of an interface that only an earlier section described is damage."""
        good = section() + interface() + enhanced(A) + section()
        result = read(write(good + enhanced(B)))
        assert len(result.frames) == 1
        assert str(result.damage[0]) == f"damaged at byte {len(good)}: a frame of interface 0, but 0 are described"

    @pytest.mark.parametrize("size", [-1, -2, 8, 2**62])
    def test_the_section_length_is_not_believed(self, write: Write, size: int) -> None:
        """Whatever it says, blocks are read on."""
        assert len(read(write(section(size=size) + interface() + enhanced(A) * 2)).frames) == 2

    def test_an_unknown_version_is_read_and_noted_once(self, write: Write) -> None:
        """Version 2.0 may be anything, but is most likely readable."""
        part = section(version=(2, 0)) + interface() + enhanced(A)
        result = read(write(part + part))
        assert len(result.frames) == 2
        assert result.notes == ["pcapng version 2.0 is unknown; read as 1.0"]

    def test_every_frame_has_the_link_type_of_its_interface(self, write: Write) -> None:
        """Link types mix within a section, also when an interface is described late."""
        content = section() + interface(link=1) + enhanced(A) + interface(link=113) + enhanced(B, index=1) + enhanced(C)
        assert [f.link for f in read(write(content)).frames] == [1, 113, 1]

    def test_interfaces_are_described(self, write: Write) -> None:
        """Name, description and snap length; a closing NUL and bytes that are not UTF-8 do no harm."""
        options = option(2, b"eth0\0") + option(3, b"up\xfflink") + END_OF_OPTIONS
        assert read(write(section() + interface(options, link=113, snap=80))).interfaces == [
            Interface(113, "eth0", "up\\xfflink", 80, None)
        ]

    def test_many_interfaces_are_all_known(self, write: Write) -> None:
        """A thousand interfaces, the last of which has a frame."""
        described = b"".join(interface(link=i) for i in range(1000))
        assert read(write(section() + described + enhanced(A, index=999))).frames[0].link == 999


class TestBlocks:
    """Packet blocks of three kinds, and blocks that are passed over."""

    def test_simple_packet_blocks_have_no_time(self, write: Write) -> None:
        """Their captured length follows from the snap length, the wire length and the block."""
        content = section() + interface(link=113, snap=8) + simple(A[:8], wire=11) + simple(C, wire=1)
        assert [(f.data, f.wire, f.time, f.link) for f in read(write(content)).frames] == [(A[:8], 11, NO_TIME, 113), (C, 1, NO_TIME, 113)]

    def test_a_simple_packet_block_is_not_longer_than_it_is(self, write: Write) -> None:
        """Without a snap length the block's own length bounds the frame."""
        assert read(write(section() + interface() + simple(bytes(8), wire=500))).frames[0].data == bytes(8)

    def test_a_simple_packet_block_needs_an_interface(self, write: Write) -> None:
        """Without one its link type is unknown."""
        assert read(write(section() + simple(A))).damage[0].offset == len(section())

    def test_obsolete_packet_blocks_are_read(self, write: Write) -> None:
        """With their interface and time."""
        content = section() + interface() + interface(link=113) + obsolete(A, 5, index=1)
        assert [(f.data, f.time, f.link) for f in read(write(content)).frames] == [(A, 5000, 113)]

    @pytest.mark.parametrize("kind", [4, 7, 9, 10, 0xBAD, 0x40000BAD, 0xFFFFFFFF])
    def test_other_blocks_are_passed_over(self, write: Write, kind: int) -> None:
        """By their length, whatever is in them."""
        content = section() + interface() + enhanced(A) + block(kind, b"\xff" * 101) + enhanced(B)
        assert [f.data for f in read(write(content)).frames] == [A, B]

    def test_options_that_end_with_the_block_are_legal(self, write: Write) -> None:
        """There need not be an end of options."""
        options = option(2, bytes(4)) * 2000
        assert len(read(write(section() + interface() + enhanced(A, options=options) + enhanced(B))).frames) == 2


class TestTimes:
    """Every resolution and offset, exactly."""

    @pytest.mark.parametrize(
        ("resolution", "ticks", "expected"),
        [
            (0, 7, 7 * SECOND),
            (3, 7, 7_000_000),
            (9, 2**62, NO_TIME),
            (9, 2**62 - 10**9, 2**62 - 10**9),
            (12, 10**18 + 999, 10**15),
            (19, 2**64 - 1, 1_844_674_407),
            (127, 2**64 - 1, 0),
            (0x80, 7, 7 * SECOND),
            (0x88, 0x1_80, 1_500_000_000),
            (0x80 | 32, 2**64 - 1, (2**64 - 1) * SECOND >> 32),
            (0x80 | 63, 2**64 - 1, 1_999_999_999),
            (0x80 | 64, 2**63, 500_000_000),
            (0xFF, 2**64 - 1, 0),
            (6, 2**63, NO_TIME),
            (0, 2**40, NO_TIME),
            (0x80, 2**64 - 1, NO_TIME),
        ],
    )
    def test_resolutions(self, write: Write, resolution: int, ticks: int, expected: int) -> None:
        """Powers of ten and of two, with an impossible time where 64 bits of nanoseconds end."""
        options = option(9, bytes([resolution])) + END_OF_OPTIONS
        assert read(write(section() + interface(options) + enhanced(A, ticks))).frames[0].time == expected

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize(
        ("offset", "expected"),
        [
            (0, SECOND),
            (-1, 0),
            (1_000_000_000, 1_000_000_001 * SECOND),
            (-(2**63), NO_TIME),
            (2**63 - 1, NO_TIME),
            (-(10**9), (1 - 10**9) * SECOND),
        ],
    )
    def test_offsets(self, write: Write, order: str, offset: int, expected: int) -> None:
        """Seconds are added to every time of the interface."""
        options = option(14, struct.pack(order + "q", offset), order)
        content = section(order=order) + interface(options, order) + enhanced(A, 1_000_000, order=order)
        assert read(write(content)).frames[0].time == expected

    def test_each_interface_has_its_own_clock(self, write: Write) -> None:
        """And a resolution of the wrong length counts as not stated."""
        clocks = interface(option(9, b"\x09")) + interface() + interface(option(9, b"\x09\x09"))
        content = section() + clocks + enhanced(A, 5000) + enhanced(A, 5000, index=1) + enhanced(A, 5000, index=2)
        assert [f.time for f in read(write(content)).frames] == [5000, 5_000_000, 5_000_000]


class TestWhatTheFileSays:
    """Comments and losses."""

    def test_comments_of_blocks_and_frames_are_kept(self, write: Write) -> None:
        """A frame's comment has the frame's offset, any other that of its block; text stays as it is in the file."""
        head = section(option(1, b"whole section"))
        content = head + interface(option(1, b"an interface") + option(1, b"and more"))
        frames = enhanced(A, options=option(2, bytes(4)) + option(1, b"\x1b]0;x\x07") + END_OF_OPTIONS) + obsolete(
            B, options=option(1, b"old")
        )
        result = read(write(content + frames + statistics(0, option(1, b"stopped"))))
        first, second = (f.offset for f in result.frames)
        assert [c.offset for c in result.comments] == [0, len(head), len(head), first, second, len(content + frames)]
        assert [c.text for c in result.comments] == ["whole section", "an interface", "and more", "\x1b]0;x\x07", "old", "stopped"]

    def test_more_comments_than_fit_are_all_kept(self, write: Write) -> None:
        """Thousands of frames with a comment each, and one with a thousand."""
        options = b"".join(option(1, str(i).encode()) for i in range(1000))
        content = section() + interface() + enhanced(A, options=options) + enhanced(B, options=option(1, b"x")) * 5000
        result = read(write(content))
        assert len(result.comments) == 6000
        assert result.comments[999].text == "999"
        assert result.comments[-1] == Comment(result.frames[-1].offset, "x")

    def test_comments_are_limited_and_that_is_noted(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """A flood of comments does not fill the memory."""
        monkeypatch.setattr("netsleuth_tui.readers.pcapng.COMMENTS_KEPT", 10)
        result = read(write(section() + interface() + enhanced(A, options=option(1, b"x")) * 50))
        assert len(result.comments) == 10
        assert result.notes == ["only the first 10 comments are kept"]

    def test_losses_of_packet_blocks_add_up(self, write: Write) -> None:
        """epb_dropcount and the obsolete block's count; 65,535 means unknown in the latter only."""
        lost = option(4, struct.pack("<Q", 65_535))
        content = section() + interface() + interface() + enhanced(A, options=lost) * 2 + obsolete(A, drops=3) + obsolete(A, drops=0xFFFF)
        result = read(write(content))
        assert [i.drops for i in result.interfaces] == [131_073, None]
        assert result.drops == 131_073

    def test_statistics_are_not_added_to_what_packets_say(self, write: Write) -> None:
        """A statistics block counts since the start, the last one counts, and packets may tell of the same losses."""
        counted = [statistics(0, option(5, struct.pack("<Q", n)) + END_OF_OPTIONS) for n in (5, 9)]
        content = section() + interface() + enhanced(A, options=option(4, struct.pack("<Q", 4))) + counted[0] + counted[1]
        result = read(write(content + content))
        assert [i.drops for i in result.interfaces] == [9, 9]
        assert result.drops == 18

    def test_losses_do_not_overflow(self, write: Write) -> None:
        """The highest counts there can be, several times."""
        lost = option(4, b"\xff" * 8)
        assert read(write(section() + interface() + enhanced(A, options=lost) * 9)).drops == 2**61


class TestDamage:
    """What comes before damage is kept, and where it is is said."""

    GOOD = section() + interface() + enhanced(A) * 3

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            (block(6, bytes(20), length=0), "a block length of 0 is too short for the block"),
            (block(6, bytes(20), length=8), "a block length of 8 is too short for the block"),
            (block(6, bytes(20), length=33), "a block length of 33 is not a multiple of 4"),
            (block(6, bytes(16)), "a block length of 28 is too short for the block"),
            (block(2, bytes(16)), "a block length of 28 is too short for the block"),
            (block(6, bytes(20), length=0xFFFFFFFC), "a block length of 4294967292 is above the maximum of 16777216"),
            (block(0xBAD, bytes(20), length=0x2000000), "a block length of 33554432 is above the maximum of 16777216"),
            (block(6, bytes(20), length=10_000), "the file ends inside a block, after 76 of 10000 bytes"),
            (block(0xBAD, bytes(20), trailer=99), "the block's length is repeated at its end as 99"),
            (block(1, bytes(8), trailer=0), "the block's length is repeated at its end as 0"),
            (block(1, bytes(4)), "a block length of 16 is too short for the block"),
            (enhanced(A, index=7), "a frame of interface 7, but 1 are described"),
            (enhanced(A, captured=13), "a frame of 13 bytes does not fit into its block"),
            (enhanced(A, captured=262_145), "a frame of 262145 bytes is longer than the maximum for its link type"),
            (enhanced(A, options=option(9, b"hi", length=0xFFF0)), "an option is longer than its block"),
            (interface(option(9, b"\x06", length=40)), "an option is longer than its block"),
            (statistics(0, option(5, bytes(8), length=40)), "an option is longer than its block"),
            (section(option(1, b"x", length=100)), "an option is longer than its block"),
            (block(0x0A0D0D0A, bytes(16)), "a section header without byte order magic"),
            (block(3, b""), "a simple packet block is too short or too long, or no interface is described for it"),
        ],
    )
    def test_a_block_that_contradicts_itself_ends_the_reading_there(self, write: Write, bad: bytes, reason: str) -> None:
        """The offset is that of the block."""
        result = read(write(self.GOOD + bad + enhanced(A)))
        assert [f.data for f in result.frames] == [A] * 3
        assert str(result.damage[0]) == f"damaged at byte {len(self.GOOD)}: {reason}"

    def test_a_file_that_begins_with_another_block_is_damaged_at_its_start(self, write: Write) -> None:
        """Without a section header the byte order is unknown."""
        assert (
            str(read(write(interface() + enhanced(A))).damage[0])
            == "damaged at byte 0: the file does not begin with a section header block"
        )

    def test_more_interfaces_than_the_limit_are_damage(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """A flood of interface blocks does not fill the memory."""
        monkeypatch.setattr("netsleuth_tui.readers.pcapng.INTERFACES", 20)
        result = read(write(section() + interface() * 25))
        assert result.damage[0].offset == 28 + 20 * 20
        assert len(result.interfaces) == 20

    def test_a_pcap_inside_is_not_followed(self, write: Write) -> None:
        """Another format appended is damage where it begins."""
        assert read(write(self.GOOD + pcap_header())).damage[0].offset == len(self.GOOD)
