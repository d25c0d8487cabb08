"""Kernels as object files: written once by a process that has loaded Numba, called by those that need not.

Importing Numba and waking up its type system takes longer than decoding five million packets. So the compiler runs in a child process
(see `netsleuth_tui.jit`), which stores each kernel's machine code behind one uniform entry; other processes link it with LLVM's
loader alone. An entry takes one pointer to 64-bit words: for an array its address and shape, for a named tuple its members, for a
number itself; results come back in the same words.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import math
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["INDEX", "UNFINISHED", "Entry", "Written", "emit", "link", "load", "read", "target", "translate"]

INDEX = "kernels.json"
"""Lists the object files with their checksums; written last, so that it stands for all of them."""

UNFINISHED = "unfinished.json"
"""Lists likewise what is there of a group whose other kernels are still being compiled, or were when the compiler had to end."""

NUMBER = "number"
OK, OK_NONE = 0, -2
"""What compiled functions return where nothing was raised (Numba's calling convention, numba.core.callconv)."""

PROVIDED = ("memset", "memcpy", "memmove", "memcmp")
"""Functions that machine code may call: every C library has them."""

COUNTED = re.compile(r"^ *(?:tail |notail )?call void @NRT_(?:incref|decref)\(.*\n", re.MULTILINE)
"""Where LLVM assembly counts who holds an array. What an entry is given belongs to its caller, and kernels allocate nothing: these calls
find nothing to count, and cost time with every helper that is handed one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One kernel in the index."""

    name: str
    """Module and name of the kernel."""
    symbol: str
    """Name of its entry in the object file."""
    arguments: tuple[str, ...]
    """'number', or dtype and dimensions of an array as in 'uint8:1'; members of named tuples follow one another."""
    results: int
    """Numbers that it returns; 0 for None."""
    sha256: str
    """Of the object file."""
    made_of: str
    """A digest of everything that the machine code depends on."""


@dataclass(frozen=True, slots=True)
class Written:
    """A kernel as it lies in its object file."""

    entry: Entry
    code: bytes


def target() -> str:
    """The processor that machine code is made for: it may run nowhere else."""
    import llvmlite
    import llvmlite.binding as llvm

    return f"llvm {llvmlite.__version__} {llvm.get_process_triple()} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def translate(name: str, dispatcher: Any, made_of: str) -> Written:
    """The machine code of a kernel that was compiled and called, behind a uniform entry.

    Raises:
        RuntimeError: It has no form or more than one, or needs more than plain machine code.
    """
    if len(dispatcher.signatures) != 1:
        raise RuntimeError(f"{name} is compiled for {len(dispatcher.signatures)} signatures")
    arguments, symbol, assembly, results = _compile_entry(name, dispatcher)
    code = _machine().emit_object(_stripped(assembly, symbol))
    return Written(Entry(name, symbol, arguments, results, hashlib.sha256(code).hexdigest(), made_of), code)


def emit(directory: Path, kernels: Sequence[Written], index: str = INDEX) -> None:
    """Write kernels into `directory`, listed in `index`."""
    for written in kernels:
        path = directory / f"{written.entry.name}.o"
        if not path.exists() or path.read_bytes() != written.code:
            _write(path, written.code)
    _write(directory / index, json.dumps([asdict(written.entry) for written in kernels], indent=1).encode())


def read(directory: Path, index: str = INDEX) -> list[Written]:
    """The kernels in `directory` that `index` lists.

    Raises:
        OSError: A file is missing.
        ValueError: A file is not what was written.
    """
    kernels = []
    for entry in _index(directory / index):
        code = (directory / f"{entry.name}.o").read_bytes()
        if hashlib.sha256(code).hexdigest() != entry.sha256:
            raise ValueError(f"{entry.name}.o is damaged")
        kernels.append(Written(entry, code))
    return kernels


def link(kernels: Sequence[Written]) -> dict[str, Callable[..., Any]]:
    """Kernels by name, as functions that release the interpreter's lock while they run."""
    import llvmlite.binding as llvm

    with _LINKING:
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        for written in kernels:
            engine.add_object_file(llvm.ObjectFileRef.from_data(written.code))
        engine.finalize_object()
        _ENGINES.append(engine)
        return {written.entry.name: _caller(engine, written.entry) for written in kernels}


def load(directory: Path) -> dict[str, Callable[..., Any]]:
    """`link` what `read` finds in `directory`, with its errors."""
    return link(read(directory))


def _index(path: Path) -> list[Entry]:
    listed = json.loads(path.read_bytes())
    try:
        entries = [Entry(**{**item, "arguments": tuple(item["arguments"])}) for item in listed]
    except (TypeError, KeyError) as error:
        raise ValueError(f"{path.name} is no list of kernels") from error
    if not entries:
        raise ValueError(f"{path.name} lists no kernels")
    return entries


_ENGINES: list[Any] = []
"""Machine code lives as long as the engine that linked it."""

_LINKING = threading.Lock()
"""Two groups are linked side by side, in one context of LLVM's: one after the other."""

_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def _caller(engine: Any, entry: Entry) -> Callable[..., Any]:
    function = _SIGNATURE(engine.get_function_address(entry.symbol))
    expected = [(None, 0) if kind == NUMBER else (np.dtype(kind.split(":")[0]), int(kind.split(":")[1])) for kind in entry.arguments]
    words_needed = sum(1 + dimensions for _, dimensions in expected)

    def call(*args: Any) -> Any:
        words = np.empty(max(words_needed, entry.results, 1), np.int64)
        at = 0
        for value, (dtype, dimensions) in zip(_flat(args), expected, strict=True):
            if dtype is None:
                words[at] = value
            elif value.dtype == dtype and value.ndim == dimensions and value.flags.c_contiguous:
                words[at] = value.ctypes.data
                words[at + 1 : at + 1 + dimensions] = value.shape
            else:
                raise TypeError(f"{entry.name} takes contiguous {dtype} of {dimensions} dimensions, not {value.dtype} of {value.ndim}")
            at += 1 + dimensions
        returned, raised = ctypes.c_void_p(), ctypes.c_void_p()
        status = function(ctypes.addressof(returned), ctypes.addressof(raised), words.ctypes.data)
        if status not in (OK, OK_NONE):
            raise RuntimeError(f"{entry.name} raised an exception (status {status})")
        return tuple(words[: entry.results].tolist()) if entry.results else None

    return call


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


def _compile_entry(name: str, dispatcher: Any) -> tuple[tuple[str, ...], str, str, int]:
    """Compile a function that unpacks words and calls the kernel.

    It is called like the kernel: kernels that different processes compiled are linked together, and each process numbers its functions
    for itself, from 1.

    Returns:
        Its arguments as in `Entry`, the symbol, LLVM assembly, and the number of results.
    """
    from numba import carray, njit, types
    from numba.core.types import Array, BaseNamedTuple, BaseTuple, NoneType

    signature = dispatcher.signatures[0]
    names: dict[str, Any] = {"kernel": dispatcher, "carray": carray, "pointer": _pointer_intrinsic()}
    arguments: list[str] = []
    at = 0

    def expression(kind: Any) -> str:
        nonlocal at
        if isinstance(kind, BaseNamedTuple):
            made = f"make_{len(names)}"
            names[made] = kind.instance_class
            return f"{made}({', '.join(expression(member) for member in tuple(kind))})"
        first = at
        if isinstance(kind, Array):
            dtype = np.dtype(str(kind.dtype))
            names[f"type_{dtype}"] = dtype.type
            at += 1 + kind.ndim
            arguments.append(f"{dtype}:{kind.ndim}")
            shape = "".join(f"words[{k}], " for k in range(first + 1, at))
            return f"carray(pointer(words[{first}]), ({shape}), type_{dtype})"
        at += 1
        arguments.append(NUMBER)
        return f"words[{first}] != 0" if kind == types.boolean else f"words[{first}]"

    call = f"kernel({', '.join(expression(kind) for kind in signature)})"
    returned = dispatcher.overloads[signature].signature.return_type
    results = 0 if isinstance(returned, NoneType) else len(returned) if isinstance(returned, BaseTuple) else math.inf
    if results == math.inf:
        raise RuntimeError(f"{dispatcher.__name__} returns {returned}: only None and tuples of numbers can come back")
    called = "entry_of_" + name.replace(".", "_")
    source = f"def {called}(words):\n    r = {call}\n" + "".join(f"    words[{k}] = r[{k}]\n" for k in range(int(results)))
    exec(source, names)  # noqa: S102 - made here from types alone
    entry = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(names[called])
    takes = (types.CPointer(types.int64),)
    entry.compile(takes)
    symbol = entry.overloads[takes].fndesc.llvm_func_name
    return tuple(arguments), symbol, entry.inspect_llvm(takes), int(results)


def _pointer_intrinsic() -> Any:
    """A function for compiled code that takes a number for an address."""
    from numba import types
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[misc, untyped-decorator, unused-ignore]
    def pointer(_: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
            return builder.inttoptr(values[0], context.get_value_type(types.voidptr))

        return types.voidptr(address), code

    return pointer


def _machine() -> Any:
    """LLVM's view of this processor."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, codemodel="jitdefault", jit=True
    )


def _stripped(assembly: str, symbol: str) -> Any:
    """The module with nothing but the entry and what it calls, and without what counts references.

    Raises:
        RuntimeError: It calls something that a process without Numba does not have.
    """
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(COUNTED.sub("", assembly))
    for function in module.functions:
        if not function.is_declaration and function.name != symbol:
            function.linkage = "internal"
    for variable in module.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(_machine(), llvm.create_pipeline_tuning_options()))
    missing = {f.name for f in module.functions if f.is_declaration} - {*PROVIDED}
    missing = {name for name in missing if not name.startswith("llvm.")}
    if missing:
        raise RuntimeError(f"{symbol} calls {', '.join(sorted(missing))}")
    return module


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; ours alone."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
    part.replace(path)
