"""Measures how soon the program is there: --version, the first paint of the app, and the first rows of the very first run.

usage: start.py [--packets 5000000] [--capture FILE] [--rounds 7]

The very first run gets an empty XDG_CACHE_HOME: no compiled kernels yet.
"""

from __future__ import annotations

import statistics
import sys
import tempfile

from bench import REPOSITORY, Terminal, arguments, capture, compile_kernels, program, run, spread

SAMPLE = REPOSITORY / "sample_captures" / "router-loop.pcapng.gz"


def version(rounds: int) -> None:
    """`netsleuth --version` and a bare interpreter, in turn."""
    ours, bare = [*program(), "--version"], [sys.executable, "-c", "pass"]
    run(ours)
    run(bare)
    pairs = [(run(ours).seconds * 1e3, run(bare).seconds * 1e3) for _ in range(rounds)]
    mine, others = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    print(f"netsleuth --version  {spread(mine, 'ms', 0)}")
    print(f"python -c pass       {spread(others, 'ms', 0)}")
    print(f"difference           {statistics.median(mine) - statistics.median(others):.0f} ms")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--screen", default="NetSleuth", help="what is on the main screen (regular expression)")
    parser.add_argument("--row", default=r"\d\d:\d\d:\d\d\.\d{6}", help="what is in a row of the record table (regular expression)")
    asked = parser.parse_args()
    path = capture(asked)
    version(3 * asked.rounds)
    compile_kernels()

    def seconds_until(pattern: str, opened: str, **more: str) -> float:
        with Terminal([*program(), opened], more=more) as terminal:
            return terminal.wait_for(pattern, 60.0)

    seconds_until(asked.row, str(SAMPLE))
    print(f"first paint          {spread([seconds_until(asked.screen, str(SAMPLE)) for _ in range(asked.rounds)])}")
    print(f"first rows           {spread([seconds_until(asked.row, str(path)) for _ in range(asked.rounds)])}")
    first_runs = []
    for _ in range(asked.rounds):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
            first_runs.append(seconds_until(asked.row, str(path), XDG_CACHE_HOME=cache))
    print(f"first rows, 1st run  {spread(first_runs)}")


if __name__ == "__main__":
    main()
