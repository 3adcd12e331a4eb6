"""Doubts settled by the slate, a standing prompt, a late answer and the card."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modemgw.sim.faults import Faults, Rule
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.personas.model import Persona
from modemgw.store import card_reference, meta, slate
from modemgw.store.writer import Connection
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

SMSS = "AT+CRSM=176,28483,0,0,2"
WARM_UP = 4  # texts until the card is believed; each is looked up
GAP_S = 40.0  # more than passes between two readings


async def by(rig: Rig, public_id: str) -> list[str]:
    """Return what settled the doubts about a message."""
    return [
        str(step.data["by"])
        for step in await rig.timeline(public_id)
        if "evidence" in step.data
    ]


async def warm_up(rig: Rig, pause_s: float = GAP_S) -> None:
    for n in range(WARM_UP):
        await rig.state(await rig.send(text=f"warm up {n}"), "delivered")
        await asyncio.sleep(pause_s)


def readings(rig: Rig) -> int:
    """How often the card was read through the port that is open now."""
    return bytes(rig.wires.open["/sim/modem0"].written).count(SMSS.encode())


def lose_ctrl_z(rig: Rig) -> None:
    """Let the driver lose the next Ctrl-Z, and nothing else."""
    end = rig.sims[0].ports[0]
    hear = end.data_received

    def lossy(data: bytes) -> None:
        if data.endswith(b"\x1a"):
            end.data_received = hear  # type: ignore[method-assign]  # once
            data = data[:-1]
        hear(data)

    end.data_received = lossy  # type: ignore[method-assign]  # it drops octets


@asynccontextmanager
async def killed_and_back(
    tmp_path: Path, rig: Rig, *, power_cut: bool = False
) -> AsyncIterator[Rig]:
    """Run the next gateway on what a killed one left."""
    if power_cut:
        place = slate.place(tmp_path / "data")
        assert place is not None
        place.unlink()
    world = (rig.network, rig.sims)
    async with gateway_rig(tmp_path, clock=rig.clock, world=world) as again:
        yield again


def test_a_modem_that_still_waits_for_the_text_has_sent_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            lose_ctrl_z(rig)
            sent = await rig.send()
            await rig.state(sent, "in_doubt", within=200)
            await rig.state(sent, "delivered", within=30)
            assert rig.on_air == 1
            assert await by(rig, sent) == ["prompt"]

    run_virtual(story())


def test_an_ok_to_every_escape_says_nothing_of_a_prompt(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(silent_after_submit=frozenset({1}))}
        async with gateway_rig(tmp_path, faults=faults, lost_reports=1.0) as rig:
            await rig.ready()
            end = rig.sims[0].ports[0]
            hear = end.data_received

            def chatty(data: bytes) -> None:
                hear(data)
                if data == b"\x1b":
                    rig.sims[0].write(b"\r\nOK\r\n")

            end.data_received = chatty  # type: ignore[method-assign]  # its habit
            sent = await rig.send()
            await rig.state(sent, "in_doubt", within=200)
            await asyncio.sleep(120)
            assert (await rig.message(sent)).state == "in_doubt"
            assert rig.on_air == 1
            assert await by(rig, sent) == []

    run_virtual(story())


def test_a_kill_before_the_text_was_typed_is_no_doubt(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock, abandon=True) as rig:
            await rig.ready()
            rig.sims[0].set_faults(no_prompt=frozenset({1}))
            sent = await rig.send()
            await rig.state(sent, "sending")
        rig.sims[0].lift_faults()
        async with killed_and_back(tmp_path, rig) as again:
            assert (await again.message(sent)).state == "queued"
            await again.state(sent, "delivered")
            assert again.on_air == 1
            assert await by(again, sent) == ["slate"]

    run_virtual(story())


def test_a_disk_that_falls_back_says_nothing_about_what_was_typed(
    tmp_path: Path,
) -> None:
    """The kernel gives up the file system: what was not flushed is older again."""

    async def story() -> None:
        clock, data = VirtualClock(), tmp_path / "data"
        async with gateway_rig(
            tmp_path, clock=clock, abandon=True, latency=10.0, lost_reports=1.0
        ) as rig:
            await rig.ready()
            await rig.state(await rig.send(), "sent")  # the slate has its line
            sent = await rig.send()
            await rig.state(sent, "sending")
            flushed = {file: file.read_bytes() for file in data.iterdir()}
            await asyncio.sleep(12)
            assert rig.on_air == 2
        for file in data.iterdir():
            file.unlink()
        for file, octets in flushed.items():
            file.write_bytes(octets)
        async with killed_and_back(tmp_path, rig) as again:
            await asyncio.sleep(120)
            assert (await again.message(sent)).state == "sent"
            assert again.on_air == 2
            assert await by(again, sent) == ["slate"]

    run_virtual(story())


@pytest.mark.parametrize("power_cut", [False, True])
def test_an_answer_heard_after_the_restart_settles_the_doubt(
    tmp_path: Path, power_cut: bool
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, clock=clock, abandon=True, latency=10.0, lost_reports=1.0
        ) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(3)
        async with killed_and_back(tmp_path, rig, power_cut=power_cut) as again:
            assert (await again.message(sent)).state == "in_doubt"
            await again.state(sent, "sent", within=30)
            assert again.on_air == 1
            assert await by(again, sent) == ["late_answer"]

    run_virtual(story())


def test_the_prompt_of_the_next_text_says_nothing_of_the_one_before(
    tmp_path: Path,
) -> None:
    """A power cut that the modem survives on its own hub: there is no slate."""

    async def story() -> None:
        clock = VirtualClock()
        faults = {0: Faults(silent_after_submit=frozenset({1}))}
        async with gateway_rig(
            tmp_path, clock=clock, abandon=True, faults=faults, lost_reports=1.0
        ) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(10)
        rig.sims[0].data_received(b"AT+CMGS=20\r")  # asked before the commit was there
        async with killed_and_back(tmp_path, rig, power_cut=True) as again:
            await again.ready()
            await asyncio.sleep(60)
            assert (await again.message(sent)).state == "in_doubt"
            assert again.on_air == 1

    run_virtual(story())


@pytest.mark.parametrize(
    ("references", "left", "settled"),
    [
        pytest.param("card", False, ["card_reference"], id="card-unused"),
        pytest.param("card", True, ["card_reference"], id="card-used"),
        pytest.param("late", False, ["card_reference"], id="late-unused"),
        pytest.param("own", False, [], id="not-kept"),
    ],
)
def test_the_last_reference_on_the_card_settles_a_doubt_where_it_is_kept(
    tmp_path: Path, references: str, left: bool, settled: list[str]
) -> None:
    async def story() -> None:
        async with gateway_rig(
            tmp_path, world=world_of(persona=Persona(references=references))
        ) as rig:
            await rig.ready()
            await warm_up(rig)
            learned = readings(rig)
            assert learned == 3, "a few readings, and no more"
            nth = frozenset({WARM_UP + 1})
            fault = "silent_after_submit" if left else "lost_after_submit"
            rig.sims[0].set_faults(**{fault: nth})
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "in_doubt", within=200)
            end = "in_doubt" if left or not settled else "sent"
            await asyncio.sleep(60)
            assert (await rig.message(sent)).state == end
            assert await by(rig, sent) == settled
            assert rig.on_air == WARM_UP + (1 if left or settled else 0)

    run_virtual(story())


def test_a_modem_that_does_not_show_the_card_is_soon_not_asked(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(rules=(Rule("+CRSM", say=("+CME ERROR: 4",)),))}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            await warm_up(rig)
            await warm_up(rig)
            assert readings(rig) == card_reference.MISSES

    run_virtual(story())


def test_what_a_power_cut_left_on_its_way_is_not_called_unsent(tmp_path: Path) -> None:
    """A modem may write the card behind the network's answer: too late here."""

    async def story() -> None:
        clock = VirtualClock()
        world = world_of(clock, persona=Persona(references="late"))
        async with gateway_rig(tmp_path, clock=clock, world=world, abandon=True) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.network.latency = rig.sims[0].latency = type(rig.sims[0].latency)(5.0)
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(3)  # it is at the network by now

            def other(db: Connection) -> None:
                meta.put(db, "boot", "the machine as it was started before")

            await rig.store.write(other)
        rig.sims[0].reboot()
        async with killed_and_back(tmp_path, rig, power_cut=True) as again:
            await again.ready()
            await asyncio.sleep(400)
            assert readings(again) > 0
            assert (await again.message(sent)).state == "in_doubt"
            assert again.on_air == WARM_UP + 1

    run_virtual(story())


