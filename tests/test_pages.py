"""The pages for people: what they name is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/decisions.md",
    "docs/events.md",
    "docs/print-server.md",
    "docs/filter.md",
    "docs/findings.md",
    "docs/guide.md",
    "docs/keys.md",
    "sample_captures/README.md",
    "tests/benchmarks/README.md",
]

each_page = pytest.mark.parametrize("page", PAGES)


def text_of(page: str) -> str:
    """The page, without its blocks of code."""
    return re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@each_page
def test_links_lead_somewhere(page):
    """Every relative link of a page leads to a file or folder of the repository."""
    links = re.findall(r"\]\(([^)#]+)\)", text_of(page))
    missing = [link for link in links if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()]
    assert not missing


@each_page
def test_named_files_exist(page):
    """Every file that a page names in code style is there: seen from the page, the repository, the package or the benchmarks."""
    named = set(re.findall(r"`([\w./-]+(?:\.(?:py|toml|md|lark|json|lock)|/))`", text_of(page)))
    named -= {"uv.lock", "config.toml"}  # which are not in the repository
    places = [(ROOT / page).parent, ROOT, ROOT / "netsleuth_tui"]
    assert not [name for name in sorted(named) if not any((place / name).exists() for place in places)]


def test_contributing_knows_every_room():
    """Each folder and top module of the package stands in the table of rooms."""
    page = text_of("CONTRIBUTING.md")
    package = ROOT / "netsleuth_tui"
    rooms = {f"`{path.name}/`" for path in package.iterdir() if (path / "__init__.py").exists()}
    modules = {f"`{path.name}`" for path in package.glob("*.py") if not path.name.startswith("__")}
    assert {name for name in rooms | modules if name not in page} == set()


@pytest.mark.parametrize("name", ["open", "test"])
def test_readme_marks_its_commands(name):
    """The two commands of README.md are where .ci/run looks for them, one line each."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^<!-- command: {name} -->\n```sh\n(.+)\n```$", page, re.MULTILINE)
    assert found
    assert "requirements.lock" in found[1]


def test_lock_pins_everything_and_names_no_index():
    """requirements.lock pins the version of each dependency of pyproject.toml, and holds no address of an index."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in wanted}
    pinned = {line.split("==")[0] for line in lock.splitlines()}
    assert names <= pinned
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line) for line in lock.splitlines())


def test_notice_names_every_dependency():
    """NOTICE has a line for each package that is installed beside the program."""
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]]
    assert [name for name in names if not re.search(rf"^  {name} ", notice, re.MULTILINE)] == []
