"""Kernels compiled in this process: each of them once, however many tests ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from netsleuth_tui import jit


@cache
def machine_code(kernel: jit.Kernel[..., Any]) -> Callable[..., Any]:
    """A kernel compiled; the kernel itself stays as it is."""
    return jit.dispatcher(kernel)


@contextmanager
def compiled(*kernels: jit.Kernel[..., Any]) -> Iterator[None]:
    """Run these kernels compiled, whatever the rest of the process does."""
    before = [kernel.compiled for kernel in kernels]
    for kernel in kernels:
        kernel.compiled = machine_code(kernel)
    try:
        yield
    finally:
        for kernel, was in zip(kernels, before, strict=True):
            kernel.compiled = was
