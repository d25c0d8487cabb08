"""What tshark says of all captures is asked once, for every test that goes through them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from oracles.said import Said, said_of_all


@pytest.fixture(scope="session")
def swept(shared: Path, tshark: str) -> Iterator[dict[Path, Future[Said]]]:
    """Tshark's answer about every capture of the corpora, in their order."""
    with said_of_all(tshark, shared) as found:
        yield found
