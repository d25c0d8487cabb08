"""Going through the filters that were applied before, as in a shell."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Recall"]


class Recall:
    """A place in a list of texts, of which the newest is last; what was being typed comes after it.

    >>> recall = Recall(["tcp", "udp"])
    >>> recall.older("ic"), recall.older("udp"), recall.older("tcp")
    ('udp', 'tcp', None)
    >>> recall.newer("tcp"), recall.newer("udp"), recall.newer("ic")
    ('udp', 'ic', None)
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)
        self._at = len(self._texts)
        self._draft = ""

    def older(self, text: str) -> str | None:
        """The text before the one in the line; None where there is none."""
        if self._at == len(self._texts):
            self._draft = text
        at = self._at - 1
        while at >= 0 and self._texts[at] == text:
            at -= 1
        if at < 0:
            return None
        self._at = at
        return self._texts[at]

    def newer(self, text: str) -> str | None:
        """The text after it, at last what was being typed; None where there is none."""
        while self._at < len(self._texts):
            self._at += 1
            found = self._draft if self._at == len(self._texts) else self._texts[self._at]
            if found != text:
                return found
        return None
