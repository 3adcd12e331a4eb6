"""Rivals are looked at as far as somebody comes, and each of them once."""

from typing import cast

import pytest

from modemgw.gateway.lane import Lane
from modemgw.gateway.rivals import Rivals
from modemgw.policy.choosing import MOST_TOLD, told
from modemgw.policy.routing import SimView, Wish


class Looked:
    """A lane that counts who looks at it."""

    def __init__(self, sim_id: int) -> None:
        self.sim_id = sim_id
        self.times = 0

    def view(self, now: int) -> SimView:
        self.times += 1
        return SimView(self.sim_id, f"sim{self.sim_id}", f"m{self.sim_id}", ready=True)


def crowd(size: int) -> tuple[list[Looked], Rivals]:
    lanes = [Looked(number) for number in range(size)]
    by_name = {f"m{lane.sim_id}": cast("Lane", lane) for lane in lanes}
    return lanes, Rivals(by_name, now=1)


def test_nobody_is_looked_at_before_somebody_asks() -> None:
    lanes, rivals = crowd(3)
    assert len(rivals) == 3 and rivals
    assert not any(lane.times for lane in lanes)
    assert next(iter(rivals)).name == "sim0"
    assert [lane.times for lane in lanes] == [1, 0, 0]


def test_each_is_looked_at_once_however_many_go_over_them() -> None:
    lanes, rivals = crowd(4)
    pairs = [(one.name, other.name) for one in rivals for other in rivals]
    assert len(set(pairs)) == 16
    assert [lane.times for lane in lanes] == [1] * 4
    assert [one.name for one in rivals[1:3]] == ["sim1", "sim2"]
    assert rivals[-1].name == "sim3"
    with pytest.raises(IndexError):
        rivals[4]


@pytest.mark.parametrize(("plain", "looks"), [(True, MOST_TOLD + 1), (False, 128)])
def test_of_128_sims_only_those_that_are_told_of_are_asked(
    plain: bool, looks: int
) -> None:
    lanes, rivals = crowd(128)
    best = SimView(0, "sim0", "m0", ready=True)
    _, others = told(Wish(plain=plain), best, rivals, now_ms=1)
    assert list(others) == [f"sim{number}" for number in range(1, MOST_TOLD + 1)]
    assert sum(lane.times for lane in lanes) == looks
