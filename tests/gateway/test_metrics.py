"""What a scrape shows agrees with the store, names only what exists, tells nothing."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from modemgw.gateway import metric_names
from modemgw.gateway.metric_names import METRICS, OF_THE_PROCESS
from modemgw.gateway.metrics import HttpTally, Metrics
from modemgw.sim.faults import Faults
from modemgw.store.metrics import depths
from modemgw.store.tally import Histogram
from tests.gateway.rig import RECIPIENT, Rig, gateway_rig
from tests.loop import run_virtual

DOCS = Path(__file__).parents[2] / "docs"
TEXT = "the safe is behind the clock"
REJECTED = "+999000005"  # unassigned: refused for good
UNDELIVERABLE = "+999000002"
SILENT = Faults(silent_after_submit=frozenset({3}))

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scraped(rig: Rig, metrics: Metrics | None = None) -> tuple[str, Samples]:
    octets = await (metrics or Metrics(rig.gateway, HttpTally())).scrape()
    text = octets.decode("utf-8")
    return text, parsed(text)


def summed(samples: Samples, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(
        value
        for (found, these), value in samples.items()
        if found == name and wanted <= set(these)
    )


async def rows(rig: Rig, statement: str) -> dict[Any, Any]:
    return await rig.store.read(lambda db: dict(db.execute(statement).fetchall()))


def test_the_figures_agree_with_the_store(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, faults={1: SILENT}) as rig:
            await rig.ready()
            for number in range(12):
                await rig.send(f"+49151123456{number:02}", TEXT)
            await rig.send(text="long " * 60)
            for to in (REJECTED, UNDELIVERABLE):
                await rig.send(to)
            await rig.send(send_at=rig.clock.now_ms() + 3_600_000)
            await asyncio.sleep(300)
            text, samples = await scraped(rig)

            states = await rows(
                rig, "SELECT state, count(*) FROM message GROUP BY state"
            )
            assert states["in_doubt"] == 1  # else the scenario shows nothing
            assert states["scheduled"] == 1
            for state in ("scheduled", "queued", "sending", "in_doubt"):
                shown = summed(samples, "modemgw_queue_messages", state=state)
                assert shown == states.get(state, 0), state
            events = await rows(rig, "SELECT type, count(*) FROM event GROUP BY type")
            shown_events = {
                dict(labels)["type"]: value
                for (name, labels), value in samples.items()
                if name == "modemgw_events_total"
            }
            assert shown_events == events
            kinds = {"accepted": "part.accepted", "in_doubt": "part.in_doubt"}
            kinds["refused"] = "part.refused"
            for outcome, kind in kinds.items():
                shown = summed(samples, "modemgw_sim_parts_total", outcome=outcome)
                assert shown == events[kind] > 0, outcome
            parts = await rows(rig, "SELECT state, count(*) FROM part GROUP BY state")
            for outcome in ("delivered", "undelivered"):
                shown = summed(samples, "modemgw_sim_parts_total", outcome=outcome)
                assert shown == parts[outcome] > 0, outcome
            assert (
                summed(samples, "modemgw_sim_submit_seconds_count")
                == (events["part.accepted"])
            )
            assert (
                summed(samples, "modemgw_sim_delivery_seconds_count")
                == (parts["delivered"])
            )
            assert (
                summed(samples, "modemgw_sim_refusals_total")
                == (events["part.refused"])
            )
            commits = summed(samples, "modemgw_store_commit_seconds_count")
            assert commits == rig.store.writer.commits
            for name in (TEXT, "+49", RECIPIENT[1:], "999000"):
                assert name not in text

    run_virtual(story())


def test_sims_and_modems_are_shown_as_the_pool_sees_them(tmp_path: Path) -> None:
    extra = (
        "sims:\n  currency: EUR\n  defaults:\n    pace: 10/min\n"
        "    tariff: {quotas: [50/day], spend: [5.00/month], price: 0.05}\n"
    )

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=extra) as rig:
            await rig.ready()
            for _ in range(4):
                await rig.state(await rig.send(), "delivered")
            rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(30)
            _, samples = await scraped(rig)
            for view in rig.gateway.sims():
                assert summed(
                    samples, "modemgw_sim_state", sim=view.name, state=view.state
                ), view.name
                assert summed(samples, "modemgw_sim_state", sim=view.name) == 1
                left = view.pace[0].count - view.pace[0].used
                shown = summed(samples, "modemgw_sim_pace_left_parts", sim=view.name)
                assert shown == left
            used = 50 * 2 - summed(samples, "modemgw_sim_allowance_left_parts")
            assert used == 4
            money = summed(samples, "modemgw_sim_allowance_left_amount")
            assert money == pytest.approx(2 * 5 - 4 * 0.05)
            for modem in rig.gateway.modems():
                phase = modem.phase.value
                labels = {"modem": modem.name, "phase": phase}
                assert summed(samples, "modemgw_modem_phase", **labels) == 1
                assert summed(samples, "modemgw_modem_phase", modem=modem.name) == 1
            assert summed(samples, "modemgw_modem_sendable") == 1
            rig.wires.plug("/sim/modem0", rig.sims[0])
            await rig.ready(2)
            await asyncio.sleep(5)
            _, samples = await scraped(rig)
            recovered = "modemgw_modem_recoveries_total"
            assert summed(samples, recovered, modem="m0", rung="replug") == 1
            assert summed(samples, recovered) == 1

    run_virtual(story())


def test_counters_begin_at_zero_with_the_process(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            await rig.state(await rig.send(), "delivered")
            world = rig.network, rig.sims
        async with gateway_rig(tmp_path, world=world) as rig:
            await rig.ready()
            _, samples = await scraped(rig)
            assert summed(samples, "modemgw_sim_parts_total") == 0
            assert summed(samples, "modemgw_events_total", type="message.queued") == 0

    run_virtual(story())


def test_counting_what_waits_is_not_repeated_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            reads = 0
            read = rig.store.read

            async def slow(query: Any, **options: Any) -> Any:
                nonlocal reads
                if query is depths:
                    reads += 1
                    await asyncio.sleep(0.5)
                return await read(query, **options)

            rig.store.read = slow  # type: ignore[method-assign]
            metrics = Metrics(rig.gateway, HttpTally())
            for _ in range(5):
                _, samples = await scraped(rig, metrics)
                assert ("modemgw_webhook_pending", ()) in samples
            assert reads == 1
            await asyncio.sleep(10)
            await metrics.scrape()
            assert reads == 2
            rig.store.read = read  # type: ignore[method-assign]

    run_virtual(story())


def test_samples_are_those_of_the_table(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            await rig.state(await rig.send(), "delivered")
            _, samples = await scraped(rig)
            by_sample = {name: one for one in METRICS for name in one.samples}
            of_process = {name for name, _ in OF_THE_PROCESS}
            for name, labels in samples:
                if name in of_process:
                    continue
                extra = {"le"} if name.endswith("_bucket") else set()
                assert {key for key, _ in labels} == {*by_sample[name].labels, *extra}
            assert of_process <= {name for name, _ in samples}

    run_virtual(story())


def test_a_bucket_includes_its_bound() -> None:
    histogram = Histogram((1, 2))
    for seconds in (0, 1, 1.5, 2, 3):
        histogram.observe(seconds)
    assert (histogram.counts, histogram.total) == ([2, 2, 1], 7.5)


def test_the_reference_is_that_of_the_table() -> None:
    written = (DOCS / "metrics.md").read_text("utf-8")
    assert written == metric_names.reference(), (
        "python -m modemgw.gateway.metric_names > docs/metrics.md"
    )


def test_names_follow_the_conventions() -> None:
    names = [one.name for one in METRICS]
    assert len(names) == len(set(names))
    units = ("seconds", "bytes", "parts", "messages", "amount", "dbm", "score", "jobs")
    for one in METRICS:
        assert re.fullmatch(r"modemgw_[a-z_]+", one.name)
        assert not one.name.endswith("_total")  # the library adds it
        assert one.kind != "histogram" or one.name.endswith(units)


def known_names() -> set[str]:
    ours = {name for one in METRICS for name in one.samples}
    return ours | {name for name, _ in OF_THE_PROCESS} | {"up"}


def names_in(expression: str) -> set[str]:
    """The names of metrics in an expression: words that nothing else can be."""
    bare = re.sub(r"\"[^\"]*\"|\{[^}]*\}|\b(by|without) \([^)]*\)", "", expression)
    found = set(re.findall(r"\b[a-z_]+\b(?!\s*\()", bare))
    return {name for name in found if "_" in name or name == "up"}


def test_alerts_are_about_metrics_that_exist() -> None:
    rules = yaml.safe_load((DOCS / "prometheus" / "alerts.yml").read_text("utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({alert["alert"] for alert in alerts}) == len(alerts) >= 10
    for alert in alerts:
        used = names_in(alert["expr"])
        assert used, alert
        assert used <= known_names(), used - known_names()
        assert alert["labels"]["severity"] in {"warning", "critical"}
        assert alert["annotations"].keys() == {"summary", "description"}


def test_the_dashboard_is_about_metrics_that_exist() -> None:
    board = json.loads((DOCS / "grafana" / "dashboard.json").read_text("utf-8"))
    assert board["title"] == "modemgw"
    assert board["schemaVersion"] >= 36
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    shown: set[str] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for target in panel["targets"]:
            used = names_in(target["expr"].replace("$__rate_interval", "5m"))
            assert used, target
            assert used <= known_names(), used - known_names()
            shown |= used
    variables = {one["name"] for one in board["templating"]["list"]}
    assert variables == {"datasource", "instance"}
    assert "modemgw_sim_delivery_seconds_bucket" in shown
