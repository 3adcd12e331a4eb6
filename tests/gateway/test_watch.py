"""What is wrong, as the watch finds it; and everything at one glance."""

import asyncio
import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modemgw.api.authority import Authority
from modemgw.config.load import parse
from modemgw.gateway.lately import Lately
from modemgw.gateway.model import Readiness
from modemgw.gateway.senses import Senses, not_after
from modemgw.gateway.troubles import Backup, Disk, Limits, Sight, span, troubles
from modemgw.modem.model import Phase
from modemgw.store.metrics import Depths
from modemgw.store.reader import SlowQuery
from modemgw.store.status import Figures
from modemgw.store.tally import StoreTally
from tests.gateway.rig import TESTER, gateway_rig
from tests.loop import VirtualClock, run_virtual

NOW = 1_795_341_600_000
HOUR_MS = 3_600_000
GB = 10**9
WELL = Sight(
    now=NOW,
    limits=Limits(),
    readiness=Readiness(True, ()),
    modems=[],
    sims=[],
    figures=None,
    known=Figures(Depths({"queued": 3}, 0, 0, None), {"queued": NOW - 5000}, {}, ()),
    disk=Disk(10 * GB, 30 * GB, writable=True),
    paused_at=0,
    paused_by="",
    fuse=None,
    clock=None,
)
OLD = Figures(Depths({"queued": 3}, 0, 0, None), {"queued": NOW - HOUR_MS}, {}, ())
OLD_ONE = Figures(Depths({"queued": 1}, 0, 0, None), {"queued": NOW - HOUR_MS}, {}, ())
DOUBT = Figures(Depths({"in_doubt": 2}, 0, 0, None), {}, {}, ())
ONE_DOUBT = Figures(Depths({"in_doubt": 1}, 0, 0, None), {}, {}, ())


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"paused_at": NOW, "paused_by": "ann"}, "paused", "paused by ann"),
        ({"fuse": "100 parts have left"}, "fuse", "100 parts"),
        ({"readiness": Readiness(False, ("no SIM",))}, "not_ready", "no SIM"),
        ({"clock": "the clock is in the past"}, "clock", "the past"),
        ({"known": OLD}, "queue_old", "3 messages wait, the oldest for 60 min"),
        ({"known": OLD_ONE}, "queue_old", "1 message waits, the oldest for 60 min"),
        (
            {"known": DOUBT},
            *("in_doubt", "2 messages are in doubt: nobody knows whether they were"),
        ),
        (
            {"known": ONE_DOUBT},
            *("in_doubt", "1 message is in doubt: nobody knows whether it was sent"),
        ),
        ({"disk": Disk(GB, 30 * GB, writable=False)}, "disk", "not take writes"),
        ({"disk": Disk(10**8, 30 * GB, writable=True)}, "disk", "100 MB are free"),
        ({"backup": Backup(NOW, False, "no USB")}, "backup", "failed: no USB"),
        (
            {"backup": Backup(NOW - 48 * HOUR_MS, True, "", is_late=True)},
            *("backup", "is 2 days old"),
        ),
        ({"certificate_until": NOW + HOUR_MS}, "certificate", "expires in 60 min"),
        ({"certificate_until": NOW - HOUR_MS}, "certificate", "has expired"),
        ({"under_voltage": True}, "power", "voltage"),
    ],
)
def test_each_trouble_is_found(changed: dict[str, Any], kind: str, words: str) -> None:
    assert troubles(WELL) == []
    (found,) = troubles(replace(WELL, **changed))
    assert found.kind == kind
    assert words in found.what
    assert found.advice


def test_small_disks_and_unknown_figures_are_no_trouble() -> None:
    small = Disk(150_000_000, 2 * GB, writable=True)
    assert troubles(replace(WELL, disk=small)) == []  # 7 % of it
    assert troubles(replace(WELL, known=None)) == []
    late = replace(WELL, certificate_until=NOW + 30 * 24 * HOUR_MS)
    assert troubles(replace(late, backup=Backup(NOW, True, ""))) == []


def test_lengths_of_time_are_written_in_their_largest_unit() -> None:
    found = [span(1000 * seconds) for seconds in (-1, 119, 120, 7199, 7200, 172_800)]
    assert found == ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]


def test_the_last_hour_is_counted_and_no_more() -> None:
    clock, tally = VirtualClock(), StoreTally()

    async def story() -> None:
        lately = Lately(clock, tally)
        for minute in range(180):
            tally.events.update(["message.sent", "message.sent", "sim.up"])
            if minute == 170:
                tally.events.update(["message.failed"])
            await asyncio.sleep(60)
            lately.tick()
            seconds, outcomes = lately.outcomes()
            if minute < 60:
                assert seconds == (minute + 1) * 60
        assert seconds == 3600
        assert outcomes == {"sent": 120, "failed": 1}

    run_virtual(story())


