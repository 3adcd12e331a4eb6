"""Whoever is told to come back later is told when, and of which limit it is."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from modemgw.errors import DiskFull
from modemgw.gateway import stream
from modemgw.store import messages as rows
from modemgw.store.reader import SlowQuery
from tests.api.desk import SCOPES, TO, Answer, Desk, at_desk

PAGE = (Path(__file__).parents[2] / "docs" / "problems.md").read_text("utf-8")
SECTIONS = re.findall(r"^## ([a-z-]+)\n\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
LATER = {
    name: int(found[1])
    for name, text in SECTIONS
    if (found := re.match(r"(429|503)\b", text))
}
NOBODY_KNOWS = {"query-too-slow"}  # as slow the next time: ask for less
ROOM = 5  # messages
SEND = {"to": TO, "text": "hi"}
Provoke = Callable[[Desk, pytest.MonkeyPatch], Awaitable[Answer]]


async def quota(desk: Desk, _: pytest.MonkeyPatch) -> Answer:
    wish = {"name": "a", "scopes": ["sender"], "limits": ["1/day"]}
    made = await desk.post("/v1/keys", wish, admin=True)
    key = made.json["key"]
    assert (await desk.post("/v1/messages", SEND, key=key)).status == 202
    return await desk.post("/v1/messages", SEND, key=key)


async def codes(desk: Desk, _: pytest.MonkeyPatch) -> Answer:
    wish = {"to": TO, "app": "Shop"}
    for _again in range(3):
        assert (await desk.post("/v1/verifications", wish, admin=True)).status == 201
    return await desk.post("/v1/verifications", wish, admin=True)


async def failures(desk: Desk, _: pytest.MonkeyPatch) -> Answer:
    for _again in range(10):
        assert (await desk.get("/v1/sims", key="mgw_aaaaaaaa_b")).status == 401
    return await desk.get("/v1/sims", key="mgw_aaaaaaaa_b")


async def tokens(desk: Desk, patch: pytest.MonkeyPatch) -> Answer:
    """OAuth answers in its own words, with the same headers."""
    await failures(desk, patch)
    headers = {
        "Authorization": "Basic YWFhYWFhYWE6Yg==",  # aaaaaaaa:b
        "Content-Type": "application/x-www-form-urlencoded",
    }
    form = b"grant_type=client_credentials"
    return await desk.post("/oauth/token", form, headers=headers)


async def streams(desk: Desk, patch: pytest.MonkeyPatch) -> Answer:
    patch.setattr(stream, "MOST_EACH", 0)
    return await desk.get("/v1/events", headers={"Accept": "text/event-stream"})


async def stopped_stream(desk: Desk, _: pytest.MonkeyPatch) -> Answer:
    desk.gateway.outlets.stream.close()
    return await desk.get("/v1/events", headers={"Accept": "text/event-stream"})


async def not_ready(desk: Desk, _: pytest.MonkeyPatch) -> Answer:
    return await desk.get("/readyz")


async def full(desk: Desk, _: pytest.MonkeyPatch) -> Answer:
    while (answer := await desk.post("/v1/messages", SEND)).status == 202:
        assert await desk.queued() <= ROOM
    return answer


async def stopping(desk: Desk, _: pytest.MonkeyPatch) -> Answer:
    desk.gateway.intake.closed = True
    return await desk.post("/v1/messages", SEND)


def failing(error: Exception) -> Provoke:
    async def provoke(desk: Desk, patch: pytest.MonkeyPatch) -> Answer:
        def fail(*_: object, **__: object) -> None:
            raise error

        patch.setattr(rows, "page", fail)
        return await desk.get("/v1/messages")

    return provoke


CASES: list[tuple[str, Provoke]] = [
    ("not-ready", not_ready),
    ("not-ready", stopped_stream),
    ("query-too-slow", failing(SlowQuery("5 s"))),
    ("queue-full", full),
    ("quota-exceeded", quota),
    ("stopping", stopping),
    ("store-unavailable", failing(DiskFull("no room"))),
    ("too-many-codes", codes),
    ("too-many-failures", failures),
    ("too-many-failures", tokens),
    ("too-many-streams", streams),
]


def test_every_problem_of_its_kind_is_tried() -> None:
    assert {name for name, _ in CASES} == set(LATER)


@pytest.mark.parametrize(("problem", "provoke"), CASES)
def test_an_answer_says_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, provoke: Provoke
) -> None:
    async def story(desk: Desk) -> None:
        answer = await provoke(desk, monkeypatch)
        assert answer.status == LATER[problem]
        if provoke is not tokens:
            assert answer.problem == problem
        wait = answer.headers.get("Retry-After")
        if problem in NOBODY_KNOWS:
            assert wait is None
            return
        assert wait is not None and int(wait) > 0
        if answer.status == 429:
            policy = answer.headers["RateLimit-Policy"]
            assert re.fullmatch(r'"[a-z-]+";q=\d+(;w=\d+)?', policy)
            found = re.fullmatch(
                r'"([a-z-]+)";r=0;t=(\d+)', answer.headers["RateLimit"]
            )
            assert found is not None and policy.startswith(f'"{found[1]}"')
            assert abs(int(found[2]) - int(wait)) <= 1

    at_desk(tmp_path, story, scopes=SCOPES, queue_max=ROOM)
