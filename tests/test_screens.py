"""The pictures of the documentation, by scripts/screens, can be shown and found."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCREENS = sorted(ROOT.glob("docs/screens/*.txt"))
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
WIDTH = 100
# Of the machine where they were taken, and of a run: constants stand for those.
FOREIGN = re.compile(r"/(?:tmp|root|usr|var|opt)/|site-packages|\x1b|Traceback|\t")


def test_there_is_one_of_each_command() -> None:
    assert {path.stem for path in SCREENS} == {"setup", "doctor", "top", "status"}


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.stem)
def test_a_screen_is_linked_fits_and_tells_of_no_machine(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.strip() and text.endswith("\n")
    assert [line for line in text.splitlines() if len(line) > WIDTH] == []
    assert FOREIGN.findall(text) == []
    keys = re.findall(r"mgw_\w+", text)
    assert all(key.startswith("mgw_EXAMPLE0_") for key in keys), keys
    link = f"screens/{path.name})"
    assert any(link in page.read_text("utf-8") for page in PAGES), link


def test_the_picture_of_the_readme_is_a_screen() -> None:
    shown = (ROOT / "docs" / "screens" / "top.txt").read_text("utf-8").splitlines()
    readme = (ROOT / "README.md").read_text("utf-8")
    (picture,) = re.findall(r"^```text top\n(.*?)^```$", readme, re.M | re.S)
    assert [line for line in picture.splitlines() if line not in shown] == []
