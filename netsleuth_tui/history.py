"""Where one has been, and the way back: as in a browser."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["History"]

T = TypeVar("T")

MOST_KEPT = 1000


class History(Generic[T]):
    """Values that were current, oldest first.

    Args:
        first: The value to begin with.

    >>> filters = History("")
    >>> filters.visit("tcp")
    >>> filters.back(), filters.current
    (True, '')
    >>> filters.forward(), filters.current
    (True, 'tcp')
    >>> filters.forward()
    False
    """

    def __init__(self, first: T) -> None:
        self._visited = [first]
        self._at = 0

    @property
    def current(self) -> T:
        """The value that counts now."""
        return self._visited[self._at]

    def visit(self, value: T) -> None:
        """Make a value current; what could be gone forward to is forgotten. The current value again changes nothing."""
        if value == self.current:
            return
        self._visited[self._at + 1 :] = [value]
        del self._visited[:-MOST_KEPT]
        self._at = len(self._visited) - 1

    def amend(self, value: T) -> None:
        """Put a value in the place of the current one: it was a step on the way to this."""
        del self._visited[self._at :]
        if not self._visited or self._visited[-1] != value:
            self._visited.append(value)
        self._at = len(self._visited) - 1

    def back(self) -> bool:
        """Make the value before this one current; False where there is none."""
        self._at -= (moved := self._at > 0)
        return moved

    def forward(self) -> bool:
        """Make the value after this one current; False where there is none."""
        self._at += (moved := self._at + 1 < len(self._visited))
        return moved
