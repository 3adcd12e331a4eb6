"""Modems that are pulled, moved, swapped, cloned and new, in virtual time."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from modemgw.gateway import supervisor
from modemgw.modem.model import Phase
from modemgw.sim.fleet import imei_of, make_modem
from modemgw.sim.identity import iccid_of
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.personas.quectel import EC25
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

BY_PORT = """\
discovery: off
modems:
  - {name: m0, port: /dev/ttyUSB0}
  - {name: m1, port: /dev/ttyUSB1}
"""
POOL = 'discovery: off\nmodems: [{name: pool, port: "/dev/ttyUSB*"}]\n'
DISCOVER = "discovery: on\n"
BY_IMEI = f"""\
discovery: off
modems:
  - {{name: front, imei: "{imei_of(0)}"}}
  - {{name: back, imei: "{imei_of(1)}"}}
"""
BY_ICCID = f"""\
discovery: off
modems:
  - {{name: red, iccid: "{iccid_of(0)}"}}
  - {{name: blue, iccid: "{iccid_of(1)}"}}
"""


def world(count: int, **options: Any) -> tuple[Network, list[SimModem]]:
    network = Network(clock=VirtualClock())
    return network, [make_modem(network, at, **options) for at in range(count)]


def on_usb(*numbers: int) -> dict[str, str]:
    """Ports /dev/ttyUSBn, each of a USB device of its own."""
    return {f"/dev/ttyUSB{n}": f"1-1.{n}" for n in numbers}


async def plug(rig: Rig, **at: int | SimModem) -> None:
    """Plug modems in: ttyUSB3=0 plugs in the first one."""
    for name, which in at.items():
        modem = rig.sims[which] if isinstance(which, int) else which
        rig.wires.plug(f"/dev/{name}", modem)


def rigged(tmp_path: Path, listed: str, count: int, **more: Any) -> Any:
    """A rig whose modems are not plugged in yet: /sim/… is nowhere."""
    options = {key: more.pop(key) for key in ("persona",) if key in more}
    return gateway_rig(
        tmp_path,
        listed=listed,
        world=world(count, **options),
        usb=more.pop("usb", {}),
        **more,
    )


def pull_all(rig: Rig) -> None:
    for path in list(rig.wires.modems):
        rig.wires.unplug(path)


async def seen(rig: Rig, name: str, port: str, within: float = 10) -> float:
    """Let time pass until this modem serves at this port; returns the seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        actor = rig.gateway.pool.actors.get(name)
        if actor is not None:
            shot = actor.snapshot
            if shot.phase is Phase.READY and shot.port == port:
                return loop.time() - began
        known = {
            n: (a.snapshot.port, a.snapshot.why)
            for n, a in rig.gateway.pool.actors.items()
        }
        assert loop.time() - began < within, f"{name} not at {port}: {known}"
        await asyncio.sleep(0.01)


def names(rig: Rig) -> list[str]:
    return [shot.name for shot in rig.gateway.modems()]


# -- the same modem under another name


@pytest.mark.parametrize("away_s", [0.3, 5.0, 400.0])
def test_a_listed_port_that_comes_back_under_another_number_is_the_same_modem(
    tmp_path: Path, away_s: float
) -> None:
    async def story() -> None:
        async with rigged(tmp_path, BY_PORT, 2) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1)
            await rig.ready(2)
            actor = rig.gateway.pool.actors["m1"]
            modem = rig.wires.unplug("/dev/ttyUSB1")
            await asyncio.sleep(away_s)
            await plug(rig, ttyUSB4=modem)
            assert await seen(rig, "m1", "/dev/ttyUSB4") < 3
            assert rig.gateway.pool.actors["m1"] is actor
            lost, recovered = (
                (await rig.pushed("modem.lost"))[0].data,
                (await rig.pushed("modem.recovered"))[0].data,
            )
            assert lost["port"] == "/dev/ttyUSB1"
            assert recovered["port"] == "/dev/ttyUSB4"
            assert recovered["previous_port"] == "/dev/ttyUSB1"
            sent = await rig.send()
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_a_modem_that_comes_home_is_taken_at_its_listed_port(tmp_path: Path) -> None:
    async def story() -> None:
        async with rigged(tmp_path, BY_PORT, 2) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1)
            await rig.ready(2)
            modem = rig.wires.unplug("/dev/ttyUSB1")
            await asyncio.sleep(2)
            await plug(rig, ttyUSB4=modem)
            await seen(rig, "m1", "/dev/ttyUSB4")
            rig.wires.unplug("/dev/ttyUSB4")
            await asyncio.sleep(2)
            await plug(rig, ttyUSB1=modem)
            assert await seen(rig, "m1", "/dev/ttyUSB1") < 3

    run_virtual(story())


