"""Measures what the app sends to the terminal for one key: bytes, and milliseconds to the first and the last of them.

usage: keys.py [--packets 5000000] [--capture FILE] [--size 160x50]

Every byte counts on a slow SSH link.
"""

from __future__ import annotations

from bench import Terminal, arguments, capture, compile_kernels, program

KEYS = {
    **{f"down {number}": b"\x1b[B" for number in range(1, 6)},
    **{f"page down {number}": b"\x1b[6~" for number in range(1, 4)},
    "end": b"\x1b[F",
    "up": b"\x1b[A",
    "home": b"\x1b[H",
    "/ (filter)": b"/",
    "t": b"t",
    "c": b"c",
    "p": b"p",
    "enter": b"\r",
}


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--size", default="160x50")
    parser.add_argument("--quiet", type=float, default=0.6, help="seconds of silence that end one key")
    asked = parser.parse_args()
    path = capture(asked)
    compile_kernels()
    columns, rows = map(int, asked.size.split("x"))
    print(f"{'key':20} {'bytes':>8} {'first ms':>9} {'last ms':>9}")
    with Terminal([*program(), str(path)], (columns, rows)) as terminal:
        terminal.settle()
        print(f"{'start, loading':20} {len(terminal.output):8}")
        for name, keys in KEYS.items():
            terminal.send(keys)
            count, first, last = terminal.drain(asked.quiet, 15.0)
            print(f"{name:20} {count:8} {first * 1e3:9.1f} {last * 1e3:9.1f}", flush=True)


if __name__ == "__main__":
    main()
