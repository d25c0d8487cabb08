"""Kernels: plain Python functions that run at once, and machine code as soon as there is some.

A function marked `@kernel` is called like any other. Until `start` has linked its machine code it runs as plain Python (or as the
NumPy function given as `plain=`), so that the first rows of the first file ever opened do not wait for a compiler. Functions that
kernels call are marked `@helper`. Numba compiles in a child process, once for each version of the definitions that a kernel reaches (see
`netsleuth_tui.kernel_sources`), into a directory that belongs to the user alone; this process only links what lies there (see
`netsleuth_tui.native`).
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

import numpy as np

from netsleuth_tui import kernel_cache

__all__ = [
    "Kernel",
    "State",
    "activate",
    "dispatcher",
    "helper",
    "inlined",
    "is_cached",
    "is_coming",
    "is_ready",
    "kernel",
    "kernels",
    "start",
    "state",
    "wait",
]

P = ParamSpec("P")
R = TypeVar("R")

State = Literal["plain", "compiling", "compiled", "unavailable"]

_START = "import sys; sys.path.insert(0, sys.argv[1]); from netsleuth_tui.warm_up import main; main(*sys.argv[2:])"
WARM_UP = (sys.executable, "-P", "-W", "ignore", "-c", _START, str(Path(__file__).resolve().parents[1]))
"""Command, but for the directory and the group, that calls every kernel of a group once and writes its machine code. It finds this very
package, and nothing in the working directory, where untrusted files lie."""

GROUPS = ("decode", "events", "reading", "analysis")
"""Kernels that are compiled together, the first half beside the second: loading a capture waits for the first of each. A group is linked
when it is ready: kernels of other groups run as they did."""

FIRST = ("decode", "reading")

EVENTS = (
    "decode.texts", "decode.event_walk", "decode.evtx_values", "ingest.events", "store.texts", "store.events", "store.event_kinds",
    "store.handles",
)  # fmt: skip
"""Modules whose kernels make up the group for event logs."""


class Kernel(Generic[P, R]):
    """A function that runs plain until it is compiled; the caller sees no difference but speed."""

    def __init__(self, function: Callable[P, R], plain: Callable[..., R] | None) -> None:
        self.function = function
        self.plain = plain
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.compiled: Callable[..., Any] | None = None
        """Numba's dispatcher, or linked machine code."""
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    @property
    def group(self) -> str:
        """The one of `GROUPS` that it is compiled in."""
        room = self.name.split(".")[1]
        if any(f".{module}." in self.name for module in EVENTS):
            return "events"
        return "analysis" if room == "analysis" else "decode" if ".decode.packets." in self.name else "reading"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the fastest form there is by now."""
        if self.compiled is not None:
            return self.compiled(*args, **kwargs)  # type: ignore[no-any-return]
        if self.plain is not None:
            return self.plain(*args, **kwargs)
        # Bytes through a memoryview are Python ints: faster than NumPy scalars, and they do not overflow.
        views: Any = [a.data if isinstance(a, np.ndarray) and a.dtype == np.uint8 and a.flags.c_contiguous else a for a in args]
        return self.function(*views, **kwargs)


Form: TypeAlias = Callable[[Kernel[..., Any]], Callable[..., Any]]
"""Makes what is called in place of a kernel."""


class _Compiler:
    """What is compiled, and how far: one per process."""

    def __init__(self) -> None:
        self.state: State = "plain"
        self.kernels: list[Kernel[..., Any]] = []
        self.helpers: list[Callable[..., Any]] = []
        self.inlined: set[Callable[..., Any]] = set()
        """Helpers whose bodies take the place of calls."""
        self.registered = 0
        """Helpers that Numba knows."""
        self.lock = threading.Lock()
        self.finished = threading.Event()
        self.looked = threading.Event()
        self.is_cached = self.wanted = self.events_first = False
        self._ready: set[str] = set()
        self._linked: dict[str, Callable[..., Any]] = {}
        self._compile: Callable[[Kernel[..., Any]], Callable[..., Any] | None] = lambda made: self._linked.get(made.name)

    def add_kernel(self, made: Kernel[..., Any]) -> None:
        with self.lock:
            self.kernels.append(made)
            made.compiled = self._compile(made)

    def add_helper(self, function: Callable[..., Any]) -> None:
        with self.lock:
            self.helpers.append(function)

    def start(self, *, compiling: bool, events_first: bool) -> None:
        with self.lock:
            self.wanted |= compiling
            self.events_first |= events_first
            if self.state != "plain":
                return
            self.state = "compiling"
        threading.Thread(target=self._run, name="compiler", daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(Exception):  # whatever is wrong with the compiler, plain kernels still give every answer
            directory = kernel_cache.directory()
            self.is_cached = directory is not None and _is_whole(directory)
            self.looked.set()
            with self.lock:
                if not (self.wanted or self.is_cached):
                    self.state = "plain"
                    return
            if directory is None:
                self.activate()
            else:
                self._link(directory)
        if self.state != "compiled":
            self.state = "unavailable"
        self.looked.set()
        self.finished.set()

    def _link(self, directory: Path) -> None:
        """Use the machine code in `directory`; have it made first where it is missing or damaged."""
        beside = threading.Thread(target=self._link_groups, args=(directory, GROUPS[2:]), name="compiler", daemon=True)
        beside.start()  # a daemon, and none of a pool: the program may end before its kernels are compiled
        self._link_groups(directory, GROUPS[1::-1] if self.events_first else GROUPS[:2])
        beside.join()
        kernel_cache.forget_old(directory.parent)

    def _link_groups(self, directory: Path, groups: Sequence[str]) -> None:
        with contextlib.suppress(Exception):  # likewise
            for group in groups:
                self._link_group(directory / group)

    def _link_group(self, directory: Path) -> None:
        from netsleuth_tui import native

        try:
            linked = native.load(directory)
        except (OSError, ValueError):
            self.is_cached = False
            _fill(directory)
            linked = native.load(directory)
        with self.lock:
            self._linked |= linked
            self._ready.add(directory.name)
            for made in self.kernels:
                made.compiled = self._linked.get(made.name)
            if self._ready.issuperset(FIRST):
                self.state = "compiled"

    def is_ready(self, group: str) -> bool:
        """Whether a group runs compiled."""
        with self.lock:
            return group in self._ready

    def activate(self, group: str | None = None, form: Form | None = None) -> None:
        """Compile each kernel, or only those of a group, at its first call, in this process; or give it another form.

        Raises:
            ImportError: Numba is not installed.
        """
        with self.lock:
            self._compile = lambda made: (form or dispatcher)(made) if group in {None, made.group} else None
            for made in self.kernels:
                made.compiled = self._compile(made)
            self.state = "compiled"
            self._ready.update(GROUPS if group is None else (group,))
        self.finished.set()


def dispatcher(made: Kernel[..., Any]) -> Callable[..., Any]:
    """Numba's form of a kernel, which is compiled at its first call.

    Raises:
        ImportError: Numba is not installed.
    """
    import numba

    for function in _compiler.helpers[_compiler.registered :]:
        _make_callable_from_kernels(function)
    _compiler.registered = len(_compiler.helpers)
    return numba.njit(nogil=True)(made.function)  # type: ignore[no-any-return]


def _make_callable_from_kernels(function: Callable[..., Any]) -> None:
    from numba.extending import register_jitable

    register_jitable(forceinline=function in _compiler.inlined)(function)


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


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a helper whose body takes the place of each call: handing over an array takes seven words, and a record needs twenty arrays."""
    _compiler.inlined.add(function)
    return helper(function)


