"""Counts the findings of every kind in a folder of captures and logs, each file by itself, for docs/findings.md.

usage: findings_of_corpus.py FOLDER... [--list FILE] [--check]

Prints a table: per kind the number of findings, of files that have any, and the three files with most. `--list` writes every finding with
its file, one per line; `--check` asks every finding's filter in its window, and fails where it does not select what is counted.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

from looking import check

from netsleuth_tui.errors import NetSleuthError
from netsleuth_tui.findings import KINDS, LIMITS, Finding, find
from netsleuth_tui.session import Session

MEMORY = 1 << 30


def findings_of(path: Path, *, checked: bool) -> tuple[list[Finding], int, int]:
    """Findings, packets and events of one file; nothing where it cannot be opened."""
    session = Session(memory=MEMORY)
    try:
        session.load([str(path)])
    except NetSleuthError:
        return [], 0, 0
    report = find(session.store, limits=LIMITS)
    if checked:
        check(session.store, report.findings)
    return list(report.findings), session.store.packets, session.store.events.rows


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--list", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    by_kind: Counter[str] = Counter()
    files: dict[str, Counter[str]] = defaultdict(Counter)
    lines: list[str] = []
    packets = events = opened = 0
    paths = sorted(path for folder in asked.folders for path in folder.rglob("*") if path.is_file())
    for path in paths:
        findings, has_packets, has_events = findings_of(path, checked=asked.check)
        packets, events, opened = packets + has_packets, events + has_events, opened + (has_packets + has_events > 0)
        for finding in findings:
            by_kind[finding.kind] += 1
            files[finding.kind][str(path)] += 1
            lines.append(f"{finding.kind}\t{finding.severity}\t{path}\t{finding.title}\t{finding.filter}")
    if asked.list is not None:
        asked.list.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"{opened} files with records, {packets} packets, {events} events\n\n| kind | findings | files | most in |\n|---|---|---|---|\n"
    )
    for kind in KINDS:
        most = ", ".join(f"{Path(name).name} {count}" for name, count in files[kind.slug].most_common(3))
        sys.stdout.write(f"| {kind.slug} | {by_kind[kind.slug]} | {len(files[kind.slug])} | {most} |\n")


if __name__ == "__main__":
    main()
