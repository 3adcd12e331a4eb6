"""Keys bound to what they are for: each rule, at every way around it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from modemgw.config.cards import Card
from modemgw.config.model import Config, Sims
from tests.api.desk import TO, Answer, Desk, at_desk, octets_of

SEND = {"to": TO, "text": "hi"}
LAPTOP = "127.0.0.1"


async def make(desk: Desk, **rules: Any) -> tuple[str, str]:
    """Make a key; return it and its id."""
    body = {"name": "k", "scopes": ["sender"], **rules}
    made = await desk.post("/v1/keys", body, admin=True)
    assert made.status == 201, made.octets
    return made.json["key"], made.json["id"]


def refused(answer: Answer, *pointers: str) -> bool:
    assert (answer.status, answer.problem) == (403, "key-restricted"), answer.octets
    assert answer.pointers == list(pointers)
    return True


def test_presets_are_scopes(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        body = {"name": "k", "scopes": ["reader", "sims:read", "messages:read"]}
        made = await desk.post("/v1/keys", body, admin=True)
        assert made.json["scopes"] == ["events:read", "messages:read", "sims:read"]

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("cidrs", "status"),
    [
        (["127.0.0.0/8"], 200),
        (["10.0.0.0/8", "127.0.0.1"], 200),
        (["10.0.0.0/8"], 403),
        (["::1/128"], 403),
    ],
)
def test_a_key_works_from_its_networks_alone(
    tmp_path: Path, cidrs: list[str], status: int
) -> None:
    async def story(desk: Desk) -> None:
        key, _ = await make(desk, cidrs=cidrs)
        for _ in range(2):  # from the database, and from memory
            answer = await desk.get("/v1/messages", key=key)
            assert answer.status == status
        if status == 403:
            assert refused(answer)
            assert LAPTOP in answer.json["detail"]

    at_desk(tmp_path, story)


def test_a_key_opens_its_surfaces_alone(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        native, _ = await make(desk, surfaces=["native", "twilio"])
        other, _ = await make(desk, surfaces=["twilio"])
        assert (await desk.get("/v1/messages", key=native)).status == 200
        assert refused(await desk.get("/v1/messages", key=other))

    at_desk(tmp_path, story)


def test_classes_and_destinations_are_kept_to(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key, _ = await make(
            desk, classes=["otp", "alert"], destinations=["DE", "+4366", "80888"]
        )
        for to, klass, pointers in (
            (TO, "otp", ()),
            ("+436641234567", "alert", ()),
            ("80888", "otp", ()),
            (TO, "transactional", ("/class",)),
            ("+4312345678", "otp", ("/to",)),
            ("+33612345678", "marketing", ("/class", "/to")),
            ("80999", "otp", ("/to",)),
        ):
            answer = await desk.post(
                "/v1/messages", {"to": to, "text": "x", "class": klass}, key=key
            )
            assert answer.status == 202 if not pointers else refused(answer, *pointers)
        # The class that is meant where none is named counts, too.
        assert refused(await desk.post("/v1/messages", SEND, key=key), "/class")

    at_desk(tmp_path, story)


def test_neither_a_batch_nor_a_dry_run_gets_around_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key, _ = await make(desk, destinations=["AT"])
        batch = {"messages": [SEND, {"to": "+436641234567", "text": "x"}]}
        answer = await desk.post("/v1/messages/batch", batch, key=key)
        assert (answer.json["accepted"], answer.json["rejected"]) == (1, 1)
        error = answer.json["results"][0]["error"]
        assert (error["status"], error["errors"][0]["pointer"]) == (
            403,
            "/messages/0/to",
        )
        assert refused(
            await desk.post("/v1/messages?dry_run=true", SEND, key=key), "/to"
        )

    at_desk(tmp_path, story)


def cards(config: Config) -> Config:
    two = (Card("red", "8949022512345678901"), Card("blue", "8949022512345678919"))
    return structs.replace(config, sims=Sims(cards=two))


def test_a_key_uses_its_sims_alone_by_whatever_route(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key, _ = await make(desk, sims=["red"])
        step = {"after": 60, "sim": "blue"}
        for more, pointers in (
            ({}, ()),
            ({"route": {"sim": "red"}}, ()),
            ({"route": {"sim": "blue"}}, ("/route/sim",)),
            ({"fallback": [step]}, ("/fallback/0/sim",)),
        ):
            answer = await desk.post("/v1/messages", {**SEND, **more}, key=key)
            assert answer.status == 202 if not pointers else refused(answer, *pointers)
        (waiting, *_) = (await desk.get("/v1/messages?state=queued")).json["data"]
        row = await desk.gateway.store.read(
            lambda db: db.execute(
                "SELECT options FROM message WHERE public_id = ?", (waiting["id"],)
            ).fetchone()
        )
        assert '"sims":["red"]' in row[0]

    at_desk(tmp_path, story, configure=cards)


def test_mistakes_are_pointed_at(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        wish = {
            "name": "k",
            "scopes": ["sender"],
            "cidrs": ["10.0.0.1/8", "x", "10.0.0.0/8"],
            "sims": ["nowhere"],
            "destinations": ["DE", "no such"],
        }
        answer = await desk.post("/v1/keys", wish, admin=True)
        assert answer.status == 422
        assert answer.pointers == ["/cidrs/0", "/cidrs/1", "/sims/0", "/destinations/1"]
        past = {**wish, "cidrs": [], "sims": [], "destinations": []}
        past["expires_at"] = "2020-01-01T00:00:00Z"
        answer = await desk.post("/v1/keys", past, admin=True)
        assert answer.pointers == ["/expires_at"]
        for field, value in (("surfaces", ["x"]), ("classes", ["x"])):
            wish = {"name": "k", "scopes": ["sender"], field: value}
            answer = await desk.post("/v1/keys", wish, admin=True)
            assert answer.pointers == [f"/{field}/0"]

    at_desk(tmp_path, story)


def test_a_key_ends(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        clock = desk.gateway.clock
        ends = datetime.now(UTC) + timedelta(hours=1)
        key, key_id = await make(desk, expires_at=ends.isoformat())
        assert (await desk.get("/v1/messages", key=key)).status == 200
        real = clock.now_ms
        clock.now_ms = lambda: real() + 3_600_001  # type: ignore[method-assign]
        answer = await desk.get("/v1/messages", key=key)
        assert (answer.status, answer.problem) == (401, "unauthorized")
        wish = {"expires_at": None}
        await desk.ask("PATCH", f"/v1/keys/{key_id}", wish, admin=True)
        assert (await desk.get("/v1/messages", key=key)).status == 200

    at_desk(tmp_path, story)


def test_a_change_holds_from_the_next_request_on(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key, key_id = await make(desk, destinations=["DE"], limits=["5/day"])
        path = f"/v1/keys/{key_id}"
        assert (await desk.post("/v1/messages", SEND, key=key)).status == 202
        wish: dict[str, Any] = {"destinations": ["AT"], "name": "other"}
        changed = await desk.ask("PATCH", path, wish, admin=True)
        assert (changed.json["name"], changed.json["limits"]) == ("other", ["5/day"])
        assert refused(await desk.post("/v1/messages", SEND, key=key), "/to")
        await desk.ask("PATCH", path, {"destinations": []}, admin=True)
        assert (await desk.post("/v1/messages", SEND, key=key)).status == 202
        await desk.ask("PATCH", path, {"scopes": ["reader"]}, admin=True)
        answer = await desk.post("/v1/messages", SEND, key=key)
        assert answer.problem == "forbidden"
        empty = await desk.ask("PATCH", path, {}, admin=True)
        assert empty.status == 422
        gone = await desk.ask("PATCH", "/v1/keys/abcdefgh", wish, admin=True)
        assert gone.status == 404

    at_desk(tmp_path, story)


def test_a_rotated_key_has_two_secrets_for_a_while(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        old, key_id = await make(desk)
        path = f"/v1/keys/{key_id}/rotate"
        assert (await desk.get("/v1/messages", key=old)).status == 200
        made = await desk.post(path, {"overlap": 60}, admin=True)
        new = made.json["key"]
        assert made.json["old_secret_until"] is not None
        for key in (old, new, old):
            assert (await desk.get("/v1/messages", key=key)).status == 200
        clock = desk.gateway.clock
        real = clock.now_ms
        clock.now_ms = lambda: real() + 60_001  # type: ignore[method-assign]
        assert (await desk.get("/v1/messages", key=old)).status == 401
        assert (await desk.get("/v1/messages", key=new)).status == 200
        (shown,) = [
            one
            for one in (await desk.get("/v1/keys", admin=True)).json["data"]
            if one["id"] == key_id
        ]
        assert shown["old_secret_until"] is None
        assert "key" not in shown

    at_desk(tmp_path, story)


def test_never_two_old_secrets_and_none_without_overlap(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        first, key_id = await make(desk)
        path = f"/v1/keys/{key_id}/rotate"
        second = (await desk.post(path, admin=True)).json["key"]
        third = (await desk.post(path, admin=True)).json["key"]
        statuses = [
            (await desk.get("/v1/messages", key=key)).status
            for key in (first, second, third)
        ]
        assert statuses == [401, 200, 200]
        fourth = (await desk.post(path, {"overlap": 0}, admin=True)).json["key"]
        assert (await desk.get("/v1/messages", key=third)).status == 401
        assert (await desk.get("/v1/messages", key=fourth)).status == 200
        await desk.ask("DELETE", f"/v1/keys/{key_id}", admin=True)
        assert (await desk.post(path, admin=True)).status == 404
        for key in (first, second, third, fourth):
            assert (await desk.get("/v1/messages", key=key)).status == 401

    at_desk(tmp_path, story)


def test_no_secret_is_in_the_database(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        old, key_id = await make(desk)
        made = await desk.post(f"/v1/keys/{key_id}/rotate", admin=True)
        for plain in (old, made.json["key"]):
            secret = plain.rpartition("_")[2].encode()
            assert secret not in octets_of(tmp_path)

    at_desk(tmp_path, story)


def test_keys_with_limits_hear_what_is_left(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key, _ = await make(desk, limits=["3/day", "5.00/day", "100/month"])
        first = await desk.post("/v1/messages", SEND, key=key)
        assert first.headers["RateLimit-Policy"] == (
            '"day";q=3;w=86400, "day-spend";q=5000000;qu="micro-units";w=86400,'
            ' "month";q=100'
        )
        left = first.headers["RateLimit"].split(", ")
        assert [one.split(";")[:2] for one in left] == [
            ['"day"', "r=2"],
            ['"day-spend"', "r=5000000"],
            ['"month"', "r=99"],
        ]
        batch = {"messages": [SEND, SEND]}
        second = await desk.post("/v1/messages/batch", batch, key=key)
        assert '"day";r=0;' in second.headers["RateLimit"]
        third = await desk.post("/v1/messages", SEND, key=key)
        assert third.status == 429
        assert third.headers["RateLimit"].startswith('"day";r=0;t=')
        plain = await desk.post("/v1/messages", SEND)
        assert "RateLimit" not in plain.headers

    at_desk(tmp_path, story)
