"""Rules, replies and forwarding, by a whole gateway in virtual time."""

import asyncio
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from modemgw.errors import StoreError
from modemgw.gateway import answering
from modemgw.policy.selftest import text_of
from modemgw.store import deliveries, reactions, webhooks
from modemgw.store.webhooks import Declared
from modemgw.store.writer import Connection
from tests.gateway.rig import Rig
from tests.gateway.talks import (
    ALICE,
    BLUE,
    BOB,
    NAMELESS,
    RED,
    hear,
    outbox,
    submit,
    talk,
    texts,
    why,
    world,
)
from tests.loop import VirtualClock, run_virtual

HOURS = """\
timezone: Europe/Berlin
inbound:
  rules:
    - keyword: [HOURS, OPEN]
      reply: "We are open 9-18 ({keyword}, {sim}, {date} {time})."
"""
EVERYTHING = """\
inbound:
  per_number: 60
  rules:
    - match: any
      reply: "Thank you, we will call you."
"""


def test_a_keyword_is_answered_once_by_the_same_sim(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, HOURS) as rig:
            asked = await hear(rig, "hours, please", sim=1)
            assert asked.options["keyword"] == "HOURS"
            (reply,) = await outbox(rig)
            assert reply.text == "We are open 9-18 (HOURS, blue, 2026-11-22 11:00)."
            assert (reply.state, reply.sim) == ("delivered", "blue")
            assert (reply.klass, reply.tags) == ("transactional", ("auto-reply",))
            assert reply.reference == asked.public_id
            steps = [e for e in await rig.timeline(asked.public_id) if e.type != "x"]
            assert [e.type for e in steps] == ["message.received", "message.answered"]
            assert steps[1].data == {
                "kind": "reply",
                "message": reply.public_id,
                "rule": 1,
            }
            assert steps[0].data["keyword"] == "HOURS"
            await hear(rig, "what are your hours?")
            assert len(await outbox(rig)) == 1

    run_virtual(story())


@pytest.mark.parametrize("moment", ["planned", "submitted"])
def test_a_crash_answers_neither_twice_nor_never(tmp_path: Path, moment: str) -> None:
    async def story() -> None:
        clock = VirtualClock()
        met = world(clock)
        async with talk(tmp_path, HOURS, clock=clock, met=met, abandon=True) as rig:
            answerer = rig.gateway.conversation.answerer
            name = "_carry_out" if moment == "planned" else "_settle"

            async def power_cut(*_: object, **__: object) -> bool:
                raise StoreError("the lights are out")

            setattr(answerer, name, power_cut)
            asked = await hear(rig, "HOURS", wait=3)
            sent = len(await outbox(rig))
            assert sent == (0 if moment == "planned" else 1)
        async with talk(tmp_path, HOURS, clock=clock, met=met) as rig:
            await asyncio.sleep(20)
            (reply,) = await outbox(rig)
            assert reply.state == "delivered"
            steps = await rig.timeline(asked.public_id)
            assert [step.type for step in steps].count("message.answered") == 1
            assert rig.on_air == 1

    run_virtual(story())


def test_what_lay_too_long_is_not_answered(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        met = world(clock)
        async with talk(tmp_path, HOURS, clock=clock, met=met, abandon=True) as rig:
            answerer = rig.gateway.conversation.answerer

            async def never(row: object) -> bool:
                raise StoreError("the lights are out")

            answerer._carry_out = never  # type: ignore[method-assign]
            asked = await hear(rig, "HOURS", wait=3)
        clock.offset_ms += answering.LATE_MS
        async with talk(tmp_path, HOURS, clock=clock, met=met) as rig:
            await asyncio.sleep(20)
            assert await outbox(rig) == []
            assert await why(rig, asked) == ["it is too late for it"]

    run_virtual(story())


def test_nobody_gets_more_than_so_many_an_hour_over_a_restart_too(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        met = world(clock)
        async with talk(tmp_path, HOURS, clock=clock, met=met) as rig:
            for _ in range(2):
                await hear(rig, "HOURS", wait=60)
        async with talk(tmp_path, HOURS, clock=clock, met=met) as rig:
            await hear(rig, "open", wait=60)
            asked = await hear(rig, "HOURS?", wait=60)
            assert len(await outbox(rig)) == 3
            assert await why(rig, asked) == ["it got 3 answers within the hour"]
            await hear(rig, "HOURS", BOB)
            assert len(await outbox(rig, BOB)) == 1
            await rig.set_clock(3_600_000)
            await hear(rig, "HOURS!")
            assert len(await outbox(rig)) == 4

    run_virtual(story())


def test_all_together_get_so_many_an_hour(tmp_path: Path) -> None:
    async def story() -> None:
        extra = HOURS.replace("inbound:\n", "inbound:\n  per_hour: 4\n")
        async with talk(tmp_path, extra) as rig:
            for index in range(8):
                await hear(rig, "HOURS", f"+49151000000{index}", wait=5)
            assert rig.on_air == 4

    run_virtual(story())


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        ("MyBank", "hello"),
        ("80888", "hello"),
        (RED, "hello"),
        (ALICE, "I am out of office until Monday"),
        (ALICE, "Reply STOP to unsubscribe"),
        (ALICE, "Thank you! We will call you."),
        (ALICE, "👍"),
    ],
)
def test_who_and_what_is_not_answered(tmp_path: Path, sender: str, text: str) -> None:
    async def story() -> None:
        async with talk(tmp_path, EVERYTHING) as rig:
            asked = await hear(rig, text, sender)
            assert await why(rig, asked)
            assert rig.on_air == 0

    run_virtual(story())


