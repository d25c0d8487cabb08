"""Where the machine code of kernels lies, and which of it is still what the sources say."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import sys
from importlib.metadata import version
from pathlib import Path

from netsleuth_tui import native
from netsleuth_tui.kernel_sources import Sources

__all__ = ["Ingredients", "check_unchanged", "directory", "forget_old", "reusable"]

ROOT = Path(__file__).parent

WITHOUT_KERNELS = ("cli", "tui", "export", "findings", "session.py", "extraction.py")
"""What lies above every kernel: it may change without asking which of them have changed."""

_PREFIX = "kernels-"
"""How the name of the directory of a version begins; its key follows."""
_KEY = 16
"""Hexadecimal digits of a key."""

CACHES_KEPT = 4
"""Compiled versions (of this program, its libraries, the processor) that are kept side by side."""


def directory() -> Path | None:
    """A directory for this version's machine code that nobody else can write to; None where there is none.

    Whoever writes there runs code as us. So the directory must be ours, closed to others, and no symbolic link.
    """
    from platformdirs import user_cache_path

    base = user_cache_path("netsleuth", appauthor=False)
    directory = base / f"{_PREFIX}{_version_key()}"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        private = _is_ours(base, 0o022) and _is_ours(directory, 0o077)
    except OSError:
        return None
    return directory if private and os.access(directory, os.W_OK) else None


def _is_ours(directory: Path, forbidden: int) -> bool:
    """A real directory of this user, with none of the `forbidden` permissions."""
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    return os.name == "nt" or (status.st_uid == os.geteuid() and not status.st_mode & forbidden)


def _version_key() -> str:
    """Changes with every source file that a kernel can depend on, the libraries, and the processor."""
    digest = hashlib.sha256(_machine().encode())
    for path in sorted(ROOT.rglob("*.py")):
        if path.relative_to(ROOT).parts[0] in WITHOUT_KERNELS:
            continue
        status = path.stat()
        digest.update(f"{path.relative_to(ROOT)} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:_KEY]


def _machine() -> str:
    """The processor, the libraries and their options that machine code is made for and by."""
    libraries = [f"{name} {version(name)}" for name in ("numba", "numpy")]
    return f"{sys.version}{libraries}{native.target()}{os.environ.get('NUMBA_BOUNDSCHECK', '')}"


def check_unchanged(directory: Path) -> None:
    """Refuse to say of machine code that it is made of sources that were read before they were replaced, as by an upgrade meanwhile.

    Args:
        directory: Of a group, in that of the version which its compilation began with.

    Raises:
        RuntimeError: They were replaced.
    """
    name = directory.parent.name
    if re.fullmatch(rf"{_PREFIX}[0-9a-f]{{{_KEY}}}", name) and name != f"{_PREFIX}{_version_key()}":
        raise RuntimeError("the sources changed while kernels were compiled")


class Ingredients:
    """What the machine code of a kernel depends on."""

    def __init__(self) -> None:
        self.sources = Sources(ROOT)
        self.common = _machine() + hashlib.sha256((ROOT / "native.py").read_bytes()).hexdigest()

    def __call__(self, name: str) -> str:
        """A digest of them for one kernel."""
        return hashlib.sha256(f"{self.common}{self.sources.digest(name)}".encode()).hexdigest()


def reusable(directory: Path, made_of: Ingredients) -> list[native.Written]:
    """Kernels of these ingredients that other versions left beside the directory of a group, or a compiler that had to end left in it."""
    found: dict[str, native.Written] = {}
    for path in directory.parent.parent.glob(f"kernels-*/{directory.name}/*.json"):
        with contextlib.suppress(OSError, ValueError):  # damaged, or just being removed
            if path.name in {native.INDEX, native.UNFINISHED} and _is_ours(path.parent.parent, 0o077):
                kernels = native.read(path.parent, path.name)
                found |= {k.entry.name: k for k in kernels if k.entry.made_of == made_of(k.entry.name)}
    return list(found.values())


def forget_old(base: Path) -> None:
    """Keep the versions used last."""
    with contextlib.suppress(OSError):  # another process may be at the same work
        caches = sorted(base.glob("kernels-*"), key=lambda p: p.stat().st_mtime, reverse=True)
        for path in caches[CACHES_KEPT:]:
            shutil.rmtree(path, ignore_errors=True)
