"""Why Windows drops a packet: the names of pktmon's numbers."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

__all__ = ["drop_reasons"]

BUNDLED = Path(__file__).with_name("drop_reasons.csv")


@cache
def drop_reasons() -> Mapping[int, str]:
    """Names by number, as the enumeration PKTMON_DROP_REASON of Windows has them; without those of its web server, from 3000 on."""
    with BUNDLED.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({int(line["number"]): line["name"] for line in csv.DictReader(file)})
