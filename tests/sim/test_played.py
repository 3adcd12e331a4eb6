"""The 75 faults are all there, and each does on the wire what its name says."""

import pytest

from modemgw.sim.builder import troubled
from modemgw.sim.named import NAMED, NUMBERS
from modemgw.sim.scenario_file import parse_scenario
from tests.loop import run_virtual
from tests.sim.plays import (
    plugs,
    receiving,
    reports,
    sending,
    setup,
    ussd,
    wire,
)
from tests.sim.plays.play import PLAYED, Play

SUBJECTS = (sending, wire, setup, receiving, reports, plugs, ussd)


def test_all_75_are_there() -> None:
    assert {named.number for named in NAMED.values()} - {None} == set(NUMBERS)
    assert len(NUMBERS) == 75
    assert PLAYED.keys() == NAMED.keys()


@pytest.mark.parametrize("name", NAMED)
def test_the_wire_shows(name: str) -> None:
    async def scenario() -> None:
        play = Play(name)
        await play.begin()
        await PLAYED[name](play)
        play.stage.stop()

    run_virtual(scenario())


@pytest.mark.parametrize("name", NAMED)
def test_a_name_means_the_same_in_a_file(name: str) -> None:
    (plan,) = parse_scenario(f"modems: [{{trouble: {name}}}]").modems
    assert plan == troubled(name).modems[0]
    assert NAMED[name].sentence
