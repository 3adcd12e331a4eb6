"""A number is shown with all that is kept of it, and leaves no octet behind."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modemgw.errors import FieldError
from modemgw.gateway.model import Draft, IdempotencyKey
from modemgw.gateway.privacy import StillWaiting
from modemgw.gateway.privacy_resources import as_csv
from modemgw.gateway.shapes import InboundMessage
from modemgw.gateway.verifications import Asked
from modemgw.pdu.address import Address
from modemgw.store import audit, events, suppressions
from modemgw.store.privacy import Who
from modemgw.store.writer import Connection
from tests.gateway.rig import TESTER, Rig, gateway_rig
from tests.loop import run_virtual

ANNA, BERTA = "+4915112345678", "+4915187654321"
WORDS = "quartz sphinx"
# As it stands in an address on the air, whatever is before it.
ON_AIR = bytes.fromhex("5111325476f8")
EXTRA = """\
sims:
  defaults: {pace: off, reports: on}
"""


def everything(directory: Path) -> bytes:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def traces(directory: Path) -> list[bytes]:
    """Return what is still to be found of Anna on the disk."""
    octets = everything(directory)
    wanted = (b"15112345678", b"151 12345678", WORDS.encode(), ON_AIR)
    return [one for one in wanted if one in octets]


async def hear(rig: Rig, sender: str, text: str) -> None:
    before = len(await rig.inbox())
    rig.network.inbound(rig.sims[0], sender, text)
    for _ in range(400):
        await asyncio.sleep(0.1)
        if len(await rig.inbox()) > before:
            return
    raise AssertionError("nothing was received")


async def fill(rig: Rig) -> list[str]:
    """Let all kinds of things be kept about Anna, and some about Berta."""
    key = IdempotencyKey(f"for-{ANNA}", b"x" * 32)
    draft = Draft(
        to=ANNA,
        text=f"{WORDS} one",
        reference=f"call {ANNA}",
        tags=("015112345678", "vip"),
        metadata={"phone": "0151 12345678"},
    )
    made = [(await rig.gateway.submit(draft, TESTER, idempotency=key)).id]
    other = IdempotencyKey("plain", b"y" * 32)
    plain = Draft(to="0151 12345678", text=f"{WORDS} two")
    made.append((await rig.gateway.submit(plain, TESTER, idempotency=other)).id)
    made.append(await rig.send(ANNA, f"{WORDS} " * 20))
    made.append(await rig.send(BERTA, "hello Berta"))
    for id in made:
        await rig.state(id, "delivered")
    await hear(rig, ANNA, f"{WORDS} back")
    await hear(rig, BERTA, "Berta here")

    def more(db: Connection) -> None:
        data: dict[str, object] = {"sim": "x", "modem": "m0", "from": ANNA}
        now, ids = rig.clock.now_ms(), rig.store.ids
        data |= {"to": None, "at": "2026-11-22T10:00:00Z"}
        events.append(db, "call.incoming", at=now, data=data, push=True, ids=ids)
        suppressions.add(db, ids, ANNA, sim_id=None, source="sms", now=now, word="stop")

    await rig.store.write(more)
    return made


def test_an_erased_number_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=EXTRA) as rig:
            await rig.ready()
            made = await fill(rig)
            assert len(traces(tmp_path)) >= 3
            before = {id: await rig.message(id) for id in made}
            done = await rig.gateway.offices.privacy.erase(
                "0151 12345678", TESTER, cancel=False
            )
            assert (done.messages, done.canceled, done.on_disk) == (4, 0, True)
            assert done.other_events >= 1
            assert traces(tmp_path) == []
            for id in made[:3]:
                row, old = await rig.message(id), before[id]
                assert row.peer == done.pseudonym
                assert (row.text, row.metadata) == (None, {})
                counted = ("state", "segments", "sequence", "cost", "final_at", "sim")
                assert all(getattr(row, n) == getattr(old, n) for n in counted)
            assert (await rig.message(made[3])).text == "hello Berta"
            assert {row.text for row in await rig.inbox()} == {None, "Berta here"}
            called = await rig.pushed("call.incoming")
            assert called[0].data["from"] == done.pseudonym
            # A STOP survives, and nobody reads the number from it.
            opted = await rig.store.read(lambda db: suppressions.of_number(db, ANNA))
            assert [(row.number, row.word) for row in opted] == [(None, "stop")]
            rows = await rig.store.read(audit.walk)
            assert rows[-1].action == "privacy.erase"
            assert rows[-1].object == done.pseudonym
            again = await rig.gateway.offices.privacy.erase(ANNA, TESTER, cancel=False)
            assert (again.messages, again.pseudonym) == (0, done.pseudonym)
        assert traces(tmp_path) == []

    run_virtual(story())


def test_a_code_to_an_erased_number_is_void(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=EXTRA) as rig:
            await rig.ready()
            desk = rig.gateway.offices
            made = await desk.verifications.start(Asked(to=ANNA, app="Shop"), TESTER)
            assert made.message is not None
            await rig.state(made.message, "delivered")
            await desk.privacy.erase(ANNA, TESTER, cancel=False)
            found = await desk.verifications.find(made.public_id, TESTER)
            assert found.state == "canceled"
            assert traces(tmp_path) == []

    run_virtual(story())


def test_what_still_waits_is_refused_or_canceled(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=0, extra=EXTRA) as rig:
            waits = await rig.send(ANNA, WORDS)
            later = rig.clock.now_ms() + 3_600_000
            planned = await rig.send(ANNA, WORDS, send_at=later)
            privacy = rig.gateway.offices.privacy
            with pytest.raises(StillWaiting, match=waits):
                await privacy.erase(ANNA, TESTER, cancel=False)
            assert (await rig.message(waits)).text == WORDS
            done = await privacy.erase(ANNA, TESTER, cancel=True)
            assert (done.messages, done.canceled) == (2, 2)
            for id in (waits, planned):
                assert (await rig.message(id)).state == "canceled"
            assert len(rig.gateway.dispatcher.index) == 0
            assert traces(tmp_path) == []

    run_virtual(story())


def test_our_own_number_is_not_erased(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=EXTRA) as rig:
            await rig.ready()
            own = next(view.number for view in rig.gateway.sims())
            if own is None:
                pytest.skip("the simulated card does not tell its number")
            with pytest.raises(FieldError, match="our SIM"):
                await rig.gateway.offices.privacy.erase(own, TESTER, cancel=False)

    run_virtual(story())


def test_an_export_holds_all_that_is_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=EXTRA) as rig:
            await rig.ready()
            made = await fill(rig)
            export, more = await rig.gateway.offices.privacy.export(
                ANNA, TESTER, after=0, limit=100, as_csv=True
            )
            assert (export.number, more, export.has_more) == (ANNA, None, False)
            shown = [one.message for one in export.messages]
            assert [one.id for one in shown[:3]] == made[:3]
            assert shown[3].text == f"{WORDS} back"
            assert len(export.messages[2].parts) == shown[2].segments == 2
            assert all(part.state == "delivered" for part in export.messages[2].parts)
            kinds = [step.type for step in export.messages[0].events]
            assert (kinds[0], kinds[-1]) == ("message.queued", "message.delivered")
            assert [one.type for one in export.other_events] == ["call.incoming"]
            assert [one.word for one in export.suppressions] == ["stop"]
            assert isinstance(export.csv, str)
            lines = export.csv.splitlines()
            assert len(lines) == 5
            assert lines[0].startswith("id,direction,state,from,to,at")
            assert BERTA not in export.csv
            seen: list[Any] = []
            after: int | None = 0
            while after is not None:
                page, after = await rig.gateway.offices.privacy.export(
                    ANNA, TESTER, after=after, limit=1, as_csv=False
                )
                seen += [one.message.id for one in page.messages]
            assert seen == [one.id for one in shown]

    run_virtual(story())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_spreadsheet_computes_nothing_that_a_stranger_wrote(text: str) -> None:
    message = InboundMessage(
        id="msg_1",
        state="received",
        from_="+49151123",
        to=None,
        sim=None,
        text=text,
        encoding="gsm7",
        segments=1,
        partial=False,
        received_at="2026-11-22T10:00:00Z",
        smsc_time=None,
    )
    (row,) = csv.DictReader(io.StringIO(as_csv([message]), newline=""))
    assert row["text"] == f"'{text}"
    assert (row["from"], row["to"]) == ("+49151123", "")
    hostile = msgspec.structs.replace(message, from_="=cmd")
    (row,) = csv.DictReader(io.StringIO(as_csv([hostile]), newline=""))
    assert row["from"] == "'=cmd"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call +4915112345678", "call X"),
        ("call 004915112345678 or 015112345678", "call X or X"),
        ("15112345678", "X"),
        ("9915112345678", "9915112345678"),
        ("151123456789", "151123456789"),
        ("order 151-12345678", "order 151-12345678"),
    ],
)
def test_a_number_is_found_as_people_write_it(text: str, left: str) -> None:
    assert Who("+4915112345678", "15112345678", "X").without(text) == left


@pytest.mark.parametrize(
    ("dialled", "found"),
    [
        ("+4915112345678", True),
        ("015112345678", True),
        ("004915112345678", True),
        ("+491511234567", False),
        ("+4915187654321", False),
    ],
)
def test_a_number_is_found_on_the_air(dialled: str, found: bool) -> None:
    who = Who("+4915112345678", "15112345678", "X")
    octets = Address.dialled(dialled).encode()
    assert any(end in octets for end in who.on_air()) is found
