"""Messages over HTTP: queued, replayed, listed, told, canceled."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.api.desk import SCOPES, TO, Desk, at_desk

Json = dict[str, Any]

# The fields of API.md, section 1: programs outside are written against them.
FIELDS = {
    *("id", "direction", "state", "to", "from", "text", "encoding", "segments"),
    *("class", "sim", "attempts", "reason", "cost", "reference", "created_at"),
    *("scheduled_for", "expires_at", "sent_at", "delivered_at", "sequence"),
}


def test_a_message_is_queued_and_shown(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(
            "/v1/messages",
            {
                "to": "0151 1234-5678",
                "text": "Your bike is ready.",
                "class": "transactional",
                "route": {"pool": "default", "sim": None, "sticky": True},
                "send_at": None,
                "expires_in": 3600,
                "priority": "normal",
                "encoding": "auto",
                "max_segments": 3,
                "flash": False,
                "delivery_report": True,
                "on_in_doubt": "wait_report",
                "reference": "order-991",
                "tags": ["workshop"],
                "metadata": {"ticket": "77"},
                "callback_url": "http://10.0.0.5/hooks/sms",
            },
        )
        assert answer.status == 202, answer.octets
        made = answer.json
        assert made.keys() >= FIELDS
        assert answer.headers["Location"] == f"/v1/messages/{made['id']}"
        assert answer.headers["Idempotency-Replayed"] == "false"
        assert answer.headers["X-Request-Id"].startswith("req_")
        assert answer.headers["Content-Type"] == "application/json"
        assert made["id"].startswith("msg_")
        assert made["to"] == TO
        assert (made["state"], made["direction"]) == ("queued", "outbound")
        assert (made["encoding"], made["segments"]) == ("gsm7", 1)
        assert made["created_at"].endswith("Z")
        assert (made["tags"], made["metadata"]) == (["workshop"], {"ticket": "77"})
        shown = await desk.get(f"/v1/messages/{made['id']}")
        assert shown.json == made  # nothing has happened to it since

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Type": "application/json"}, id="JSON"),
        pytest.param({"Content-Type": "application/json; charset=UTF-8"}, id="charset"),
        pytest.param({"Content-Type": "application/vnd.api+json"}, id="suffix"),
        pytest.param(
            {"Content-Type": "application/x-www-form-urlencoded"}, id="curl -d"
        ),
    ],
)
def test_json_is_taken_however_it_is_labelled(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(
            "/v1/messages", {"to": TO, "text": "hi"}, headers=headers
        )
        assert answer.status == 202, answer.octets

    at_desk(tmp_path, story)


def test_the_same_key_gives_the_same_answer(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        headers = {"Idempotency-Key": "order-991"}
        body = {"to": TO, "text": "once"}
        first = await desk.post("/v1/messages", body, headers=headers)
        again = await desk.post("/v1/messages", body, headers=headers)
        assert (again.status, again.octets) == (202, first.octets)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
        other = await desk.post("/v1/messages", {**body, "text": "x"}, headers=headers)
        assert (other.status, other.problem) == (422, "idempotency-mismatch")
        stranger = await desk.new_key("messages:send")
        own = await desk.post("/v1/messages", body, headers=headers, key=stranger)
        assert own.json["id"] != first.json["id"]
        assert await desk.queued() == 2

    at_desk(tmp_path, story)


def test_equal_requests_at_once_make_one_message(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        headers = {"Idempotency-Key": "k"}
        answers = await asyncio.gather(
            *(
                desk.post("/v1/messages", {"to": TO, "text": "hi"}, headers=headers)
                for _ in range(8)
            )
        )
        assert {answer.status for answer in answers} <= {202, 409}
        ids = {answer.json["id"] for answer in answers if answer.status == 202}
        assert len(ids) == 1
        assert await desk.queued() == 1

    at_desk(tmp_path, story, inline=False)


def test_a_dry_run_keeps_nothing(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(
            "/v1/messages?dry_run=true", {"to": TO, "text": "x" * 200}
        )
        assert (answer.status, answer.json["segments"]) == (200, 2)
        assert answer.json["expires_at"] is not None
        assert await desk.queued() == 0
        shown = await desk.get(f"/v1/messages/{answer.json['id']}")
        assert shown.status == 404
        wrong = await desk.post("/v1/messages?dry_run=true", {"to": "x", "text": "x"})
        assert wrong.status == 422

    at_desk(tmp_path, story)


def test_waiting_ends_when_the_message_is_canceled(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        waiting = asyncio.ensure_future(
            desk.post("/v1/messages?wait=60", {"to": TO, "text": "hi"})
        )
        (queued,) = await _first_page(desk)
        await desk.post(f"/v1/messages/{queued['id']}/cancel")
        answer = await waiting
        assert (answer.status, answer.json["state"]) == (202, "canceled")

    at_desk(tmp_path, story)


async def _first_page(desk: Desk) -> list[Json]:
    """The messages, as soon as there are any."""
    for _ in range(1000):
        found: list[Json] = (await desk.get("/v1/messages")).json["data"]
        if found:
            return found
    return []


def test_a_message_can_be_canceled_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post("/v1/messages", {"to": TO, "text": "hi"})
        path = f"/v1/messages/{made.json['id']}"
        gone = await desk.post(f"{path}/cancel")
        assert (gone.status, gone.json["state"]) == (200, "canceled")
        assert gone.json["reason"]["code"] == "canceled"
        assert gone.json["sequence"] == 2
        again = await desk.post(f"{path}/cancel", {})
        assert (again.status, again.problem) == (409, "conflict")
        settled = await desk.post(f"{path}/settle", {"as": "sent"})
        assert settled.problem == "conflict"
        types = [
            step["type"] for step in (await desk.get(f"{path}/timeline")).json["data"]
        ]
        assert types == ["message.queued", "message.canceled"]

    at_desk(tmp_path, story)


@pytest.mark.parametrize("tail", ["", "/timeline"])
def test_an_unknown_message_is_404(tmp_path: Path, tail: str) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.get(f"/v1/messages/msg_0{tail}")
        assert answer.problem == "not-found"
        assert answer.json["instance"] == f"/v1/messages/msg_0{tail}"

    at_desk(tmp_path, story)


def test_a_scheduled_message_says_when(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        now = desk.gateway.clock.now_ms()
        later = (now // 1000 + 3600) * 1000
        made = await desk.post(
            "/v1/messages", {"to": TO, "text": "hi", "send_at": _rfc3339(later)}
        )
        assert made.json["state"] == "scheduled"
        assert made.json["scheduled_for"] == _rfc3339(later)
        shown = await desk.get(f"/v1/messages/{made.json['id']}")
        assert shown.json == made.json

    at_desk(tmp_path, story)


def _rfc3339(ms: int) -> str:
    from modemgw.gateway.views import instant  # noqa: PLC0415

    return instant(ms)


def test_lists_are_filtered_and_paged(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for n in range(7):
            made = await desk.post(
                "/v1/messages",
                {
                    "to": f"+49151123456{70 + n}",
                    "text": f"number {n}",
                    "reference": "even" if n % 2 == 0 else "odd",
                    "tags": [f"t{n}"],
                },
            )
            assert made.status == 202
        await desk.post(f"/v1/messages/{made.json['id']}/cancel")

        async def texts(query: str) -> list[str]:
            answer = await desk.get(f"/v1/messages?{query}")
            assert answer.status == 200, answer.octets
            return [message["text"][-1] for message in answer.json["data"]]

        assert await texts("") == list("6543210")
        assert await texts("reference=odd") == list("531")
        assert await texts("tag=t4") == ["4"]
        assert await texts("to=%2B4915112345672") == ["2"]
        assert await texts("to=+4915112345672") == ["2"]  # a plus nobody escaped
        assert await texts("to=015112345672") == ["2"]  # as people write it
        assert await texts("state=canceled") == ["6"]
        assert await texts("state=queued,canceled&reference=even") == list("6420")
        assert await texts("q=number+3") == ["3"]
        assert await texts("direction=inbound") == []
        assert await texts("sim=front") == []
        assert await texts("batch_id=bat_x") == []
        assert await texts("since=2100-01-01T00:00:00Z") == []
        assert await texts("until=2100-01-01T00:00:00Z&limit=2") == list("65")

        first = (await desk.get("/v1/messages?limit=3&count=true")).json
        assert first["has_more"] is True
        assert first["count"] == 7
        second = (
            await desk.get(f"/v1/messages?limit=3&cursor={first['next_cursor']}")
        ).json
        last = (
            await desk.get(f"/v1/messages?limit=3&cursor={second['next_cursor']}")
        ).json
        assert (last["has_more"], last["next_cursor"]) == (False, None)
        assert "count" not in last
        ids = [m["id"] for page in (first, second, last) for m in page["data"]]
        assert len(set(ids)) == 7
        for query, count in {"reference=odd": 3, "q=number": 7, "tag=t1": 1}.items():
            answer = await desk.get(f"/v1/messages?count=true&{query}")
            assert answer.json["count"] == count

    at_desk(tmp_path, story)


def test_a_full_queue_is_503_with_a_time(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for _ in range(2):
            assert (
                await desk.post("/v1/messages", {"to": TO, "text": "hi"})
            ).status == 202
        full = await desk.post("/v1/messages", {"to": TO, "text": "hi"})
        assert (full.status, full.problem) == (503, "queue-full")
        assert int(full.headers["Retry-After"]) > 0

    at_desk(tmp_path, story, queue_max=2)


def test_a_closed_store_is_503(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get("/v1/messages")).status == 200
        desk.gateway.store.reader.close()
        broken = await desk.get("/v1/messages")
        assert (broken.status, broken.problem) == (503, "store-unavailable")
        assert "Retry-After" in broken.headers

    at_desk(tmp_path, story)


def test_the_wire_is_shown_only_with_its_scope(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post("/v1/messages", {"to": TO, "text": "hi"})
        path = f"/v1/messages/{made.json['id']}/timeline"
        store = desk.gateway.store
        lines = [[0, ">", "AT+CMGS=23"], [180, "<", "+CMGS: 41"]]

        def note(db: Any) -> None:
            from modemgw.store import events, messages  # noqa: PLC0415

            row = messages.get(db, made.json["id"])
            assert row is not None
            events.append(
                db,
                "part.accepted",
                at=row.created_at,
                data={"sim": "red", "tp_mr": 41, "at": lines},
                ids=store.ids,
                message_id=row.id,
                part_seq=1,
            )

        await store.write(note)
        step = (await desk.get(path)).json["data"][-1]
        assert step["part"] == 1
        assert step["data"] == {"sim": "red", "tp_mr": 41}
        assert step["wire"][1] == {"ms": 180, "direction": "<", "text": "+CMGS: 41"}
        reader = await desk.new_key("messages:read")
        step = (await desk.get(path, key=reader)).json["data"][-1]
        assert "wire" not in step
        assert "AT+CMGS" not in str(step)

    at_desk(tmp_path, story, scopes=SCOPES)
