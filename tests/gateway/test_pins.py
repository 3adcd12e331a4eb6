"""A PIN goes out once per card, over restarts of the daemon and of the modem."""

import asyncio
from pathlib import Path

import pytest

from modemgw.gateway.pins import StoredPins
from modemgw.modem.model import Phase
from modemgw.modem.pins import MemoryLatch, PinLatch, Tried
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.store.database import Store
from tests.gateway import rig as rigs
from tests.gateway.rig import gateway_rig
from tests.loop import VirtualClock, run_virtual
from tests.store.factory import open_store, power_cut

CARD, MODEM = "8949000000000000001", "any card in 350000000000006"
CODE = "4711"


def test_what_went_out_is_known_until_the_card_is_ready(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:
            for pins in (StoredPins(store, VirtualClock()), MemoryLatch()):
                await one_life(pins)

    run_virtual(story())


async def one_life(pins: PinLatch) -> None:
    assert await pins.tried([CARD], CODE) is Tried.NEVER
    assert await pins.latch([CARD, MODEM], CODE)
    assert await pins.tried([CARD], CODE) is Tried.UNKNOWN
    assert await pins.tried([MODEM], CODE) is Tried.UNKNOWN
    assert await pins.tried([CARD], "4712") is Tried.NEVER
    await pins.accepted([CARD], None)
    assert await pins.tried([CARD], CODE) is Tried.NEVER
    assert await pins.tried([MODEM], CODE) is Tried.UNKNOWN
    await pins.accepted([MODEM], None)
    await pins.latch([CARD, MODEM], CODE)
    await pins.refused([CARD, MODEM], CODE)
    await pins.accepted([CARD, MODEM], None)
    assert await pins.tried([CARD, MODEM], CODE) is Tried.REFUSED
    await pins.accepted([CARD, MODEM], CODE)  # it has just opened the card
    assert await pins.tried([CARD, MODEM], CODE) is Tried.NEVER


def test_a_power_cut_does_not_forget_and_nothing_shows_the_pin(tmp_path: Path) -> None:
    async def story() -> None:
        store = await Store.open(tmp_path, clock=VirtualClock(), inline=True)
        assert await StoredPins(store, VirtualClock()).latch([CARD], CODE)
        store = await power_cut(store)
        try:
            pins = StoredPins(store, VirtualClock())
            assert await pins.tried([CARD], CODE) is Tried.UNKNOWN
            rows = await store.read(
                lambda db: db.execute("SELECT * FROM pin_latch").fetchall()
            )
            assert CODE not in repr(rows)
        finally:
            store.close()

    run_virtual(story())


def test_a_database_that_says_no_lets_no_pin_out(tmp_path: Path) -> None:
    async def story() -> None:
        store = await Store.open(tmp_path, clock=VirtualClock(), inline=True)
        pins = StoredPins(store, VirtualClock())
        store.close()
        assert await pins.tried([CARD], CODE) is Tried.NOT_READABLE
        assert not await pins.latch([CARD], CODE)
        await pins.accepted([CARD], None)

    run_virtual(story())


def locked_world(clock: VirtualClock) -> tuple[Network, list[SimModem]]:
    network = Network(clock=clock)
    return network, [make_modem(network, 0, pin="1111")]


def with_pin(monkeypatch: pytest.MonkeyPatch, pin: str) -> None:
    text = (
        "data_dir: ./data\ndiscovery: off\nsims: {defaults: {pace: off}}\n"
        f"modems: [{{name: m0, port: /sim/modem0, pin: '{pin}'}}]\n"
    )
    monkeypatch.setattr(rigs, "config_text", lambda *_: text)


def test_a_wrong_pin_goes_out_once_whatever_is_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        world = locked_world(clock)
        (modem,), card = world[1], world[1][0].card
        assert card is not None
        with_pin(monkeypatch, CODE)
        for life in range(4):
            async with gateway_rig(
                tmp_path, world=world, clock=clock, abandon=True
            ) as rig:
                await asyncio.sleep(100)
                modem.reboot()
                await asyncio.sleep(1000)
                assert card.pin_tries == 2, life
                (snapshot,) = rig.gateway.modems()
                assert snapshot.phase is Phase.PARKED
                assert "refused the configured PIN" in snapshot.why
                lost = await rig.pushed("modem.lost")
                assert "refused the configured PIN" in str(lost[-1].data["why"])
                assert lost[-1].data["phase"] == "parked"
        with_pin(monkeypatch, "1111")
        async with gateway_rig(tmp_path, world=world, clock=clock) as rig:
            await rig.ready()
            assert card.pin_tries == 3
            modem.reboot()  # the right one goes out as often as it is asked for
            await asyncio.sleep(60)
            await rig.ready()

    run_virtual(story())


def test_a_card_that_wants_its_puk_is_told_at_the_first_start(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        world = locked_world(clock)
        assert world[1][0].card is not None
        world[1][0].card.pin_tries = 0
        async with gateway_rig(tmp_path, world=world, clock=clock) as rig:
            await asyncio.sleep(120)
            (event,) = await rig.pushed("modem.lost")
            assert "PUK" in str(event.data["why"])
            assert event.data["phase"] == "parked"

    run_virtual(story())
