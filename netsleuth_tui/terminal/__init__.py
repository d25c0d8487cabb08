"""What this terminal can do, and what may be sent to it."""

from __future__ import annotations

__all__: list[str] = []
