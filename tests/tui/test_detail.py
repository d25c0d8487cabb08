"""The packet under the cursor: layers and bytes lead to one another, and a field is a filter and a column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tui.screens import LAYERS, FakeSession, mixed

from netsleuth_tui.decode.dissect import DissectedField, Dissection, Layer
from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.tui.widgets.detail_pane import DetailPane

Driven = Callable[..., Any]

NESTED = (
    Layer("Ethernet", (DissectedField("type", "IPv4", 12, 2),), 0, 14),
    Layer("IP", (DissectedField("ttl", "64", 22, 1), DissectedField("src", "10.0.0.1", 26, 4)), 14, 20),
    Layer("DNS", (DissectedField("qd[0]", "question", 40, 10), DissectedField("qd[0].qtype", "A", 46, 2)), 34, 26),
    Layer("IP", (DissectedField("ttl", "7", 58, 1),), 58, 2),
)


async def test_a_field_marks_its_bytes_and_offers_its_filter(driven: Driven) -> None:
    """The heading shows what + and - would add; a field that the registry does not have offers nothing."""
    async with driven(FakeSession(mixed(30), layers=LAYERS)) as d:
        await d.press("enter")
        pane = d.main.query_one(DetailPane)
        await d.press("down", "down")
        assert pane.layer_tree.place.name == "ip.ttl"
        assert pane.dump.marked == bytes([22])
        assert pane.term() == "ip.ttl == 0"
        assert "ip.ttl == 0" in d.text
        await d.press("home", "enter", "down")
        assert pane.layer_tree.place.name == ""
        assert pane.dump.marked == bytes(range(6))
        assert pane.term() is None
        assert "ip.ttl ==" not in d.text


async def test_a_heading_offers_its_protocol(driven: Driven) -> None:
    """Where the packet has it: the first row has TCP, but no IPv6."""
    layers = (Layer("TCP", ()), Layer("IPv6", ()))
    async with driven(FakeSession(mixed(30), layers=layers)) as d:
        await d.press("enter")
        pane = d.main.query_one(DetailPane)
        assert pane.term() == "tcp"
        await d.press("down")
        assert pane.term() is None


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
async def test_a_byte_selects_the_innermost_field(driven: Driven, size: tuple[int, int]) -> None:
    """By bytes and by lines; the layer opens while the cursor is in it, and the field's other bytes are marked."""
    async with driven(FakeSession(mixed(30), layers=NESTED), size) as d:
        await d.press("enter")
        pane = d.main.query_one(DetailPane)
        tree, dump = pane.layer_tree, pane.dump
        if not dump.display:
            await d.press("v")
        dump.focus()
        await d.press("home", *["right"] * 13)
        assert (tree.place.name, dump.marked) == ("eth.type", bytes([12, 13]))
        assert pane.term() == "eth.type == 0x0800"
        await d.press(*["j"] * (32 // dump.per_line), "l", "l")
        assert (tree.place.value, dump.marked) == ("A", bytes([46, 47]))
        await d.press("home", *["l"] * 47)
        assert (tree.place.value, dump.marked) == ("A", bytes([46, 47]))
        await d.press("left", "h")
        assert (tree.place.value, dump.marked) == ("question", bytes(range(40, 50)))
        await d.press(*["l"] * 6)
        assert (tree.place.value, dump.marked) == ("DNS", bytes(range(34, 60)))
        await d.press("end")
        assert (tree.place.value, dump.marked) == ("IP", bytes([58, 59]))
        await d.press("left")
        assert tree.place.value == "7"
        assert tree.place.name == ""
        tree.focus()
        await d.press("home", "end")
        assert tree.place.value == "7"


async def test_a_byte_that_no_layer_covers_marks_nothing(driven: Driven) -> None:
    """Nor does an empty packet have a byte to stand on."""
    async with driven(FakeSession(mixed(30), layers=LAYERS)) as d:
        await d.press("enter")
        pane = d.main.query_one(DetailPane)
        pane.dump.focus()
        await d.press("home", *["right"] * 12)
        assert pane.term() == "eth.type == 0x0800"
        await d.press("end")
        assert pane.dump.marked == b""
        assert pane.term() is None
    async with driven(FakeSession(mixed(30), layers=(), frame_bytes=b"")) as d:
        await d.press("enter")
        d.main.query_one(DetailPane).dump.focus()
        for key in ("left", "right", "up", "down", "home", "end", "pagedown", "y", "a"):
            await d.press(key)
        assert d.app.is_running


async def test_layers_of_the_same_name_fold_together(driven: Driven) -> None:
    """The cursor stays with the one that was folded."""
    async with driven(FakeSession(mixed(30), layers=NESTED)) as d:
        await d.press("enter")
        tree = d.main.query_one(DetailPane).layer_tree
        await d.press("end", "left")
        assert tree.place.offset == 58
        await d.press("enter")
        assert tree.place.offset == 58
        await d.press("end")
        assert tree.place.value == "7"


async def test_the_columns_stand_in_for_layers(driven: Driven) -> None:
    """The file is gone: fields without bytes, why, and filters all the same."""

    class Gone(FakeSession):
        def frame(self, row: int) -> bytes:  # noqa: ARG002
            raise NetSleuthError("the file has changed", where="x.pcap")

    async with driven(Gone(mixed(30))) as d:
        assert "the file has changed" in d.text
        await d.press("enter")
        pane = d.main.query_one(DetailPane)
        await d.press("end")
        assert pane.layer_tree.place.name.startswith("tcp.")
        assert pane.term() == f"{pane.layer_tree.place.name} == {pane.layer_tree.place.value}"
        assert pane.dump.marked == b""


async def test_what_is_left_out_is_said(driven: Driven) -> None:
    """A packet with more fields than are shown."""

    class Long(FakeSession):
        def dissect(self, row: int) -> Dissection:  # noqa: ARG002
            return Dissection(LAYERS, clipped=True)

    async with driven(Long(mixed(30))) as d:
        assert "too much" in d.text


async def test_help_names_the_keys_of_the_whole_pane(driven: Driven) -> None:
    """Those that layers and bytes share, too."""
    async with driven(FakeSession(mixed(30))) as d:
        await d.press("enter", "question_mark")
        before, _, _ = d.text.partition("Keys everywhere")
        assert "as a column of the records" in before
        assert "open or close the layer" in before


async def test_copying(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value from the layers, the digits from the bytes."""
    copied: list[str] = []
    async with driven(FakeSession(mixed(30), layers=LAYERS)) as d:
        monkeypatch.setattr(d.app, "copy_to_clipboard", copied.append)
        await d.press("enter", "end", "y")
        assert copied == ["10.0.0.1"]
        d.main.query_one(DetailPane).dump.focus()
        await d.press("y")
        assert copied[1:] == ["1a 1b 1c 1d"]
        assert "copied" in d.text
