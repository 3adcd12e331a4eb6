"""A crash at each named point: nothing lost, nothing doubled, each doubt explained.

`scripts/crash-matrix` runs all points of all stories. Here run those that are passed
for the first time: all of them where the process dies while sending, else a third.
"""

from pathlib import Path

import pytest

from tests.scenario.crashing import Outcome, crash, points

SETTLED = {"slate", "late_answer", "prompt", "next_reference", "report"}


def matrix(tmp_path: Path, story: str, variant: str) -> list[Outcome]:
    names = points(tmp_path / "all", story, variant)
    assert len(names) > 40
    first = [name for name in names if "#" not in name]
    some = first[:: 1 if (story, variant) == ("outbound", "killed") else 3]
    return [
        crash(tmp_path / f"{number}" / "data", story, name, variant)
        for number, name in enumerate(some)
    ]


@pytest.mark.parametrize("story", ["outbound", "inbound", "recovery"])
@pytest.mark.parametrize("variant", ["killed", "cut"])
def test_a_crash_loses_nothing_and_doubles_nothing(
    tmp_path: Path, story: str, variant: str
) -> None:
    outcomes = matrix(tmp_path, story, variant)
    wrong = {one.point: one.problems for one in outcomes if one.problems}
    assert not wrong
    assert {by for one in outcomes for by in one.evidence} <= SETTLED
    if variant == "killed":
        doubts = [one.point for one in outcomes if "in_doubt" in one.states]
        assert not doubts, "the process alone was gone: evidence settles everything"


def test_each_kind_of_evidence_settles_something(tmp_path: Path) -> None:
    names = points(tmp_path / "all", "outbound", "killed")
    outcomes = [
        crash(tmp_path / f"{number}" / "data", "outbound", name, "killed")
        for number, name in enumerate(names)
        if name in ("after AT+CMGS", "before TPDU", "after TPDU", "heard OK")
    ]
    assert {one.point: one.evidence for one in outcomes} == {
        "after AT+CMGS": ("slate",),
        "before TPDU": ("prompt",),
        "after TPDU": ("late_answer",),
        "heard OK": ("report",),
    }
