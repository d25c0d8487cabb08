"""Names of providers whose events are found in traces: a trace holds their GUIDs alone."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

__all__ = ["KERNEL", "provider_name"]

BUNDLED = Path(__file__).with_name("providers.csv")

KERNEL = "Windows Kernel"
"""What events of the kernel that have no GUID come from."""


def provider_name(guid: UUID) -> str:
    """The name of a provider, or its GUID in braces where that is not known; `KERNEL` for the GUID that is zero."""
    return (_known().get(guid) or f"{{{guid}}}") if guid.int else KERNEL


@cache
def _known() -> Mapping[UUID, str]:
    with BUNDLED.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({UUID(line["guid"]): line["name"] for line in csv.DictReader(file)})
