"""One-time codes over the air: sent, checked, sent again, and gone at the end."""

import asyncio
import re
from pathlib import Path

import pytest

from modemgw.errors import Conflict, FieldError, NotFound
from modemgw.gateway.model import Caller
from modemgw.gateway.verifications import Asked, TooManyCodes, Verifications
from modemgw.store import messages
from modemgw.store.verifications import VerificationRow
from tests.gateway.rig import TESTER, Rig, gateway_rig
from tests.loop import run_virtual

TO, SILENT = "+4915112345678", "+999000004"  # of the latter no report comes
SHOP = Caller(None, "shop", frozenset({"verify:send"}), "10.0.0.9")


def desk(rig: Rig) -> Verifications:
    return rig.gateway.offices.verifications


async def code_in(rig: Rig, message: str | None) -> str:
    """Read the code where only the gateway can: in the text that waits to go out."""
    assert message is not None
    text = await text_of(rig, message)
    assert text is not None, "the text is gone"
    found = re.match(r"\d+", text)
    assert found is not None
    return found[0]


async def ask(rig: Rig, **more: object) -> VerificationRow:
    asked = Asked(**{"to": TO, "app": "Shop", **more})  # type: ignore[arg-type]
    return await desk(rig).start(asked, SHOP)


async def text_of(rig: Rig, message: str | None) -> str | None:
    assert message is not None
    assert (await rig.message(message)).text is None, "nobody is shown it"
    return await rig.store.read(lambda db: messages.secret_text(db, message))


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def test_the_right_code_approves_once_and_leaves_no_text(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            made = await ask(rig, locale="de-AT", domain="shop.local")
            assert (made.state, made.locale) == ("pending", "de")
            code = await code_in(rig, made.message)
            assert re.fullmatch(r"\d{6}", code)
            text = await text_of(rig, made.message)
            assert text == (f"{code} ist Ihr Code für Shop.\n\n@shop.local #{code}")
            assert made.message is not None
            await rig.state(made.message, "delivered")
            wrong = await desk(rig).check(made.public_id, other(code), SHOP)
            assert (wrong.state, wrong.checks) == ("pending", 1)
            right = await desk(rig).check(made.public_id, code, SHOP)
            assert right.state == "approved"
            with pytest.raises(Conflict, match="good for one"):
                await desk(rig).check(made.public_id, code, SHOP)
            await asyncio.sleep(1)
            assert await text_of(rig, made.message) is None
            (event,) = await rig.pushed("verification.approved")
            assert event.data == {
                "id": made.public_id,
                "state": "approved",
                "to": TO,
                "message_id": made.message,
            }
            raw = b"".join(f.read_bytes() for f in _files(tmp_path))
            assert await rig.gateway.offices.scrubber.now()
            raw = b"".join(f.read_bytes() for f in _files(tmp_path))
            assert code.encode() not in raw.replace(b"-", b"")

    run_virtual(story())


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*.db*") if path.is_file()]


def test_five_wrong_codes_end_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            made = await ask(rig)
            code = await code_in(rig, made.message)
            tries = await asyncio.gather(
                *(desk(rig).check(made.public_id, other(code), SHOP) for _ in range(9))
            )
            assert [row.state for row in tries].count("pending") == 4
            assert {row.state for row in tries[4:]} == {"failed"}
            late = await desk(rig).check(made.public_id, code, SHOP)
            assert late.state == "failed"
            (event,) = await rig.pushed("verification.failed")
            assert event.data["state"] == "failed"

    run_virtual(story())


def test_a_code_ends_in_time_and_its_text_goes(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            made = await ask(rig, ttl=60)
            code = await code_in(rig, made.message)
            await asyncio.sleep(61)
            found = await desk(rig).find(made.public_id, SHOP)
            assert found.state == "expired"
            assert (
                await desk(rig).check(made.public_id, code, SHOP)
            ).state == "expired"
            assert await text_of(rig, made.message) is None
            (event,) = await rig.pushed("verification.failed")
            assert event.data["state"] == "expired"

    run_virtual(story())


def test_one_that_never_left_is_canceled_at_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=0) as rig:
            made = await ask(rig, ttl=60)
            assert made.message is not None
            await asyncio.sleep(70)
            row = await rig.message(made.message)
            assert row.state in ("canceled", "expired")
            assert await text_of(rig, made.message) is None

    run_virtual(story())


def test_a_new_code_ends_the_one_before(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            first = await ask(rig)
            code = await code_in(rig, first.message)
            second = await ask(rig)
            newer = await code_in(rig, second.message)
            old = await desk(rig).check(first.public_id, code, SHOP)
            assert old.state == "canceled"
            assert (await desk(rig).check(second.public_id, newer, SHOP)).state == (
                "approved"
            )

    run_virtual(story())


def test_a_number_gets_three_in_ten_minutes(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            for _ in range(3):
                await ask(rig)
                await asyncio.sleep(60)
            with pytest.raises(TooManyCodes) as refused:
                await ask(rig)
            assert refused.value.retry_after == pytest.approx(420, abs=2)
            await asyncio.sleep(refused.value.retry_after or 0)
            await ask(rig)
            with pytest.raises(TooManyCodes):
                await ask(rig)

    run_virtual(story())


def test_a_block_of_numbers_gets_as_many_as_the_file_says(tmp_path: Path) -> None:
    extra = "verify: {per_prefix: 4/hour}\nsims:\n  defaults: {pace: off}\n"

    async def story() -> None:
        async with gateway_rig(tmp_path, extra=extra) as rig:
            await rig.ready()
            for number in range(4):
                await ask(rig, to=f"+49151123400{number:02}")
                await asyncio.sleep(10)
            with pytest.raises(TooManyCodes, match="numbers like this"):
                await ask(rig, to="+491511234999")
            await ask(rig, to="+4915112350000")
            await asyncio.sleep(3600)
            await ask(rig, to="+491511234999")

    run_virtual(story())


def test_what_is_not_accepted_counts_for_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=0) as rig:
            for wrong in ({"to": "x"}, {"app": "a.example"}, {"locale": "?"}):
                with pytest.raises(FieldError):
                    await ask(rig, **wrong)
            with pytest.raises(FieldError, match="short code"):
                await ask(rig, to="80888")
            rig.gateway.intake.closed = True
            for _ in range(4):
                with pytest.raises(Exception, match="stopping"):
                    await ask(rig)
            rig.gateway.intake.closed = False
            assert (await ask(rig)).state == "pending"

    run_virtual(story())


def test_only_the_key_that_asked_may_look(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=0) as rig:
            made = await ask(rig)
            stranger = Caller(77, "other", frozenset({"verify:send"}), "10.0.0.1")
            with pytest.raises(NotFound):
                await desk(rig).find(made.public_id, stranger)
            with pytest.raises(NotFound):
                await desk(rig).check(made.public_id, "123456", stranger)
            assert (await desk(rig).find(made.public_id, TESTER)).state == "pending"

    run_virtual(story())


@pytest.mark.parametrize("report", ["none", "comes"])
def test_without_a_report_it_goes_once_more_by_another_sim(
    tmp_path: Path, report: str
) -> None:
    extra = (
        "verify: {fallback_after: 30s}\nsims:\n  defaults: {pace: off, reports: on}\n"
    )

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=extra) as rig:
            await rig.ready()
            to = TO if report == "comes" else SILENT
            made = await ask(rig, to=to)
            code = await code_in(rig, made.message)
            await asyncio.sleep(40)
            found = await desk(rig).find(made.public_id, SHOP)
            if report == "comes":
                assert found.second is None
                return
            assert found.message is not None
            assert found.second is not None
            await rig.state(found.second, "sent")
            first, second = [
                await rig.message(id) for id in (found.message, found.second)
            ]
            assert await code_in(rig, second.public_id) == code
            assert {first.sim, second.sim} == {view.name for view in rig.gateway.sims()}
            assert second.options["resend_of"] == first.public_id
            await asyncio.sleep(120)
            rows = await rig.listed(to=SILENT)
            assert len(rows) == 2, "once, and no more"
            assert (await desk(rig).check(made.public_id, code, SHOP)).state == (
                "approved"
            )
            await asyncio.sleep(1)
            ids = [row.public_id for row in await rig.listed(to=SILENT)]
            assert [await text_of(rig, id) for id in ids] == [None, None]

    run_virtual(story())


def test_a_lone_sim_sends_nothing_twice(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            made = await ask(rig, to=SILENT, fallback_after=10)
            await asyncio.sleep(60)
            assert (await desk(rig).find(made.public_id, SHOP)).second is None

    run_virtual(story())


def test_a_code_outlives_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, abandon=True) as rig:
            await rig.ready()
            made = await ask(rig, ttl=600)
            code = await code_in(rig, made.message)
            clock = rig.clock
        async with gateway_rig(tmp_path, clock=clock) as rig:
            found = await desk(rig).check(made.public_id, code, SHOP)
            assert found.state == "approved"

    run_virtual(story())
