"""Numbers with the words that agree with them, and names of files in sentences."""

from __future__ import annotations

__all__ = ["agree", "counted", "file_name", "grouped", "several", "spoken"]


def grouped(number: int) -> str:
    """'5 012 330'."""
    return f"{number:,}".replace(",", " ")


def agree(number: int, one: str, many: str = "") -> str:
    """The word for one, or for several or none: 'packet' or 'packets', 'was' or 'were'.

    Args:
        number: How many there are.
        one: What is said of one.
        many: What is said of others; with an s where it is not given.
    """
    return one if number == 1 else many or f"{one}s"


def counted(number: int, one: str, many: str = "") -> str:
    """'1 packet', '55 108 packets'; see `agree`."""
    return f"{grouped(number)} {agree(number, one, many)}"


def several(number: int, one: str, many: str = "") -> str:
    """'1 packet', '55108 packets': as `counted`, with the digits as data have them."""
    return f"{number} {agree(number, one, many)}"


def spoken(name: str) -> str:
    """The name of a file as a sentence has it: '-' is standard input."""
    return "standard input" if name == "-" else name


def file_name(path: str) -> str:
    """As `spoken`, without the folder."""
    return spoken(path.rsplit("/", 1)[-1])
