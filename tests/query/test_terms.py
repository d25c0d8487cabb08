"""Terms put into filters and taken out: the text that results, and that it selects exactly what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query.random_filters import FILTERS, LEAVES
from query.reference import PACKETS, holds

from netsleuth_tui.query import FilterError, parse, terms, unparse
from netsleuth_tui.query.nodes import All, Not

WRITTEN = [
    # filter, term, included, excluded
    ("", "tcp", "tcp", "!tcp"),
    ("", "tcp.port == 80", "tcp.port == 80", "!(tcp.port == 80)"),
    (" tcp ", "udp", "tcp && udp", "tcp && !udp"),
    ("tcp", "tcp", "tcp", "!tcp"),
    ("!tcp", "tcp", "tcp", "!tcp"),
    ("!(tcp)", "tcp", "tcp", "!(tcp)"),
    ("tcp.port==0x50", "tcp.port == 80", "tcp.port==0x50", "!(tcp.port == 80)"),
    ("tcp||udp", "icmp", "(tcp||udp) && icmp", "(tcp||udp) && !icmp"),
    ("tcp or udp", "icmp", "(tcp or udp) and icmp", "(tcp or udp) and not icmp"),
    ("(tcp or udp)", "icmp", "(tcp or udp) and icmp", "(tcp or udp) and not icmp"),
    ("tcp", "udp || arp", "tcp && (udp || arp)", "tcp && !(udp || arp)"),
    ("tcp ^^ ip", "ip.ttl < 5", "(tcp ^^ ip) && ip.ttl < 5", "(tcp ^^ ip) && !(ip.ttl < 5)"),
    ("tcp &&  ip.ttl<5", "arp", "tcp &&  ip.ttl<5 && arp", "tcp &&  ip.ttl<5 && !arp"),
    ("5 < ip.ttl < 9", "arp", "5 < ip.ttl < 9 && arp", "5 < ip.ttl < 9 && !arp"),
    ("arp && !(ip.ttl == 5) && tcp", "ip.ttl == 5", "arp && ip.ttl == 5 && tcp", "arp && !(ip.ttl == 5) && tcp"),
    ("arp and not ip.ttl == 5", "ip.ttl == 5", "arp and ip.ttl == 5", "arp and not ip.ttl == 5"),
    ("arp and ip.ttl == 5", "ip.ttl == 5", "arp and ip.ttl == 5", "arp and not (ip.ttl == 5)"),
    ("ip", "ip.src == 10.0.0.1 && tcp", "ip && ip.src == 10.0.0.1 && tcp", "ip && !(ip.src == 10.0.0.1 && tcp)"),
    ("tcp && ip", "ip.src == 10.0.0.1 && tcp", "tcp && ip && ip.src == 10.0.0.1", "tcp && ip && !(ip.src == 10.0.0.1 && tcp)"),
    ("tcp && ip && udp", "udp && tcp", "tcp && ip && udp", "!(udp && tcp) && ip"),
    ("!(udp && tcp) && ip", "udp && tcp", "udp && tcp && ip", "!(udp && tcp) && ip"),
    ("ip", "!arp", "ip && !arp", "ip && arp"),
    ("ip && arp", "!arp", "ip && !arp", "ip && arp"),
    ("ip", "tcp.port not in {80}", "ip && tcp.port not in {80}", "ip && tcp.port in {80}"),
    ("((tcp) or (udp)) and arp", "arp", "((tcp) or (udp)) and arp", "((tcp) or (udp)) and not arp"),
]


@pytest.mark.parametrize(("text", "term", "included", "excluded"), WRITTEN)
def test_a_filter_reads_as_if_a_person_had_written_it(text, term, included, excluded):
    """No parentheses and no terms that change nothing; what stays is as it was; an opposite takes the other's place."""
    assert terms.include(text, term) == included
    assert terms.exclude(text, term) == excluded


def test_only_this_is_the_term_alone():
    """Whatever was looked at before is gone, and parentheses that change nothing with it."""
    assert terms.only("(tcp.port == 80)") == "tcp.port == 80"
    assert terms.only("tcp || udp") == "tcp || udp"
    assert terms.only("") == ""


@pytest.mark.parametrize(
    ("text", "term", "toggled"),
    [
        ("", "tcp", "tcp"),
        ("tcp", "tcp", ""),
        ("arp and tcp", "tcp", "arp"),
        ("(arp or ip) and tcp", "tcp", "arp or ip"),
        ("(arp or ip) and tcp", "arp or ip", "tcp"),
        ("arp && !tcp", "tcp", "arp && tcp"),
        ("arp or tcp", "tcp", "(arp or tcp) and tcp"),
        ("tcp && ip && udp", "udp && tcp", "ip"),
    ],
)
def test_a_term_is_switched_on_and_off(text, term, toggled):
    """Once more takes it out again, and what is left stands without parentheses."""
    assert terms.toggled(text, term) == toggled


def test_what_is_no_filter_is_an_error():
    """Nothing is pasted together that is not a filter by itself."""
    for change in (terms.include, terms.exclude, terms.toggled):
        for text, term in (("tcp or", "udp"), ("tcp", ") or ("), ("tcp", "nonsense")):
            with pytest.raises(FilterError):
                change(text, term)


def conditions(node):
    return list(node.terms) if isinstance(node, All) else [node]


def rows(node) -> list[bool]:
    return [holds(node, packet) for packet in PACKETS[:120]]


def both(nodes) -> list[bool]:
    """Rows for which all of the nodes hold."""
    return [all(column) for column in zip(*(rows(node) for node in nodes), [True] * 120, strict=True)]


TEXTS = st.one_of(FILTERS, LEAVES)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, st.booleans())
def test_included_selects_both_and_excluded_the_rest(node, term, opposed):
    """include(f, t) selects f and t; exclude(f, t) f and not t: where f already holds the opposite, f without that."""
    if opposed:  # the interesting case, which chance does not find
        node = All((*conditions(node), *conditions(term)))
    text, wanted = unparse(node), unparse(term)
    opposites = [Not(term), *(part.term if isinstance(part, Not) else Not(part) for part in conditions(term))]
    opposites = [part for part in opposites if part not in conditions(term)]
    included = parse(terms.include(text, wanted))
    assert rows(included) == both([*(part for part in conditions(node) if part not in opposites), term])
    gone = conditions(term) if terms.holds(text, wanted) else [Not(term)]
    if isinstance(term, Not):
        gone = [term, *(Not(part) for part in conditions(term.term)), *(p.term for p in conditions(term.term) if isinstance(p, Not))]
        gone = [part for part in gone if part not in conditions(term.term)]
    excluded = parse(terms.exclude(text, wanted))
    assert rows(excluded) == both([*(part for part in conditions(node) if part not in gone), Not(term)])


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_the_second_time_changes_nothing(node, term):
    """Including twice, excluding twice: the text stays to the letter; switched on, a term can be switched off."""
    text, wanted = unparse(node), unparse(term)
    for change in (terms.include, terms.exclude):
        once = change(text, wanted)
        assert change(once, wanted) == once
    assert terms.holds(terms.include(text, wanted), wanted)
    assert not terms.holds(terms.toggled(terms.include(text, wanted), wanted), wanted)
