"""From the tree of an event to its fields: Windows' system fields, and event data under the names that the provider gave them.

Names: `<Data Name="X">` is X, unnamed Data are Data, Data2 …; any other element is its own name (UserData, Binary, ProcessingErrorData); an
attribute is Element.Attribute; what is rendered (RenderingInfo) keeps that as a prefix, for its children are called like system fields; the
name of EventData itself is EventDataName. A name that comes again gets 2, 3 … behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from netsleuth_tui.decode.binxml import Element, Instance, Place
from netsleuth_tui.decode.evtx_values import BINXML

__all__ = ["MOST_FIELDS", "Fields", "Part", "fields_of", "name_given", "numbered"]

Part = str | Place
"""A piece of a value."""

MOST_FIELDS = 4096
"""Names of one event that are kept."""

NAMED = frozenset({"Data", "ComplexData"})
RENDERED = "RenderingInfo"

SYSTEM = {
    ("Provider", "Name"): "provider",
    ("EventID", ""): "event_id",
    ("Version", ""): "version",
    ("Level", ""): "level",
    ("Task", ""): "task",
    ("Opcode", ""): "opcode",
    ("Keywords", ""): "keywords",
    ("TimeCreated", "SystemTime"): "time",
    ("Channel", ""): "channel",
    ("Computer", ""): "computer",
    ("Execution", "ProcessID"): "process_id",
    ("Execution", "ThreadID"): "thread_id",
    ("Security", "UserID"): "user",
}
"""Element and attribute of the system fields that are kept -> column."""


@dataclass(slots=True)
class Fields:
    """What a tree says: each value is a list of pieces."""

    system: dict[str, list[Part]] = field(default_factory=dict)
    """By column."""
    data: list[tuple[str, list[Part]]] = field(default_factory=list)
    """Names are not numbered yet."""
    nested: list[int] = field(default_factory=list)
    """Indices of values that are trees themselves: their fields come here."""
    instances: list[Instance] = field(default_factory=list)
    """Instances of other templates among the elements."""


def fields_of(roots: Iterable[Element | Instance]) -> Fields:
    """The fields of a fragment, which may be a whole event, or only its event data."""
    found = Fields()
    for root in roots:
        if isinstance(root, Instance):
            found.instances.append(root)
        elif root.name == "Event":
            for part in _parts(root, found):
                _take(part, found)
        else:
            _take(root, found)
    return found


def numbered(names: Iterable[str]) -> tuple[str, ...]:
    """The names with 2, 3 … behind those that were there before, so that each is there once."""
    names = tuple(names)
    taken: set[str] = set()
    if len(set(names)) == len(names):
        return names
    again: dict[str, int] = {}
    given = []
    for name in names:
        new = name
        while new in taken:
            again[name] = again.get(name, 1) + 1
            new = f"{name}{again[name]}"
        taken.add(new)
        given.append(new)
    return tuple(given)


def name_given(attributes: list[tuple[str, list[Part]]]) -> str:
    """Take the name out of the attributes of data; one that is a value is kept as one."""
    for position, (key, parts) in enumerate(attributes):
        if key == "Name":
            if not all(isinstance(part, str) for part in parts):
                return ""
            del attributes[position]
            return "".join(part for part in parts if isinstance(part, str))
    return ""


def _parts(element: Element, found: Fields) -> Iterator[Element]:
    """The elements in it; values and instances that stand among them are trees."""
    for part in element.content:
        if isinstance(part, Element):
            yield part
        elif isinstance(part, Place) and part.kind == BINXML:
            found.nested.append(part.index)
        elif isinstance(part, Instance):
            found.instances.append(part)


def _take(element: Element, found: Fields) -> None:
    if element.name == "System":
        for child in _parts(element, found):
            _system(child, found)
    elif element.name == "EventData":
        for name, parts in element.attributes:
            if not name.startswith("xmlns"):
                found.data.append((f"EventData{name}", parts))
        for child in _parts(element, found):
            _leaf(child, found, "")
    elif element.name in {RENDERED, "UserData"}:
        for child in _parts(element, found):
            _leaf(child, found, f"{RENDERED}." if element.name == RENDERED else "")
    else:
        _leaf(element, found, "")


def _system(element: Element, found: Fields) -> None:
    column = SYSTEM.get((element.name, ""))
    if column is not None:
        found.system[column] = [part for part in element.content if isinstance(part, str | Place)]
    for name, parts in element.attributes:
        column = SYSTEM.get((element.name, name))
        if column is not None:
            found.system[column] = parts


def _leaf(element: Element, found: Fields, prefix: str) -> None:
    """An element of the event data, and all below it."""
    name = element.name
    attributes = [(key, parts) for key, parts in element.attributes if not key.startswith("xmlns")]
    if name in NAMED:
        name = name_given(attributes) or name
    found.data.extend((f"{prefix}{name}.{key}", parts) for key, parts in attributes)
    trees = [part for part in element.content if isinstance(part, Instance) or (isinstance(part, Place) and part.kind == BINXML)]
    if element.is_leaf and not trees:
        if element.content or element.name in NAMED or not attributes:
            found.data.append((f"{prefix}{name}", [part for part in element.content if isinstance(part, str | Place)]))
        return
    for child in _parts(element, found):
        _leaf(child, found, prefix)
