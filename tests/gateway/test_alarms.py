"""Alarms of a whole gateway in virtual time: raised, told once, cleared, remembered."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from modemgw.gateway import mail
from modemgw.gateway.alarms import MAIL_AGAIN_S
from modemgw.policy.trouble import Trouble
from modemgw.sim.fleet import number_of
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

ANN, BOB = "+4917611111111", "+4917622222222"
EXTRA = """\
timezone: UTC
sims:
  defaults: {pace: off, reports: on}
alarms:
  sms: ["+4917611111111"]
  group: 30s
"""
MINUTE_MS = 60_000


def extra(alarms: str = "", sms: str = ANN) -> str:
    numbers = ", ".join(f'"{one}"' for one in sms.split(",") if one)
    return (
        "timezone: UTC\nsims:\n  defaults: {pace: off, reports: on}\n"
        f"alarms:\n  sms: [{numbers}]\n{alarms}"
    )


def trouble(kind: str = "sim_benched", subject: str = "red", at: int = 0) -> Trouble:
    return Trouble(kind, subject, f"{kind} of {subject}", "do something", at)


async def hear(rig: Rig, seconds: int, *troubles: Trouble) -> None:
    """Let the watch say the same for a while, as it does every 15 seconds."""
    import asyncio  # noqa: PLC0415

    for _ in range(max(1, seconds // 15)):
        now = rig.clock.now_ms()
        seen = [replace(one, lasts_ms=now - one.since_at) for one in troubles]
        await rig.gateway.watch.alarms.heard(seen)
        await asyncio.sleep(15)


async def texts(rig: Rig) -> list[tuple[str, str]]:
    rows = await rig.listed(direction="outbound")
    return [(row.peer, row.text or "") for row in rows if "alarm" in row.tags]


@pytest.fixture
def quiet_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio  # noqa: PLC0415

    from modemgw.gateway.watch import Watch  # noqa: PLC0415

    async def run(self: Watch) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Watch, "run", run)


def test_an_alarm_is_told_once_and_its_end_too(
    tmp_path: Path, quiet_watch: None
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=extra()) as rig:
            await rig.ready()
            now = rig.clock.now_ms()
            sick = trouble(at=now)
            await hear(rig, 300, sick)
            ((to, text),) = await texts(rig)
            assert to == ANN
            assert text.startswith("modemgw: sim_benched of red (since ")
            assert text.endswith("Do: do something")
            (raised,) = await rig.pushed("alarm.raised")
            assert raised.data["subject"] == "red"
            await hear(rig, 180)
            assert [one for _, one in await texts(rig)][1:] == [
                "modemgw: over: sim_benched of red"
            ]
            assert len(await rig.pushed("alarm.cleared")) == 1
            (listed,) = await rig.gateway.watch.alarms.listed(10)
            assert listed.cleared_at is not None

    run_virtual(story())


def test_when_all_modems_go_at_once_there_is_one_text(
    tmp_path: Path, quiet_watch: None
) -> None:
    async def story() -> None:
        config = extra(sms=f"{ANN},{BOB}")
        async with gateway_rig(tmp_path, modems=1, extra=config) as rig:
            await rig.ready()
            now = rig.clock.now_ms()
            storm = [trouble("modem_lost", f"m{index}", now) for index in range(100)]
            await hear(rig, 420, *storm[:50])
            await hear(rig, 15, *storm)
            found = await texts(rig)
            assert [to for to, _ in found] == [ANN, BOB]
            assert "50 alarms: 50 modems lost (m0, m1, m2, m3...)" in found[0][1]
            row = (await rig.listed(direction="outbound"))[0]
            assert row.segments <= 2
            assert row.klass == "alert"

    run_virtual(story())


def test_it_goes_by_another_sim_than_the_sick_one(
    tmp_path: Path, quiet_watch: None
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3, extra=extra()) as rig:
            await rig.ready()
            sims = sorted(view.name for view in rig.gateway.sims())
            now = rig.clock.now_ms()
            await hear(rig, 120, trouble("sim_benched", sims[0], now))
            (row,) = await rig.listed(direction="outbound")
            assert row.sim == sims[1]
            # A sick modem takes its SIM out of the choice as well.
            modem = next(v.modem for v in rig.gateway.sims() if v.name == sims[1])
            assert modem is not None
            more = trouble("modem_lost", modem, now - 10 * MINUTE_MS)
            await hear(rig, 120, trouble("sim_benched", sims[0], now), more)
            assert (await rig.listed(direction="outbound"))[-1].sim == sims[2]

    run_virtual(story())


@pytest.mark.parametrize("abandon", [False, True])
def test_a_restart_tells_nothing_again(
    tmp_path: Path, quiet_watch: None, abandon: bool
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        since = clock.now_ms()
        async with gateway_rig(
            tmp_path, extra=extra(), clock=clock, abandon=abandon
        ) as rig:
            await rig.ready()
            await hear(rig, 120, trouble(at=since))
            assert len(await texts(rig)) == 1
            world = rig.network, rig.sims
        async with gateway_rig(
            tmp_path, extra=extra(), clock=clock, world=world
        ) as rig:
            await rig.ready()
            await hear(rig, 120, trouble(at=since))
            assert len(await texts(rig)) == 1
            await hear(rig, 180)
            assert len(await texts(rig)) == 2  # its end is told, by the next process

    run_virtual(story())


def test_a_modem_that_is_still_gone_after_a_restart_is_no_news(tmp_path: Path) -> None:
    import asyncio  # noqa: PLC0415

    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, modems=2, extra=extra(), clock=clock) as rig:
            await rig.ready()
            rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(375)
            assert len(await texts(rig)) == 1
            world = rig.network, rig.sims
        async with gateway_rig(
            tmp_path, modems=2, extra=extra(), clock=clock, world=world
        ) as rig:
            rig.wires.unplug("/sim/modem0")
            await rig.ready(1)
            await asyncio.sleep(375)
            assert len(await texts(rig)) == 1

    run_virtual(story())


def test_there_is_a_budget_and_a_reminder(tmp_path: Path, quiet_watch: None) -> None:
    async def story() -> None:
        config = extra("  sms_per_day: 2\n  remind: 10min\n  group: 0s\n")
        async with gateway_rig(tmp_path, extra=config) as rig:
            await rig.ready()
            now = rig.clock.now_ms()
            await hear(rig, 1900, trouble(at=now))
            assert len(await texts(rig)) == 2
            assert len(await rig.pushed("alarm.reminded")) == 3

    run_virtual(story())


def test_at_night_only_what_is_urgent_is_texted(
    tmp_path: Path, quiet_watch: None
) -> None:
    async def story() -> None:
        # Virtual time begins at 10:00 UTC.
        config = extra("  quiet: [09:00-10:15]\n  mail_only: [backup]\n")
        async with gateway_rig(tmp_path, extra=config) as rig:
            await rig.ready()
            now = rig.clock.now_ms()
            day = [trouble(at=now), trouble("backup", "", now)]
            short = trouble("balance_low", "red", now)
            await hear(rig, 300, *day, short, trouble("disk", "", now - MINUTE_MS))
            assert ["disk" in text for _, text in await texts(rig)] == [True]
            await hear(rig, 900, *day, trouble("disk", "", now - MINUTE_MS))
            found = [text for _, text in await texts(rig)]
            assert len(found) == 2
            assert "sim_benched" in found[1]
            # What was over before morning woke nobody, and is not told now.
            assert "balance_low" not in "".join(found)
            assert "backup" not in "".join(found)

    run_virtual(story())


def test_our_own_numbers_are_never_texted(tmp_path: Path, quiet_watch: None) -> None:
    async def story() -> None:
        config = extra(sms=number_of(0))
        async with gateway_rig(tmp_path, modems=1, extra=config) as rig:
            await rig.ready()
            await hear(rig, 60, trouble(at=rig.clock.now_ms()))
            assert await texts(rig) == []
            (told,) = await rig.gateway.watch.alarms.test()
            assert (told.ok, told.detail) == (False, "this is a SIM of the gateway")

    run_virtual(story())


@dataclass
class Server:
    """A mail server that takes what comes, or not."""

    fails: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, config: Any, subject: str, body: str, *, now_ms: int) -> None:
        if self.fails:
            self.fails -= 1
            raise mail.MailError("the server does not answer")
        self.taken.append((subject, body))


def test_mail_is_tried_again_and_holds_up_no_text(
    tmp_path: Path, quiet_watch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(fails=2)
    monkeypatch.setattr(mail, "send", server.send)

    async def story() -> None:
        config = extra("  mail: {server: mail.example, to: [ann@example.org]}\n")
        async with gateway_rig(tmp_path, extra=config) as rig:
            await rig.ready()
            now = rig.clock.now_ms()
            await hear(rig, 60, trouble(at=now))
            assert len(await texts(rig)) == 1
            assert server.taken == []
            await hear(rig, int(sum(MAIL_AGAIN_S[:2])) + 60, trouble(at=now))
            ((subject, body),) = server.taken
            assert subject == "modemgw: sim_benched of red"
            assert "ALARM  sim_benched of red" in body
            assert "do     do something" in body
            await hear(rig, 150)
            assert server.taken[1][0] == "modemgw: over: sim_benched of red"
            assert len(server.taken) == 2

    run_virtual(story())


def test_each_step_is_one_event_however_slow_the_disk_is(
    tmp_path: Path, quiet_watch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that is taken is written down while a look still is."""
    import asyncio  # noqa: PLC0415

    monkeypatch.setattr(mail, "send", Server().send)

    async def story() -> None:
        config = extra("  mail: {server: mail.example, to: [ann@example.org]}\n", "")
        async with gateway_rig(tmp_path, extra=config) as rig:
            await rig.ready()
            alarms, store = rig.gateway.watch.alarms, rig.store
            write, takes_s = store.write, [0.0]

            async def slow(job: Any) -> Any:
                await asyncio.sleep(takes_s[0])
                return await write(job)

            monkeypatch.setattr(store, "write", slow)
            first = trouble(at=rig.clock.now_ms())
            await hear(rig, 30, first)
            takes_s[0] = 10.0
            second = trouble("disk", "", rig.clock.now_ms())
            third = trouble("fuse", "", rig.clock.now_ms())
            looks = []
            for seen in ([first, second], [first, second, third]):
                now = rig.clock.now_ms()
                lasting = [replace(one, lasts_ms=now - 1) for one in seen]
                looks.append(asyncio.create_task(alarms.heard(lasting)))
                await asyncio.sleep(2)
            await asyncio.gather(*looks)
            await hear(rig, 60, first, second, third)
            raised = [one.data["kind"] for one in await rig.pushed("alarm.raised")]
            assert sorted(raised) == ["disk", "fuse", "sim_benched"]

    run_virtual(story())


