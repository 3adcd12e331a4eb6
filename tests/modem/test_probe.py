"""Asking a port who is there, and letting go of it."""

import asyncio
from collections.abc import Callable

import pytest

from modemgw.errors import AtTimeout, PortLost
from modemgw.modem.probe import Found, named, probe, same_iccid, same_imei
from modemgw.sim.faults import Faults
from modemgw.sim.fleet import make_modem
from modemgw.sim.identity import iccid_of, imei_of, imsi_of
from modemgw.sim.network import Network
from modemgw.sim.wire import Wires
from tests.loop import VirtualClock, run_virtual

PORT = "/dev/ttyUSB0"


def wires(**options: object) -> Wires:
    network = Network(clock=VirtualClock())
    return Wires({PORT: make_modem(network, 0, **options)})


def test_a_modem_says_its_imei_and_the_port_is_free_again() -> None:
    async def story() -> None:
        ports = wires()
        assert await probe(PORT, ports) == Found(imei_of(0))
        assert not ports.open[PORT].is_open
        assert b"CIMI" not in ports.open[PORT].written  # nothing that was not asked

    run_virtual(story())


def test_the_card_is_told_where_it_is_asked_for() -> None:
    async def story() -> None:
        found = await probe(PORT, wires(), ask_sim=True)
        assert found == Found(imei_of(0), iccid_of(0), imsi_of(0))

    run_virtual(story())


def test_noisy_makers_are_silenced_first() -> None:
    async def story() -> None:
        ports = wires()
        await probe(PORT, ports, first_words=("AT^CURC=0",))
        written = bytes(ports.open[PORT].written)
        assert written.index(b"AT^CURC=0") < written.index(b"AT+CGSN")

    run_virtual(story())


def test_a_prompt_that_somebody_left_open_is_left() -> None:
    async def story() -> None:
        found = await probe(PORT, wires(faults=Faults(stuck_prompt=True)))
        assert found.imei == imei_of(0)

    run_virtual(story())


def test_a_silent_port_is_given_up_in_bounded_time() -> None:
    async def story() -> None:
        ports = wires(faults=Faults(zombie=True))
        began = asyncio.get_running_loop().time()
        with pytest.raises(AtTimeout):
            await probe(PORT, ports)
        assert asyncio.get_running_loop().time() - began <= 20
        assert not ports.open[PORT].is_open

    run_virtual(story())


def test_a_port_that_cannot_be_opened_says_why() -> None:
    async def story() -> None:
        with pytest.raises(PortLost, match="no simulated modem"):
            await probe("/dev/ttyUSB9", wires())

    run_virtual(story())


@pytest.mark.parametrize(
    ("imei", "is_name"),
    [("352099001761481", True), ("35209900176148", True), ("0" * 15, False)],
)
def test_zeros_name_nobody(imei: str, is_name: bool) -> None:
    assert (named(imei) is not None) is is_name
    assert named(None) is None


@pytest.mark.parametrize(
    ("same", "one", "other", "wanted"),
    [
        (same_imei, "352099001761481", "3520990017614801", True),  # with a version
        (same_imei, "352099001761481", "352099001761499", False),
        (same_imei, None, None, False),
        (same_iccid, "8949022512345678901", "8949022512345678901F", True),
        (same_iccid, "894902251234567890", "8949022512345678901", True),
        (same_iccid, "8949022512345678901", "8949022512345678902", False),
        (same_iccid, "89", "89", False),
    ],
)
def test_check_digits_do_not_tell_two_apart(
    same: Callable[[str | None, str | None], bool],
    one: str | None,
    other: str | None,
    wanted: bool,
) -> None:
    assert same(one, other) is wanted
