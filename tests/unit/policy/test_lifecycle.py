"""The modem's life table: complete, reachable, and strict."""

from itertools import product

import pytest

from modemgw.policy.lifecycle import TRANSITIONS, Phase, Trigger, advance


def test_every_phase_can_be_reached_from_absent() -> None:
    seen, todo = {Phase.ABSENT}, [Phase.ABSENT]
    while todo:
        here = todo.pop()
        for (phase, _), there in TRANSITIONS.items():
            if phase is here and there not in seen:
                seen.add(there)
                todo.append(there)
    assert seen == set(Phase)


@pytest.mark.parametrize("phase", Phase, ids=lambda p: p.name)
def test_a_lost_port_is_a_normal_event_everywhere(phase: Phase) -> None:
    assert advance(phase, Trigger.LOST) is Phase.ABSENT


@pytest.mark.parametrize("trigger", Trigger, ids=lambda t: t.name)
def test_every_trigger_is_used(trigger: Trigger) -> None:
    assert any(t is trigger for _, t in TRANSITIONS)


def test_a_ready_modem_that_fails_recovers_and_comes_back() -> None:
    assert advance(Phase.READY, Trigger.FAULT) is Phase.RECOVERING
    assert advance(Phase.RECOVERING, Trigger.RESYNCED) is Phase.READY


def test_a_pair_outside_the_table_is_a_bug_of_ours() -> None:
    outside = set(product(Phase, Trigger)) - set(TRANSITIONS)
    for phase, trigger in outside:
        with pytest.raises(AssertionError, match=f"{trigger.name} cannot happen"):
            advance(phase, trigger)
