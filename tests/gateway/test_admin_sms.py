"""Administrators command the gateway by SMS: PINs, locks, answers, and no traces."""

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest

from modemgw.config.admins import AdminConfig
from modemgw.config.secret import Secret
from modemgw.gateway.admin_hearing import AdminHearing
from modemgw.policy.admin_sms import FAILURES, REPLIES_PER_HOUR, STRANGERS_A_DAY
from modemgw.store import audit
from modemgw.store.fragments import NewInbound
from tests.gateway.rig import TESTER, Rig
from tests.gateway.talks import ALICE, RED, outbox, talk, texts
from tests.loop import VirtualClock, run_virtual

PIN = "739214"
ADMINS = f"""\
admins:
  - {{name: ann, number: "{ALICE}", pin: "{PIN}"}}
  - {{name: eve, number: "+4917600000001", pin: "8642", may: [status]}}
inbound:
  rules:
    - {{match: any, reply: "we are closed"}}
"""


async def write(rig: Rig, text: str, sender: str = ALICE, wait: float = 6) -> None:
    rig.network.inbound(rig.sims[0], sender, text)
    await asyncio.sleep(wait)


async def acts(rig: Rig) -> list[str]:
    wanted = audit.Filter()
    rows = await rig.store.read(lambda db: audit.list_rows(db, wanted, limit=100))
    return [row.action for row in rows]


ANSWERS = {
    f"{PIN} status": "modemgw: all well, 2 of 2 SIMs ready. ",
    f"{PIN}  STATUS!": "modemgw: all well",
    f"Status {PIN}": "modemgw: all well",
    f"{PIN} balance": "modemgw: blue ?; red ?",
    f"{PIN} resume": "modemgw: sending again, 0 wait",
    f"{PIN} help": "modemgw: write your PIN and one of: status, balance, pause",
    f"{PIN} nonsense": "modemgw: write your PIN and one of: ",
    PIN: "modemgw: write your PIN",
}


