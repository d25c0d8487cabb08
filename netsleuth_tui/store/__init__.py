"""What was loaded, in memory: packet columns, addresses, events, sources, and the engine that answers filters over them.

Each part is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netsleuth_tui.store.events import EventGroup, EventTable
    from netsleuth_tui.store.packets import ROW_BYTES, PacketTable
    from netsleuth_tui.store.rows import Rows
    from netsleuth_tui.store.sources import Source, Stamp
    from netsleuth_tui.store.store import Store
    from netsleuth_tui.store.texts import Texts

__all__ = ["ROW_BYTES", "EventGroup", "EventTable", "PacketTable", "Rows", "Source", "Stamp", "Store", "Texts"]

_LATE = {
    "EventGroup": "events",
    "EventTable": "events",
    "PacketTable": "packets",
    "ROW_BYTES": "packets",
    "Rows": "rows",
    "Source": "sources",
    "Stamp": "sources",
    "Store": "store",
    "Texts": "texts",
}


def __getattr__(name: str) -> Any:
    """One of them, when it is asked for."""
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(name)
