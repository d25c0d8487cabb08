"""Makes docs/screenshot.svg, the picture on the front page, from the app itself with the router loop of the samples.

usage: make_screenshot.py [-o docs/screenshot.svg] [--size 140x36] [--filter EXPR] [--sample NAME] [--keys KEY,KEY...]

Other pictures: docs/guide.md has --filter "" --size 160x36 --keys t,p,enter,x,down -o docs/explain.svg; docs/esp.md has
--sample esp-tunnel.pcapng.gz --filter "" --size 120x36, --keys 3 -o docs/esp-list.svg, and --keys 3,enter,w -o docs/esp-association.svg.
Of the regions: --sample resets-by-office.pcapng.gz --filter "" --size 130x30, --keys 4 -o docs/regions.svg, and
--keys 4,r,down -o docs/regions-resets.svg.
docs/print-server.md has --sample print_server.evtx --size 140x32, --filter "" --keys down,up -o docs/events-ids.svg, and
--filter "EventID == 4663" --keys p,b,P,r,o,c,e,s,s,N,a,m,e,comma,e,x,t,left_parenthesis,O,b,j,e,c,t,N,a,m,e,right_parenthesis,enter
-o docs/events-groups.svg.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from netsleuth_tui.tui.app import NetSleuthApp

HERE = Path(__file__).resolve().parent

MOST_SECONDS = 120.0
"""How long loading and drawing may take."""

CELL = 12.2
"""Width of a cell in the picture."""

AFTERWARDS = ",".join(("down",) * 6)
"""Keys that are pressed once the filter is applied."""


async def picture(size: tuple[int, int], text: str, name: str, keys: Sequence[str]) -> str:
    """The main screen as SVG.

    Args:
        size: Columns and rows.
        text: Filter that is typed in.
        name: Of the sample.
        keys: Pressed afterwards.
    """
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    from netsleuth_tui.paths import sample
    from netsleuth_tui.places import PlaceFiles
    from netsleuth_tui.session import Session
    from netsleuth_tui.tui.app import NetSleuthApp

    app = NetSleuthApp([str(sample(name))], Session(place_files=PlaceFiles(sites=(str(sample("sites.csv")),))))
    async with app.run_test(size=size) as pilot:
        await _until_loaded(app, pilot)
        await pilot.press("slash", *text, "enter")
        for each in keys:
            await pilot.pause(1.0 if each != "down" else 0.0)
            await pilot.press(each)
        await pilot.pause(3.0)  # for the layers of the packet, which another process finds out
        return _portable(app.export_screenshot(title="NetSleuth"))


async def _until_loaded(app: NetSleuthApp, pilot: Pilot[None]) -> None:
    end = time.monotonic() + MOST_SECONDS
    while app.main.progress is None or app.main.progress.phase == "loading":
        if time.monotonic() > end:
            raise TimeoutError("the sample was not loaded")
        await pilot.pause(0.1)
    await pilot.pause(1.0)


def _portable(svg: str) -> str:
    """The picture without fonts from the net, and without spaces in front of texts: some programs leave them away and move the rest."""
    svg = re.sub(r"\s*@font-face\s*{[^}]*}", "", svg)
    svg = svg.replace("Fira Code, monospace", "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace")
    return re.sub(r'(<text [^>]*\bx=")([\d.]+)("[^>]*\btextLength=")([\d.]+)("[^>]*>)((?:&#160;)+)', _moved, svg)


def _moved(text: re.Match[str]) -> str:
    width = CELL * text[6].count("&#160;")
    return f"{text[1]}{float(text[2]) + width:g}{text[3]}{float(text[4]) - width:g}{text[5]}"


def main() -> None:
    """Make the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "screenshot.svg")
    parser.add_argument("--size", default="140x36")
    parser.add_argument("--filter", default="icmp && ip.addr == 10.9.0.0/16")
    parser.add_argument("--sample", default="router-loop.pcapng.gz")
    parser.add_argument("--keys", default=AFTERWARDS)
    asked = parser.parse_args()
    columns, rows = map(int, asked.size.split("x"))
    asked.output.write_text(asyncio.run(picture((columns, rows), asked.filter, asked.sample, asked.keys.split(","))), encoding="utf-8")


if __name__ == "__main__":
    main()
