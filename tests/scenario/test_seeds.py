"""An hour of bad luck for each of ten seeds; scripts/soak does days of it."""

from pathlib import Path

import pytest

from tests.scenario.soaking import soak

HOURS = 1


@pytest.mark.parametrize("seed", range(1, 11))
def test_nothing_is_lost_or_doubled_in_hours_of_bad_luck(
    tmp_path: Path, seed: int
) -> None:
    """`scripts/soak --seed N --hours 1` repeats one."""
    found = soak(seed, tmp_path, hours=HOURS)
    assert not found.problems, str(found)


def test_the_same_seed_is_the_same_story(tmp_path: Path) -> None:
    stories = [
        str(soak(11, tmp_path / name, hours=0.5, modems=3)) for name in ("a", "b")
    ]
    assert stories[0] == stories[1]
