"""`netsleuth kernels`: have what makes loading fast compiled now."""

from __future__ import annotations

import time

__all__ = ["kernels"]


def kernels() -> int:
    """Compile the kernels now, for images and scripts: other commands do it by the way, once for a version, where they take long enough."""
    from netsleuth_tui import jit, kernel_cache
    from netsleuth_tui.cli import exits
    from netsleuth_tui.cli.narration import say
    from netsleuth_tui.errors import NetSleuthError

    directory = kernel_cache.directory()
    if directory is None:
        raise NetSleuthError("no directory for compiled kernels that is yours alone", hint="see XDG_CACHE_HOME")
    started = time.monotonic()
    jit.start()
    if not jit.is_cached():
        say("compiling; this takes a minute or two")
    if not jit.wait() or not all(jit.is_ready(group) for group in jit.GROUPS):
        raise NetSleuthError("kernels could not be compiled", hint="is Numba installed, and is there room on the disk?")
    say(f"kernels are compiled, in {directory} ({time.monotonic() - started:.1f} s)")
    return exits.DONE
