"""Times that are texts in an event log, such as 2024-01-17T21:20:00.0025543Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["nanoseconds"]

_SHAPE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?\s*(?:Z|UTC|[+-]00:?00)?", re.ASCII)
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def nanoseconds(text: str) -> int | None:
    """The time in ns since the epoch; None where it is none, or too far away for 64 bits."""
    shape = _SHAPE.fullmatch(text.strip())
    if shape is None:
        return None
    try:
        whole = (datetime.fromisoformat(f"{shape[1]}T{shape[2]}+00:00") - _BEGIN) // _SECOND
    except ValueError:
        return None
    found = whole * 1_000_000_000 + int((shape[3] or "").ljust(9, "0"))
    return found if -(2**63) < found < 2**63 else None
