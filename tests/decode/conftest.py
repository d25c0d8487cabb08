"""Kernels are plain here unless a test compiles them, whatever ran before in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netsleuth_tui import jit


@pytest.fixture(autouse=True)
def plain_kernels() -> Iterator[None]:
    """A test of another room may have linked machine code: it would be compared with itself."""
    kernels = list(jit._compiler.kernels)
    before = [kernel.compiled for kernel in kernels]
    for kernel in kernels:
        kernel.compiled = None
    yield
    for kernel, was in zip(kernels, before, strict=True):
        kernel.compiled = was
