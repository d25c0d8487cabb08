"""The three ways in which framing runs: the sweep before compilation, the kernel's plain function, and the compiled kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from netsleuth_tui.jit import Kernel
from netsleuth_tui.readers import (
    blocks,
    etl_frames,
    etl_headers,
    etl_layers,
    etl_packets,
    etl_walk,
    netmon_frames,
    numbers,
    pcap,
    snoop,
    ticks,
    xpress,
)

KERNELS: list[Kernel[..., Any]] = [
    pcap.frame_records,
    snoop.frame_snoop,
    blocks.frame_blocks,
    netmon_frames.frame_entries,
    netmon_frames.walk_frames,
    etl_walk.walk,
    etl_headers.describe,
    etl_packets.find_pieces,
    etl_layers.number_layers,
    etl_layers.first_sights,
    etl_frames.join_pieces,
    etl_frames.place_pieces,
    etl_frames.copy_pieces,
    etl_frames.fill_wire,
    xpress.expand,
]
HELPERS = [
    numbers.u16,
    numbers.u32,
    ticks._binary,
    ticks._fine,
    ticks._coarse,
    ticks.ticks_to_ns,
    etl_walk.header_of,
    etl_walk.attached_end,
    etl_headers.i64,
    etl_headers.time_of,
    etl_headers.put_event,
    etl_headers.put_classic,
    etl_headers.put_message,
    etl_headers.put_kernel,
    etl_headers.clear,
    etl_packets.past_text,
    etl_packets.switched,
    etl_packets.put_ndiscap,
    etl_packets.put_pktmon,
    etl_layers.slot_of,
    etl_frames.be16,
    etl_frames.wire_of,
    xpress.match_at,
    xpress.long_length,
    blocks._add_drops,
    blocks._count_drops,
    blocks._read_options,
    blocks._frame_simple,
    netmon_frames._units_since_1601,
    netmon_frames._after,
    netmon_frames._link_of,
    netmon_frames._contains,
    netmon_frames._fits,
    netmon_frames._is_sound,
    netmon_frames._has_no_trailer,
    netmon_frames._judge,
    netmon_frames._write,
]

Write = Callable[[bytes], Path]


@pytest.fixture(scope="session")
def compiled() -> dict[str, Any]:
    """The kernels compiled in this process, by name; the kernels themselves stay as they are."""
    for function in HELPERS:
        numba.extending.register_jitable(function)
    return {kernel.__name__: numba.njit(nogil=True)(kernel.function) for kernel in KERNELS}


@pytest.fixture(params=["sweep", "function", "compiled"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test once with each form of the kernels."""
    for kernel in KERNELS:
        machine_code = request.getfixturevalue("compiled")[kernel.__name__] if request.param == "compiled" else None
        monkeypatch.setattr(kernel, "compiled", machine_code)
        if request.param == "function":
            monkeypatch.setattr(kernel, "plain", None)
    return str(request.param)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write bytes to a file; always the same one, so that a Hypothesis test can use it again and again."""
    path = tmp_path / "capture"

    def write(content: bytes) -> Path:
        path.write_bytes(content)
        return path

    return write