def test_a_command_is_answered_in_one_part(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            for asked, begin in ANSWERS.items():
                await write(rig, asked)
                answer = (await outbox(rig))[-1]
                assert (answer.text or "").startswith(begin), (asked, answer.text)
                assert (answer.segments, answer.encoding) == (1, "gsm7")
                assert answer.state in ("sent", "delivered")
            assert len(await outbox(rig)) == len(ANSWERS)

    run_virtual(story())


def test_pause_is_answered_first_and_resume_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            await write(rig, f"{PIN} pause")
            assert "sending is paused" in str(await texts(rig))
            assert rig.gateway.health.pause.by == "ann by SMS"
            waits = await rig.send(to="+4917699999999")
            await asyncio.sleep(60)
            assert (await rig.message(waits)).state == "queued"
            await write(rig, f"{PIN} resume", wait=30)
            assert (await rig.message(waits)).state != "queued"
            assert not rig.gateway.health.pause.at
            assert {"sending.pause", "admin_sms.pause"} <= set(await acts(rig))

    run_virtual(story())


def test_a_full_queue_keeps_nobody_from_pausing(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            rig.gateway.intake.queue_max = 0
            await write(rig, f"{PIN} pause")
            assert rig.gateway.health.pause.at
            await write(rig, f"{PIN} resume")
            assert not rig.gateway.health.pause.at
            await write(rig, f"{PIN} status")
            assert await texts(rig) == []
            rig.gateway.intake.queue_max = 100
            await write(rig, "hello", sender="+4917655555555", wait=10)
            assert "all well" in str(await texts(rig))  # it was tried again
            assert await texts(rig, "+4917655555555") == ["we are closed"]

    run_virtual(story())


def test_no_trace_of_the_pin_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            await write(rig, f"{PIN} status")
            await write(rig, "739215 status")  # one digit wrong
            await write(rig, f"{PIN} status", sender="+4917655555555")  # another phone
            await write(rig, f"my pin is {PIN}, is it not?")
            inbox = [row.text for row in await rig.inbox()]
            assert inbox[:3] == ["**** status"] * 3
            assert inbox[3] == "my pin is ****, is it not?"
            events = [e.data["text"] for e in await rig.pushed("message.received")]
            assert events == inbox
            await asyncio.sleep(60)  # until the log of the database is emptied
        with sqlite3.connect(tmp_path / "data" / "modemgw.db") as db:
            dump = "\n".join(db.iterdump())
            (kept,) = db.execute(
                "SELECT count(*) FROM raw_tpdu WHERE octets <> x'' AND message_id"
                " IN (SELECT id FROM message WHERE direction = 'inbound')"
            ).fetchone()
        assert kept == 0
        for file in (tmp_path / "data").iterdir():
            for secret in (PIN, "739215"):
                assert secret.encode() not in file.read_bytes(), file
        for secret in (PIN, "739215"):
            assert secret not in dump
            assert secret not in caplog.text
            assert secret not in str([vars(record) for record in caplog.records])

    run_virtual(story())


def test_wrong_pins_lock_the_number_and_the_right_one_with_it(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with talk(tmp_path, ADMINS, clock=clock) as rig:
            for guess in range(FAILURES - 1):
                await write(rig, f"11111{guess} status")
            assert await texts(rig) == []  # not a word to a wrong PIN
            await write(rig, "222222 status")
            (told,) = await texts(rig)
            assert "5 wrong PINs" in str(told)
            assert "15 min" in str(told)
            for _ in range(10):
                await write(rig, "333333 status", wait=1)
            await write(rig, f"{PIN} pause")
            assert not rig.gateway.health.pause.at
            assert len(await texts(rig)) == 1
            found = await acts(rig)
            assert found.count("admin_sms.refused") == FAILURES - 1
            assert found.count("admin_sms.locked") == 2  # refused, and told
            met = rig.network, rig.sims
        async with talk(tmp_path, ADMINS, clock=clock, met=met) as rig:
            await write(rig, f"{PIN} status")  # a restart opens nothing
            assert len(await texts(rig)) == 1
            await asyncio.sleep(900)
            await write(rig, f"{PIN} status")
            assert len(await texts(rig)) == 2
            for guess in range(FAILURES):
                await write(rig, f"11111{guess} status")
            assert "15 min" in str((await texts(rig))[-1])  # the right one began anew

    run_virtual(story())


def test_strangers_get_no_answer_to_a_command(tmp_path: Path) -> None:
    async def story() -> None:
        stranger = "+4917655555555"
        async with talk(tmp_path, ADMINS) as rig:
            await write(rig, f"{PIN} pause", sender=stranger)
            await write(rig, "12345 status", sender=stranger)  # of an order, say
            assert not rig.gateway.health.pause.at
            assert set(await texts(rig, stranger)) == {"we are closed"}
            assert (await rig.inbox())[1].text == "12345 status"
            assert "admin_sms.refused" not in await acts(rig)

    run_virtual(story())


GUESSES = {
    f"1234 {'x' * 40} {PIN}": f"**** {'x' * 40} ****",
    f"1234 {'x' * 40} {PIN[::-1]}": f"**** {'x' * 40} ****",
    f"{PIN} is the number that I want to ask you about": (
        "**** is the number that I want to ask you about"
    ),
    f"{PIN}status": "****status",
    "73 92-14 status": "**** status",
    "call me at 1530 or on 0176 1234567, will you please": (
        "call me at **** or on ****, will you please"
    ),
}


def test_what_is_masked_tells_nobody_whether_it_was_right(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            for text, kept in GUESSES.items():
                await write(rig, text)
                assert (await rig.inbox())[-1].text == kept
            assert "modemgw: " not in str(await texts(rig))

    run_virtual(story())


def test_by_the_texts_of_strangers_no_pin_is_found() -> None:
    pin = Secret("pin", plain=PIN)
    hearing = AdminHearing([AdminConfig("ann", ALICE, pin)])

    def kept(text: str, day: int) -> str | None:
        at: dict[str, object] = {"smsc_time": day * 86_400_000}
        new = NewInbound("+4917655555555", 1, "gsm7", 1, True, text, None, at)
        return hearing.mask(new, new.peer)[0].text

    assert kept(f"{PIN} status", 9) == "**** status"
    for guess in range(STRANGERS_A_DAY):
        assert kept(f"1111{guess:02} status", 9) != "**** status"
    for day, masked in ((9, False), (8, False), (10, True)):
        assert (kept(f"{PIN} status", day) == "**** status") == masked, day


def test_what_has_no_pin_is_a_text_like_any_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            await write(rig, "status")
            assert await texts(rig) == ["we are closed"]
            assert (await rig.inbox())[0].text == "status"
            await write(rig, "STOP")
            await write(rig, f"{PIN} status")  # who opted out commands all the same
            assert "all well" in str((await texts(rig))[-1])

    run_virtual(story())


def test_each_number_may_what_it_may_and_not_too_often(tmp_path: Path) -> None:
    async def story() -> None:
        eve = "+4917600000001"
        async with talk(tmp_path, ADMINS) as rig:
            await write(rig, "8642 pause", sender=eve)
            assert not rig.gateway.health.pause.at
            assert await texts(rig, eve) == [
                "modemgw: write your PIN and one of: status, help"
            ]
            await write(rig, f"{PIN} status", sender=eve)  # ann's
            assert len(await texts(rig, eve)) == 1
            for _ in range(REPLIES_PER_HOUR + 2):
                await write(rig, "8642 status", sender=eve, wait=4)
            assert len(await texts(rig, eve)) == REPLIES_PER_HOUR

    run_virtual(story())


def test_a_text_brought_twice_is_one_command(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            rig.network.inbound(rig.sims[0], ALICE, f"{PIN} status")
            rig.network.inbound(rig.sims[0], ALICE, f"{PIN} status")
            await asyncio.sleep(20)
            assert len(await texts(rig)) == 1

    run_virtual(story())


def test_our_own_sims_command_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        loop = f'admins:\n  - {{name: loop, number: "{RED}", pin: "{PIN}"}}\n'
        async with talk(tmp_path, loop) as rig:
            for _ in range(3):
                await write(rig, f"{PIN} status", sender=RED)
            assert await texts(rig, RED) == []

    run_virtual(story())


def test_a_long_text_in_parts_keeps_no_pin_and_commands_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:
            await write(rig, f"{PIN} status {'x' * 200}", wait=30)
            (row,) = await rig.inbox()
            assert PIN not in (row.text or "")
            assert await texts(rig) == ["we are closed"]

    run_virtual(story())


def test_a_mistake_of_ours_keeps_no_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with talk(tmp_path, ADMINS) as rig:

            def broken(*_: object) -> bool:
                raise ZeroDivisionError

            monkeypatch.setattr(
                "modemgw.gateway.admin_hearing.AdminHearing.act", broken
            )
            await write(rig, f"{PIN} status")
            (row,) = await rig.inbox()
            assert row.text == "**** status"

    run_virtual(story())


def test_who_is_listed_no_more_after_a_crash_gets_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with talk(tmp_path, ADMINS, clock=clock, abandon=True) as rig:
            rig.gateway.conversation.answerer._planned = asyncio.Event()
            await write(rig, f"{PIN} status", wait=3)
            assert await texts(rig) == []
            met = rig.network, rig.sims
        async with talk(tmp_path, "", clock=clock, met=met) as rig:
            await asyncio.sleep(20)
            assert await texts(rig) == []
            assert rig.gateway.config.admins == ()
            assert TESTER.name not in await acts(rig)

    run_virtual(story())
