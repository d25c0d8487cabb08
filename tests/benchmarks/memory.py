"""Measures the resident memory of the app with a large capture loaded.

usage: memory.py [--packets 5000000] [--capture FILE]

Needs /proc. The app counts as loaded when it has been idle for two seconds.
"""

from __future__ import annotations

from bench import Terminal, arguments, capture, compile_kernels, program

FIXED, PER_PACKET = 300e6, 110
"""The bound that the design sets, in bytes."""


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__).parse_args()
    path = capture(asked)
    compile_kernels()
    with Terminal([*program(), str(path)]) as terminal:
        terminal.settle()
        loaded = terminal.memory()
        for key in (b"\x1b[F", b"\x1b[6~", b"/", b"tcp", b"\r"):
            terminal.send(key)
            terminal.settle()
        used = terminal.memory()
    print(f"loaded               {loaded['VmRSS'] / 1e6:.0f} MB, at most {loaded['VmHWM'] / 1e6:.0f} MB so far")
    print(f"after a filter       {used['VmRSS'] / 1e6:.0f} MB, at most {used['VmHWM'] / 1e6:.0f} MB so far")
    if asked.capture is None:
        print(f"bound                {(FIXED + PER_PACKET * asked.packets) / 1e6:.0f} MB for {asked.packets} packets")


if __name__ == "__main__":
    main()
