"""Answers that are kept under the text that asked for them."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kept"]

MOST = 8
"""Filters whose row ids are kept, 4 bytes a match, so that going back costs nothing."""


class Kept:
    """Row ids by filter text, and how many rows had been looked at; what was asked for longest ago is forgotten first."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[int, NDArray[np.uint32]]] = OrderedDict()
        self._whole: set[str] = set()

    def __contains__(self, text: str) -> bool:
        return text in self._answers

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()
        self._whole.clear()

    def forget_whole(self) -> None:
        """Forget the answers that follow from other rows."""
        for text in self._whole:
            del self._answers[text]
        self._whole.clear()

    def get(self, text: str) -> tuple[int, NDArray[np.uint32]]:
        """Rows that were looked at, and the ascending ids found among them: none of none for a new text."""
        return self._answers.get(text, (0, np.empty(0, np.uint32)))

    def keep(self, text: str, rows: int, ids: NDArray[np.uint32], *, whole: bool = False) -> NDArray[np.uint32]:
        """Keep an answer, and give its ids back; one that follows from other rows, too, is `whole`, and stays so."""
        if whole:
            self._whole.add(text)
        self._answers[text] = (rows, ids)
        self._answers.move_to_end(text)
        while len(self._answers) > MOST:
            self._whole.discard(self._answers.popitem(last=False)[0])
        return ids
