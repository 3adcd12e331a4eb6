"""Bench, parole and pauses over the API: who may, what is answered, what is refused."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from modemgw.config.model import Config, Sims
from modemgw.gateway import resources
from modemgw.gateway.health_resources import Sending
from modemgw.store import sims
from tests.api.desk import SCOPES, TO, Answer, Desk, at_desk

ICCID = "8949022512345678901"
RED = "/v1/sims/red"


async def known(desk: Desk) -> None:
    """Let the gateway know one card, which is in no modem now."""

    def meet(db: Any) -> None:
        sims.upsert_sim(db, iccid=ICCID, imsi=None, modem="m", now=1, name="red")

    await desk.gateway.store.write(meet)
    await desk.gateway.pool.load()
    await desk.gateway.health.load()


async def act(desk: Desk, path: str, body: object = None) -> Answer:
    return await desk.ask("POST", path, body, admin=True)


def health(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200
    msgspec.json.decode(answer.octets, type=resources.Sim)
    found: dict[str, Any] = answer.json["health"]
    return found


def test_a_sim_goes_out_of_service_and_comes_back(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await known(desk)
        fresh = health(await desk.get(RED))
        assert (fresh["state"], fresh["score"], fresh["reason"]) == (
            "active",
            100,
            None,
        )
        benched = health(
            await act(desk, f"{RED}/bench", {"for": 3600, "reason": "new tariff"})
        )
        assert (benched["state"], benched["cause"]) == ("benched", "admin")
        assert benched["reason"].startswith("new tariff (by ")
        assert benched["until"] > benched["since"]
        assert "parole" in benched["advice"]
        forever = health(await act(desk, f"/v1/sims/{ICCID}/bench"))
        assert (forever["until"], forever["score"]) == (None, 0)
        paroled = health(await act(desk, f"{RED}/parole", {"messages": 3}))
        assert paroled["parole"] == {"passed": 0, "wanted": 3, "counted": "accepted"}
        restored = health(await act(desk, f"{RED}/parole", {"messages": 0}))
        assert (restored["state"], restored["parole"]) == ("active", None)
        listed = await desk.get("/v1/sims")
        assert listed.json["data"][0]["health"] == restored

    at_desk(tmp_path, story)


def test_a_sim_is_paused_and_resumed(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await known(desk)
        assert health(await act(desk, f"{RED}/pause"))["paused"] is True
        assert health(await act(desk, f"{RED}/pause", {}))["paused"] is True
        assert health(await act(desk, f"{RED}/resume"))["paused"] is False

    at_desk(tmp_path, story)


def test_a_paused_gateway_accepts_and_says_that_it_is_paused(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        paused = await act(desk, "/v1/pause")
        assert paused.status == 200
        assert msgspec.json.decode(paused.octets, type=Sending).paused
        ready = await desk.get("/readyz")
        assert ready.status == 503
        assert any("paused" in reason for reason in ready.json["reasons"])
        sent = await desk.post("/v1/messages", {"to": TO, "text": "hi"})
        assert sent.status == 202
        again = await act(desk, "/v1/pause")
        assert again.json == paused.json  # since the first time
        resumed = await act(desk, "/v1/resume")
        assert resumed.json == {
            "paused": False,
            "since": None,
            "by": None,
            "breaker": None,
        }
        ready = await desk.get("/readyz")
        assert not any("paused" in reason for reason in ready.json["reasons"])

    at_desk(tmp_path, story)


@pytest.mark.parametrize("verb", ["bench", "parole", "pause", "resume"])
def test_a_sim_that_nobody_knows(tmp_path: Path, verb: str) -> None:
    async def story(desk: Desk) -> None:
        assert (await act(desk, f"/v1/sims/nobody/{verb}")).problem == "not-found"

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("bench", {"for": 0}, "/for"),
        ("bench", {"for": 10**9}, "/for"),
        ("bench", {"for": "2h"}, "/for"),
        ("bench", {"reason": "x" * 201}, "/reason"),
        ("bench", {"until": "2026"}, "/until"),
        ("parole", {"messages": -1}, "/messages"),
        ("parole", {"messages": 101}, "/messages"),
        ("pause", {"for": 1}, "/for"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, verb: str, body: dict[str, object], pointer: str
) -> None:
    async def story(desk: Desk) -> None:
        await known(desk)
        answer = await act(desk, f"{RED}/{verb}", body)
        assert (answer.status, answer.pointers) == (422, [pointer])
        assert health(await desk.get(RED))["state"] == "active"

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{RED}/bench", 200),
        (f"{RED}/parole", 200),
        (f"{RED}/pause", 403),
        (f"{RED}/resume", 403),
        ("/v1/pause", 403),
        ("/v1/resume", 403),
    ],
)
def test_who_may(tmp_path: Path, path: str, status: int) -> None:
    assert "sims:write" in SCOPES

    async def story(desk: Desk) -> None:
        await known(desk)
        assert (await desk.post(path, {})).status == status

    at_desk(tmp_path, story)


def test_the_fuse_is_shown_and_reset_where_everything_is_resumed(
    tmp_path: Path,
) -> None:
    def fused(config: Config) -> Config:
        return structs.replace(config, sims=Sims(max_parts_per_hour=2))

    async def story(desk: Desk) -> None:
        breaker, now = desk.gateway.care.breaker, desk.gateway.clock.now_ms()
        assert breaker is not None
        for _ in range(2):
            assert breaker.free_at(now) == (0, "")
            breaker.record(now, TO)
        assert breaker.free_at(now)[0] > now
        ready = await desk.get("/readyz")
        assert any("max_parts_per_hour" in why for why in ready.json["reasons"])
        paused = (await act(desk, "/v1/pause")).json
        assert paused["breaker"]["used"] == 2
        assert paused["breaker"]["until"] is not None
        resumed = (await act(desk, "/v1/resume")).json
        assert resumed["breaker"] == {
            "max_parts_per_hour": 2,
            "used": 0,
            "tripped_at": None,
            "until": None,
        }
        assert breaker.free_at(now) == (0, "")

    at_desk(tmp_path, story, configure=fused)
