"""kill -9 with a full queue: nothing lost, nothing sent twice, each doubt settled."""

import sys
from pathlib import Path

import pytest

from tests.scenario.killing import kill_at_random


@pytest.mark.interop
def test_five_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = kill_at_random(
        tmp_path, messages=200, kills=5, latency="60ms", seed=20261122
    )
    with capsys.disabled():
        sys.stderr.write(f"\n{tally}\n")
    assert not tally.lost
    assert not tally.doubled
    assert not tally.wrong
    # What was not asked for a report twice may have lost it while nobody listened.
    assert all(one.left for one in tally.settled if one.state == "in_doubt")
