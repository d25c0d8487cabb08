"""What a kernel is made of: every definition of this package that it reaches, so that it is compiled again when one of them changes.

Compiling all kernels takes a minute of processor time, and most changes of the sources touch none of them. The sources are read, not
run: a definition reaches what its names stand for in its module, and so on through the imports.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Sources"]

PACKAGE = __package__


@dataclass(frozen=True, slots=True)
class Module:
    """The top level of a source file."""

    statements: dict[str, list[ast.stmt]] = field(default_factory=dict)
    """Name → all statements that define or change it."""
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name → the module of this package that it comes from and its name there."""


class Sources:
    """The source files of this package, read when they are asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules: dict[str, Module] = {}

    def digest(self, name: str) -> str | None:
        """A digest of all definitions that a kernel reaches, wherever they stand; comments and lay-out do not count.

        Args:
            name: Module and name of the kernel.

        Returns:
            The digest, or None where there is no such definition.
        """
        module, _, function = name.rpartition(".")
        if function not in self._module(module).statements:
            return None
        reached: set[tuple[str, str]] = set()
        pending = [(module, function)]
        while pending:
            place = pending.pop()
            if place not in reached:
                reached.add(place)
                pending += self._next(*place)
        dumped = [
            f"{module}.{wanted} {ast.dump(statement)}\n"
            for module, wanted in sorted(reached)
            for statement in self._module(module).statements.get(wanted, [])
        ]
        return hashlib.sha256("".join(dumped).encode()).hexdigest()

    def _next(self, module: str, name: str) -> Iterator[tuple[str, str]]:
        """What a name of a module leads to at once."""
        read = self._module(module)
        for statement in read.statements.get(name, []):
            yield from ((module, found) for found in _used(statement))
        if name in read.imported:
            yield read.imported[name]
        elif name not in read.statements and self._path(f"{module}.{name}").exists():
            yield from ((f"{module}.{name}", found) for found in self._module(f"{module}.{name}").statements)

    def _module(self, name: str) -> Module:
        if name not in self.modules:
            self.modules[name] = _read(self._path(name))
        return self.modules[name]

    def _path(self, module: str) -> Path:
        path = self.root.joinpath(*module.split(".")[1:])
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _read(path: Path) -> Module:
    module = Module()
    if not path.exists():
        return module
    for statement in ast.parse(path.read_bytes()).body:
        for part in ast.walk(statement) if isinstance(statement, ast.If | ast.Try) else [statement]:
            if isinstance(part, ast.ImportFrom) and (part.module or "").partition(".")[0] == PACKAGE:
                module.imported.update({alias.asname or alias.name: (part.module or "", alias.name) for alias in part.names})
        for name in set(_bound(statement)):
            module.statements.setdefault(name, []).append(statement)
    return module


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the top level defines, or changes what they stand for."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
        return
    for part in ast.walk(statement):
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            yield part.name
        elif isinstance(part, ast.Assign):
            yield from (name for target in part.targets for name in _names(target))
        elif isinstance(part, ast.AnnAssign | ast.AugAssign | ast.For):
            yield from _names(part.target)
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            yield from _names(part.value)


def _used(statement: ast.stmt) -> Iterator[str]:
    """Names in a statement, but for decorators: how a function is marked is no part of it."""
    if isinstance(statement, ast.FunctionDef):
        for part in (statement.args, statement.returns, *statement.body):
            if part is not None:
                yield from _names(part)
    else:
        yield from _names(statement)


def _names(node: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
