"""What simulated operators say of a balance, and that the gateway can read it."""

import asyncio

import pytest

from modemgw.policy.amounts import MICRO
from modemgw.policy.balance import read
from modemgw.sim.balances import BALANCES
from modemgw.sim.fleet import make_modem
from modemgw.sim.network import Network
from tests.loop import VirtualClock, run_virtual
from tests.sim.terminal import Terminal, pdu

CURRENCIES = {
    "american": "$",
    "british": "GBP",
    "polish": "PLN",
    "russian": "RUB",
    "indian": "Rs",
    "nigerian": "NGN",
}


@pytest.mark.parametrize("sentence", sorted(BALANCES.keys() - {"broken", "indonesian"}))
@pytest.mark.parametrize("cents", [0, 9, 1234, 123_456])
def test_every_sentence_can_be_read(sentence: str, cents: int) -> None:
    found = read(BALANCES[sentence](cents))
    assert found.amount == cents * MICRO // 100
    assert found.currency == CURRENCIES.get(sentence, "EUR")


def test_an_operator_that_counts_whole_units() -> None:
    assert read(BALANCES["indonesian"](12_500)).amount == 12_500 * MICRO


def test_an_operator_that_tells_no_figure() -> None:
    assert read(BALANCES["broken"](1234)).amount is None


def test_the_balance_falls_with_each_text() -> None:
    async def story() -> None:
        network = Network(clock=VirtualClock())
        modem = make_modem(network, 0, credit=500, balance="german")
        terminal = Terminal(modem)
        for left in ("5,00", "4,91"):
            terminal.command('AT+CUSD=1,"*100#",15')
            await asyncio.sleep(1)
            said = terminal.lines()
            assert f"{left} EUR" in said
            await terminal.send(pdu("+4915112345678"))

    run_virtual(story())
