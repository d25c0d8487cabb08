"""What is looked at as a shell command: the words that a shell makes of it are the files and the scope again."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from netsleuth_tui.analysis import Scope, parse_time
from netsleuth_tui.analysis.shell import shell_words
from netsleuth_tui.places import PlaceFiles

NAMES = [
    ["a.pcap", "b c.pcap"],
    ["it's.pcap", '"quoted".pcap', "$(touch x).pcap", "`id`", "a;b|c&d", "~", "*", "é.pcap"],
    ["-rf", "-", "new\nline", "esc\x1b[201~ape", "\udcff.pcap", "tab\t'quote'\\", "\u202e.pcap"],
]


def words_of(command: str) -> list[str]:
    """What bash hands to the program."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    shown = command.replace("netsleuth ", "printf '%s\\0' ", 1)
    out = subprocess.run([bash, "-c", shown], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}).stdout
    return [word.decode("utf-8", "surrogateescape") for word in out.split(b"\0")[:-1]]


@pytest.mark.parametrize("names", NAMES)
def test_a_shell_reads_the_same_files_and_filter(names: list[str]) -> None:
    """Quotes, commands, options and control characters in names stay names; nothing in the text moves a terminal's cursor."""
    text = '_ws.col.protocol contains "it\'s $HOME" and tcp.port in {80, 443}'
    command = shell_words(names, Scope(text))
    assert command.isprintable()
    expected = [f"./{name}" if name.startswith("-") and name != "-" else name for name in names]
    assert words_of(command) == [*expected, "--filter", text]


def test_the_window_is_said_to_the_nanosecond() -> None:
    """Open ends are left out; a filter that begins with a minus is no option."""
    scope = Scope("-5 < frame.time_epoch", 1_773_144_003_000_113_001, None)
    command = shell_words(["a.pcap"], scope)
    assert command == "netsleuth a.pcap --filter='-5 < frame.time_epoch' --since 2026-03-10T12:00:03.000113001Z"
    assert parse_time(words_of(command)[-1]) == scope.start
    assert shell_words(["a.pcap"], Scope()) == "netsleuth a.pcap"


def test_clock_offsets_are_repeated() -> None:
    """As they were given."""
    assert shell_words(["a.cap"], Scope(), ["a b.cap=+3600s"]) == "netsleuth a.cap --shift 'a b.cap=+3600s'"


def test_files_of_places_are_named_again() -> None:
    """A filter by site selects the same packets only with the same list of sites."""
    named = PlaceFiles(("a b.mmdb", "-c.mmdb"), ("sites.csv",)).options
    command = shell_words(["a.cap"], Scope('site == "Hengelo"'), (), named)
    assert command == """netsleuth a.cap --filter 'site == "Hengelo"' --geoip 'a b.mmdb' --geoip=-c.mmdb --sites sites.csv"""