def test_voltage_and_certificate_are_read_where_they_are(tmp_path: Path) -> None:
    senses = Senses(tmp_path)
    assert not senses.under_voltage()
    folder = tmp_path / "sys/class/hwmon/hwmon1"
    folder.mkdir(parents=True)
    (folder / "name").write_text("rpi_volt\n")
    (folder / "in0_lcrit_alarm").write_text("1\n")
    assert senses.under_voltage()
    throttled = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    throttled.parent.mkdir(parents=True)
    throttled.write_text("50000\n")  # it was so once; not now
    assert not senses.under_voltage()
    throttled.write_text("50005\n")
    assert senses.under_voltage()

    authority = Authority(tmp_path / "tls")
    authority.ensure(["localhost"], datetime.now(UTC))
    text = f"http: {{tls: {{cert: {authority.leaf}, key: {authority.leaf_key}}}}}"
    config = parse(text, "x.yaml")
    until = senses.certificate_until(config)
    said = subprocess.run(  # noqa: S603
        ["openssl", "x509", "-enddate", "-noout", "-in", str(authority.leaf)],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ends = ssl.cert_time_to_seconds(said.strip().removeprefix("notAfter="))
    assert until == ends * 1000
    authority.leaf.write_text("nonsense")
    assert senses.certificate_until(config) is None
    assert senses.certificate_until(parse("{}", "x.yaml")) is None


@pytest.mark.parametrize("octets", ["", "-----BEGIN", "\x00" * 50, "MIIB"])
def test_what_is_no_certificate_is_said_to_be_none(octets: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        not_after(f"-----BEGIN CERTIFICATE-----\n{octets}\n-----END CERTIFICATE-----\n")


def test_everything_at_one_glance(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "delivered")
            await asyncio.sleep(70)
            found = await rig.gateway.watch.status(5)
            assert (found.level, found.ready, found.troubles) == ("well", True, [])
            assert found.last_hour.outcomes == {"sent": 1, "delivered": 1}
            assert sum(sim.today or 0 for sim in found.sims) == 1
            assert [modem.phase for modem in found.modems] == ["ready", "ready"]
            assert found.recent[0].type == "message.delivered"
            assert "text" not in found.recent[0].data
            assert found.queue.oldest_at is None
            assert found.backup is None
            await rig.gateway.care.pause_all(TESTER, on=True)
            waits = await rig.send()
            await asyncio.sleep(3)
            found = await rig.gateway.watch.status(0)
            assert (found.level, found.paused_by) == ("down", TESTER.name)
            assert found.queue.states is not None
            assert found.queue.states["queued"] == 1
            assert found.queue.oldest_at is not None
            (paused,) = found.troubles
            assert (paused.kind, paused.advice) == ("paused", "modemgw resume")
            assert (await rig.message(waits)).state == "queued"
            await rig.gateway.care.pause_all(TESTER, on=False)

    run_virtual(story())


def test_a_queue_too_long_to_count_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        raise SlowQuery("too long")

    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            monkeypatch.setattr("modemgw.store.status.figures", slow)
            await asyncio.sleep(3)
            found = await rig.gateway.watch.status(0)
            assert found.queue.states is None
            assert [sim.today for sim in found.sims] == [None]
            assert found.level == "well"

    run_virtual(story())


def test_neither_a_change_of_phase_nor_a_jump_of_the_clock_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as rig:
            watch, clock = rig.gateway.watch, rig.clock
            await rig.ready()
            began = clock.now_ms()
            rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(30)
            (first,) = await watch.troubles()
            true_now = clock.now_ms
            monkeypatch.setattr(clock, "now_ms", lambda: true_now() + 48 * HOUR_MS)
            (later,) = await watch.troubles()
            assert later.lasts_ms == first.lasts_ms < 30_000
            assert began <= later.since_at <= began + 30_000
            monkeypatch.setattr(clock, "now_ms", lambda: true_now() - 48 * HOUR_MS)
            (before,) = await watch.troubles()
            assert before.since_at <= clock.now_ms()
            monkeypatch.setattr(clock, "now_ms", true_now)
            await asyncio.sleep(120)  # it goes from recovering to absent, or back
            (last,) = await watch.troubles()
            assert last.lasts_ms >= 120_000

    run_virtual(story())


def test_what_is_not_known_is_not_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that takes too long ends no alarm, and a bug ends no watch."""

    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            watch = rig.gateway.watch
            await rig.ready()
            await rig.gateway.care.pause_all(TESTER, on=True)
            await rig.send()
            await rig.gateway.care.pause_all(TESTER, on=True)
            await asyncio.sleep(1200)
            kinds = {one.kind for one in await watch.troubles()}
            assert "queue_old" in kinds

            def slow(*_: object) -> None:
                raise SlowQuery("too long")

            with monkeypatch.context() as patch:
                patch.setattr("modemgw.store.status.figures", slow)
                await asyncio.sleep(300)
                assert {one.kind for one in await watch.troubles()} == kinds
            assert await rig.pushed("alarm.cleared") == []

            async def broken() -> None:
                raise ZeroDivisionError

            with monkeypatch.context() as patch:
                patch.setattr(watch, "troubles", broken)
                await asyncio.sleep(60)
            await rig.gateway.care.pause_all(TESTER, on=False)
            await asyncio.sleep(120)
            assert len(await rig.pushed("alarm.cleared")) == 1

    run_virtual(story())


def test_a_parked_modem_is_a_trouble_and_a_starting_one_is_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            (modem,) = rig.gateway.modems()
            for phase in Phase:
                gone = replace(modem, phase=phase, why="x", since_ms=NOW - 30_000)
                seen = replace(WELL, modems=[gone])
                kinds = [one.kind for one in troubles(seen)]
                is_well = phase in (Phase.READY, Phase.STARTING)
                assert kinds == ([] if is_well else ["modem_lost"]), phase
            long = replace(modem, phase=Phase.STARTING, since_ms=NOW - 60_000)
            assert troubles(replace(WELL, modems=[long])) != []

    run_virtual(story())
