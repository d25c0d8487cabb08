"""Tables of text into packet columns: what tshark and Wireshark write as CSV, and logs with times and addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsleuth_tui.decode.columns import NO_TIME, PACKET_COLUMNS, Columns, Has, Protocol
from netsleuth_tui.ingest.keeping import keep
from netsleuth_tui.ingest.matching import Matched
from netsleuth_tui.ingest.table_layout import Layout
from netsleuth_tui.ingest.table_rows import Shaping
from netsleuth_tui.ingest.table_times import Times, form_of
from netsleuth_tui.ingest.table_values import ABSENT, NAME, WRONG, Addresses, FlagNumbers, Labels, Layers, Numbers, by_ip_proto, from_info
from netsleuth_tui.linktypes import NO_FRAME
from netsleuth_tui.query.fields import FIELDS, PROTOCOLS, Field
from netsleuth_tui.readers import BadLine, FrameBatch
from netsleuth_tui.store.clock import put_right
from netsleuth_tui.wording import grouped, several

if TYPE_CHECKING:
    from netsleuth_tui.decode.hosts import HostTable
    from netsleuth_tui.ingest.matching import Matching
    from netsleuth_tui.ingest.window import LoadWindow
    from netsleuth_tui.readers import TableRows, TextTable
    from netsleuth_tui.store import Store

__all__ = ["TableDecoding", "TableLoading"]

_TOLD = 24
"""Lines whose faults are told one by one."""
_DAY = 86_400 * 10**9
_QUARTER = 900 * 10**9
_HIGHEST = (
    Protocol.ESP, Protocol.TCP, Protocol.UDP, Protocol.SCTP, Protocol.ICMP, Protocol.ICMPV6, Protocol.ARP, Protocol.AH, Protocol.GRE,
    Protocol.IGMP, Protocol.OSPF,
)  # fmt: skip
_QUOTED = ~(
    Has.TCP | Has.UDP | Has.SCTP | Has.ESP | Has.SRC_PORT | Has.DST_PORT | Has.TCP_SEQ | Has.TCP_ACK | Has.TCP_FLAGS | Has.TCP_WINDOW
    | Has.TCP_LEN | Has.ESP_SPI | Has.ESP_SEQUENCE
)  # fmt: skip
_QUOTED_COLUMNS = ("src_port", "dst_port", "tcp_seq", "tcp_ack", "tcp_flags", "tcp_window", "tcp_len", "esp_spi", "esp_sequence")
_UNSPECIFIED = "0.0.0.0"  # noqa: S104 - an address in a table, nothing is bound to it
_FLAGS = "tcp.flags."


class TableDecoding:
    """Turns the rows of one table into columns.

    Args:
        table: Its damage and notes grow.
        layout: What its columns are.
        hosts: Where its addresses go.
    """

    def __init__(self, table: TextTable, layout: Layout, hosts: HostTable) -> None:
        self._table = table
        self._layout = layout
        self._shaping = Shaping(layout)
        self._times = Times(layout.form) if layout.form is not None else None
        self._fields = [FIELDS[name] for name in layout.at if name in FIELDS and FIELDS[name].kind in ("uint", "bool", "address")]
        self._numbers = {
            field.name: [(FlagNumbers if field.name == "tcp.flags" else Numbers)(field.maximum, k) for k in range(len(field.columns))]
            for field in self._fields
            if field.kind != "address"
        }
        self._addresses = {k: Addresses(hosts, k) for k in range(2)}
        self._ports = Numbers(0xFFFF)
        self._labels = Labels()
        self._layers = Layers(PROTOCOLS)
        self._hosts = hosts
        self._names: dict[str, int] = {}
        self._first_name = ""
        self._bad = 0
        self._last_line = 0
        self._looked_for_zone = False
        self._one_sided = False
        self._tcp_without_flags = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know."""
        layout, found = self._layout, self._notes_of_times()
        if self._labels.taken:
            named = ", ".join(f"{name} as {protocol.label}" for name, protocol in list(self._labels.taken.items())[:_TOLD])
            found.append(f"protocols were taken from their names: {named}")
        flags = [name.removeprefix(_FLAGS) for name in layout.at if name.startswith(_FLAGS)]
        if flags and "tcp.flags" not in layout.at:
            found.append(f"of the TCP flags the table has only {', '.join(flags)}: the others count as not set")
        if self._tcp_without_flags and not flags and "tcp.flags" not in layout.at:
            found.append("there is TCP without flags: SYN, RST and the others count as not set there")
        if "frame.len" not in layout.at and "ip.len" in layout.at:
            found.append("bytes are those of ip.len: the table has no frame.len")
        if self._names:
            counts = ", ".join(f"{grouped(count)} of {name}" for name, count in self._names.items())
            found.append(
                f"names stand where addresses are asked for ({counts}, such as {self._first_name!r}), and are not looked up: write the "
                "table without name resolution (tshark -n; in Wireshark, View > Name Resolution)"
            )
        if self._one_sided:
            found.append(f"where the table has only one of two addresses, the other counts as {_UNSPECIFIED}")
        return tuple(found)

    def _notes_of_times(self) -> list[str]:
        """What there is to know about the times."""
        layout, found = self._layout, [self._layout.remark] if self._layout.remark else []
        if layout.form is None:
            found.append("there is no column with times")
        else:
            if layout.form.remark:
                found.append(layout.form.remark)
            if layout.form.kind == "date" and not (layout.form.zoned or layout.form.day) and not self._looked_for_zone:
                found.append("times do not say in which zone they are: they are taken as UTC; --shift NAME=+7h puts them right")
            if self._times is not None and self._times.unknown_zone:
                found.append(
                    f"the zone {self._times.unknown_zone!r} is not known: its times are taken as UTC; --shift NAME=-1h puts them right"
                )
        return found

    def finish(self) -> None:
        """Say what was too much to be said line by line."""
        self._table.damage.sort(key=lambda damage: damage.line if isinstance(damage, BadLine) else self._last_line + 1)
        if self._bad > _TOLD:
            more = several(self._bad - _TOLD, "more line has", "more lines have")
            self._table.damage.append(BadLine(0, f"up to here {more} such faults", self._last_line))

    def decoded(self, block: TableRows) -> Columns:
        """The rows of a block as columns; `row` and `source` are left to the caller."""
        shaped = self._shaping.of(block, self._complain)
        self._last_line = int(block.lines[-1]) if len(block.lines) else 0
        lines, cells, count = shaped.lines, shaped.cells, len(shaped.lines)
        columns = Columns._make(np.zeros(count, dtype) for dtype in PACKET_COLUMNS.values())
        columns.link_type[:] = NO_FRAME
        columns.offset[:] = shaped.offsets
        columns.time[:] = NO_TIME
        if not count:
            return columns
        kept = self._set_times(columns, cells, lines)
        sides = np.zeros((2, count), np.bool_)
        for field in self._fields:
            self._set_field(columns, sides, field, cells[field.name], lines)
        for name, column, bit in (("srcport", columns.src_port, Has.SRC_PORT), ("dstport", columns.dst_port, Has.DST_PORT)):
            if name in cells:
                values = self._checked(self._ports.of(cells[name]), name, cells[name], lines)
                _put(column, columns.present, values, int(bit))
        self._complete_addresses(columns, sides)
        self._set_protocols(columns, cells)
        bits = int(Has.TCP_FLAGS)
        self._tcp_without_flags |= bool(((columns.protocol == Protocol.TCP) & (columns.present & np.uint64(bits) == 0)).any())
        if "frame.len" not in cells and "ip.len" in cells:
            columns.len[:] = columns.ip_len
        return columns if kept.all() else columns.at(np.flatnonzero(kept).astype(np.uint32))

    # Times

    def _set_times(self, columns: Columns, cells: dict[str, Sequence[str]], lines: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Set the times; False for rows whose time cannot be read."""
        name = self._layout.time
        kept: NDArray[np.bool_] = np.ones(len(lines), np.bool_)
        if self._times is None or name not in cells:
            return kept
        if not self._looked_for_zone and self._layout.form is not None and not self._layout.form.zoned:
            self._looked_for_zone = self._find_zone(cells)
        texts = cells[name]
        columns.time[:] = self._times.of(texts)
        filled = np.fromiter(map(bool, map(str.strip, texts)), np.bool_, len(texts))
        kept = ~((columns.time == NO_TIME) & filled)
        for row in np.flatnonzero(~kept).tolist():
            self._complain(int(lines[row]), f"{name}: {texts[row][:40]!r} is no time of the form that the first ones have", 0)
        return kept

    def _find_zone(self, cells: dict[str, Sequence[str]]) -> bool:
        """Where another column has the same moments as UTC, without a date, the difference is the zone."""
        texts = cells.get("frame.time_utc", ())
        form = next((form for text in texts[:_TOLD] if (form := form_of(text)) is not None), None)
        if self._times is None or form is None or form.kind not in ("clock", "date"):
            return False
        local, utc = self._times.of(cells[self._layout.time][:_TOLD]), Times(form).of(texts[:_TOLD])
        there = (local != NO_TIME) & (utc != NO_TIME)
        apart = np.unique((local[there] - utc[there] + _DAY // 2) % _DAY - _DAY // 2)
        if len(apart) != 1 or apart[0] % _QUARTER:
            return False
        self._times.set_offset(int(apart[0]) // 10**9)
        return bool(apart[0])

    # Fields

    def _set_field(self, columns: Columns, sides: NDArray[np.bool_], field: Field, texts: Sequence[str], lines: NDArray[np.int64]) -> None:
        """Set what one field says; `sides` tells which rows have a source and a target."""
        layer = PROTOCOLS.get(field.name.partition(".")[0], 0)
        for k, (column, has) in enumerate(zip(field.columns, field.has, strict=True)):
            if column not in PACKET_COLUMNS or column in ("present", "offset"):
                continue
            target = getattr(columns, column)
            if field.kind == "address":
                ids = self._addresses[k].of(texts)
                there = ids >= 0
                target[there] = ids[there]
                self._tell_other_addresses(ids, field.name, texts, lines)
                sides[int(column == "dst")] |= there
                columns.present[there] |= np.uint64(layer & int(Has.ARP))
                continue
            values = self._checked(self._numbers[field.name][k].of(texts), field.name, texts, lines)
            if field.mask:
                there = values >= 0
                target[there] |= (values[there] << field.shift).astype(target.dtype)
                columns.present[there] |= np.uint64(has | layer)
            else:
                _put(target, columns.present, values, has | layer)

    def _complete_addresses(self, columns: Columns, sides: NDArray[np.bool_]) -> None:
        """Say which frames have addresses, and of which version."""
        some = sides[0] | sides[1]
        for side, column in zip(sides, (columns.src, columns.dst), strict=True):
            alone = some & ~side
            if alone.any():
                self._one_sided = True
                column[alone] = self._addresses[0].of([_UNSPECIFIED])[0]
        which = np.where(sides[0], columns.src, columns.dst)
        six = np.zeros(len(some), np.bool_)
        six[some] = self._hosts.version[which[some]] == 6
        is_arp = columns.present & np.uint64(Has.ARP) != 0
        columns.present[some] |= np.uint64(Has.ADDRESSES)
        columns.present[some & ~is_arp & ~six] |= np.uint64(Has.IP)
        columns.present[some & ~is_arp & six] |= np.uint64(Has.IPV6)

    def _set_protocols(self, columns: Columns, cells: dict[str, Sequence[str]]) -> None:
        """Decide the highest protocol: by the IP header or the layers where the table has them, else by its name, else by what is there."""
        present = columns.present
        absent = np.full(len(present), ABSENT, np.int64)
        if "frame.protocols" in cells:
            present |= self._layers.of(cells["frame.protocols"]).astype(np.uint64)
        numbers = np.where(present & np.uint64(Has.IP_PROTO) != 0, columns.ip_proto.astype(np.int64), ABSENT)
        by_number, by_layer = by_ip_proto(numbers), absent.copy()
        for protocol in reversed(_HIGHEST):
            by_layer[present & np.uint64(_bits(protocol)) != 0] = int(protocol)
        fragments = (present & np.uint64(Has.IP_FRAG) != 0) & (columns.ip_frag & np.uint16(0x1FFF) != 0)
        by_number[fragments] = int(Protocol.IPV4)  # tshark shows the whole packet at its last fragment
        labels = self._labels.of(cells["_ws.col.protocol"]) if "_ws.col.protocol" in cells else absent
        by_number[(by_layer == Protocol.ESP) & (by_number == Protocol.UDP)] = int(Protocol.ESP)
        by_version = np.where(present & np.uint64(Has.IPV6) != 0, int(Protocol.IPV6), absent)
        by_version[present & np.uint64(Has.IP) != 0] = int(Protocol.IPV4)
        found = absent
        for guess in (by_number, by_layer, labels, by_version):
            found = np.where(found == ABSENT, guess, found)
        found[found == ABSENT] = int(Protocol.OTHER)
        columns.protocol[:] = found
        for value in np.unique(found).tolist():
            present[found == value] |= np.uint64(_bits(Protocol(value)))
        if "_ws.col.info" in cells and not {"srcport", "tcp.srcport", "udp.srcport", "tcp.port", "udp.port"} & set(cells):
            _set_from_info(columns, cells["_ws.col.info"])
        _forget_quoted(columns, (found == Protocol.ICMP) | (found == Protocol.ICMPV6) | fragments)

    # Faults

    def _checked(self, values: NDArray[np.int64], name: str, texts: Sequence[str], lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tell of cells that are no value of their field."""
        for row in np.flatnonzero(values == WRONG).tolist():
            self._complain(int(lines[row]), f"{name}: {texts[row][:40]!r} is no value of this field", 0)
        return values

    def _tell_other_addresses(self, ids: NDArray[np.int64], name: str, texts: Sequence[str], lines: NDArray[np.int64]) -> None:
        """Tell of cells that hold something else than an address; Wireshark's own columns have MAC addresses and their names, too."""
        is_either = name in self._layout.either
        named = ids == NAME
        if named.any():
            self._first_name = self._first_name or texts[int(np.argmax(named))].strip()[:40]
            self._names[name] = self._names.get(name, 0) + int(named.sum())
        for row in np.flatnonzero((ids == WRONG) if is_either else (ids < ABSENT)).tolist():
            what = "is a name, not an address" if ids[row] == NAME else "is no IP address"
            self._complain(int(lines[row]), f"{name}: {texts[row][:40]!r} {what}", 0)

    def _complain(self, line: int, reason: str, offset: int) -> None:
        self._bad += 1
        if self._bad <= _TOLD:
            self._table.damage.append(BadLine(offset, reason, line))


def _put(column: NDArray[np.generic], present: NDArray[np.uint64], values: NDArray[np.int64], bits: int) -> None:
    """Set a column where there are values, and say that they are there."""
    there = values >= 0
    column[there] = values[there].astype(column.dtype)
    present[there] |= np.uint64(bits)


def _set_from_info(columns: Columns, texts: Sequence[str]) -> None:
    """Take ports, flags and payload lengths from Wireshark's Info column."""
    source, target, flags, length = from_info(texts)
    is_tcp = columns.protocol == Protocol.TCP
    other = ~(is_tcp | (columns.protocol == Protocol.UDP))
    for column, values, bit in ((columns.src_port, source, Has.SRC_PORT), (columns.dst_port, target, Has.DST_PORT)):
        _put(column, columns.present, np.where(other, ABSENT, values), int(bit))
    _put(columns.tcp_flags, columns.present, np.where(is_tcp, flags, ABSENT), int(Has.TCP_FLAGS))
    _put(columns.tcp_len, columns.present, np.where(is_tcp, length, ABSENT), int(Has.TCP_LEN))


def _bits(protocol: Protocol) -> int:
    """The bits of `Has` for a protocol's own layer; none for those that are a matter of the addresses."""
    return 0 if protocol in (Protocol.IPV4, Protocol.IPV6) else PROTOCOLS.get(protocol.label.lower(), 0)


def _forget_quoted(columns: Columns, errors: NDArray[np.bool_]) -> None:
    """An ICMP message may quote another packet, whose ports and flags tshark prints, too: they are not the message's own."""
    columns.present[errors] &= np.uint64(int(_QUOTED) & (2**64 - 1))
    for name in _QUOTED_COLUMNS:
        getattr(columns, name)[errors] = 0


class TableLoading:
    """Takes a table into a store.

    Args:
        store: Grows.
        table: What is read.
        layout: What its columns are.
        index: Of its source in the store.
        keeping: The filter at loading, None without one.
        window: What is loaded of the time.
    """

    def __init__(self, store: Store, table: TextTable, layout: Layout, index: int, keeping: Matching | None, window: LoadWindow) -> None:
        self._store = store
        self._table = table
        self._index = index
        self._keeping = keeping
        self._window = window
        self._decoding = TableDecoding(table, layout, store.hosts if keeping is None else keeping.store.hosts)
        self.total = 0
        """Packets of the table so far."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to note, when all is read."""
        self._decoding.finish()
        return self._decoding.notes

    def parts(self) -> Iterator[tuple[int, Callable[[], FrameBatch]]]:
        """Read on: how many rows there are to add each time, and what adds them and tells what they were."""
        for block in self._table.blocks():
            columns = self._decoding.decoded(block)
            count = len(columns.row)
            put_right(columns.time, self._store.sources[self._index].shift)
            columns.row[:] = np.arange(self.total, self.total + count)
            self.total += count
            if self._keeping is not None:
                self._keeping.window = self._window
                chosen = self._keeping.rows_kept(columns)
                matched = Matched(_batch_of(columns), chosen, columns.at(chosen))
                yield len(matched.chosen), partial(keep, self._store, self._keeping.store.hosts, matched, self._index)
                continue
            inside = np.flatnonzero(self._window.inside(columns.time, columns.offset)).astype(np.uint32)
            some = columns if len(inside) == count else columns.at(inside)
            yield len(inside), partial(_add, self._store, some, self._index)


def _add(store: Store, columns: Columns, index: int) -> FrameBatch:
    """Add rows to a store, whose host ids they have, as those of source `index`; the same, for counting."""
    first, count = store.packets, len(columns.row)
    target = store.table.reserve(first + count)
    rows = slice(first, first + count)
    for name in Columns._fields:
        getattr(target, name)[rows] = getattr(columns, name)
    target.row[rows] = np.arange(first, first + count)
    target.source[rows] = index
    store.table.commit(first + count)
    return _batch_of(columns)


def _batch_of(columns: Columns) -> FrameBatch:
    """Rows as the frames that they tell of: times and lengths, and no bytes."""
    count = len(columns.row)
    start = np.zeros(count, np.int64)
    return FrameBatch(np.zeros(0, np.uint8), count, start, columns.cap_len, columns.len, columns.time, columns.link_type, columns.offset)
