"""What tshark says of TCP segments: its fields `tcp.analysis.*`, frame by frame."""

from __future__ import annotations

import subprocess
from pathlib import Path

from netsleuth_tui.query import JUDGED

AS_THE_FILE_HAS_IT = (
    *("-n", "-o", "ip.defragment:FALSE"),
    *("-o", "ipv6.defragment:FALSE"),
    *("-o", "tcp.desegment_tcp_streams:FALSE"),
)
"""No names, and nothing put together that the file has in pieces."""
PREFIX = "tcp.analysis."
MARKS = {name.removeprefix(PREFIX): field.mask for name, field in JUDGED.items() if field.kind == "bool"}
"""Our bits, by name."""


def shown(tshark: str, path: Path, *names: str) -> dict[int, tuple[str, ...]] | None:
    """The first occurrence of each field in every frame of which tshark has anything to say; None where it gives the file up."""
    wanted = [word for name in names for word in ("-e", PREFIX + name)]
    command = [
        tshark,
        *AS_THE_FILE_HAS_IT,
        "-r",
        str(path),
        "-Y",
        "tcp.analysis",
        "-T",
        "fields",
        "-E",
        "occurrence=f",
        "-e",
        "frame.number",
    ]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return {int(frame): tuple(cells) for frame, *cells in lines} if done.returncode == 0 else None


def marked(tshark: str, path: Path) -> dict[int, set[str]]:
    """Names of the marks of every frame that has any."""
    found = {
        frame: {name for name, cell in zip(MARKS, cells, strict=True) if cell}
        for frame, cells in (shown(tshark, path, *MARKS) or {}).items()
    }
    return {frame: names for frame, names in found.items() if names}


def numbers(tshark: str, path: Path, name: str) -> dict[int, int]:
    """Values of a field by frame; times in ns."""
    found = {frame: cell for frame, (cell,) in (shown(tshark, path, name) or {}).items() if cell}
    return {frame: round(float(cell) * 10**9) if "." in cell else int(cell) for frame, cell in found.items()}
