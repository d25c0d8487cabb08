"""Kernels: plain Python functions that run at once, and compiled by Numba as soon as the compiler is ready.

A function marked `@kernel` is called like any other. Until `start` has made the compiler available it runs as plain Python (or as the
NumPy function given as `plain=`), so that the first rows of the first file ever opened do not wait for a compiler. Functions that
kernels call are marked `@helper`. Compiled code is cached in a directory that belongs to the user alone; a fresh cache is filled
by a child process, which leaves the keyboard and the other core alone.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeVar

import numpy as np

__all__ = ["Kernel", "State", "activate", "helper", "is_cached", "kernel", "start", "state", "wait"]

P = ParamSpec("P")
R = TypeVar("R")

State = Literal["plain", "compiling", "compiled", "unavailable"]

WARM_UP = "netsleuth_tui.warm_up"
"""Module that calls every kernel once; run in the child that fills the cache."""

CACHES_KEPT = 4
"""Compiled versions (of this program, Python, Numba) that are kept side by side."""


class Kernel(Generic[P, R]):
    """A function that runs plain until it is compiled; the caller sees no difference but speed."""

    def __init__(self, function: Callable[P, R], plain: Callable[..., R] | None) -> None:
        self.function = function
        self.plain = plain
        self._compiled: Callable[P, R] | None = None
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the fastest form there is by now."""
        if self._compiled is not None:
            return self._compiled(*args, **kwargs)
        if self.plain is not None:
            return self.plain(*args, **kwargs)
        # Bytes through a memoryview are Python ints: faster than NumPy scalars, and they do not overflow.
        views: Any = [a.data if isinstance(a, np.ndarray) and a.dtype == np.uint8 and a.flags.c_contiguous else a for a in args]
        return self.function(*views, **kwargs)

    @property
    def is_compiled(self) -> bool:
        """True once calls reach Numba's dispatcher."""
        return self._compiled is not None

    def compile(self, *, cache: bool) -> None:
        """Replace the plain function by Numba's dispatcher; the machine code is made, or loaded, at the first call."""
        import numba

        self._compiled = numba.njit(nogil=True, cache=cache)(self.function)


class _Compiler:
    """What is compiled, and how far: one per process."""

    def __init__(self) -> None:
        self.state: State = "plain"
        self.kernels: list[Kernel[..., Any]] = []
        self.helpers: list[Callable[..., Any]] = []
        self.lock = threading.Lock()
        self.finished = threading.Event()
        self.cache = False
        self.cached = False

    def add_kernel(self, made: Kernel[..., Any]) -> None:
        with self.lock:
            self.kernels.append(made)
            if self.state == "compiled":
                made.compile(cache=self.cache)

    def add_helper(self, function: Callable[..., Any]) -> None:
        with self.lock:
            self.helpers.append(function)
            if self.state == "compiled":
                _make_callable_from_kernels(function)

    def start(self) -> None:
        with self.lock:
            if self.state != "plain":
                return
            self.state = "compiling"
        threading.Thread(target=self._run, name="compiler", daemon=True).start()

    def _run(self) -> None:
        try:
            directory = _cache_directory()
            self.cached = directory is not None and (directory / "complete").exists()
            if directory is not None and not self.cached:
                _fill(directory)
            self.activate(directory)
        except Exception:  # noqa: BLE001 - whatever is wrong with the compiler, plain kernels still give every answer
            self.state = "unavailable"
        finally:
            self.finished.set()

    def activate(self, directory: Path | None) -> None:
        """Switch every kernel to its compiled form, cached in `directory`.

        Raises:
            ImportError: Numba is not installed.
        """
        import numba

        if directory is not None:
            setattr(numba.config, "CACHE_DIR", str(directory))  # noqa: B010 - a setting that Numba's types do not know
        with self.lock:
            self.cache = directory is not None
            for function in self.helpers:
                _make_callable_from_kernels(function)
            for made in self.kernels:
                made.compile(cache=self.cache)
            self.state = "compiled"
        self.finished.set()


def _make_callable_from_kernels(function: Callable[..., Any]) -> None:
    from numba.extending import register_jitable

    register_jitable(function)


_compiler = _Compiler()


class _Mark(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Kernel[P, R]: ...


def kernel(*, plain: Callable[..., Any] | None = None) -> _Mark:
    """Mark an entry function. `plain` stands in for it before compilation where a plain loop would be too slow."""

    def mark(function: Callable[P, R], /) -> Kernel[P, R]:
        made = Kernel(function, plain)
        _compiler.add_kernel(made)
        return made

    return mark


def helper(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function that kernels call; it stays an ordinary function."""
    _compiler.add_helper(function)
    return function


def start() -> None:
    """Make compiled kernels available in the background; returns at once, and does nothing the second time."""
    _compiler.start()


def activate(directory: Path | None) -> None:
    """Compile from now on, in this process, at the first call of each kernel; for the warm-up, tests and benchmarks."""
    _compiler.activate(directory)


def wait(timeout: float | None = None) -> bool:
    """Wait until the compiler is ready or has given up.

    Returns:
        True if kernels are compiled now.
    """
    _compiler.finished.wait(timeout)
    return _compiler.state == "compiled"


def is_cached() -> bool:
    """True if `start` found machine code of all kernels in the cache, so that they are ready within a second."""
    return _compiler.cached


def state() -> State:
    """How kernels run at the moment; 'unavailable' means plain for good."""
    return _compiler.state


def _cache_directory() -> Path | None:
    """A directory for this version's machine code that nobody else can write to; None where there is none.

    Numba's cache index is a pickle: whoever writes it runs code as us. So the directory must be ours, 0700, and no symbolic link.
    """
    from platformdirs import user_cache_path

    base = user_cache_path("netsleuth", appauthor=False)
    directory = base / f"kernels-{_version_key()}"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        private = _is_private(base) and _is_private(directory)
    except OSError:
        return None
    return directory if private and os.access(directory, os.W_OK) else None


def _is_private(directory: Path) -> bool:
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    return os.name == "nt" or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _version_key() -> str:
    """Changes with every source file: Numba itself does not notice a change in a function that a kernel calls."""
    root = Path(__file__).parent
    digest = hashlib.sha256(f"{sys.version}{os.environ.get('NUMBA_BOUNDSCHECK', '')}".encode())
    for path in sorted(root.rglob("*.py")):
        status = path.stat()
        digest.update(f"{path.relative_to(root)} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _fill(directory: Path) -> None:
    """Run the warm-up in a child; kernels that it finished stay cached even if we end before it does."""
    child = subprocess.Popen(
        [sys.executable, "-m", WARM_UP, str(directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(child.kill)
    child.wait()
    atexit.unregister(child.kill)
    if child.returncode == 0:
        (directory / "complete").touch(mode=0o600)
        _forget_old(directory.parent)


def _forget_old(base: Path) -> None:
    caches = sorted(base.glob("kernels-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in caches[CACHES_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
