"""Where one has been, and the way back."""

from __future__ import annotations

from netsleuth_tui.analysis import Scope
from netsleuth_tui.history import History
from netsleuth_tui.session import Session


def test_going_back_and_on_and_elsewhere() -> None:
    """What could be gone forward to is forgotten as soon as one goes elsewhere."""
    places = History(0)
    for place in (1, 2, 2, 3):
        places.visit(place)
    assert [places.back(), places.current, places.back(), places.current] == [True, 2, True, 1]
    assert places.forward()
    assert places.current == 2
    places.visit(9)
    assert not places.forward()
    assert [places.back() for _ in range(4)] == [True, True, True, False]
    assert places.current == 0


def test_a_step_on_the_way_is_no_place_to_go_back_to() -> None:
    """Amending replaces the current value and forgets what came after it; back at the value before, there is one place less."""
    places = History(0)
    places.visit(1)
    places.amend(2)
    places.amend(3)
    assert places.back()
    assert places.current == 0
    assert places.forward()
    assert places.current == 3
    places.amend(0)
    assert not places.back()
    assert places.current == 0


def test_undo_takes_filter_and_window_back_together() -> None:
    """Every change is one step, whether it was the filter or the window that changed."""
    session = Session()
    session.look_at(Scope("tcp"))
    session.look_at(Scope("tcp", 5, 9))
    session.look_at(Scope("udp", 5, 9))
    assert session.undo()
    assert session.scope == Scope("tcp", 5, 9)
    assert session.undo()
    assert session.scope == Scope("tcp")
    assert session.redo()
    assert session.scope == Scope("tcp", 5, 9)


def test_windows_have_a_history_of_their_own() -> None:
    """Going back through the windows keeps the filter of now, and can itself be undone."""
    session = Session()
    session.look_at(Scope("", 1, 2))
    session.look_at(Scope("", 3, 4))
    session.look_at(Scope("icmp", 3, 4))
    assert session.change_window(back=True)
    assert session.scope == Scope("icmp", 1, 2)
    assert session.change_window(back=False)
    assert session.scope == Scope("icmp", 3, 4)
    assert not session.change_window(back=False)
    assert session.undo()
    assert session.scope == Scope("icmp", 1, 2)
