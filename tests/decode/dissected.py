"""A frame with four layers, and the names of the layers that were found in a frame."""

from __future__ import annotations

from netsleuth_tui.decode.dissect import Dissection

ETHERNET = bytes.fromhex("001122334455 66778899aabb 0800")
IPV4 = bytes.fromhex("4500003d 00010000 40110000 0a000001 0a000002")
UDP = bytes.fromhex("00350035 00290000")
DNS = bytes.fromhex("0001 0100 0001 0000 0000 0000") + b"\x03www\x07example\x03com\0" + bytes.fromhex("0001 0001")
FRAME = ETHERNET + IPV4 + UDP + DNS


def names(dissection: Dissection) -> list[str]:
    return [layer.name for layer in dissection.layers]
