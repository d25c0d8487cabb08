"""The page with all keys says what the app does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


async def test_the_page_of_keys_is_the_apps_own() -> None:
    """docs/keys.md is what docs/make_keys.py makes: run it again when a key changes."""
    spec = importlib.util.spec_from_file_location("make_keys", DOCS / "make_keys.py")
    assert spec is not None
    assert spec.loader is not None
    make_keys = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_keys)
    assert await make_keys.page() == (DOCS / "keys.md").read_text(encoding="utf-8")
