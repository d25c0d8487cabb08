"""Binary XML of event logs as a tree: elements, attributes, texts, and places where a template leaves room for a value.

Layout after libevtx's description of the format and [MS-EVEN6] 2.2.12. Names lie anywhere in the chunk, each once. Every read is checked,
and depth, elements and bytes are bounded: a fragment is never read beyond its end, and always forwards.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["Element", "Instance", "Malformed", "Names", "Place", "fragment", "instance_at", "template_at"]

DEEPEST = 64
MOST_NODES = 1 << 14
"""Elements and attributes of one fragment."""

MOST_VALUES = 1 << 13

(
    END,
    OPEN,
    CLOSE_START,
    CLOSE_EMPTY,
    CLOSE,
    VALUE,
    ATTRIBUTE,
    CDATA,
    CHARACTER,
    ENTITY,
    TARGET,
    INSTRUCTION,
    TEMPLATE,
    PLACE,
    OPTIONAL,
    HEADER,
) = range(16)
MORE = 0x40
Names = dict[int, tuple[str, int]]
"""Offset of a name -> the name, and the bytes that it takes."""

_U16, _U32 = struct.Struct("<H"), struct.Struct("<I")
ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
TEMPLATE_HEADER = 24
"""Next definition (4 bytes), GUID (16), size of what follows (4)."""


class Malformed(ValueError):  # noqa: N818 - says what the data are
    """Binary XML that contradicts itself; the text says where in the chunk."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a template leaves room for one of the values of its instance."""

    index: int
    kind: int
    """Type that the template declares."""


@dataclass(slots=True)
class Element:
    """An element; `content` has elements, texts, places, and instances of other templates, in order."""

    name: str
    attributes: list[tuple[str, list[str | Place]]] = field(default_factory=list)
    content: list[Element | str | Place | Instance] = field(default_factory=list)

    @property
    def is_leaf(self) -> bool:
        """Whether there is no element in it."""
        return not any(isinstance(part, Element) for part in self.content)


@dataclass(frozen=True, slots=True)
class Instance:
    """A template and its values, where they lie in the chunk."""

    definition: int
    """Offset of the template's definition."""
    values: tuple[tuple[int, int, int], ...]
    """Offset, length and type of each."""
    end: int
    """Where the values end."""


def _text_at(chunk: bytes, at: int, kind: int, names: Names) -> tuple[str | Place | None, int]:
    """What a token other than an element or attribute stands for, None if for nothing, and where the next one is."""
    if kind in {PLACE, OPTIONAL}:
        return Place(_U16.unpack_from(chunk, at + 1)[0], chunk[at + 3]), at + 4
    if kind == VALUE:
        if chunk[at + 1] != 1:
            raise Malformed(f"a value that is no text at {at}")
        at += 1
    if kind in {VALUE, CDATA, INSTRUCTION}:
        start = at + 3
        end = start + 2 * _U16.unpack_from(chunk, at + 1)[0]
        return (None if kind == INSTRUCTION else chunk[start:end].decode("utf-16-le", "surrogatepass")), end
    if kind == CHARACTER:
        return chr(_U16.unpack_from(chunk, at + 1)[0]), at + 3
    if kind in {ENTITY, TARGET}:
        name, after = _name(chunk, at + 1, names)
        return (ENTITIES.get(name, f"&{name};") if kind == ENTITY else None), after
    raise Malformed(f"token {kind:#x} at {at}")


def _name(chunk: bytes, at: int, names: Names) -> tuple[str, int]:
    """The name that the reference at an offset means, and where what follows the reference begins: the name may lie there itself."""
    (offset,) = _U32.unpack_from(chunk, at)
    known = names.get(offset)
    if known is None:
        known = names[offset] = name_at(chunk, offset)
    at += 4
    return known[0], at + known[1] if offset == at else at


@lru_cache(maxsize=4096)
def _decoded(raw: bytes) -> str:
    return raw.decode("utf-16-le", "surrogatepass")


def name_at(chunk: bytes, offset: int) -> tuple[str, int]:
    """A name and the bytes that it takes: next name (4), hash (2), characters (2), UTF-16, NUL.

    Raises:
        Malformed: It does not lie in the chunk.
    """
    if not 0 <= offset <= len(chunk) - 8:
        raise Malformed(f"a name at {offset}")
    (count,) = struct.unpack_from("<H", chunk, offset + 6)
    if offset + 8 + 2 * count > len(chunk):
        raise Malformed(f"a name of {count} characters at {offset}")
    return _decoded(chunk[offset + 8 : offset + 8 + 2 * count]), 10 + 2 * count


