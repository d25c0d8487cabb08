"""The three ways in which framing runs: the sweep before compilation, the kernel's plain function, and the compiled kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from machine_code import machine_code

from netsleuth_tui.jit import Kernel
from netsleuth_tui.readers import (
    blocks,
    etl_finding,
    etl_frames,
    etl_headers,
    etl_layers,
    etl_packets,
    etl_sift,
    netmon_frames,
    pcap,
    snoop,
    xpress,
)

KERNELS: list[Kernel[..., Any]] = [
    pcap.frame_records,
    snoop.frame_snoop,
    blocks.frame_blocks,
    netmon_frames.frame_entries,
    netmon_frames.walk_frames,
    etl_finding.follow,
    etl_sift.sift,
    etl_headers.describe,
    etl_packets.find_pieces,
    etl_layers.number_layers,
    etl_layers.first_sights,
    etl_frames.join_pieces,
    etl_frames.place_pieces,
    etl_frames.copy_pieces,
    etl_frames.fill_wire,
    etl_frames.lay_out,
    xpress.expand_buffers,
]

Write = Callable[[bytes], Path]


@pytest.fixture(scope="session")
def compiled() -> dict[str, Any]:
    """The kernels compiled in this process, by name; the kernels themselves stay as they are."""
    return {kernel.__name__: machine_code(kernel) for kernel in KERNELS}


@pytest.fixture(params=["sweep", "function", "compiled"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test once with each form of the kernels."""
    for kernel in KERNELS:
        code = request.getfixturevalue("compiled")[kernel.__name__] if request.param == "compiled" else None
        monkeypatch.setattr(kernel, "compiled", code)
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
