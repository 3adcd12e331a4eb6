"""The configuration changes while everything runs: a whole gateway in virtual time."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from modemgw.errors import DiskFull, StoreError
from modemgw.gateway.model import Draft
from modemgw.gateway.reloading import ConfigRefused, Reloaded
from modemgw.sim.fleet import imei_of
from modemgw.sim.identity import iccid_of
from modemgw.store import audit, webhooks
from tests.gateway.rig import TESTER, Rig, config_text, gateway_rig
from tests.loop import run_virtual

UNPACED = "sims:\n  defaults: {pace: off, reports: on}\n"


class Box(Rig):
    """A rig, and the file that it was configured by."""

    file: Path
    count: int

    def write(self, extra: str = UNPACED, listed: str | None = None) -> None:
        text = config_text(self.count, extra, listed)
        self.file.write_text(text, "utf-8")

    async def reload(self, *written: str | None) -> Reloaded:
        if written:
            self.write(*(text for text in written if text is not None))
        return await self.gateway.reloader.reload(TESTER)


Story = Callable[[Box], Coroutine[Any, Any, None]]


def boxed(tmp_path: Path, story: Story, *, modems: int = 1, **more: Any) -> None:
    async def run() -> None:
        async with gateway_rig(tmp_path, modems=modems, **more) as rig:
            rig.__class__ = Box
            assert isinstance(rig, Box)
            rig.file, rig.count = tmp_path / "test.yaml", modems
            rig.write(more.get("extra", "") or UNPACED, more.get("listed"))
            await rig.ready()
            await story(rig)

    run_virtual(run())


def keys(done: Reloaded) -> list[str]:
    return [change.key for change in done.applied]


def test_nothing_changed(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        actors = dict(box.gateway.pool.actors)
        done = await box.reload()
        assert (done.applied, done.needs_restart) == ((), ())
        assert box.gateway.pool.actors == actors
        sent = await box.send()
        await box.state(sent, "delivered")

    boxed(tmp_path, story)


def test_a_pace_holds_at_once_and_what_was_sent_counts(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        for _ in range(3):
            await box.state(await box.send(), "delivered")
        done = await box.reload("sims:\n  defaults: {pace: 4/hour}\n")
        assert keys(done) == [
            "sims.defaults.pace",
        ]
        await box.state(await box.send(), "delivered")
        fifth = await box.send()
        await asyncio.sleep(1800)
        assert (await box.message(fifth)).state == "queued"
        await box.reload("sims:\n  defaults: {pace: 5/hour}\n")
        await box.state(fifth, "delivered")

    boxed(tmp_path, story)


def card(extra: str, which: int = 0, name: str = "red") -> str:
    return (
        "sims:\n  defaults: {pace: off}\n  cards:\n"
        f"    - {{name: {name}, iccid: '{iccid_of(which)}'{extra}}}\n"
    )


def test_a_quota_is_not_given_twice(tmp_path: Path) -> None:
    """Not by a reload in the middle of a burst, and not by a higher one."""
    few, more = card(", tariff: {quotas: [6/day]}"), card(", tariff: {quotas: [9/day]}")

    async def story(box: Box) -> None:
        sent = [await box.send() for _ in range(30)]
        for text in (few, more) * 3 + (few, more):
            await asyncio.sleep(0.7)  # a submit takes about as long
            await box.reload(text)
        await asyncio.sleep(600)
        assert box.on_air == 9
        assert [(await box.message(one)).state for one in sent].count("queued") == 21
        await box.reload(card(""))  # nothing is agreed any more
        await box.state(sent[-1], "delivered")

    boxed(tmp_path, story, extra=few, latency=0.4)


def test_a_file_with_mistakes_changes_nothing(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        before = box.gateway.config
        box.file.write_text("data_dir: ./data\ncontry: DE\nqueue: {max: many}\n")
        with pytest.raises(ConfigRefused) as refused:
            await box.gateway.reloader.reload(TESTER)
        told = [problem.detail for problem in refused.value.errors]
        assert [text.rpartition("/")[2].partition(" ")[0] for text in told] == [
            "test.yaml:2:1:",
            "test.yaml:3:14:",
        ]
        assert "did you mean 'country'?" in told[0]
        assert box.gateway.config is before
        box.file.unlink()
        with pytest.raises(ConfigRefused, match="cannot be read"):
            await box.gateway.reloader.reload(TESTER)
        box.write(UNPACED + "webhooks: [{url: http://x/, secret: {file: gone}}]\n")
        with pytest.raises(ConfigRefused, match="gone"):
            await box.gateway.reloader.reload(TESTER)
        assert box.gateway.config is before
        await box.state(await box.send(), "delivered")
        rows = await box.store.read(
            lambda db: audit.list_rows(
                db, audit.Filter("config.reload"), cursor=None, limit=9
            )
        )
        assert len(rows) == 3
        assert "refused" in rows[0].detail

    boxed(tmp_path, story)


def test_a_disk_that_is_full_changes_nothing(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        box.write(card(", pace: 1/day") + "webhooks: [{url: http://10.0.0.5/}]\n")
        before, writer = box.gateway.config, box.store.writer

        def full(number: int) -> None:
            raise DiskFull("no room")

        writer.before_commit = full
        with pytest.raises(StoreError):
            await box.gateway.reloader.reload(TESTER)
        writer.before_commit = None
        assert box.gateway.config is before
        await box.store.prove()
        for _ in range(3):
            await box.state(await box.send(), "delivered")
        await box.reload()
        late = await box.send()
        await asyncio.sleep(60)
        assert (await box.message(late)).state == "queued"

    boxed(tmp_path, story)


def test_a_modem_that_is_removed_finishes_what_is_on_the_air(tmp_path: Path) -> None:
    only = "discovery: off\nmodems:\n  - {name: m1, port: /sim/modem1}\n"

    async def story(box: Box) -> None:
        long = await box.send(text="x" * 400, modem="m0")  # three parts
        await asyncio.sleep(1)
        assert box.gateway.dispatcher.lanes["m0"].busy
        done = await box.reload(UNPACED, only)
        assert done.modems.removed == ("m0",)
        await asyncio.sleep(30)
        assert set(box.gateway.pool.actors) == {"m1"}
        assert [row.state for row in await box.listed()] == ["sending"]
        seen = box.on_air
        assert seen == 1, "the part on the air, and none behind it"
        await box.state(await box.send(), "delivered")
        await box.reload(UNPACED)  # back again
        await box.ready()
        # Its first report may have come while nobody listened.
        await box.state(long, "sent")
        assert box.on_air == seen + 1 + 2  # no part twice

    boxed(tmp_path, story, modems=2, latency=2.0)


def test_a_modem_moves_to_another_name_and_port(tmp_path: Path) -> None:
    def at(**names: int) -> str:
        return "discovery: off\nmodems:\n" + "".join(
            f"  - {{name: {name}, port: /sim/modem{n}}}\n" for name, n in names.items()
        )

    async def story(box: Box) -> None:
        steady = box.gateway.pool.actors["m1"]
        done = await box.reload(UNPACED, at(front=0, m1=1))
        assert (done.modems.added, done.modems.removed) == (("front",), ("m0",))
        await box.ready()
        assert set(box.gateway.pool.actors) == {"front", "m1"}
        assert box.gateway.pool.actors["m1"] is steady, "nobody touched it"
        await box.state(await box.send(modem="front"), "delivered")
        done = await box.reload(UNPACED, at(front=1, m1=0))  # they change places
        assert done.modems.reopened == ("front", "m1")
        await asyncio.sleep(5)
        await box.ready()
        await box.state(await box.send(modem="m1"), "delivered")
        assert len(await box.pushed("modem.removed")) == 1

    boxed(tmp_path, story, modems=2)


def test_no_report_is_lost_while_its_modem_is_opened_anew(tmp_path: Path) -> None:
    """It may come at any moment; the modem keeps none that it has told us of."""

    def as_(name: str) -> str:
        return f"discovery: off\nmodems:\n  - {{name: {name}, port: /sim/modem0}}\n"

    async def story(box: Box) -> None:
        sent: list[str] = []
        for turn in range(12):
            sent.append(await box.send())
            await box.state(sent[-1], "sent")
            await asyncio.sleep(2.85 + turn / 50)
            done = await box.reload(UNPACED, as_(("front", "m0")[turn % 2]))
            assert done.modems.added
            await asyncio.sleep(10)
        states = [(await box.message(one)).state for one in sent]
        assert states == ["delivered"] * len(sent)

    boxed(tmp_path, story, report_latency=3.0)


def test_two_at_once_and_a_storm_of_signals(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        begun: list[str] = []
        box.gateway.reloader.on_begin = lambda: begun.append("RELOADING")
        box.gateway.reloader.on_end = begun.append
        box.write(UNPACED + "queue: {max: 500}\n")
        first, second = await asyncio.gather(box.reload(), box.reload())
        assert keys(first) == ["queue.max"]
        assert keys(second) == []
        sent = [await box.send() for _ in range(5)]
        for _ in range(1000):
            box.gateway.reloader.ask()
        box.clock.offset_ms -= 86_400_000  # and the clock is set back
        for one in sent:
            await box.state(one, "delivered")
        assert len(begun) == 6
        assert begun[::2] == ["RELOADING"] * 3

    boxed(tmp_path, story)


def test_names_pools_and_rules_hold_for_what_waits(tmp_path: Path) -> None:
    def rules(only: str) -> str:
        return (
            "sims:\n  defaults: {pace: off}\n  cards:\n"
            f"    - {{name: red, iccid: '{iccid_of(0)}'}}\n"
            f"    - {{name: blue, iccid: '{iccid_of(1)}'}}\n"
            f"routing: {{rules: [{{to: DE, only: {only}}}]}}\n"
        )

    async def story(box: Box) -> None:
        await box.gateway.care.pause("red", TESTER, on=True)
        sent = await box.send()
        await asyncio.sleep(60)
        assert (await box.message(sent)).state == "queued"
        await box.reload(rules("blue"))
        await box.state(sent, "delivered")
        assert (await box.message(sent)).sim == "blue"
        done = await box.reload(rules("sky").replace("name: blue", "name: sky"))
        assert "sims.cards[sky].name" in keys(done)
        await asyncio.sleep(1)
        assert {sim.name for sim in box.gateway.sims()} == {"red", "sky"}
        await box.state(again := await box.send(sim="sky"), "delivered")
        assert (await box.message(again)).sim == "sky"

    boxed(tmp_path, story, modems=2, extra=rules("red"))


def test_what_needs_a_restart_is_named_and_not_in_force(tmp_path: Path) -> None:
    changed = UNPACED + (
        "http: {listen: 127.0.0.1:9999, hosts: [sms.example.org], tls: self}\n"
        "timezone: Europe/Berlin\n"
    )

    async def story(box: Box) -> None:
        text = config_text(1, changed).replace("./data", "./other", 1)
        for _ in range(2):  # told again until it is done
            box.file.write_text(text)
            done = await box.reload()
            assert [
                (one.key, (one.place or "").removeprefix(f"{box.file}:"))
                for one in done.needs_restart
            ] == [
                ("data_dir", "1:11"),
                ("timezone", "9:11"),
                ("http.listen", "8:16"),
                ("http.tls", "8:63"),
            ]
            assert box.gateway.config.timezone == "UTC"
            assert box.gateway.config.data_dir == box.file.parent / "data"
            assert box.gateway.config.http.hosts == ("sms.example.org",)

    boxed(tmp_path, story)


def test_a_fuse_is_put_in_and_counts_what_was_sent(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        for _ in range(4):
            await box.state(await box.send(), "delivered")
        await box.reload(UNPACED + "  max_parts_per_hour: 5\n")
        await box.state(await box.send(), "delivered")
        sixth = await box.send()
        await asyncio.sleep(300)
        assert (await box.message(sixth)).state == "queued"
        await box.reload(UNPACED)
        await box.state(sixth, "delivered")

    boxed(tmp_path, story)


EVERYTHING = """\
country: AT
calls: {hang_up: on}
queue: {max: 77}
http:
  webhook_allow: [127.0.0.1:9000]
  duplicate_window: 1h