def test_a_short_code_is_answered_where_that_is_configured(tmp_path: Path) -> None:
    async def story() -> None:
        extra = EVERYTHING.replace("per_number", "short_codes: on\n  per_number")
        async with talk(tmp_path, extra) as rig:
            await hear(rig, "hello", "80888")
            assert await texts(rig, "80888") == ["Thank you, we will call you."]

    run_virtual(story())


def test_a_late_self_test_is_not_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, EVERYTHING) as rig:
            await hear(rig, text_of("0123456789ABCDEF"))
            assert rig.on_air == 0

    run_virtual(story())


def test_two_sims_of_one_gateway_do_not_talk_for_ever(tmp_path: Path) -> None:
    """Their numbers are not known, and each answers whatever the other one says."""

    async def story() -> None:
        async with talk(tmp_path, EVERYTHING, cards=NAMELESS) as rig:
            await submit(rig, BLUE, text="Hello, are you there?", sim="red")
            await asyncio.sleep(120)
            before = rig.on_air
            assert 1 <= before <= 8
            await asyncio.sleep(900)
            assert rig.on_air == before

    run_virtual(story())


def test_another_gateway_that_answers_everything_is_found_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, EVERYTHING) as rig:
            answered = 0
            rig.network.inbound(rig.sims[0], ALICE, "Hello")
            for turn in range(200):
                await asyncio.sleep(2)
                ours = len(await outbox(rig))
                if ours > answered:
                    answered = ours
                    rig.network.inbound(rig.sims[0], ALICE, f"We got your text {turn}")
            assert answered == 3
            (muted,) = [
                row
                for row in await rig.store.read(
                    lambda db: reactions.answers_since(db, 0)
                )
                if row.state == "muted"
            ]
            assert muted.peer == ALICE

    run_virtual(story())


FORWARD = f"""\
inbound:
  rules:
    - match: any
      from: [MyBank, "+49"]
      forward: {{number: "{BOB}"}}
"""


def test_a_text_is_forwarded_with_its_sender_and_time(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, FORWARD) as rig:
            asked = await hear(rig, "Your code is 1234", "MyBank")
            (sent,) = await outbox(rig, BOB)
            assert sent.text == "SMS from MyBank 2026-11-22 10:00: Your code is 1234"
            assert (sent.reference, sent.tags) == (asked.public_id, ("forwarded",))
            assert sent.state == "delivered"
            await hear(rig, "nobody's business", "+431234567890")
            assert len(await outbox(rig, BOB)) == 1

    run_virtual(story())


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        (BOB, "hello"),
        (ALICE, "SMS from +4915199999999 2026-11-22 10:00: hello"),
    ],
)
def test_what_would_go_round_is_not_forwarded(
    tmp_path: Path, sender: str, text: str
) -> None:
    async def story() -> None:
        async with talk(tmp_path, FORWARD) as rig:
            asked = await hear(rig, text, sender)
            assert await why(rig, asked)
            assert rig.on_air == 0

    run_virtual(story())


def test_forwarding_has_a_limit(tmp_path: Path) -> None:
    async def story() -> None:
        extra = FORWARD.replace("inbound:\n", "inbound:\n  per_hour: 2\n")
        async with talk(tmp_path, extra) as rig:
            for index in range(4):
                await hear(rig, f"number {index}")
            assert len(await outbox(rig, BOB)) == 2

    run_virtual(story())


HOOK = "http://10.1.2.3/hook"
TO_HOOK = f"""\
inbound:
  rules:
    - keyword: [ORDER]
      forward: {{webhook: "{HOOK}"}}
"""


