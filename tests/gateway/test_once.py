"""A request that comes again under its Idempotency-Key gets its first answer.

Whatever would be said to a new one: it is no new one.
"""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import Conflict, QuotaExceeded, RequestError
from modemgw.gateway.model import Caller, Draft, IdempotencyKey
from modemgw.gateway.once import IdempotencyMismatch
from modemgw.gateway.submit import QueueFull, Repeated
from tests.gateway.rig import RECIPIENT, TESTER, Rig, gateway_rig
from tests.loop import START_MS, run_virtual

ONCE = IdempotencyKey("order-1", b"a" * 32)
OTHER = IdempotencyKey("order-1", b"b" * 32)
TEXT = Draft(RECIPIENT, "once")


async def paused(rig: Rig) -> None:
    await rig.ready()
    await rig.gateway.care.pause_all(TESTER, on=True)


async def count(rig: Rig) -> int:
    found = await rig.store.read(
        lambda db: db.execute("SELECT count(*) FROM message").fetchone()[0]
    )
    return int(found)


def test_a_full_queue_and_a_used_quota_are_not_told_to_a_repetition(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra="queue: {max: 1}\n") as rig:
            await paused(rig)
            first = await rig.gateway.submit(TEXT, TESTER, idempotency=ONCE)
            with pytest.raises(QueueFull):
                await rig.gateway.submit(Draft(RECIPIENT, "new"), TESTER)
            again = await rig.gateway.submit(TEXT, TESTER, idempotency=ONCE)
            assert (again.id, again.body, again.replayed) == (
                first.id,
                first.body,
                True,
            )
            assert await count(rig) == 1

    run_virtual(story())


def test_a_repetition_counts_against_no_limit(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await paused(rig)
            row, _ = await rig.gateway.keys.create("s", ["messages:send"], ["2/day"])
            shop = Caller(row.id, "s", frozenset({"messages:send"}), "127.0.0.1")
            await rig.gateway.submit(TEXT, shop, idempotency=ONCE)
            for _ in range(5):
                again = await rig.gateway.submit(TEXT, shop, idempotency=ONCE)
                assert again.replayed
            await rig.gateway.submit(Draft(RECIPIENT, "two"), shop)
            with pytest.raises(QuotaExceeded):
                await rig.gateway.submit(Draft(RECIPIENT, "three"), shop)
            assert (
                await rig.gateway.submit(TEXT, shop, idempotency=ONCE)
            ).replayed  # no new one, though nothing is left
            assert await count(rig) == 2

    run_virtual(story())


def test_a_repetition_is_no_duplicate_and_leaves_the_first_known(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await paused(rig)
            first = await rig.gateway.submit(TEXT, TESTER, idempotency=ONCE)
            strict = Draft(RECIPIENT, "once", refuse_duplicate=True)
            for draft in (TEXT, strict):
                again = await rig.gateway.submit(draft, TESTER, idempotency=ONCE)
                assert (again.id, again.replayed) == (first.id, True)
            with pytest.raises(Repeated, match=first.id):
                await rig.gateway.submit(strict, TESTER)
            assert await count(rig) == 1

    run_virtual(story())


def test_another_request_under_the_key_is_refused_as_that(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await paused(rig)
            await rig.gateway.submit(TEXT, TESTER, idempotency=ONCE)
            for draft in (Draft(RECIPIENT, "else"), Draft("x", "not even a number")):
                with pytest.raises(IdempotencyMismatch):
                    await rig.gateway.submit(draft, TESTER, idempotency=OTHER)
            fresh = IdempotencyKey("order-2", b"c" * 32)
            with pytest.raises(RequestError):
                await rig.gateway.submit(Draft("x", "y"), TESTER, idempotency=fresh)
            assert await count(rig) == 1

    run_virtual(story())


PLAIN: dict[str, Draft] = {
    "text": Draft(RECIPIENT, "5 \u20ac"),
    "twin": Draft(RECIPIENT, "5 \u20ac"),
    "long": Draft(RECIPIENT, "word " * 60, klass="alert", priority="urgent"),
    "told": Draft(
        *(RECIPIENT, "told"),
        reference="order-991",
        tags=("a", "b"),
        metadata={"z": 1, "a": [1.0, None, {"deep": "\u00e4"}], "n": 2**53},
        callback_url="https://8.8.8.8/x",
        expires_in=600,
    ),
    "quietly": Draft(RECIPIENT, "no report", delivery_report=False, flash=True),
    "marketing": Draft(RECIPIENT, "buy", klass="marketing"),
}
HELD: dict[str, Draft] = {
    "octets": Draft(RECIPIENT, None, data=b"\x00\xff", port=16000),
    "later": Draft(RECIPIENT, "at noon", send_at=START_MS + 3_600_000),
    "otp": Draft(RECIPIENT, "12345", klass="otp"),
}
EXTRA = """
retention: {otp: {messages: 1 hour}}
"""


def test_a_repetition_gets_the_first_answer_octet_by_octet(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=EXTRA) as rig:
            await rig.ready()
            drafts = {**PLAIN, **HELD}
            keys = {name: IdempotencyKey(name, name.encode()) for name in drafts}
            first = {
                name: await rig.gateway.submit(draft, TESTER, idempotency=keys[name])
                for name, draft in drafts.items()
            }
            for name, one in first.items():
                if name != "later":
                    quiet = name == "quietly"
                    await rig.state(one.id, "sent" if quiet else "delivered")
            for name, draft in drafts.items():
                again = await rig.gateway.submit(draft, TESTER, idempotency=keys[name])
                assert again.replayed
                assert (again.id, again.body) == (first[name].id, first[name].body)
            whole = await rig.store.read(
                lambda db: db.execute(
                    "SELECT key FROM idempotency WHERE body IS NOT NULL ORDER BY key"
                ).fetchall()
            )
            assert [key for (key,) in whole] == sorted(HELD)

    run_virtual(story())


def test_a_message_that_is_deleted_is_not_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            first = await rig.gateway.submit(TEXT, TESTER, idempotency=ONCE)
            await rig.state(first.id, "delivered")
            await rig.store.write(lambda db: db.execute("DELETE FROM message").rowcount)
            with pytest.raises(Conflict, match="deleted already"):
                await rig.gateway.submit(TEXT, TESTER, idempotency=ONCE)
            assert await count(rig) == 0

    run_virtual(story())


def test_repetitions_among_new_ones_spoil_none_of_them(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await paused(rig)
            first = await rig.gateway.submit(TEXT, TESTER, idempotency=ONCE)
            mixed = await asyncio.gather(
                *(
                    rig.gateway.submit(
                        TEXT if n == 3 else Draft(RECIPIENT, f"new {n}"),
                        TESTER,
                        idempotency=ONCE
                        if n == 3
                        else IdempotencyKey(f"new-{n}", bytes([n]) * 32),
                    )
                    for n in range(8)
                )
            )
            assert [one.replayed for one in mixed].count(True) == 1
            assert mixed[3].id == first.id
            assert await count(rig) == 8

    run_virtual(story())