sims:
  currency: EUR
  defaults: {pace: off, reports: on, balance: {ussd: "*100#", every: 2h}}
routing: {patience: 30s, sticky: on, weak_signal: -100}
quiet_hours: {marketing: 20:00-08:00}
inbound: {per_number: 2, rules: [{keyword: [HOURS], reply: "9-18"}]}
opt_out: {classes: [marketing, alert]}
retention: {bodies: 7 days}
power: {helper: /run/other/socket, cycle: [/bin/true]}
health: {first: 5min, parole: 2, down_after: 9min, bench: off}
selftest: {every: 12h, within: 2min}
verify: {per_prefix: 3/hour}
webhooks: [{url: "http://10.0.0.5/hook", events: ["message.*"]}]
alerts: [{name: oncall, to: ["+4366412345678"]}]
"""


def test_each_section_that_is_said_to_be_live_is(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        gateway = box.gateway
        text = config_text(1, EVERYTHING).replace("country: DE\n", "", 1)
        box.file.write_text(text, "utf-8")
        done = await box.reload()
        sections = {key.partition(".")[0].partition("[")[0] for key in keys(done)}
        wanted = {line.partition(":")[0] for line in EVERYTHING.splitlines()}
        assert sections == {word for word in wanted if not word.startswith(" ")}
        assert done.needs_restart == ()
        sent = await box.send("0664 1234567")  # by the new country
        assert (await box.message(sent)).peer == "+436641234567"
        again = await gateway.submit(Draft(to="+436641234567", text="hello"), TESTER)
        assert b"duplicate" in again.body, "the same text within the hour"
        assert gateway.intake.queue_max == 77
        assert gateway.pool.actors["m0"].aside._calls.hangs_up
        assert gateway.webhooks.finder.guard.check_url("http://127.0.0.1:9000/") is None
        assert gateway.wallets.currency == "EUR"
        assert gateway.upkeep.balance.config.sims.defaults.balance.every_s == 7200
        assert gateway.pool.router.weak(-105)
        assert gateway.dispatcher.evening.calm._hours["marketing"]
        assert gateway.inbound.hearing is not None
        assert len(gateway.inbound.hearing._rules) == 1
        assert gateway.conversation.answerer._ledger.limits.per_number == 2
        assert "alert" in gateway.conversation.suppressions.classes
        assert gateway.housekeeping.kept.bodies == 7 * 86_400
        assert gateway.pool.power_hook("m0") == ("/bin/true",)
        assert gateway.pool.rescue is not None
        assert gateway.pool.rescue.power is not None
        assert gateway.pool.rescue.power.helper == Path("/run/other/socket")
        assert gateway.health.terms.successes == 2
        assert gateway.health.presence.down_after_s == 540
        assert gateway.upkeep.selftest.course.within_s == 120
        assert gateway.offices.verifications._config.per_prefix.count == 3
        hooks = await box.store.read(webhooks.list_webhooks)
        assert [hook.url for hook in hooks] == ["http://10.0.0.5/hook"]
        assert gateway.config.alerts[0].name == "oncall"
        await box.reload(UNPACED)
        assert await box.store.read(webhooks.list_webhooks) == []

    boxed(tmp_path, story)


def test_modems_that_are_found_come_and_go_with_discovery(tmp_path: Path) -> None:
    """And one that is listed after all gets the name that it is given."""
    usb = {"/dev/ttyUSB0": "1-1.0", "/dev/ttyUSB1": "1-1.1"}
    one = f'discovery: off\nmodems: [{{name: front, imei: "{imei_of(0)}"}}]\n'

    async def run() -> None:
        async with gateway_rig(
            tmp_path, modems=2, listed="discovery: on\n", usb=usb
        ) as rig:
            for n in range(2):
                rig.wires.plug(f"/dev/ttyUSB{n}", rig.sims[n])
            rig.__class__ = Box
            assert isinstance(rig, Box)
            rig.file, rig.count = tmp_path / "test.yaml", 2
            await rig.ready()
            assert len(rig.gateway.pool.actors) == 2
            await rig.reload(UNPACED, one)
            await asyncio.sleep(30)
            assert set(rig.gateway.pool.actors) == {"front"}
            await rig.ready(1)
            await rig.state(await rig.send(modem="front"), "delivered")
            await rig.reload(UNPACED, one.replace("off", "on"))
            await rig.ready(2)
            await rig.reload(UNPACED, 'modems: [{name: p, port: "/dev/ttyUSB*"}]\n')
            await rig.ready(2)
            await asyncio.sleep(30)
            assert all(name.startswith("p-") for name in rig.gateway.pool.actors)

    run_virtual(run())


def test_the_sim_that_has_begun_a_message_is_taken_away_for_good(
    tmp_path: Path,
) -> None:
    """Its other parts wait for it, as for a modem that is lost; nothing is doubled."""
    only = "discovery: off\nmodems:\n  - {name: m1, port: /sim/modem1}\n"

    async def story(box: Box) -> None:
        first = box.gateway.sims()[0].name
        long = await box.send(text="x" * 400, sim=first, expires_in=1200)
        waiting = [await box.send(text=f"no. {n}") for n in range(4)]
        await asyncio.sleep(0.5)
        await box.reload(UNPACED, only)
        for one in waiting:
            await box.state(one, "delivered")
        await asyncio.sleep(2400)
        row = await box.message(long)
        assert row.state not in ("queued", "sending"), row.state
        assert box.on_air <= 3 + 4

    boxed(tmp_path, story, modems=2, latency=2.0)


def test_a_storm_of_other_files(tmp_path: Path) -> None:
    """Reloads with other modems, paces and mistakes while texts go out: all arrive."""

    async def story(box: Box) -> None:
        dice = random.Random(3)  # noqa: S311 - repeatable
        sent: list[str] = []
        for n in range(20):
            sent.append(await box.send(text=f"no. {n}"))
            listed = "".join(
                f"  - {{name: {dice.choice('ab')}{at}, port: /sim/modem{at}}}\n"
                for at in range(3)
                if dice.random() < 0.8
            )
            pace = dice.choice(["off", "600/min", "[20/s, 900/min]"])
            box.write(
                f"sims: {{defaults: {{pace: {pace}}}}}\n",
                f"discovery: off\nmodems:\n{listed}" if listed else "discovery: off\n",
            )
            if dice.random() < 0.2:
                box.file.write_text("queue: {max: x}\n")
            box.gateway.reloader.ask()
            await asyncio.sleep(dice.random() * 3)
        await box.reload(UNPACED)
        await box.ready()
        await asyncio.sleep(600)
        states = {(await box.message(one)).state for one in sent}
        assert states <= {"sent", "delivered"}, states
        assert box.on_air == 20, "each once"

    boxed(tmp_path, story, modems=3, latency=0.4)
