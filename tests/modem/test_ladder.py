"""Which rung comes when: order, budgets, pauses. Time is a number here."""

from itertools import pairwise

import pytest

from modemgw.errors import ModemError, PortLost
from modemgw.modem.ladder import (
    HEAVY,
    HEAVY_GAP_S,
    HEAVY_PER_HOUR,
    SETTLE_S,
    Ladder,
    Rung,
)

FAULT = ModemError("silent")


def fallen(faults: int, now: float = 0.0) -> Ladder:
    ladder = Ladder("front")
    for _ in range(faults):
        ladder.fault(FAULT, now)
    return ladder


@pytest.mark.parametrize(
    ("faults", "can_poke", "rung"),
    [
        (1, True, Rung.POKE),
        (1, False, Rung.RESTART),
        (2, True, Rung.RESTART),
        (3, True, Rung.RADIO),
        (9, True, Rung.RADIO),
    ],
)
def test_the_gentle_ones_come_in_order(faults: int, can_poke: bool, rung: Rung) -> None:
    assert fallen(faults).light(0.0, can_poke=can_poke) is rung


def test_heavy_ones_wait_for_the_gentle_ones_and_for_each_other() -> None:
    ladder, now = fallen(3), 0.0
    assert ladder.heavy(now, HEAVY) == ()
    ladder.fault(FAULT, now)
    assert ladder.heavy(now, HEAVY) == HEAVY
    assert ladder.heavy(now, ()) == ()
    ladder.did(Rung.RESET, now)
    assert ladder.heavy(now + SETTLE_S + 1, HEAVY) == ()
    now += HEAVY_GAP_S
    assert ladder.heavy(now, HEAVY) == (Rung.REAUTHORISE, Rung.POWER)
    ladder.did(Rung.REAUTHORISE, now)
    now += HEAVY_GAP_S
    assert ladder.heavy(now, HEAVY) == (Rung.POWER,)


def test_what_was_tried_is_tried_again_ever_more_rarely() -> None:
    ladder, now = fallen(4), 0.0
    done: list[float] = []
    while now < 100_000:
        if ladder.heavy(now, (Rung.RESET,)):
            ladder.did(Rung.RESET, now)
            done.append(now)
        now += 10
    gaps = [round(b - a) for a, b in pairwise(done)]
    assert gaps == [900, 3600, 21_600, 21_600, 21_600, 21_600]


def test_no_more_than_six_in_an_hour_whatever_heals_in_between() -> None:
    ladder, now = fallen(4), 0.0
    done: list[float] = []
    while now < 7200:
        if ladder.heavy(now, HEAVY):
            ladder.did(Rung.RESET, now)
            done.append(now)
            ladder.served(now + 1)  # for a while
            for _ in range(4):
                ladder.fault(FAULT, now + 100)
        now += 10
    for at in done:
        assert sum(at <= other < at + 3600 for other in done) <= HEAVY_PER_HOUR
        assert not any(at < other < at + HEAVY_GAP_S for other in done)


def test_a_modem_that_comes_back_from_a_reset_is_left_alone() -> None:
    ladder = fallen(4)
    ladder.did(Rung.RESET, 0.0, boot_s=120)
    ladder.fault(FAULT, 30)
    ladder.fault(PortLost("gone"), 40)
    assert ladder.in_a_row == 4 and ladder.pause_s <= 3
    assert not ladder.wants_radio_cycle(50)
    assert ladder.last == "reset"
    ladder.fault(FAULT, 121)
    assert ladder.in_a_row == 5


def test_a_pulled_port_says_nothing_of_the_modem() -> None:
    ladder = fallen(0)
    ladder.fault(PortLost("gone"), 0.0)
    assert (ladder.in_a_row, ladder.faults, ladder.last) == (0, 1, "replug")


def test_calm_service_begins_the_count_anew() -> None:
    ladder = fallen(5)
    ladder.served(10)
    ladder.fault(FAULT, 20)
    assert ladder.in_a_row == 6
    ladder.served(30)
    ladder.fault(FAULT, 100)
    assert ladder.in_a_row == 1


def test_modems_that_fell_together_do_not_get_up_together() -> None:
    pauses = set()
    for name in ("m0", "m1", "m2", "m3"):
        ladder = Ladder(name)
        for _ in range(4):
            ladder.fault(FAULT, 0.0)
        pauses.add(ladder.pause_s)
        assert 12 <= ladder.pause_s <= 18
    assert len(pauses) == 4
