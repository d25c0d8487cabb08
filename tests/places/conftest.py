"""Test databases of MaxMind, and where they are."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """The folder of test databases, damaged ones and CSV files."""
    return shared / "corpora" / "places"