def test_a_stranger_near_a_lost_port_is_not_taken_for_the_lost_modem(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with rigged(tmp_path, BY_PORT, 3) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1, ttyUSB7=2)  # 7 is somebody else's
            await rig.ready(2)
            rig.wires.unplug("/dev/ttyUSB1")
            await asyncio.sleep(30)
            assert "/dev/ttyUSB7" not in rig.wires.opened  # it was there before
            await plug(rig, ttyUSB8=make_modem(rig.network, 8))
            await asyncio.sleep(30)
            assert "/dev/ttyUSB8" in rig.wires.opened
            shot = rig.gateway.pool.actors["m1"].snapshot
            assert (shot.phase, shot.port) == (Phase.ABSENT, "/dev/ttyUSB1")
            assert names(rig) == ["m0", "m1"]

    run_virtual(story())


def test_modems_by_imei_keep_their_names_when_their_ports_are_exchanged(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        usb = on_usb(0, 1)
        async with rigged(tmp_path, BY_IMEI, 2, usb=usb) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1)
            await seen(rig, "front", "/dev/ttyUSB0")
            await seen(rig, "back", "/dev/ttyUSB1")
            first = rig.wires.unplug("/dev/ttyUSB0")
            second = rig.wires.unplug("/dev/ttyUSB1")
            await plug(rig, ttyUSB0=second, ttyUSB1=first)
            assert await seen(rig, "front", "/dev/ttyUSB1") < 3
            assert await seen(rig, "back", "/dev/ttyUSB0") < 3
            sims = {view.modem: view.iccid for view in rig.gateway.sims()}
            assert sims == {"front": iccid_of(0), "back": iccid_of(1)}

    run_virtual(story())


def test_a_listed_imei_that_is_not_there_says_what_it_waits_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with rigged(tmp_path, BY_IMEI, 1, usb=on_usb(0)) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0)
            await seen(rig, "front", "/dev/ttyUSB0")
            why = rig.gateway.pool.actors["back"].snapshot.why
            assert why == f"looking for the modem with IMEI {imei_of(1)}"
            await asyncio.sleep(3600)
            assert rig.sockets.looks <= 3610  # no hurry for what was never there

    run_virtual(story())


def test_a_modem_is_named_by_the_card_it_holds(tmp_path: Path) -> None:
    async def story() -> None:
        async with rigged(tmp_path, BY_ICCID, 2, usb=on_usb(0, 1)) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1)
            await seen(rig, "red", "/dev/ttyUSB0")
            await seen(rig, "blue", "/dev/ttyUSB1")
            first, second = rig.sims
            cards = first.card, second.card
            for path in ("/dev/ttyUSB0", "/dev/ttyUSB1"):
                rig.wires.unplug(path)
            first.card, second.card = cards[1], cards[0]
            await plug(rig, ttyUSB0=first, ttyUSB1=second)
            await seen(rig, "red", "/dev/ttyUSB1")
            await seen(rig, "blue", "/dev/ttyUSB0")

    run_virtual(story())


# -- new ones


