"""What is done to messages that are there: sent again, redacted; batches; repeats."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modemgw.policy.message import MessageState
from modemgw.store import messages, outbound
from modemgw.store.writer import Connection
from tests.api.desk import SCOPES, TO, Desk, at_desk

MESSAGES = "/v1/messages"
MAY_REDACT = (*SCOPES, "messages:redact")


async def accepted(desk: Desk, **draft: Any) -> str:
    answer = await desk.post(MESSAGES, {"to": TO, "text": "secret words", **draft})
    assert answer.status == 202, answer.octets
    return str(answer.json["id"])


async def end(desk: Desk, id: str, state: MessageState = MessageState.FAILED) -> None:
    """Let a message come to its end, as an outcome would."""
    store = desk.gateway.store

    def job(db: Connection) -> int:
        found = outbound.find(db, id)
        outbound.close(
            db, store.ids, found.id, state, None, desk.gateway.clock.now_ms()
        )
        return found.id

    desk.gateway.dispatcher.withdraw(await store.write(job))


def everything(directory: Path) -> bytes:
    """Return the octets of every file, as somebody reads who has the disk."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


# -- resend --------------------------------------------------------------------


def test_a_final_message_is_sent_again_as_a_new_one(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        first = await accepted(
            desk,
            priority="high",
            expires_in=900,
            encoding="ucs2",
            flash=True,
            delivery_report=False,
            on_in_doubt="drop",
            reference="order-1",
            tags=["a"],
            metadata={"b": 1},
            callback_url="http://10.0.0.1/x",
            **{"class": "alert"},
        )
        waiting = await desk.post(f"{MESSAGES}/{first}/resend")
        assert (waiting.status, waiting.problem) == (409, "conflict")
        await end(desk, first)
        again = await desk.post(f"{MESSAGES}/{first}/resend")
        assert again.status == 202
        second = again.json["id"]
        assert again.headers["Location"] == f"{MESSAGES}/{second}"
        assert again.json["resend_of"] == first
        shown = (await desk.get(f"{MESSAGES}/{second}")).json
        assert shown["resend_of"] == first
        before = (await desk.get(f"{MESSAGES}/{first}")).json
        same = ("to", "text", "class", "encoding", "priority", "reference", "tags")
        assert {k: shown[k] for k in same} == {k: before[k] for k in same}
        assert (shown["metadata"], shown["state"]) == ({"b": 1}, "queued")
        old, new = await desk.gateway.store.read(
            lambda db: [messages.get(db, id) for id in (first, second)]
        )
        assert old is not None
        assert new is not None
        assert new.options == {**old.options, "resend_of": first}
        assert (new.expires_at or 0) - new.not_before == 900_000
        steps = (await desk.get(f"{MESSAGES}/{first}/timeline")).json["data"]
        assert steps[-1]["type"] == "message.resent"
        assert steps[-1]["data"] == {"as": second, "by": "test"}

    at_desk(tmp_path, story)


def test_sending_again_happens_once_per_idempotency_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        first = await accepted(desk)
        await end(desk, first)
        path, once = f"{MESSAGES}/{first}/resend", {"Idempotency-Key": "again-1"}
        answers = [await desk.post(path, headers=once) for _ in range(2)]
        assert answers[0].octets == answers[1].octets
        replayed = [one.headers["Idempotency-Replayed"] for one in answers]
        assert replayed == ["false", "true"]
        assert await desk.queued() == 2

    at_desk(tmp_path, story)


def test_what_cannot_be_sent_again_says_why(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        missing = await desk.post(f"{MESSAGES}/msg_x/resend")
        assert (missing.status, missing.problem) == (404, "not-found")
        first = await accepted(desk)
        await end(desk, first)
        wrong = await desk.post(f"{MESSAGES}/{first}/resend", {"to": TO})
        assert (wrong.status, wrong.pointers) == (422, ["/to"])
        await desk.ask("DELETE", f"{MESSAGES}/{first}/body")
        gone = await desk.post(f"{MESSAGES}/{first}/resend")
        assert gone.status == 409
        assert "body" in gone.json["detail"]

    at_desk(tmp_path, story, scopes=MAY_REDACT)


# -- redact --------------------------------------------------------------------


def test_a_body_is_taken_away_and_the_accounting_stays(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        once = {"Idempotency-Key": "k"}
        made = await desk.post(
            MESSAGES, {"to": TO, "text": "secret words"}, headers=once
        )
        id = made.json["id"]
        path = f"{MESSAGES}/{id}/body"
        waiting = await desk.ask("DELETE", path)
        assert (waiting.status, waiting.problem) == (409, "conflict")
        await end(desk, id)
        before = (await desk.get(f"{MESSAGES}/{id}")).json
        gone = await desk.ask("DELETE", path)
        assert gone.status == 200
        assert gone.json["text"] is None
        assert gone.json["redacted_at"]
        kept = {**gone.json, "text": "secret words"}
        del kept["redacted_at"]
        assert kept == before
        again = await desk.ask("DELETE", path)
        assert again.json == gone.json
        replay = await desk.post(
            MESSAGES, {"to": TO, "text": "secret words"}, headers=once
        )
        assert replay.headers["Idempotency-Replayed"] == "true"
        assert (replay.json["id"], replay.json["text"]) == (id, None)
        steps = (await desk.get(f"{MESSAGES}/{id}/timeline")).json["data"]
        assert [one["type"] for one in steps].count("message.redacted") == 1
        assert (await desk.get(f"{MESSAGES}?q=secret")).json["data"] == []

    at_desk(tmp_path, story, scopes=MAY_REDACT)


def test_octets_are_taken_away_too(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        once = {"Idempotency-Key": "k"}
        draft = {"to": TO, "data": "c2VjcmV0", "port": 5000}
        made = await desk.post(MESSAGES, draft, headers=once)
        await end(desk, made.json["id"])
        gone = await desk.ask("DELETE", f"{MESSAGES}/{made.json['id']}/body")
        assert "data" not in gone.json
        assert (await desk.post(MESSAGES, draft, headers=once)).json["data"] is None

    at_desk(tmp_path, story, scopes=MAY_REDACT)


def test_redacting_needs_its_own_scope(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.ask("DELETE", f"{MESSAGES}/msg_x/body")
        assert (answer.status, answer.problem) == (403, "forbidden")
        key = await desk.new_key("messages:redact")
        missing = await desk.ask("DELETE", f"{MESSAGES}/msg_x/body", key=key)
        assert missing.status == 404

    at_desk(tmp_path, story)


def test_no_page_of_the_file_holds_the_text_afterwards(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        id = await accepted(desk, text="a very particular sentence", reference="ref-1")
        await end(desk, id)
        await desk.ask("DELETE", f"{MESSAGES}/{id}/body")
        assert await desk.gateway.offices.scrubber.now()

    at_desk(tmp_path, story, scopes=MAY_REDACT)
    octets = everything(tmp_path)
    assert b"ref-1" in octets
    assert b"particular" not in octets


# -- batches -------------------------------------------------------------------


def test_a_batch_tells_how_far_it_is_and_is_canceled(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        items = [{"to": TO, "text": f"n {n}"} for n in range(230)] + [{"to": "x"}]
        made = await desk.post(f"{MESSAGES}/batch", {"messages": items})
        path = f"/v1/batches/{made.json['batch_id']}"
        shown = (await desk.get(path)).json
        assert (shown["accepted"], shown["rejected"], shown["expanded"]) == (
            230,
            1,
            230,
        )
        assert (shown["open"], shown["finished"], shown["canceled_at"]) == (
            230,
            0,
            None,
        )
        await end(desk, made.json["results"][7]["id"], MessageState.EXPIRED)
        canceled = await desk.post(f"{path}/cancel")
        assert canceled.status == 200
        assert canceled.json["states"] == {"canceled": 229, "expired": 1}
        assert (canceled.json["open"], canceled.json["finished"]) == (0, 230)
        assert canceled.json["canceled_at"]
        assert (await desk.post(f"{path}/cancel")).json == canceled.json
        one = (await desk.get(f"{MESSAGES}/{made.json['results'][0]['id']}")).json
        assert one["reason"]["detail"] == "canceled with its batch"
        assert len(desk.gateway.dispatcher.index) == 0
        missing = await desk.post("/v1/batches/bat_x/cancel")
        assert (missing.status, missing.problem) == (404, "not-found")

    at_desk(tmp_path, story)


# -- repeats -------------------------------------------------------------------


def test_the_same_text_for_the_same_number_is_warned_about(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        draft = {"to": TO, "text": "hello"}
        first = await desk.post(MESSAGES, draft)
        assert "warnings" not in first.json
        second = await desk.post(MESSAGES, {**draft, "reference": "other"})
        (warning,) = second.json["warnings"]
        assert (warning["code"], warning["of"]) == ("duplicate", first.json["id"])
        for other in ({"to": "+4915112345679"}, {"text": "hello!"}):
            assert (
                "warnings" not in (await desk.post(MESSAGES, {**draft, **other})).json
            )
        refused = await desk.post(f"{MESSAGES}?duplicate=refuse", draft)
        assert (refused.status, refused.problem) == (409, "duplicate")
        assert second.json["id"] in refused.json["detail"]
        again = await desk.post(f"{MESSAGES}?duplicate=refuse", draft)
        assert second.json["id"] in again.json["detail"]
        third = await desk.post(MESSAGES, draft)
        assert third.json["warnings"][0]["of"] == second.json["id"]
        wrong = await desk.post(f"{MESSAGES}?duplicate=maybe", draft)
        assert wrong.pointers == ["duplicate"]

    at_desk(tmp_path, story)


def test_two_at_once_meet(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        draft = {"to": TO, "text": "clicked twice"}
        answers = await asyncio.gather(
            *(desk.post(f"{MESSAGES}?duplicate=refuse", draft) for _ in range(5))
        )
        assert sorted(one.status for one in answers) == [202, 409, 409, 409, 409]

    at_desk(tmp_path, story)


def test_reminders_for_several_days_are_none(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        now = desk.gateway.clock.now_ms()
        for day in (1, 2, 3):
            at = now // 1000 + day * 86_400
            when = datetime.fromtimestamp(at, UTC)
            draft = {"to": TO, "text": "pills", "send_at": when.isoformat()}
            assert "warnings" not in (await desk.post(MESSAGES, draft)).json

    at_desk(tmp_path, story)


def test_items_of_a_batch_are_warned_about(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        items = [
            {"to": TO, "text": "a"},
            {"to": TO, "text": "b"},
            {"to": TO, "text": "a"},
        ]
        made = (await desk.post(f"{MESSAGES}/batch", {"messages": items})).json
        assert made["accepted"] == 3
        warned = [one.get("warnings") for one in made["results"]]
        assert warned[:2] == [None, None]
        assert warned[2][0]["of"] == made["results"][0]["id"]

    at_desk(tmp_path, story)


# -- hostile -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "statuses"),
    [
        ("POST", f"{MESSAGES}/%00/resend", None, {404}),
        ("POST", f"{MESSAGES}/{'x' * 4000}/resend", None, {404}),
        ("POST", f"{MESSAGES}/x/resend", b"{", {400}),
        ("POST", f"{MESSAGES}/x/resend", b"[1]", {422}),
        ("POST", f"{MESSAGES}/x/resend?a=1", None, {422}),
        ("POST", f"{MESSAGES}/x/resend", b"{" + b" " * 70_000 + b"}", {413}),
        ("DELETE", f"{MESSAGES}/x/body?force=1", None, {422}),
        ("DELETE", f"{MESSAGES}/%27%3B--/body", None, {404}),
        ("POST", "/v1/batches/x/cancel", b'{"all": true}', {422}),
        ("GET", f"{MESSAGES}/x/resend", None, {405}),
    ],
)
def test_hostile_requests(
    tmp_path: Path, method: str, path: str, body: bytes | None, statuses: set[int]
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.ask(method, path, body)
        assert answer.status in statuses, answer.octets
        assert answer.problem
        assert await desk.queued() == 0

    at_desk(tmp_path, story, scopes=MAY_REDACT)


def test_only_what_a_query_may_touch_was_touched(tmp_path: Path) -> None:
    """The database stands as before: nothing above was more than refused."""

    async def story(desk: Desk) -> None:
        def tables(db: sqlite3.Connection) -> int:
            found = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return int(found[0])

        before = await desk.gateway.store.read(tables)
        await desk.ask("DELETE", f"{MESSAGES}/';DROP TABLE message;--/body")
        assert await desk.gateway.store.read(tables) == before

    at_desk(tmp_path, story, scopes=MAY_REDACT)