def fragment(chunk: bytes, at: int, end: int, *, dependent: bool = True, names: Names | None = None) -> list[Element | Instance]:
    """The elements (or template instances) between two offsets of a chunk.

    Args:
        chunk: Up to 64 KiB.
        at: Where it begins, with or without a fragment header.
        end: Where it ends at the latest.
        dependent: Whether elements carry a dependency identifier: only those of templates do.
        names: Names of the chunk that were read before.

    Returns:
        Those before the first that is none, or is not whole: junk behind an event is left alone, as kernels do.

    Raises:
        Malformed: It is no binary XML.
    """
    if not 0 <= at <= end <= len(chunk):
        raise Malformed(f"a fragment from {at} to {end}")
    roots: list[Element | Instance] = []
    try:
        _read_roots(roots, chunk, at, end, 7 if dependent else 5, {} if names is None else names)
    except (Malformed, UnicodeDecodeError, struct.error, IndexError) as error:
        if not roots:
            raise Malformed(str(error)) from error
    return roots


def _read_roots(  # noqa: C901, PLR0912 - one branch for each token
    roots: list[Element | Instance], chunk: bytes, at: int, end: int, head: int, names: Names
) -> None:
    """Add what is whole to `roots`; the name of an element stands `head` bytes behind its token."""
    stack: list[Element] = []
    attribute: list[str | Place] | None = None
    nodes = 0
    while at < end:
        token = chunk[at]
        kind = token & ~MORE
        if kind == OPEN:
            name, at = _name(chunk, at + head, names)
            at += 4 if token & MORE else 0
            element = Element(name)
            if stack:
                stack[-1].content.append(element)
            stack.append(element)
            attribute = None
            nodes += 1
        elif kind == HEADER:
            at += 4
        elif kind == END:
            break
        elif kind == TEMPLATE:
            found = instance_at(chunk, at, end)
            at = found.end
            if at > end:
                raise Malformed(f"a template instance ends at {at}, behind {end}")
            (stack[-1].content if stack else roots).append(found)
        elif not stack:
            raise Malformed(f"token {token:#x} outside an element at {at}")
        elif kind == ATTRIBUTE:
            name, at = _name(chunk, at + 1, names)
            attribute = []
            stack[-1].attributes.append((name, attribute))
            nodes += 1
        elif kind in {CLOSE_START, CLOSE_EMPTY, CLOSE}:
            attribute = None
            at += 1
            if kind != CLOSE_START:
                closed = stack.pop()
                if not stack:
                    roots.append(closed)
        else:
            part, at = _text_at(chunk, at, kind, names)
            if part is not None:
                (stack[-1].content if attribute is None else attribute).append(part)
        if at > end or len(stack) > DEEPEST or nodes > MOST_NODES:
            raise Malformed(f"the fragment ends at {end}, inside a token, or has too many elements")
    if stack:  # it ends with its fragment
        roots.append(stack[0])


def instance_at(chunk: bytes, at: int, end: int) -> Instance:
    """The template instance at an offset.

    Raises:
        Malformed: There is none, or it does not fit.
    """
    if at + 10 > end or chunk[at] != TEMPLATE:
        raise Malformed(f"no template instance at {at}")
    identity, definition = struct.unpack_from("<II", chunk, at + 2)
    at += 10
    if definition + TEMPLATE_HEADER > len(chunk):
        raise Malformed(f"a template at {definition}")
    guid, size = struct.unpack_from("<I12xI", chunk, definition + 4)
    if guid != identity:
        raise Malformed(f"template {identity:08x} is not at {definition}")
    if definition == at:
        at += TEMPLATE_HEADER + size
    if at + 4 > end:
        raise Malformed(f"the values of a template instance begin at {at}, behind its end")
    (count,) = struct.unpack_from("<I", chunk, at)
    at += 4
    if count > MOST_VALUES or at + 4 * count > end:
        raise Malformed(f"{count} values at {at}")
    offset = at + 4 * count
    values = []
    for length, kind in struct.iter_unpack("<HBx", chunk[at : at + 4 * count]):
        values.append((offset, length, kind))
        offset += length
    if offset > end:
        raise Malformed(f"values that end at {offset}, behind their instance")
    return Instance(definition, tuple(values), offset)


def template_at(chunk: bytes, definition: int, names: Names | None = None) -> list[Element | Instance]:
    """The elements of the template that is defined at an offset.

    Raises:
        Malformed: There is none.
    """
    if not 0 <= definition <= len(chunk) - TEMPLATE_HEADER:
        raise Malformed(f"a template at {definition}")
    (size,) = struct.unpack_from("<I", chunk, definition + 20)
    at = definition + TEMPLATE_HEADER
    return fragment(chunk, at, min(at + size, len(chunk)), names=names)