def test_new_modems_of_a_pattern_go_into_service_and_come_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with rigged(tmp_path, POOL, 2) as rig:
            pull_all(rig)
            await asyncio.sleep(60)
            assert names(rig) == []
            assert rig.gateway.readiness().reasons == ("no modem is configured",)
            await plug(rig, ttyUSB0=0)
            assert await seen(rig, "pool-000000", "/dev/ttyUSB0") < 3
            await plug(rig, ttyUSB1=1)
            assert await seen(rig, "pool-000001", "/dev/ttyUSB1") < 3
            modem = rig.wires.unplug("/dev/ttyUSB0")
            await asyncio.sleep(5)
            await plug(rig, ttyUSB9=modem)
            assert await seen(rig, "pool-000000", "/dev/ttyUSB9") < 3
            added = [event.data for event in await rig.pushed("modem.added")]
            assert [one["port"] for one in added] == ["/dev/ttyUSB0", "/dev/ttyUSB1"]
            assert [one["imei"] for one in added] == [imei_of(0), imei_of(1)]
            sent = await rig.send(modem="pool-000001")
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_discovery_uses_usb_modems_once_all_of_their_ports_are_there(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with rigged(tmp_path, DISCOVER, 2, usb=on_usb(0)) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyS0=1)  # the second is no USB device
            assert 2 <= await seen(rig, "modem-000000", "/dev/ttyUSB0") < 5
            await asyncio.sleep(60)
            assert names(rig) == ["modem-000000"]
            assert "/dev/ttyS0" not in rig.wires.opened
            modem = rig.wires.unplug("/dev/ttyUSB0")
            await asyncio.sleep(5)
            rig.sockets.usb["/dev/ttyUSB5"] = "1-1.5"
            await plug(rig, ttyUSB5=modem)
            assert await seen(rig, "modem-000000", "/dev/ttyUSB5") < 3  # no debounce

    run_virtual(story())


def test_without_discovery_an_unlisted_modem_is_left_alone(tmp_path: Path) -> None:
    async def story() -> None:
        listed = "discovery: off\nmodems: [{name: m0, port: /dev/ttyUSB0}]\n"
        async with rigged(tmp_path, listed, 2, usb=on_usb(0, 1)) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1)
            await rig.ready(1)
            await asyncio.sleep(300)
            assert set(rig.wires.opened) == {"/dev/ttyUSB0"}

    run_virtual(story())


def test_a_listed_port_that_appears_late_takes_its_modem_from_discovery(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        listed = "discovery: on\nmodems: [{name: front, port: /dev/by-path}]\n"
        usb = {"/dev/ttyUSB0": "1-1", "/dev/by-path": "1-1"}
        async with rigged(tmp_path, listed, 1, usb=usb) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0)
            await seen(rig, "modem-000000", "/dev/ttyUSB0")
            rig.wires.modems["/dev/by-path"] = rig.sims[0]  # udev's link, at last
            await seen(rig, "front", "/dev/by-path")
            assert names(rig) == ["front"]
            (removed,) = await rig.pushed("modem.removed")
            assert removed.data["modem"] == "modem-000000"
            sent = await rig.send()
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_an_unlisted_modem_that_stays_away_is_forgotten_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FORGET_S", 3600.0)  # a day takes too long here

    async def story() -> None:
        async with rigged(tmp_path, DISCOVER, 2, usb=on_usb(0, 1)) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1)
            await seen(rig, "modem-000000", "/dev/ttyUSB0")
            await seen(rig, "modem-000001", "/dev/ttyUSB1")
            modem = rig.wires.unplug("/dev/ttyUSB0")
            await asyncio.sleep(3000)
            assert names(rig) == ["modem-000000", "modem-000001"]
            await asyncio.sleep(1200)
            assert names(rig) == ["modem-000001"]
            assert len(rig.gateway.sims()) == 2  # the card is remembered
            await plug(rig, ttyUSB0=modem)
            await seen(rig, "modem-000000", "/dev/ttyUSB0")
            sent = await rig.send(modem="modem-000000")
            await rig.state(sent, "delivered")

    run_virtual(story())


# -- one modem twice, two modems as one, no name at all


