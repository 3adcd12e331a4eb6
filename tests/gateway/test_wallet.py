"""Quotas, bundles and caps of SIMs and keys: over months, restarts and crashes."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from modemgw.errors import NotFound, QuotaExceeded
from modemgw.gateway.model import Caller, Draft
from modemgw.sim.faults import Faults
from modemgw.sim.identity import iccid_of
from modemgw.store import keys as key_rows
from modemgw.store import sims, wallet
from modemgw.store.wallet import Total
from tests.gateway.rig import RECIPIENT, Rig, gateway_rig
from tests.loop import START_MS, VirtualClock, run_virtual

DAY_MS = 86_400_000
HOUR_S = 3600
A_WHILE_S = 60  # long enough for what may go to have gone
A_LOOK_S = 610  # after a jump of the clock: it is looked at every ten minutes
ABROAD = "+436641234567"


def sims_text(*tariffs: str, pace: str = "off") -> str:
    """Cards red, blue … with these tariffs."""
    names = ("red", "blue", "green", "gray")
    cards = "".join(
        f'    - {{name: {names[index]}, iccid: "{iccid_of(index)}",'
        f" tariff: {tariff}}}\n"
        for index, tariff in enumerate(tariffs)
    )
    return (
        "timezone: Europe/Berlin\n"
        f"sims:\n  currency: EUR\n  defaults: {{pace: {pace}}}\n  cards:\n{cards}"
    )


async def delivered(rig: Rig, count: int, **more: Any) -> list[str | None]:
    """Send one after the other; return who carried each."""
    carried: list[str | None] = []
    for _ in range(count):
        sent = await rig.send(**more)
        await rig.state(sent, "delivered")
        carried.append((await rig.message(sent)).sim)
    return carried


async def totals(rig: Rig) -> list[Total]:
    now = rig.clock.now_ms()
    return await rig.store.read(
        lambda db: wallet.totals(db, START_MS - DAY_MS, now + DAY_MS)
    )


def used(rig: Rig, sim: str) -> list[int]:
    """How much of each limit of a SIM in service is used up."""
    now = rig.clock.now_ms()
    for lane in rig.gateway.dispatcher.lanes.values():
        if lane.sim is not None and lane.sim.name == sim:
            found = rig.gateway.wallets.of(lane.sim.sim_id)
            assert found is not None
            return [standing.used for standing in found.purse.standings(now)]
    raise AssertionError(sim)


async def key(rig: Rig, name: str, *limits: str) -> Caller:
    row, _ = await rig.gateway.keys.create(name, ["messages:send"], limits)
    return Caller(row.id, name, frozenset(["messages:send"]), "test")


async def send_as(rig: Rig, caller: Caller, **more: Any) -> str:
    draft = Draft(**{"to": RECIPIENT, "text": "hello", **more})
    return (await rig.gateway.submit(draft, caller)).id


BUNDLE = "{bundle: {parts: 3, per: 30 days, since: 2026-11-01}}"


def test_a_bundle_is_used_up_and_another_sim_takes_over(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text(BUNDLE, "{price: 0.05}")
        clock = VirtualClock()
        async with gateway_rig(tmp_path, modems=2, extra=extra, clock=clock) as rig:
            await rig.ready()
            assert await delivered(rig, 2) == ["red", "red"]
        async with gateway_rig(
            tmp_path, extra=extra, clock=clock, world=(rig.network, rig.sims)
        ) as rig:
            await rig.ready()
            assert used(rig, "red") == [2]
            assert await delivered(rig, 3) == ["red", "blue", "blue"]
            red = next(view for view in rig.gateway.sims() if view.name == "red")
            assert red.why == "its bundle of 3 parts"
            (low,) = await rig.pushed("sim.allowance_low")
            assert (low.data["sim"], low.data["what"], low.data["left"]) == (
                "red",
                "bundle",
                0,
            )
            assert low.data["until"] == "2026-11-30T23:00:00Z"
            clock.offset_ms += 9 * DAY_MS  # into the next 30 days
            await asyncio.sleep(A_LOOK_S)
            assert await delivered(rig, 4) == ["red"] * 3 + ["blue"]
            assert len(await rig.pushed("sim.allowance_low")) == 2
            paid = [(total.covered, total.cost) for total in await totals(rig)]
            assert sorted(paid) == [(0, 150_000), (6, 0)]

    run_virtual(story())


def test_the_edge_of_a_quota_with_parts_in_flight_on_every_sim(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text(*["{quotas: [3/day]}"] * 4)
        clock = VirtualClock()
        async with gateway_rig(tmp_path, modems=4, extra=extra, clock=clock) as rig:
            await rig.ready()
            ids = [await rig.send() for _ in range(20)]
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 12
            assert [used(rig, name) for name in ("red", "gray")] == [[3], [3]]
            clock.offset_ms += DAY_MS // 2 + 2 * HOUR_S * 1000  # past midnight
            await asyncio.sleep(A_LOOK_S)
            assert rig.on_air == 20
            for one in ids:
                await rig.state(one, "delivered")

    run_virtual(story())


def test_no_message_is_begun_that_the_quota_cannot_finish(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text("{quotas: [4/day]}")
        async with gateway_rig(tmp_path, extra=extra) as rig:
            await rig.ready()
            three = await rig.send(text="x" * 400)
            two = await rig.send(text="x" * 200)
            one = await rig.send()
            await rig.state(three, "delivered")
            await rig.state(one, "delivered")
            assert (await rig.message(two)).state == "queued"
            assert used(rig, "red") == [4]
            assert rig.on_air == 4

    run_virtual(story())


@pytest.mark.parametrize("abandon", [False, True], ids=["stop", "power cut"])
def test_what_was_counted_outlives_the_process_and_moves_with_the_card(
    tmp_path: Path, abandon: bool
) -> None:
    async def story() -> None:
        extra = sims_text("{quotas: [3/month]}", "{quotas: [100/month]}")
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, modems=2, extra=extra, clock=clock, abandon=abandon
        ) as rig:
            await rig.ready()
            await delivered(rig, 2, sim="red")
            first, second = (sim.card for sim in rig.sims)
            rig.sims[0].insert(second)
            rig.sims[1].insert(first)
            await asyncio.sleep(60)
        async with gateway_rig(
            tmp_path, extra=extra, clock=clock, world=(rig.network, rig.sims)
        ) as rig:
            await rig.ready()
            await delivered(rig, 1, sim="red")
            late = await rig.send(sim="red")
            await asyncio.sleep(A_WHILE_S)
            assert (await rig.message(late)).state == "queued"
            red = next(view for view in rig.gateway.sims() if view.name == "red")
            assert (red.modem, red.why) == ("m1", "its quota of 3/month")
            assert used(rig, "red") == [3]

    run_virtual(story())


def test_a_part_on_its_way_at_a_power_cut_stays_counted(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text("{quotas: [9/day], price: 0.10}")
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, extra=extra, clock=clock, abandon=True, latency=5.0
        ) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "sending")
        async with gateway_rig(
            tmp_path, extra=extra, clock=clock, world=(rig.network, rig.sims)
        ) as rig:
            await rig.ready()
            assert used(rig, "red")[0] == 1

    run_virtual(story())


def test_what_the_network_refused_is_given_back(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text("{quotas: [3/day], spend: [0.30/day], price: 0.10}")
        faults = {0: Faults(refuse_number={ABROAD: 1})}
        async with gateway_rig(tmp_path, extra=extra, faults=faults) as rig:
            await rig.ready()
            refused = await rig.send(to=ABROAD)
            await rig.state(refused, "failed", within=HOUR_S)
            assert used(rig, "red") == [0, 0]
            assert [(t.parts, t.cost) for t in await totals(rig)] == [(0, 0)]
            assert (await rig.message(refused)).cost is None
            sent = await rig.send(text="x" * 200)
            await rig.state(sent, "delivered")
            assert (await rig.message(sent)).cost == 200_000
            assert [(t.parts, t.cost) for t in await totals(rig)] == [(2, 200_000)]

    run_virtual(story())


def test_memory_and_store_agree_again_after_an_hour(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text("{quotas: [9/day]}")
        async with gateway_rig(tmp_path, extra=extra) as rig:
            await rig.ready()
            await delivered(rig, 2)
            (lane,) = rig.gateway.dispatcher.lanes.values()
            assert lane.sim is not None
            mine = rig.gateway.wallets.of(lane.sim.sim_id)
            assert mine is not None
            mine.purse.charge(rig.clock.now_ms(), RECIPIENT)  # of what never left
            assert used(rig, "red") == [3]
            rig.clock.offset_ms += 2 * HOUR_S * 1000
            await asyncio.sleep(A_LOOK_S)
            assert used(rig, "red") == [2]

    run_virtual(story())


@pytest.mark.parametrize(
    ("back_s", "left"),
    [
        pytest.param(HOUR_S, 0, id="by an hour"),
        pytest.param(48 * HOUR_S, 0, id="by days, until the store was asked"),
    ],
)
def test_no_hour_is_given_twice_when_the_clock_is_set_back(
    tmp_path: Path, back_s: int, left: int
) -> None:
    async def story() -> None:
        extra = sims_text("{quotas: [5/hour]}")
        async with gateway_rig(tmp_path, extra=extra) as rig:
            await rig.ready()
            await delivered(rig, 5)
            await asyncio.sleep(1.8 * HOUR_S)  # what is in memory was read anew
            rig.clock.offset_ms -= back_s * 1000
            await rig.send()
            await asyncio.sleep(30)
            assert rig.on_air == 5 + left

    run_virtual(story())


def test_a_cap_holds_what_it_cannot_pay_and_lets_the_rest_go(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text(
            "{spend: [0.25/day], prices: [{to: [DE], price: 0.10}, "
            "{to: [AT], price: 0.05}]}"
        )
        clock = VirtualClock()
        async with gateway_rig(tmp_path, extra=extra, clock=clock) as rig:
            await rig.ready()
            assert await delivered(rig, 2) == ["red", "red"]
            dear = await rig.send()
            unknown = await rig.send(to="+33612345678")
            assert await delivered(rig, 1, to=ABROAD) == ["red"]
            await asyncio.sleep(A_WHILE_S)
            assert used(rig, "red") == [250_000]
            clock.offset_ms += DAY_MS // 2
            await rig.state(dear, "delivered", within=2 * HOUR_S)
            assert (await rig.message(unknown)).state == "queued"

    run_virtual(story())


def test_destinations_that_one_sim_refuses_go_by_another(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text("{allow: [DE]}", "{refuse: [DE]}")
        async with gateway_rig(tmp_path, modems=2, extra=extra) as rig:
            await rig.ready()
            assert await delivered(rig, 2) == ["red", "red"]
            assert await delivered(rig, 2, to=ABROAD) == ["blue", "blue"]

    run_virtual(story())


def test_a_person_corrects_what_the_operator_counts_otherwise(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims_text(BUNDLE)
        clock = VirtualClock()
        async with gateway_rig(tmp_path, extra=extra, clock=clock) as rig:
            await rig.ready()
            (row,) = await rig.store.read(sims.list_sims)
            wallets = rig.gateway.wallets
            await wallets.correct(row, "bundle", 3, "admin")
            held = await rig.send()
            await asyncio.sleep(A_WHILE_S)
            assert (await rig.message(held)).state == "queued"
            await wallets.correct(row, "bundle", 1, "admin")
            rig.gateway.dispatcher.reconsider()
            await rig.state(held, "delivered")
            assert used(rig, "red") == [2]
            told = await rig.pushed("sim.allowance_corrected")
            assert [(e.data["was"], e.data["used"]) for e in told] == [(0, 3), (3, 1)]
            with pytest.raises(NotFound):
                await wallets.correct(row, "200/day", 1, "admin")
        async with gateway_rig(
            tmp_path, extra=extra, clock=clock, world=(rig.network, rig.sims)
        ) as rig:
            await rig.ready()
            assert used(rig, "red") == [2]

    run_virtual(story())


def test_a_key_at_its_limit_is_told_and_holds_nobody_else(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=sims_text("{price: 0.10}")) as rig:
            await rig.ready()
            shop, alarm = await key(rig, "shop", "3/day"), await key(rig, "alarm")
            await send_as(rig, shop, text="x" * 200)
            with pytest.raises(QuotaExceeded) as caught:
                await send_as(rig, shop, text="x" * 200)
            assert caught.value.status == 429
            assert caught.value.errors[0].code == "quota"
            assert caught.value.retry_after == pytest.approx(13 * HOUR_S, abs=60)
            with pytest.raises(QuotaExceeded) as caught:
                await send_as(rig, shop, text="x" * 600)
            assert caught.value.status == 403
            last = await send_as(rig, shop)
            for one in (last, await send_as(rig, alarm)):
                await rig.state(one, "delivered")
            batch = await rig.gateway.submit_batch([Draft(RECIPIENT, "x")], shop)
            assert b"quota" in batch.body
            await rig.set_clock(DAY_MS // 2 + HOUR_S * 2000)
            await rig.state(await send_as(rig, shop), "delivered")

    run_virtual(story())


def test_a_batch_is_taken_up_to_the_limit_of_its_key(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock) as rig:
            await rig.ready()
            shop = await key(rig, "shop", "3/day")
            drafts = [Draft(RECIPIENT, text) for text in ("x", "x" * 200, "x", "x")]
            result = await rig.gateway.submit_batch(drafts, shop)
            assert result.body.count(b'"id":"msg_') == 2
            assert b"/messages/2" in result.body
        async with gateway_rig(
            tmp_path, clock=clock, world=(rig.network, rig.sims)
        ) as rig:
            await rig.ready()
            with pytest.raises(QuotaExceeded):
                await send_as(rig, shop)

    run_virtual(story())


def test_money_of_a_key_ends_and_its_messages_wait_and_are_blocked(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        extra = sims_text("{price: 0.10}", "{price: 0.10}")
        async with gateway_rig(tmp_path, modems=2, extra=extra) as rig:
            await rig.ready()
            shop, alarm = await key(rig, "shop", "0.50/month"), await key(rig, "alarm")
            ids = [
                await send_as(rig, shop, text="x" * 200, expires_in=900)
                for _ in range(6)
            ]
            for _ in range(3):
                await rig.state(await send_as(rig, alarm), "delivered")
            await asyncio.sleep(A_WHILE_S)
            states = [(await rig.message(one)).state for one in ids]
            assert sorted(states) == ["delivered"] * 2 + ["queued"] * 4
            spent = {t.key_id: t.cost for t in await totals(rig)}
            assert spent[shop.key_id or 0] <= 500_000
            last = ids[states.index("queued")]
            await rig.state(last, "blocked", within=1000)
            reason = (await rig.message(last)).reason
            assert reason is not None
            assert (reason["code"], "0.50/month" in reason["detail"]) == ("quota", True)

    run_virtual(story())


def test_limits_of_a_key_can_be_lifted(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=sims_text("{price: 0.10}")) as rig:
            await rig.ready()
            shop = await key(rig, "shop", "0.10/month")
            ids = [await send_as(rig, shop) for _ in range(2)]
            await rig.state(ids[0], "delivered")
            await asyncio.sleep(60)
            assert (await rig.message(ids[1])).state == "queued"
            rows = await rig.store.read(key_rows.list_keys)
            changed = await rig.gateway.keys.change(
                rows[0].public_id, lambda row: replace(row, limits=())
            )
            assert changed.limits == ()
            await rig.state(ids[1], "delivered")

    run_virtual(story())


def test_a_new_card_warms_up_and_a_pace_with_jitter_is_uneven(tmp_path: Path) -> None:
    async def story() -> None:
        extra = (
            "sims:\n  defaults: {pace: 60/h, jitter: 50%, warm_up: 5/day over 7 days}\n"
        )
        clock = VirtualClock()
        async with gateway_rig(tmp_path, extra=extra, clock=clock) as rig:
            await rig.ready()
            for _ in range(12):
                await rig.send(expires_in=20 * 86_400)
            await asyncio.sleep(700)
            assert rig.on_air == 5
            (view,) = rig.gateway.sims()
            assert [window.count for window in view.pace] == [60, 5]
            clock.offset_ms += DAY_MS
            await asyncio.sleep(A_LOOK_S + 800)
            assert rig.on_air == 12
            listed = await rig.listed()
            at = sorted(row.sent_at or 0 for row in listed)[5:]
            pauses = {(b - a) // 1000 for a, b in pairwise(at)}
            assert len(pauses) > 3
            assert all(29 <= pause <= 95 for pause in pauses)

    run_virtual(story())
