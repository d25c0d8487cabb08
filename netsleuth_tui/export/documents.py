"""One JSON document, for answers that are not rows."""

from __future__ import annotations

import json

from netsleuth_tui.export.atomic import open_new
from netsleuth_tui.export.standard_output import print_text

__all__ = ["write_json"]


def write_json(value: object, *, target: str | None, force: bool = False, indent: int | None = 2) -> None:
    """Write `value` as JSON, ASCII only: nothing in it can drive a terminal.

    Args:
        value: What `json` can write.
        target: File to make; None is standard output.
        force: Replace an existing file.
        indent: Columns per level; None for one line.

    Raises:
        ExportError: The file exists, or it could not be written; then there is none.
        BrokenPipeError: Nobody reads standard output any more.
    """
    text = json.dumps(value, indent=indent, allow_nan=False) + "\n"
    if target is None:
        print_text(text)
        return
    with open_new(target, force=force) as out:
        out.write(text.encode("ascii"))
