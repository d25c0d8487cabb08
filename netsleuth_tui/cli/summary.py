"""`netsleuth summary`: what is in there."""

from __future__ import annotations

from netsleuth_tui.cli.early import start_kernels
from netsleuth_tui.cli.options import Common, Files

__all__ = ["summary"]

NO_OPTIONS = Common()


def summary(files: Files, /, *, common: Common = NO_OPTIONS) -> int:
    """Sources, time span, and counts by protocol, TCP flag and event id.

    Example: netsleuth summary 'net1_capture_v1*.cap'
    """
    start_kernels(files)
    from netsleuth_tui.cli.headless import ending, format_of, load, write
    from netsleuth_tui.export.documents import write_json

    session, scope = load(files, common)
    from netsleuth_tui import analysis  # imported while files were read

    found = analysis.summary(session.store, scope)
    if format_of(common) in ("json", "jsonl"):
        session.spare(common.output)
        lines = format_of(common) == "jsonl"
        write_json(analysis.summary_dict(found), target=common.output, force=common.force, indent=None if lines else 2)
    else:
        write(analysis.summary_table(found), session, common)
    return ending(session)