def test_a_hung_modem_that_was_restarted_may_never_write_the_card(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        world = world_of(persona=Persona(references="late"))
        async with gateway_rig(tmp_path, world=world) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.sims[0].set_faults(silent_after_submit=frozenset({WARM_UP + 1}))
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(149)
            modem = rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(5)
            rig.wires.plug("/sim/modem0", modem)
            await rig.ready()
            await asyncio.sleep(400)
            assert (await rig.message(sent)).state == "in_doubt"
            assert rig.on_air == WARM_UP + 1

    run_virtual(story())


def test_a_clock_that_jumps_does_not_make_a_text_have_had_its_time(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, clock=clock, world=world_of(clock), abandon=True
        ) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.sims[0].set_faults(lost_after_submit=frozenset({WARM_UP + 1}))
            sent = await rig.send(expires_in=86_400)
            await rig.state(sent, "sending")
            await asyncio.sleep(3)
        clock.offset_ms += 6 * 3_600_000  # the network has told the time
        async with killed_and_back(tmp_path, rig) as again:
            await again.ready()
            await asyncio.sleep(100)
            assert (await again.message(sent)).state == "in_doubt"
            await again.state(sent, "delivered", within=100)
            assert await by(again, sent) == ["card_reference"]
            assert again.on_air == WARM_UP + 1

    run_virtual(story())


def test_a_used_reference_on_the_card_is_believed_across_a_power_cut(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        world = world_of(clock, latency=5.0)
        async with gateway_rig(tmp_path, clock=clock, world=world, abandon=True) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(3)

            def other(db: Connection) -> None:
                meta.put(db, "boot", "the machine as it was started before")

            await rig.store.write(other)
        rig.sims[0].reboot()
        async with killed_and_back(tmp_path, rig, power_cut=True) as again:
            await again.ready()
            await asyncio.sleep(60)
            assert await by(again, sent) == ["card_reference"]
            assert (await again.message(sent)).state == "in_doubt"
            assert again.on_air == WARM_UP + 1

    run_virtual(story())


def full(*line: object) -> None:
    raise OSError(28, "no space left on device")


def test_a_slate_that_takes_nothing_is_given_up_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, clock=clock, abandon=True, latency=5.0, lost_reports=1.0
        ) as rig:
            await rig.ready()
            with monkeypatch.context() as disk:
                disk.setattr(slate.Slate, "note", full)
                sent = await rig.send()
                await rig.state(sent, "sending")
                await asyncio.sleep(2)
        rig.sims[0].reboot()
        async with killed_and_back(tmp_path, rig) as again:
            await again.ready()
            await asyncio.sleep(60)
            assert (await again.message(sent)).state == "in_doubt"
            assert again.on_air == 1

    run_virtual(story())


def test_a_slate_that_cannot_even_be_voided_holds_texts_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            with monkeypatch.context() as disk:
                disk.setattr(slate.Slate, "note", full)
                disk.setattr(slate.Slate, "void", full)
                sent = await rig.send()
                await asyncio.sleep(60)
                assert rig.on_air == 0
            await rig.state(sent, "delivered", within=3000)

    run_virtual(story())


def world_of(
    clock: VirtualClock | None = None,
    *,
    persona: Persona | None = None,
    **options: Any,
) -> tuple[Network, list[SimModem]]:
    network = Network(clock=clock or VirtualClock(), **options)
    return network, [make_modem(network, 0, persona=persona or Persona())]
