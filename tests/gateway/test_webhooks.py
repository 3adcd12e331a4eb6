"""Webhooks, end to end: a row, a request over a socket, an answer, a row."""

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from modemgw.errors import StoreError
from modemgw.gateway.views import instant
from modemgw.gateway.webhook_schedule import SCHEDULE_S
from modemgw.store import deliveries, webhooks
from modemgw.store.outbox import Paused
from tests.gateway.hooks import Bench, Received, run

DAY_S = 24 * 3600


def signed_by(secret: str, received: Received) -> bool:
    """Tell, by the reference library, whether `secret` signed this request."""
    at = datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(received.id, at, received.body.decode())
    return expected in received.headers["webhook-signature"].split(" ")


def test_an_event_arrives_signed(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        await bench.event("message.delivered", {"id": "msg_1", "text": "Grüße 👋"})
        await bench.quiet()
        [got] = bench.receiver.got
        assert Webhook(hook.secret).verify(got.body, got.headers) == {
            "type": "message.delivered",
            "timestamp": instant(bench.clock.ms),
            "data": {"id": "msg_1", "text": "Grüße 👋"},
        }
        assert got.id.startswith("evt_")
        assert got.headers["content-type"] == "application/json"
        assert got.headers["user-agent"].startswith("modemgw/")
        [row] = await bench.deliveries(hook)
        assert (row.state, row.attempts, row.last_status) == ("done", 1, 204)
        assert row.event == got.id

    run(tmp_path, story)


def test_an_endpoint_gets_what_it_asked_for_and_nothing_twice(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.endpoint("/all")
        await bench.endpoint("/sims", ["sim.*"])
        await bench.endpoint("/one", ["message.sent", "message.*"])
        for type in ("message.sent", "sim.up", "gateway.started"):
            await bench.event(type)
        await bench.quiet()
        await bench.later(DAY_S)
        await bench.restart()
        await bench.later(DAY_S)
        got = [(one.path, one.json["type"]) for one in bench.receiver.got]
        assert sorted(got) == [
            ("/all", "gateway.started"),
            ("/all", "message.sent"),
            ("/all", "sim.up"),
            ("/one", "message.sent"),
            ("/sims", "sim.up"),
        ]

    run(tmp_path, story)


@pytest.mark.parametrize("status", [300, 302, 400, 404, 429, 500, 503])
def test_any_other_answer_is_tried_again_with_the_same_octets(
    tmp_path: Path, status: int
) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        redirect = web.Response(status=status, headers={"location": "/elsewhere"})
        bench.receiver.answers["/hook"] = [redirect]
        await bench.event()
        await bench.quiet()
        [row] = await bench.deliveries(hook)
        assert (row.state, row.attempts, row.last_status) == ("pending", 1, status)
        assert row.last_error is not None
        assert str(status) in row.last_error
        await bench.later(3.9)
        assert len(bench.receiver.got) == 1
        await bench.later(2.2)
        first, second = bench.receiver.got
        assert second.path == "/hook"
        assert (first.id, first.body) == (second.id, second.body)
        times = [int(one.headers["webhook-timestamp"]) for one in (first, second)]
        assert 5 <= times[1] - times[0] <= 7
        assert signed_by(hook.secret, second)
        [row] = await bench.deliveries(hook)
        assert (row.state, row.attempts, row.last_error) == ("done", 2, None)
        assert (await bench.hook(hook)).failing_since is None

    run(tmp_path, story)


def test_the_whole_schedule_and_then_a_replay(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        bench.receiver.always["/hook"] = 500
        await bench.event()
        await bench.quiet()
        for number, wait_s in enumerate(SCHEDULE_S[1:], start=2):
            [row] = await bench.deliveries(hook)
            assert row.state == "pending"
            due_in_s = (row.next_attempt_at - bench.clock.ms) / 1000
            assert wait_s * 0.8 - 1 <= due_in_s <= wait_s * 1.2
            await bench.later(due_in_s - 0.001)
            assert len(bench.receiver.got) == number - 1
            await bench.later(0.001)
            assert len(bench.receiver.got) == number
        [row] = await bench.deliveries(hook)
        assert (row.state, row.attempts) == ("dead", 11)
        await bench.later(30 * DAY_S)
        assert len(bench.receiver.got) == 11

        bench.receiver.always.clear()
        now = bench.clock.ms
        assert await bench.store.write(
            lambda db: deliveries.replay(db, row.public_id, now)
        )
        bench.engine.look_again()
        await bench.quiet()
        assert len({(one.id, one.body) for one in bench.receiver.got}) == 1
        [row] = await bench.deliveries(hook)
        assert row.state == "done"

    run(tmp_path, story)


def test_a_retry_survives_a_restart(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        bench.receiver.answers["/hook"] = [500, 500]
        await bench.event()
        await bench.quiet()
        await bench.restart(clean=False)
        await bench.quiet()
        assert len(bench.receiver.got) == 1, "its time has not come"
        await bench.later(7)
        assert len(bench.receiver.got) == 2
        await bench.stop()
        bench.clock.ms += 40_000  # it falls due while the daemon is down
        await bench.restart()
        await bench.quiet()
        assert len({(one.id, one.body) for one in bench.receiver.got}) == 1
        assert len(bench.receiver.got) == 3
        [row] = await bench.deliveries(hook)
        assert (row.state, row.attempts) == ("done", 3)

    run(tmp_path, story)


def test_events_written_while_the_engine_was_down_go_out_at_the_start(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        await bench.endpoint()
        bench.store.writer.on_pushed = None
        await bench.stop()
        await bench.start()
        bench.store.writer.on_pushed = None  # killed between commit and POST
        await bench.events(10)
        await bench.restart(clean=False)
        await bench.quiet()
        assert len({one.id for one in bench.receiver.got}) == 10

    run(tmp_path, story)


def test_an_answer_that_was_not_written_down_repeats_under_the_same_id(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        arrived = asyncio.Event()

        async def take(_: web.Request) -> web.Response:
            def fail(_: int) -> None:
                arrived.set()
                raise OSError("disk full")

            bench.store.writer.before_commit = fail
            return web.Response(status=204)

        bench.receiver.answers["/hook"] = [take]
        await bench.event()
        await arrived.wait()
        await bench.restart(clean=False)
        await bench.quiet()
        assert [one.id for one in bench.receiver.got] == [bench.receiver.got[0].id] * 2
        assert bench.receiver.got[0].body == bench.receiver.got[1].body
        [row] = await bench.deliveries(hook)
        assert row.state == "done"

    run(tmp_path, story)


def test_while_the_store_fails_nothing_is_repeated_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        commits: list[int] = []
        works_again = asyncio.Event()

        async def take(_: web.Request) -> web.Response:
            bench.store.writer.before_commit = fail
            return web.Response(status=204)

        def fail(number: int) -> None:
            commits.append(number)
            if len(commits) <= 3:
                raise OSError("disk full")
            works_again.set()

        bench.receiver.answers["/hook"] = [take]
        await bench.event()
        await works_again.wait()
        await bench.quiet()
        assert len(bench.receiver.got) == 1
        assert [row.state for row in await bench.deliveries(hook)] == ["done"]
        await bench.event()
        await bench.quiet()
        assert len(bench.receiver.got) == 2

    run(tmp_path, story)


@pytest.mark.parametrize("good", range(6))
def test_a_read_that_fails_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        bench.receiver.answers["/hook"] = [500]
        await bench.quiet()
        read, reads = bench.store.reader.read, 0

        async def flaky(*args: Any, **kwargs: Any) -> Any:
            nonlocal reads
            reads += 1
            if good < reads <= good + 2:
                raise StoreError("the disk is gone for a moment")
            return await read(*args, **kwargs)

        monkeypatch.setattr(bench.store.reader, "read", flaky)
        await bench.events(3)
        await bench.quiet()
        await bench.later(7)
        monkeypatch.undo()
        await bench.quiet()
        assert {row.state for row in await bench.deliveries(hook)} == {"done"}
        assert len(bench.receiver.got) == 4

    run(tmp_path, story)


def test_gone_disables_the_endpoint_and_keeps_what_waits(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint(events=["message.*"])
        await bench.endpoint("/admin", ["webhook.paused"])
        told: list[Paused] = []
        bench.engine.on_paused.append(told.append)
        bench.receiver.answers["/hook"] = [500, 410]
        await bench.event()
        await bench.quiet()
        await bench.event()
        await bench.quiet()
        assert (await bench.hook(hook)).state == "disabled"
        assert [(one.state, one.public_id) for one in told] == [
            ("disabled", hook.public_id)
        ]
        [event] = bench.receiver.to("/admin")
        assert event.json["type"] == "webhook.paused"
        assert event.json["data"]["state"] == "disabled"
        assert event.json["data"]["detail"] == "answered 410"
        assert [row.state for row in await bench.deliveries(hook)] == [
            "pending",
            "dead",
        ]
        await bench.later(DAY_S)
        await bench.restart()
        await bench.later(DAY_S)
        assert len(bench.receiver.to("/hook")) == 2
        await bench.store.write(lambda db: webhooks.set_state(db, hook.id, "active"))
        bench.engine.look_again()
        await bench.quiet()
        assert len(bench.receiver.to("/hook")) == 3

    run(tmp_path, story)


@pytest.mark.parametrize("state", ["paused", "disabled", "deleted"])
def test_an_endpoint_that_is_not_active_is_left_alone(
    tmp_path: Path, state: str
) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        bench.receiver.answers["/hook"] = [500]
        await bench.event()
        await bench.quiet()
        await bench.store.write(lambda db: webhooks.set_state(db, hook.id, state))
        await bench.event()
        await bench.later(DAY_S)
        await bench.restart()
        await bench.quiet()
        assert len(bench.receiver.got) == 1

    run(tmp_path, story)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed_for_everything_that_goes_there(
    tmp_path: Path, status: int, form: str
) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        bench.clock.ms -= bench.clock.ms % 1000  # a date has whole seconds
        date = datetime.fromtimestamp(bench.clock.ms / 1000 + 600, UTC)
        value = "600" if form == "seconds" else f"{date:%a, %d %b %Y %H:%M:%S} GMT"
        busy = web.Response(status=status, headers={"retry-after": value})
        bench.receiver.answers["/hook"] = [busy]
        await bench.event()
        await bench.quiet()
        await bench.event()  # it does not hit the same wall
        await bench.later(599)
        assert len(bench.receiver.got) == 1
        await bench.later(1)
        assert len(bench.receiver.got) == 3
        assert {row.state for row in await bench.deliveries(hook)} == {"done"}

    run(tmp_path, story)


def test_five_days_of_failure_pause_an_endpoint_and_tell_the_others(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint("/dead", ["message.*"])
        await bench.endpoint("/alive", ["webhook.paused"])
        bench.receiver.always["/dead"] = 500
        began = bench.clock.ms
        for _ in range(6):
            await bench.event()
            await bench.quiet()
            await bench.later(DAY_S)
            if (bench.clock.ms - began) < 5 * DAY_S * 1000:
                assert (await bench.hook(hook)).state == "active"
        assert (await bench.hook(hook)).state == "paused"
        [told] = bench.receiver.to("/alive")
        assert told.json["type"] == "webhook.paused"
        assert told.json["data"] == {
            "id": hook.public_id,
            "state": "paused",
            "target": f"127.0.0.1:{bench.receiver.port}",
            "failing_since": instant(began),
            "detail": "answered 500",
        }
        count = len(bench.receiver.to("/dead"))
        await bench.later(DAY_S)
        assert len(bench.receiver.to("/dead")) == count

        bench.receiver.always.clear()
        await bench.store.write(lambda db: webhooks.set_state(db, hook.id, "active"))
        bench.engine.look_again()
        await bench.quiet()
        assert (await bench.hook(hook)).failing_since is None

    run(tmp_path, story)


def test_during_a_rotation_both_secrets_sign(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        old = await bench.endpoint()
        ends = bench.clock.ms + 60_000
        new = await bench.store.write(lambda db: webhooks.rotate(db, old, until=ends))
        assert old.secret != new.secret
        for wait_s in (0, 59.999, 0.001):
            bench.clock.ms += round(wait_s * 1000)
            await bench.event()
            await bench.quiet()
        both, still_both, alone = bench.receiver.got
        for got in (both, still_both):
            assert signed_by(old.secret, got)
            assert signed_by(new.secret, got)
        assert signed_by(new.secret, alone)
        assert not signed_by(old.secret, alone), "it ended by itself"
        assert " " not in alone.headers["webhook-signature"]

    run(tmp_path, story)


def test_an_endpoint_with_a_spoiled_secret_fails_alone(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        short = "whsec_" + base64.b64encode(b"short").decode()
        hook = await bench.endpoint("/bad", secret=short)
        await bench.endpoint("/good")
        await bench.event()
        await bench.quiet()
        assert [one.path for one in bench.receiver.got] == ["/good"]
        [row] = await bench.deliveries(hook)
        assert row.last_error is not None
        assert "24 to 64 octets" in row.last_error
        assert short not in row.last_error

    run(tmp_path, story)


def test_a_clock_that_is_put_back_loses_nothing(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        bench.receiver.answers["/hook"] = [500, 500]
        await bench.event()
        await bench.quiet()
        bench.clock.ms -= DAY_S * 1000
        await bench.event()
        await bench.later(0)
        assert len(bench.receiver.got) == 2, "a new event does not wait for the clock"
        await bench.later(7)
        assert len(bench.receiver.got) == 3
        await bench.later(DAY_S)
        assert {row.state for row in await bench.deliveries(hook)} == {"done"}

    run(tmp_path, story)
