"""Binary XML of event logs as a tree: elements, attributes, texts, and places where a template leaves room for a value.

Layout after libevtx's description of the format and [MS-EVEN6] 2.2.12. Names lie anywhere in the chunk, each once. Every read is checked,
and depth, elements and bytes are bounded: a fragment is never read beyond its end, and always forwards.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["Element", "Instance", "Malformed", "Place", "fragment", "instance_at", "template_at"]

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


class _Reader:
    """Reads one fragment."""

    def __init__(self, chunk: bytes, at: int, end: int, *, dependent: bool) -> None:
        if not 0 <= at <= end <= len(chunk):
            raise Malformed(f"a fragment from {at} to {end}")
        self._chunk = chunk
        self._at = at
        self._end = end
        self._dependent = dependent
        self._nodes = 0

    def read(self) -> list[Element | Instance]:  # noqa: C901 - one branch for each token
        """All of it."""
        roots: list[Element | Instance] = []
        stack: list[Element] = []
        attribute: list[str | Place] | None = None
        while self._at < self._end:
            token = self._number("<B")
            kind = token & ~MORE
            if kind == HEADER:
                self._skip(3)
            elif kind == END:
                break
            elif kind == OPEN:
                element = self._element(token)
                (stack[-1].content if stack else roots).append(element)
                stack.append(element)
                attribute = None
                if len(stack) > DEEPEST:
                    raise Malformed(f"elements too deep at {self._at}")
            elif kind == TEMPLATE:
                self._at -= 1
                found = instance_at(self._chunk, self._at, self._end)
                self._at = found.end
                (stack[-1].content if stack else roots).append(found)
            elif not stack:
                raise Malformed(f"token {token:#x} outside an element at {self._at - 1}")
            elif kind == ATTRIBUTE:
                attribute = []
                stack[-1].attributes.append((self._name(), attribute))
                self._count()
            elif kind == CLOSE_START:
                attribute = None
            elif kind in {CLOSE_EMPTY, CLOSE}:
                attribute = None
                stack.pop()
            else:
                (stack[-1].content if attribute is None else attribute).extend(self._text(kind))
        return roots

    def _element(self, token: int) -> Element:
        self._count()
        self._skip(6 if self._dependent else 4)
        name = self._name()
        if token & MORE:
            self._skip(4)
        return Element(name)

    def _text(self, kind: int) -> list[str | Place]:
        if kind == VALUE:
            if self._number("<B") != 1:
                raise Malformed(f"a value that is no text at {self._at}")
            return [self._string()]
        if kind in {PLACE, OPTIONAL}:
            index, declared = self._number("<H"), self._number("<B")
            return [Place(index, declared)]
        if kind == CHARACTER:
            return [chr(self._number("<H"))]
        if kind == CDATA:
            return [self._string()]
        if kind == ENTITY:
            name = self._name()
            return [ENTITIES.get(name, f"&{name};")]
        if kind in {TARGET, INSTRUCTION}:
            (self._name if kind == TARGET else self._string)()
            return []
        raise Malformed(f"token {kind:#x} at {self._at - 1}")

    def _string(self) -> str:
        length = 2 * self._number("<H")
        start = self._at
        self._skip(length)
        return self._chunk[start : start + length].decode("utf-16-le", "surrogatepass")

    def _name(self) -> str:
        offset = self._number("<I")
        name, size = name_at(self._chunk, offset)
        if offset == self._at:
            self._skip(size)
        return name

    def _number(self, form: str) -> int:
        size = struct.calcsize(form)
        if self._at + size > self._end:
            raise Malformed(f"the fragment ends at {self._end}, inside a token")
        (number,) = struct.unpack_from(form, self._chunk, self._at)
        self._at += size
        return int(number)

    def _skip(self, count: int) -> None:
        self._at += count
        if self._at > self._end:
            raise Malformed(f"the fragment ends at {self._end}, inside a token")

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise Malformed(f"more than {MOST_NODES} elements and attributes")


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


def fragment(chunk: bytes, at: int, end: int, *, dependent: bool = True) -> list[Element | Instance]:
    """The elements (or template instances) between two offsets of a chunk.

    Args:
        chunk: Up to 64 KiB.
        at: Where it begins, with or without a fragment header.
        end: Where it ends at the latest.
        dependent: Whether elements carry a dependency identifier: not inside a value.

    Raises:
        Malformed: It is no binary XML.
    """
    try:
        return _Reader(chunk, at, end, dependent=dependent).read()
    except UnicodeDecodeError as error:
        raise Malformed(str(error)) from error


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


def template_at(chunk: bytes, definition: int) -> list[Element | Instance]:
    """The elements of the template that is defined at an offset.

    Raises:
        Malformed: There is none.
    """
    if not 0 <= definition <= len(chunk) - TEMPLATE_HEADER:
        raise Malformed(f"a template at {definition}")
    (size,) = struct.unpack_from("<I", chunk, definition + 20)
    at = definition + TEMPLATE_HEADER
    return fragment(chunk, at, min(at + size, len(chunk)))
