"""From a shape to the fields of a template: what `event_fields.fields_of` makes of the tree, in one pass and without a tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from netsleuth_tui.decode.binxml import ENTITIES, Place
from netsleuth_tui.decode.event_fields import NAMED, RENDERED, SYSTEM, Fields, Part, name_given
from netsleuth_tui.decode.event_shapes import ATTRIBUTE, CLOSE, CLOSE_START, CONSTANT, ENTITY, OPEN, PLACE, VALUE
from netsleuth_tui.decode.evtx_values import BINXML, STRING

__all__ = ["fields_of_shape"]

ROOT, EVENT, SYSTEM_FIELDS, SYSTEM_FIELD, EVENT_DATA, PARTS, LEAF, IGNORED = range(8)
"""What an element is: what there is before any, the event, its parts, and elements of these."""

WITH_LEAVES = frozenset({EVENT_DATA, PARTS, LEAF})
WITHOUT_TREES = frozenset({SYSTEM_FIELD, IGNORED})
BELOW = {SYSTEM_FIELDS: SYSTEM_FIELD, SYSTEM_FIELD: IGNORED, IGNORED: IGNORED, EVENT_DATA: LEAF, PARTS: LEAF, LEAF: LEAF}
PART = {"System": SYSTEM_FIELDS, "EventData": EVENT_DATA, "UserData": PARTS, RENDERED: PARTS}

DATA, NAME = "Data".encode("utf-16-le"), "Name".encode("utf-16-le")
NAMED_DATA = bytes((OPEN, 8, 0)) + DATA + bytes((ATTRIBUTE, 8, 0)) + NAME
ONE_PLACE = bytes((CLOSE_START, 0, 0, PLACE, 3, 0))
ONE_TEXT = bytes((CLOSE_START, 0, 0, VALUE, 0, 0, CLOSE, 0, 0))
CLOSED = bytes((CLOSE, 0, 0))


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet."""

    role: int
    name: str = ""
    prefix: str = ""
    content: list[Part] = field(default_factory=list)
    """Texts and places that stand in it directly."""
    attributes: list[tuple[str, list[Part]]] = field(default_factory=list)
    is_leaf: bool = True
    """Whether neither an element nor a tree stands in it."""
    is_nothing_without_content: bool = False
    """Whether it has no value if nothing stands in it: only attributes."""


def fields_of_shape(shape: bytes) -> Fields:  # noqa: C901, PLR0912 - one branch for each token
    """The fields of a template or literal element with this shape, which kernels made (`event_shapes`)."""
    found = Fields()
    at, end, places = 0, len(shape), 0
    now, above = _Open(ROOT), []
    parts = now.content
    while at < end:
        kind = shape[at]
        whole = _whole(shape, at, places) if kind == OPEN and now.role in WITH_LEAVES else None
        if whole:
            found.data.append((now.prefix + whole[0], [whole[1]]))
            now.is_leaf = False
            at, places = whole[2], whole[3]
            continue
        start = at + 3
        at = start + (shape[at + 1] | shape[at + 2] << 8)
        if kind == OPEN:
            name = _text(shape[start:at])
            now.is_leaf = False
            above.append(now)
            now = _below(now, name)
            parts = now.content
        elif kind == ATTRIBUTE:
            parts = []
            now.attributes.append((_text(shape[start:at]), parts))
        elif kind == CONSTANT:
            parts.append(_text(shape[start:at]))
        elif kind == PLACE:
            place = _place(shape[start:at])
            parts.append(place)
            if place.kind == BINXML and parts is now.content and now.role not in WITHOUT_TREES:
                found.nested.append(place.index)
                now.is_leaf = False
        elif kind == VALUE:
            parts.append(Place(places, STRING))
            places += 1
        elif kind == ENTITY:
            name = _text(shape[start:at])
            parts.append(ENTITIES.get(name, f"&{name};"))
        else:
            if kind != CLOSE:
                _take_attributes(now, found)
                parts = now.content
            if kind != CLOSE_START:
                if now.is_leaf and now.role == LEAF and (now.content or not now.is_nothing_without_content):
                    found.data.append((f"{now.prefix}{now.name}", now.content))
                now = above.pop()
                parts = now.content
    return found


@lru_cache(maxsize=4096)
def _text(raw: bytes) -> str:
    return raw.decode("utf-16-le", "surrogatepass")


@lru_cache(maxsize=4096)
def _place(raw: bytes) -> Place:
    return Place(raw[0] | raw[1] << 8, raw[2])


def _whole(shape: bytes, at: int, places: int) -> tuple[str, Place, int, int] | None:
    """Its name, its value, where it ends and the texts so far, if the element at `at` has but one value: there is most of these."""
    is_data = shape.startswith(NAMED_DATA, at)
    at += len(NAMED_DATA) if is_data else 0
    if shape[at] != (CONSTANT if is_data else OPEN):
        return None
    start = at + 3
    stop = start + (shape[at + 1] | shape[at + 2] << 8)
    if shape.startswith(ONE_TEXT, stop):
        place, end = Place(places, STRING), stop + len(ONE_TEXT)
        places += 1
    elif shape.startswith(ONE_PLACE, stop) and shape[stop + 8] != BINXML and shape.startswith(CLOSED, stop + 9):
        place, end = _place(shape[stop + 6 : stop + 9]), stop + 12
    else:
        return None
    name = _text(shape[start:stop])
    return (name or "Data") if is_data else name, place, end, places


def _below(outer: _Open, name: str) -> _Open:
    """An element in another one."""
    role = outer.role
    if role == EVENT or (role == ROOT and name != "Event"):
        return _Open(PART.get(name, LEAF), name, f"{RENDERED}." if name == RENDERED else "")
    return _Open(BELOW.get(role, EVENT), name, outer.prefix)


def _take_attributes(now: _Open, found: Fields) -> None:
    """Its tag ends: what do its attributes say?"""
    role, name = now.role, now.name
    if role == LEAF:
        attributes = [item for item in now.attributes if not item[0].startswith("xmlns")]
        now.is_nothing_without_content = bool(attributes) and name not in NAMED
        if attributes and name in NAMED:
            now.name = name_given(attributes) or name
        found.data.extend((f"{now.prefix}{now.name}.{key}", parts) for key, parts in attributes)
    elif role == SYSTEM_FIELD:
        column = SYSTEM.get((name, ""))
        if column is not None:
            found.system[column] = now.content
        for key, parts in now.attributes:
            column = SYSTEM.get((name, key))
            if column is not None:
                found.system[column] = parts
    elif role == EVENT_DATA:
        found.data.extend((f"EventData{key}", parts) for key, parts in now.attributes if not key.startswith("xmlns"))
