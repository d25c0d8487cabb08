"""How the child that compiles makes the code of a group: it takes over what it can, and keeps each kernel as soon as it is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netsleuth_tui import jit, kernel_cache, native

__all__ = ["Kept", "Making", "Reused"]


class Making:
    """The kernels of a group on their way into a directory.

    A command that is done takes its compiler with it: what is ready by then lies in an index of its own, for the next one.

    Args:
        directory: Of the group, in a cache with other versions: a kernel whose sources have not changed is taken from these.
        group: One of `jit.GROUPS`.
    """

    def __init__(self, directory: Path, group: str) -> None:
        self._directory = directory
        self._group = group
        self._made_of = kernel_cache.Ingredients()
        self._written = kernel_cache.reusable(directory, self._made_of)
        self._linked = native.link(self._written) if self._written else {}
        self._taken = {written.entry.name: written for written in self._written}
        self._lock = threading.Lock()

    def form(self, made: jit.Kernel[..., Any]) -> Callable[..., Any]:
        """What stands for a kernel: machine code of another version, or Numba's, which is kept."""
        taken = self._taken.get(made.name)
        return Kept(made, self.keep) if taken is None else Reused(made, taken, self._linked[made.name], self.keep)

    def keep(self, name: str, dispatcher: Any) -> native.Written:
        """Write the machine code of a kernel that was called, before the whole group is there.

        Raises:
            RuntimeError: It cannot stand alone, or the sources are others by now.
        """
        with self._lock:
            kernel_cache.check_unchanged(self._directory)
            written = native.translate(name, dispatcher, self._made_of(name))
            self._written = [other for other in self._written if other.entry.name != name] + [written]
            native.emit(self._directory, self._written, native.UNFINISHED)
        return written

    def write(self) -> None:
        """Write the whole group, activated and called before, for other processes to link.

        Raises:
            RuntimeError: A kernel was not called, or has more than one form; or the sources are others by now.
        """
        kernel_cache.check_unchanged(self._directory)
        forms = {made.name: made.compiled for made in jit.kernels(self._group)}
        strange = [name for name, form in forms.items() if not isinstance(form, (Kept, Reused))]
        if strange:
            raise RuntimeError(f"{', '.join(strange)} was not made here")
        native.emit(self._directory, [form.written for form in forms.values() if isinstance(form, (Kept, Reused))])
        (self._directory / native.UNFINISHED).unlink(missing_ok=True)


class Kept:
    """A kernel that is compiled at its first call, and whose machine code is kept then.

    Args:
        made: The kernel.
        keep: Writes it.
    """

    def __init__(self, made: jit.Kernel[..., Any], keep: Callable[[str, Any], native.Written]) -> None:
        self._name = made.name
        self._keep = keep
        self._dispatcher: Any = jit.dispatcher(made)
        self._written: native.Written | None = None
        self._lock = threading.Lock()

    def __call__(self, *args: Any) -> Any:
        """Call it, and write it the first time."""
        returned = self._dispatcher(*args)
        with self._lock:
            if self._written is None:
                self._written = self._keep(self._name, self._dispatcher)
        return returned

    @property
    def written(self) -> native.Written:
        """Its machine code.

        Raises:
            RuntimeError: It was not called, or was compiled again for other arguments.
        """
        if self._written is None or len(self._dispatcher.signatures) != 1:
            raise RuntimeError(f"{self._name} is compiled for {len(self._dispatcher.signatures)} signatures")
        return self._written


class Reused:
    """Machine code of an earlier version, for as long as it takes what its callers give it.

    Args:
        made: The kernel.
        written: Its machine code.
        linked: What calls it.
        keep: Writes what replaces it.
    """

    def __init__(
        self,
        made: jit.Kernel[..., Any],
        written: native.Written,
        linked: Callable[..., Any],
        keep: Callable[[str, Any], native.Written],
    ) -> None:
        self.written = written
        self._made = made
        self._linked = linked
        self._keep = keep

    def __call__(self, *args: Any) -> Any:
        """Call it; where its callers have come to give it other kinds of arguments, compile the kernel for these."""
        try:
            return self._linked(*args)
        except (AttributeError, TypeError, ValueError):
            self._made.compiled = Kept(self._made, self._keep)
            return self._made.compiled(*args)
