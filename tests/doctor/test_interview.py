"""Modems at ports that nobody holds, asked over real ptys: every kind of them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from modemgw.doctor import answers
from modemgw.doctor.answers import Said
from modemgw.doctor.daemon import NOBODY
from modemgw.doctor.modems import judged
from modemgw.sim.fleet import make_modem, make_modems
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.persona import PERSONAS
from modemgw.sim.pty import PtyModems
from tests.doctor.fake import Fake


def ask(tmp_path: Path, make: Callable[[], list[SimModem]]) -> list[Said]:
    """Ask the modems that `make` makes, which wants a loop."""
    box = Fake(tmp_path / "box", view=NOBODY).box()

    async def scenario() -> list[Said]:
        async with PtyModems(make(), tmp_path / "ports") as ptys:
            links = [str(link.resolve()) for link in ptys.links]
            found = await answers._at_ports(replace(box, may_ask=True), links)
            await asyncio.sleep(0)
            return found

    with asyncio.Runner() as runner:
        return runner.run(asyncio.wait_for(scenario(), 30))


def ids(said: Said) -> set[str]:
    return {one.id for one in judged(said)}


def test_every_kind_of_modem_is_understood(tmp_path: Path) -> None:
    personas = [one for one in PERSONAS.values() if not one.name.startswith("wavecom")]
    network = Network(latency=0.01)

    def make() -> list[SimModem]:
        numbered = enumerate(personas)
        return [make_modem(network, at, persona=persona) for at, persona in numbered]

    said = ask(tmp_path, make)
    assert len(said) == len(personas)
    for persona, one in zip(personas, said, strict=True):
        assert one.pin_state == "READY", persona.name
        assert one.smsc == "+999010099", persona.name
        assert one.memories and one.imei, persona.name
        assert ids(one) <= {"sim.data_only"}, (persona.name, one)


def no_card(modem: SimModem) -> None:
    modem.card = None


def of_card(**changed: object) -> Callable[[SimModem], None]:
    def spoil(modem: SimModem) -> None:
        for name, value in changed.items():
            setattr(modem.card, name, value)

    return spoil


def registration(stat: int) -> Callable[[SimModem], None]:
    return lambda modem: modem.register(stat)


def weak(modem: SimModem) -> None:
    modem.csq = 3


SICK: list[tuple[Callable[[SimModem], None], set[str]]] = [
    (no_card, {"sim.none"}),
    (of_card(pin="1234"), {"sim.pin_wanted"}),
    (of_card(pin="1234", pin_tries=1), {"sim.pin_wanted", "sim.last_try"}),
    (of_card(pin="1234", pin_tries=0), {"sim.puk"}),
    (of_card(smsc=""), {"sim.no_smsc"}),
    (registration(3), {"network.denied"}),
    (registration(2), {"network.none"}),
    (registration(5), {"network.roaming"}),
    (weak, {"signal.weak"}),
]


def test_what_is_wrong_is_heard(tmp_path: Path) -> None:
    modems = make_modems(Network(latency=0.01), len(SICK))
    for modem, (spoil, _) in zip(modems, SICK, strict=True):
        spoil(modem)
    tries = [None if modem.card is None else modem.card.pin_tries for modem in modems]
    said = ask(tmp_path, lambda: modems)
    assert [ids(one) for one in said] == [wanted for _, wanted in SICK]
    # Asking costs no try.
    after = [None if modem.card is None else modem.card.pin_tries for modem in modems]
    assert after == tries
