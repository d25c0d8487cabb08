"""Exit codes; scripts rely on them."""

from __future__ import annotations

__all__ = ["DAMAGED", "DONE", "FAILED", "INTERRUPTED", "USAGE"]

DONE = 0
FAILED = 1
USAGE = 2
DAMAGED = 3
INTERRUPTED = 130