def test_one_modem_on_two_ports_is_one_modem(tmp_path: Path) -> None:
    async def story() -> None:
        async with rigged(tmp_path, POOL, 1, persona=EC25) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0)  # its second port is ttyUSB0.1
            await rig.ready(1)
            await asyncio.sleep(60)
            assert names(rig) == ["pool-000000"]
            assert {"/dev/ttyUSB0", "/dev/ttyUSB0.1"} == set(rig.wires.opened)
            sent = await rig.send()
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_one_modem_that_is_listed_by_two_ports_serves_through_one(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        listed = BY_PORT.replace("/dev/ttyUSB1", "/dev/ttyUSB0.1")
        async with rigged(tmp_path, listed, 1, persona=EC25) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0)
            await rig.ready(1)
            await asyncio.sleep(120)
            one, other = sorted(
                rig.gateway.modems(), key=lambda shot: shot.phase is Phase.ABSENT
            )
            assert one.phase is Phase.READY and other.phase is Phase.ABSENT
            assert other.why == f"this is {one.name} on one more port"
            sent = await rig.send()
            await rig.state(sent, "delivered")

    run_virtual(story())


@pytest.mark.parametrize("imei", [imei_of(0), "000000000000000"])
def test_modems_that_share_an_imei_or_have_none_are_known_by_their_place(
    tmp_path: Path, imei: str
) -> None:
    async def story() -> None:
        network = Network(clock=VirtualClock())
        sims = [make_modem(network, at, imei=imei) for at in range(2)]
        usb = on_usb(0, 1)
        async with gateway_rig(
            tmp_path, listed=DISCOVER, world=(network, sims), usb=usb
        ) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0)
            first = "modem-000000" if imei == imei_of(0) else "usb-1-1.0"
            await seen(rig, first, "/dev/ttyUSB0")
            await plug(rig, ttyUSB1=1)
            await seen(rig, "usb-1-1.1", "/dev/ttyUSB1")
            await rig.ready(2)
            modem = rig.wires.unplug("/dev/ttyUSB1")
            await asyncio.sleep(5)
            await plug(rig, ttyUSB1=modem)
            assert await seen(rig, "usb-1-1.1", "/dev/ttyUSB1") < 3
            assert names(rig) == sorted([first, "usb-1-1.1"])

    run_virtual(story())


def test_a_port_that_comes_and_goes_is_left_alone_for_a_minute_and_told(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with rigged(tmp_path, BY_PORT, 2) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0, ttyUSB1=1)
            await rig.ready(2)
            for _ in range(6):
                await seen(rig, "m1", "/dev/ttyUSB1")
                modem = rig.wires.unplug("/dev/ttyUSB1")
                await asyncio.sleep(1)
                await plug(rig, ttyUSB1=modem)
            await asyncio.sleep(30)
            shot = rig.gateway.pool.actors["m1"].snapshot
            assert shot.phase is Phase.ABSENT
            assert "its port went 6 times in 10 minutes: check cable" in shot.why
            (told,) = await rig.pushed("modem.unstable")
            assert (told.data["modem"], told.data["losses"]) == ("m1", 6)
            assert await seen(rig, "m1", "/dev/ttyUSB1", within=60) > 20

    run_virtual(story())


def test_a_lost_port_whose_name_went_to_another_port_of_the_stick_is_not_opened(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        listed = "discovery: off\nmodems: [{name: m0, port: /dev/ttyUSB0}]\n"
        usb = {"/dev/ttyUSB0": "1-1"}
        async with rigged(tmp_path, listed, 1, usb=usb) as rig:
            pull_all(rig)
            await plug(rig, ttyUSB0=0)
            await rig.ready(1)
            modem = rig.wires.unplug("/dev/ttyUSB0")
            await asyncio.sleep(5)
            # It is ttyUSB3 now, and ttyUSB0 is where it tells its diagnosis.
            rig.sockets.usb = {"/dev/ttyUSB3": "1-1", "/dev/ttyUSB0": "1-1"}
            rig.sockets.silent = {"/dev/ttyUSB0"}
            await plug(rig, ttyUSB3=modem)
            assert await seen(rig, "m0", "/dev/ttyUSB3") < 3
            assert rig.wires.opened.count("/dev/ttyUSB0") == 1

    run_virtual(story())