def start(*, compiling: bool = True, events_first: bool = False) -> None:
    """Make compiled kernels available in the background; returns at once, and does nothing the second time.

    Args:
        compiling: Whether they are compiled where they are not; otherwise only what lies ready is linked.
        events_first: Whether the kernels of event logs come before those that decode packets: a command that ends takes its compiler
            with it, and one that reads logs would compile again and again what it does not need.
    """
    _compiler.start(compiling=compiling, events_first=events_first)


def activate(group: str | None = None, form: Form | None = None) -> None:
    """Compile from now on, in this process, at the first call of each kernel (of a group); for the warm-up, tests and benchmarks.

    Args:
        group: One of `GROUPS`, or None for all kernels.
        form: Makes what is called in place of a kernel, where that is not Numba's `dispatcher`.
    """
    _compiler.activate(group, form)


def kernels(group: str) -> list[Kernel[..., Any]]:
    """The kernels of a group that were met so far: a module's when it is imported."""
    return [made for made in _compiler.kernels if made.group == group]


def wait(timeout: float | None = None) -> bool:
    """Wait until the compiler is ready or has given up.

    Returns:
        True if kernels are compiled now.
    """
    _compiler.finished.wait(timeout)
    return _compiler.state == "compiled"


def is_ready(group: str) -> bool:
    """True if the kernels of a group run compiled."""
    return _compiler.is_ready(group)


def is_coming(group: str) -> bool:
    """True if the kernels of a group are being compiled or linked, and are not ready yet."""
    return _compiler.state != "plain" and not _compiler.finished.is_set() and not _compiler.is_ready(group)


def is_cached() -> bool:
    """True if `start` found machine code of all kernels, so that they are ready in a moment; waits until it has looked."""
    _compiler.looked.wait()
    return _compiler.is_cached


def state() -> State:
    """How kernels run at the moment; 'unavailable' means plain for good."""
    return _compiler.state


def _is_whole(directory: Path) -> bool:
    """Whether there is machine code of every group."""
    from netsleuth_tui import native

    return all((directory / group / native.INDEX).exists() for group in GROUPS)


def _fill(directory: Path) -> None:
    """Have the group that `directory` is named after compiled in a child, which ends when its input does: at the latest with us."""
    directory.mkdir(mode=0o700, exist_ok=True)
    child = subprocess.Popen(
        [*WARM_UP, str(directory), directory.name], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    child.wait()
    if child.stdin is not None:
        child.stdin.close()
