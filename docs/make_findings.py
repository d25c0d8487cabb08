"""Makes the tables of docs/findings.md, kinds of findings and thresholds, from the program itself; the rest of the page stays.

usage: make_findings.py [-o docs/findings.md]
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from netsleuth_tui.findings import KINDS, LIMITS, Limits

HERE = Path(__file__).resolve().parent


def kinds() -> str:
    """A line for each kind."""
    lines = [f"| `{kind.slug}` | {kind.definition(LIMITS)} |" for kind in KINDS]
    return "\n".join(("| kind | what is looked for |", "|---|---|", *lines))


def limits() -> str:
    """A line for each threshold."""
    lines = [f"| `{each.name}` | {each.default} | {each.metadata['unit']} | {each.metadata['reason']} |" for each in fields(Limits)]
    return "\n".join(("| threshold | default | unit | why |", "|---|---|---|---|", *lines))


def page(before: str) -> str:
    """The page with new tables: what stands between `<!-- NAME -->` and `<!-- end -->`."""
    for name, table in (("kinds", kinds()), ("limits", limits())):
        head, _, rest = before.partition(f"<!-- {name} -->")
        _, _, tail = rest.partition("<!-- end -->")
        before = f"{head}<!-- {name} -->\n\n{table}\n\n<!-- end -->{tail}"
    return before


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "findings.md")
    path = parser.parse_args().output
    path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
