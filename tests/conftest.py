"""What several rooms' tests share: where the reference captures are, and which oracles are installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# How fast an example runs depends on the machine and on what is imported first, not on the code under test.
settings.register_profile("netsleuth", deadline=None)
settings.load_profile("netsleuth")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes what the user has configured, saved or typed, or finds a database of places on this machine."""
    home = tmp_path_factory.mktemp("home")
    for name in ("config", "state", "data"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(home / name))
    monkeypatch.setenv("NETSLEUTH_GEOIP", "bundled")
    monkeypatch.delenv("GEOIPUPDATE_DB_DIR", raising=False)


NOT_COMPILED = {"plain", "function", "sweep", "slowly"}
"""Forms of a test, by the values of its parameters, in which no kernel is machine code."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With bounds checks in machine code (NUMBA_BOUNDSCHECK), such forms would only say again what they say without."""
    if not os.environ.get("NUMBA_BOUNDSCHECK"):
        return
    with_code, again = [], []
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        (again if NOT_COMPILED.intersection(value for value in parameters if isinstance(value, str)) else with_code).append(item)
    config.hook.pytest_deselected(items=again)
    items[:] = with_code


SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real captures beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside this checkout: the real captures are not here")
    return SHARED


def oracle(name: str) -> str:
    """Path of an oracle program. Where NETSLEUTH_REQUIRE_ORACLES is set (as in .ci/run) its absence is a failure."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("NETSLEUTH_REQUIRE_ORACLES"):
            pytest.fail(f"{name} is not installed, and this run requires it")
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="session")
def tshark() -> str:
    """Wireshark's command-line dissector."""
    return oracle("tshark")


@pytest.fixture(scope="session")
def capinfos() -> str:
    """Wireshark's capture statistics."""
    return oracle("capinfos")
