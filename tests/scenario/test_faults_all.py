"""Every fault of the field guide is played by a test, in all its variants."""

from modemgw.sim.named import NAMED, NUMBERS
from tests.scenario import (
    test_faults_ports,
    test_faults_receive,
    test_faults_send,
    test_faults_setup,
    test_faults_wire,
)
from tests.scenario.faulty import PLAYED

FILES = (
    test_faults_ports,
    test_faults_receive,
    test_faults_send,
    test_faults_setup,
    test_faults_wire,
)


def test_all_75_are_played() -> None:
    assert FILES and sorted(PLAYED) == list(NUMBERS)


def test_every_variant_is_played() -> None:
    played = {name for names in PLAYED.values() for name in names}
    assert played == {name for name, named in NAMED.items() if named.number}
