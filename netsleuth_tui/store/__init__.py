"""What was loaded, in memory: packet columns, addresses, events, sources, and the engine that answers filters over them."""

from netsleuth_tui.store.events import EventGroup, EventTable
from netsleuth_tui.store.packets import ROW_BYTES, PacketTable
from netsleuth_tui.store.rows import Rows
from netsleuth_tui.store.sources import Source, Stamp
from netsleuth_tui.store.store import Store
from netsleuth_tui.store.texts import Texts

__all__ = ["ROW_BYTES", "EventGroup", "EventTable", "PacketTable", "Rows", "Source", "Stamp", "Store", "Texts"]