async def declare(rig: Rig, events: tuple[str, ...]) -> str:
    ids, now = rig.store.ids, rig.clock.now_ms()

    def job(db: Connection) -> str:
        made = webhooks.sync_declared(db, ids, [Declared(HOOK, events)], now)
        return made.added[0].public_id

    return await rig.store.write(job)


async def pushed(rig: Rig, webhook: str) -> list[tuple[str, str | None]]:
    def read(db: Connection) -> list[tuple[str, str | None]]:
        row = webhooks.get(db, webhook)
        assert row is not None
        found = deliveries.list_deliveries(db, row.id, limit=50)
        return [(one.type, one.message) for one in found]

    return await rig.store.write(read)


@pytest.mark.parametrize("events", [(), ("message.received",)], ids=["alone", "too"])
def test_a_text_is_forwarded_to_a_webhook_once(
    tmp_path: Path, events: tuple[str, ...]
) -> None:
    async def story() -> None:
        async with talk(tmp_path, TO_HOOK) as rig:
            assert [one.url for one in rig.gateway.config.endpoints()] == [HOOK]
            webhook = await declare(rig, events)
            asked = await hear(rig, "ORDER 991")
            await hear(rig, "no order") if not events else None
            assert await pushed(rig, webhook) == [("message.received", asked.public_id)]

    run_virtual(story())


def test_a_webhook_that_is_gone_is_told_in_the_timeline(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, TO_HOOK) as rig:
            asked = await hear(rig, "ORDER 991")
            assert await why(rig, asked) == ["the endpoint is not in force"]

    run_virtual(story())


def test_replies_are_held_back_by_a_full_queue_and_go_later(tmp_path: Path) -> None:
    async def story() -> None:
        extra = HOURS + "queue: {max: 1}\n"
        async with talk(tmp_path, extra) as rig:
            await submit(
                rig, BOB, klass="transactional", send_at=rig.clock.now_ms() + 60_000
            )
            await hear(rig, "HOURS", wait=30)
            assert await outbox(rig) == []
            await asyncio.sleep(200)
            assert len(await outbox(rig)) == 1

    run_virtual(story())


def test_a_mistake_in_the_rules_hides_no_message(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    async def story() -> None:
        async with talk(tmp_path, HOURS) as rig:
            broken = ZeroDivisionError("a bug")
            mocker.patch.object(rig.gateway.inbound.hearing, "act", side_effect=broken)
            asked = await hear(rig, "HOURS")
            assert asked.state == "received"
            assert await outbox(rig) == []
            assert len(await rig.pushed("message.received")) == 1

    run_virtual(story())


# -- what a text answers -------------------------------------------------------


def test_a_text_answers_the_last_message_of_the_same_sim(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            red = await submit(rig, klass="transactional", sim="red")
            await rig.state(red, "delivered")
            blue = await submit(rig, klass="transactional", sim="blue")
            await rig.state(blue, "delivered")
            assert (await hear(rig, "yes")).options["in_reply_to"] == red
            assert (await hear(rig, "no", sim=1)).options["in_reply_to"] == blue
            assert "in_reply_to" not in (await hear(rig, "yes", BOB)).options
            (event,) = (await rig.pushed("message.received"))[:1]
            assert event.data["in_reply_to"] == red

    run_virtual(story())


def test_a_text_to_another_sim_answers_what_is_not_ambiguous(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with talk(tmp_path, clock=clock, met=world(clock, 3)) as rig:
            red = await submit(rig, klass="transactional", sim="red")
            await rig.state(red, "delivered")
            assert (await hear(rig, "yes", sim=2)).options["in_reply_to"] == red
            blue = await submit(rig, klass="transactional", sim="blue")
            await rig.state(blue, "delivered")
            assert "in_reply_to" not in (await hear(rig, "oh yes", sim=2)).options

    run_virtual(story())


def test_after_the_window_a_text_answers_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with talk(
            tmp_path, "inbound: {in_reply_to: 1 day}\n", clock=clock
        ) as rig:
            sent = await submit(rig, klass="transactional")
            await rig.state(sent, "delivered")
            await rig.set_clock(25 * 3_600_000)
            assert "in_reply_to" not in (await hear(rig, "yes")).options

    run_virtual(story())


def test_what_was_never_sent_is_not_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            await submit(rig, send_at=rig.clock.now_ms() + 600_000)
            assert "in_reply_to" not in (await hear(rig, "yes")).options

    run_virtual(story())


def test_a_long_text_has_its_keyword_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, HOURS) as rig:
            asked = await hear(rig, "Hours " + "and more " * 40)
            assert asked.options["keyword"] == "HOURS"
            assert len(await outbox(rig)) == 1

    run_virtual(story())
