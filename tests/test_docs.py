"""The documentation works: its blocks are loaded, compiled and run as printed.

```yaml          loads as a configuration
```python        compiles
```bash run      runs against a demo; the blocks of one page are one session
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modemgw.config.load import parse
from tests.scenario.demo import running_demo

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|mailto:)([^)#]*)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\[[^\]]+\]\((?!https?:|mailto:)([^)#]*)#([^)]+)\)")


@dataclass(frozen=True)
class Block:
    """One fenced block of one page."""

    page: Path
    line: int
    language: str
    is_run: bool
    text: str

    @property
    def id(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found[1],
            "run" in found[2].split(),
            found[3],
        )
        for found in FENCE.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in blocks(page)]
RUN = [page for page in PAGES if any(block.is_run for block in blocks(page))]


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


@pytest.mark.parametrize("block", of("yaml"), ids=lambda block: block.id)
def test_yaml_is_a_configuration(block: Block) -> None:
    for warning in parse(block.text, block.id).warnings:
        assert "no modems are listed" in warning


@pytest.mark.parametrize("block", of("python"), ids=lambda block: block.id)
def test_python_compiles(block: Block) -> None:
    compile(block.text, block.id, "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert not target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_into_pages_lead_to_a_heading(page: Path) -> None:
    for target, anchor in ANCHOR.findall(page.read_text("utf-8")):
        there = page.parent / target if target else page
        if there.suffix == ".md":
            assert anchor in anchors(there), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page has on GitHub: one for each heading."""
    text = FENCE.sub("", page.read_text("utf-8"))
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        bare = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{bare}-{found[bare]}" if found[bare] else bare)
        found[bare] += 1
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_can_be_found(page: Path) -> None:
    """From the README or the index, and lines that fit a screen."""
    entries = [ROOT / "README.md", ROOT / "docs" / "index.md"]
    linked = {
        (entry.parent / target).resolve()
        for entry in entries
        for target in LINK.findall(entry.read_text("utf-8"))
    }
    assert page in entries or page.resolve() in linked


def test_the_command_reference_is_that_of_the_program() -> None:
    written = (ROOT / "docs" / "cli.md").read_text("utf-8")
    # In a process of its own: click remembers the help option of a command that a
    # test has called without its parent.
    made = subprocess.run(
        [sys.executable, "-m", "modemgw.cli.reference"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert written == made.stdout, "python -m modemgw.cli.reference > docs/cli.md"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_demo(tmp_path_factory.mktemp("d")) as found:
        yield found


@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run(
    page: Path, demo: dict[str, str], tmp_path: Path
) -> None:
    script = "".join(block.text for block in blocks(page) if block.is_run)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-e", "-x", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, **demo, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
