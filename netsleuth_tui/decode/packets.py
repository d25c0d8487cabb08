"""Frames to columns: the kernel that decodes a batch, and the function that the rest of the program calls for it."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import Columns, Has
from netsleuth_tui.decode.hosts import HostArrays, HostTable
from netsleuth_tui.decode.internet import NOTHING, internet, true_version
from netsleuth_tui.decode.link import ETHERNET, IPV4, IPV6, unwrap
from netsleuth_tui.decode.link_types import enter_frames
from netsleuth_tui.decode.network import Layers, fill_arp, fill_ipv4, fill_ipv6, link_protocol
from netsleuth_tui.decode.octets import Octets
from netsleuth_tui.decode.transport import fill_rest, fill_tcp
from netsleuth_tui.jit import helper, kernel

__all__ = ["decode_frames"]

PART = 8192
"""Frames per kernel call: bounds the room for addresses nobody has seen yet, and for positions between the steps."""

HAS_ETH_TYPE = int(Has.ETH_TYPE)
HAS_VLAN_ID = int(Has.VLAN_ID)

_of_this_thread = threading.local()


@kernel()
def _decode(
    data: Octets,
    start: NDArray[np.int64],
    cap_len: NDArray[np.uint32],
    wire_len: NDArray[np.uint32],
    columns: Columns,
    first_row: int,
    hosts: HostArrays,
    layers: Layers,
) -> None:
    """Write the columns that come from the bytes of frames; frame i goes to row `first_row + i`."""
    count = start.shape[0]
    _walk(data, start, cap_len, wire_len, layers, columns, first_row)
    fill_ipv4(data, layers, count, columns, first_row, hosts)
    fill_ipv6(data, layers, count, columns, first_row, hosts)
    fill_arp(data, layers, count, columns, first_row, hosts)
    fill_tcp(data, layers, count, columns, first_row)
    fill_rest(data, layers, count, columns, first_row)
    for i in range(count):
        columns.present[first_row + i] = layers.bits[i]


@helper
def _walk(
    data: Octets,
    start: NDArray[np.int64],
    cap_len: NDArray[np.uint32],
    wire_len: NDArray[np.uint32],
    layers: Layers,
    columns: Columns,
    first_row: int,
) -> None:
    """Find the layers of frames whose first header has been entered; frame i is element i of `layers` and row `first_row + i`."""
    size = len(data)
    eth_type, vlan_id, protocol = columns.eth_type, columns.vlan_id, columns.protocol
    for i in range(start.shape[0]):
        at = int(start[i])
        end = min(at + (int(cap_len[i]) & 0xFFFFFFFF), size)
        wire = at + (int(wire_len[i]) & 0xFFFFFFFF)
        bits = int(layers.bits[i])
        kind, at, end, wire, more, ether, vlan = unwrap(data, int(layers.kind[i]), int(layers.network[i]), end, wire)
        bits |= more
        kind = true_version(data, kind, at, end)
        if ether >= 0:
            eth_type[first_row + i] = ether
            bits |= HAS_ETH_TYPE
        if vlan >= 0:
            vlan_id[first_row + i] = vlan
            bits |= HAS_VLAN_ID
        protocol[first_row + i] = link_protocol(kind, bits)
        layers.kind[i] = kind
        layers.network[i] = at
        layers.limit[i] = end
        carried = NOTHING
        fragment = -1
        if kind == IPV4 or kind == IPV6:
            carried, at, end, wire, fragment, more = internet(data, kind, at, end, wire)
            bits |= more
        layers.carried[i] = carried
        layers.transport[i] = at
        layers.end[i] = end
        layers.wire[i] = wire
        layers.fragment[i] = fragment
        layers.bits[i] = bits


def decode_frames(
    data: NDArray[np.uint8],
    count: int,
    start: NDArray[np.int64],
    cap_len: NDArray[np.uint32],
    wire_len: NDArray[np.uint32],
    time: NDArray[np.int64],
    link_type: NDArray[np.uint16],
    offset: NDArray[np.uint64],
    columns: Columns,
    first_row: int,
    source: int,
    hosts: HostTable,
) -> None:
    """Decode a batch of frames into the rows from `first_row` on, which must be zero.

    Args:
        data: The block of bytes that the frames lie in.
        count: Number of frames; the arrays may be longer.
        start: Index in `data` of a frame's first byte.
        cap_len: Captured bytes.
        wire_len: Bytes on the wire.
        time: ns since the epoch or `NO_TIME`.
        link_type: LINKTYPE_ numbers.
        offset: Position of the captured bytes in the file.
        columns: Where the rows are written; must hold `first_row + count`.
        first_row: Row of the first frame.
        source: Index of the file.
        hosts: Gives addresses their ids; new ones are added. Not shared with another thread that decodes at the same time.
    """
    rows = slice(first_row, first_row + count)
    columns.row[rows] = np.arange(first_row, first_row + count, dtype=np.uint32)
    columns.time[rows] = time[:count]
    columns.offset[rows] = offset[:count]
    columns.source[rows] = source
    columns.link_type[rows] = link_type[:count]
    columns.cap_len[rows] = cap_len[:count]
    columns.len[rows] = wire_len[:count]
    layers = _scratch()
    only_ethernet = bool((link_type[:count] == 1).all())
    for first in range(0, count, PART):
        part = slice(first, min(first + PART, count))
        frames = start[part], cap_len[part], wire_len[part]
        hosts.reserve(2 * (part.stop - first))
        if only_ethernet:
            size = part.stop - first
            layers.kind[:size] = ETHERNET
            layers.network[:size] = frames[0]
            layers.bits[:size] = 0
        else:
            enter_frames(data, *frames, link_type[part], layers.kind, layers.network, layers.bits)
        _decode(data, *frames, columns, first_row + first, hosts.arrays, layers)


def _scratch() -> Layers:
    """Arrays for the layers of one part, made once per thread."""
    layers: Layers | None = getattr(_of_this_thread, "layers", None)
    if layers is None:
        layers = Layers(*(np.zeros(PART * (8 if name == "keys" else 2 if name == "ids" else 1), dtype=np.int64) for name in Layers._fields))
        _of_this_thread.layers = layers
    return layers
