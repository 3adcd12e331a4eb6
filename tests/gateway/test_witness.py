"""Doubts settled by the slate, a standing prompt and a late answer."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import DiskFull
from modemgw.gateway import recovery
from modemgw.sim.faults import Faults
from modemgw.store import slate
from tests.gateway.restarts import by, killed_and_back
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual


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


async def killed_untyped(home: Path, clock: VirtualClock) -> tuple[Rig, str]:
    """Kill a gateway whose one text is marked, before its modem's prompt comes."""
    async with gateway_rig(home, clock=clock, abandon=True) as rig:
        await rig.ready()
        rig.sims[0].set_faults(no_prompt=frozenset({1}))
        sent = await rig.send()
        await rig.state(sent, "sending")
    rig.sims[0].lift_faults()
    return rig, sent


def test_a_start_on_a_full_disk_spoils_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFull("no room")

    async def story() -> None:
        clock = VirtualClock()
        rig, sent = await killed_untyped(tmp_path, clock)
        world = (rig.network, rig.sims)
        with monkeypatch.context() as disk:
            disk.setattr(recovery, "recover", full)
            with pytest.raises(DiskFull):
                async with gateway_rig(tmp_path, clock=clock, world=world):
                    pass
        async with killed_and_back(tmp_path, rig) as again:
            assert (await again.message(sent)).state == "queued"
            assert await by(again, sent) == ["slate"]

    run_virtual(story())


def test_a_kill_before_the_text_was_typed_is_no_doubt(tmp_path: Path) -> None:
    async def story() -> None:
        rig, sent = await killed_untyped(tmp_path, VirtualClock())
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