def test_a_full_disk_is_mailed_and_written_down_later(
    tmp_path: Path, quiet_watch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modemgw.errors import DiskFull  # noqa: PLC0415

    server = Server()
    monkeypatch.setattr(mail, "send", server.send)

    async def story() -> None:
        config = extra("  mail: {server: mail.example, to: [ann@example.org]}\n")
        async with gateway_rig(tmp_path, extra=config) as rig:
            await rig.ready()
            now = rig.clock.now_ms()

            def full(*_: Any, **__: Any) -> None:
                raise DiskFull("no room")

            with monkeypatch.context() as patch:
                patch.setattr("modemgw.store.alarms.put", full)
                await hear(rig, 180, trouble("disk", "", now))
            assert len(server.taken) == 1
            assert await rig.pushed("alarm.raised") == []
            await hear(rig, 60, trouble("disk", "", now))
            assert len(await rig.pushed("alarm.raised")) == 1
            assert len(server.taken) == 1

    run_virtual(story())


def test_a_modem_that_is_unplugged_becomes_an_alarm(tmp_path: Path) -> None:
    """The whole way, with the watch looking by itself."""
    import asyncio  # noqa: PLC0415

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=extra()) as rig:
            await rig.ready()
            modem = rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(420)
            ((_, text),) = await texts(rig)
            assert "modem m0" in text
            status = await rig.gateway.watch.status(5)
            assert (status.level, status.ready) == ("degraded", True)
            assert [one.kind for one in status.troubles] == ["modem_lost"]
            assert status.recent
            rig.wires.plug("/sim/modem0", modem)
            await asyncio.sleep(240)
            assert "over" in (await texts(rig))[1][1]
            assert (await rig.gateway.watch.status(0)).level == "well"

    run_virtual(story())
