"""Webhooks of Alertmanager and Grafana: who is texted what, once, and the answers."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modemgw.config.alerts import AlertRoute
from modemgw.config.model import Config
from modemgw.errors import DiskFull
from tests.api.desk import TO, Answer, Desk, at_desk

OTHER = "+4915187654321"
HOOK = "/hooks/alertmanager"
ROUTES = (
    AlertRoute(name="default", to=(TO,)),
    AlertRoute(name="both", to=(TO, OTHER), resolved=False),
    AlertRoute(name="own", to=(TO,), text="{label.team} {severity}", max_segments=2),
    AlertRoute(name="nobody"),
)


def with_routes(config: Config) -> Config:
    http = msgspec.structs.replace(config.http, surfaces=("native", "alertmanager"))
    return msgspec.structs.replace(config, http=http, alerts=ROUTES)


def alert(name: str = "pi3:9100", **more: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "DiskFull", "instance": name},
        "annotations": {"summary": "3 % free"},
        "startsAt": "2026-11-22T10:00:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": name,
        **more,
    }


def group(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What Alertmanager 0.25 posts."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "sms",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts or (alert(),)),
        **more,
    }


def over(*alerts: dict[str, Any]) -> dict[str, Any]:
    found = alerts or (alert(),)
    return group(*({**one, "status": "resolved"} for one in found), status="resolved")


def story_of(tell: Callable[[Desk], Any], tmp_path: Path, **options: Any) -> None:
    at_desk(tmp_path, tell, configure=with_routes, **options)


async def texts(desk: Desk) -> list[str]:
    """What was texted, oldest first."""
    answer = await desk.get("/v1/messages?limit=100", admin=True)
    return [one["text"] for one in reversed(answer.json["data"])]


def test_one_text_for_firing_and_one_for_resolved(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(HOOK, group())
        assert (answer.status, answer.octets) == (200, b"{}")
        assert answer.headers["X-Modemgw-Messages"].startswith("msg_")
        assert (await desk.post(HOOK, over())).status == 200
        assert await texts(desk) == [
            "FIRING 1: DiskFull pi3 - 3 % free",
            "RESOLVED 1: DiskFull pi3 - 3 % free",
        ]
        found = (await desk.get("/v1/messages")).json["data"][0]
        assert found["class"] == "alert"
        assert found["reference"] == "DiskFull"
        assert found["metadata"] == {"surface": "alertmanager", "status": "resolved"}

    story_of(story, tmp_path)


def test_what_did_not_change_is_not_texted_again(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async def count(posted: dict[str, Any], path: str = HOOK) -> int:
            before = await desk.queued()
            assert (await desk.post(path, posted)).status == 200
            return await desk.queued() - before

        assert await count(group()) == 1
        assert await count(group()) == 0
        assert await count(group(receiver="other", externalURL="http://twin")) == 0
        assert await count(group(alert(), alert("db1"))) == 1
        assert await count(group(alert("db1"), alert())) == 0  # in another order
        assert await count(group(alert(startsAt="2026-11-22T11:00:00Z"))) == 1
        assert await count(group(groupKey="another")) == 1
        assert await count(over()) == 1
        assert await count(over()) == 0
        assert await count(group(), f"{HOOK}?to={OTHER}") == 1
        assert await count(group(), f"{HOOK}/both") == 2
        assert await count(over(), f"{HOOK}/both") == 0  # the route wants none
        unnamed = alert(fingerprint="", labels={"alertname": "x"})
        assert await count(group(unnamed)) == 1
        assert await count(group(unnamed)) == 0

    story_of(story, tmp_path)


@pytest.mark.parametrize("start_s", [0, 1799])
def test_the_interval_begins_with_the_text(tmp_path: Path, start_s: int) -> None:
    """An hour after the text it goes out again, wherever the clock's hours begin."""

    async def story(desk: Desk) -> None:
        clock = desk.gateway.clock
        base = clock.now_ms() // 3_600_000 * 3_600_000 + start_s * 1000
        now = base

        def now_ms() -> int:
            return now

        clock.on_jump = None  # it is not one: time passes
        clock.beneath.now_ms = now_ms  # type: ignore[method-assign]
        counts = []
        for after_s in (0, 1, 1800, 3599, 3601, 3700, 7202):
            now = base + after_s * 1000
            assert (await desk.post(HOOK, group())).status == 200
            counts.append(await desk.queued())
        assert counts[:4] == [1, 1, 1, 1]
        assert counts[4:] == [2, 2, 3]

    story_of(story, tmp_path)


def test_grafana_and_basic_auth(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        posted = group(
            alert(annotations={}, values={"B": 22.1}, silenceURL="http://g"),
            orgId=1,
            title="[FIRING:1] DiskFull",
            state="alerting",
            message="**Firing** 🔥 disk \u2013 full",
        )
        login = base64.b64encode(f"grafana:{desk.key}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"}
        answer = await desk.post("/hooks/grafana/default", posted, headers=headers)
        assert answer.status == 200
        assert await texts(desk) == ["FIRING 1: DiskFull pi3 - **Firing** disk - full"]

    story_of(story, tmp_path)


def test_a_template_of_the_route(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        labels = {"team": "infra {status}", "severity": "critical"}
        await desk.post(f"{HOOK}/own", group(commonLabels=labels))
        assert await texts(desk) == ["infra {status} critical"]

    story_of(story, tmp_path)


BAD: dict[str, tuple[object, int]] = {
    "no JSON": (b"{", 400),
    "nothing": (b"", 400),
    "a list": ([], 422),
    "no alerts": ({}, 422),
    "alerts empty": ({"alerts": []}, 422),
    "alerts an object": ({"alerts": {}}, 422),
    "an alert a text": ({"alerts": ["x"]}, 422),
    "labels a list": ({"alerts": [{"labels": []}]}, 422),
    "a label a number": ({"alerts": [{"labels": {"a": 1}}]}, 422),
    "a label an object": ({"alerts": [{"labels": {"a": {}}}]}, 422),
    "truncated -1": ({"alerts": [{}], "truncatedAlerts": -1}, 422),
    "truncated in words": ({"alerts": [{}], "truncatedAlerts": "many"}, 422),
    "a million": (b'{"alerts":[' + b"{}," * 100_000 + b"{}]}", 422),
    "too large": (b'{"x":"' + b"x" * 1_100_000, 413),
    "very deep": (b'{"a":' + b"[" * 100_000, 400),
}


def test_what_is_wrong_is_not_repeated(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for name, (posted, status) in sorted(BAD.items()):
            answer = await desk.post(HOOK, posted)
            assert answer.status == status, (name, answer.octets)
            assert answer.problem
        for path, status in (
            (f"{HOOK}/nobody", 422),
            (f"{HOOK}/none", 404),
            (f"{HOOK}?to=nobody", 422),
            (f"{HOOK}?from={TO}", 422),
            (f"{HOOK}?to=" + ",".join(f"+4915{n:09}" for n in range(51)), 422),
        ):
            answer = await desk.post(path, group())
            assert answer.status == status, (path, answer.octets)
        assert (await desk.post(HOOK, group(), key="mgw_nobody00_x")).status == 401
        nobody = await desk.post(HOOK, group(), headers={"Authorization": "Digest x"})
        assert nobody.status == 401
        reader = await desk.new_key("messages:read")
        assert (await desk.post(HOOK, group(), key=reader)).status == 403
        assert await desk.queued() == 0

    story_of(story, tmp_path)


def test_odd_texts_are_made_fit(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        odd = alert(labels={"instance": "a\x00b\r\n\x1b[31m", "alertname": "x" * 5000})
        assert (await desk.post(HOOK, group(odd, commonLabels={}))).status == 200
        empty: dict[str, Any] = {}
        assert (await desk.post(HOOK, {"alerts": [empty]})).status == 200
        cyrillic = group(alert("c", annotations={"summary": "Диск полон " * 50}))
        assert (await desk.post(HOOK, cyrillic)).status == 200
        found = (await desk.get("/v1/messages")).json["data"]
        assert [one["segments"] for one in found] == [1, 1, 1]
        assert found[1]["text"] == "FIRING 1"
        assert found[0]["text"].endswith("...")
        assert found[0]["encoding"] == "ucs2"
        assert "\x1b" not in found[2]["text"]

    story_of(story, tmp_path)


async def repeated(desk: Desk, path: str = HOOK, **options: Any) -> Answer:
    """Post a group; it is one that the sender shall post again."""
    answer = await desk.post(path, group(), **options)
    assert answer.status == 503, answer.octets
    assert int(answer.headers["Retry-After"]) > 0
    return answer


def test_what_passes_is_repeated_and_texted_once(tmp_path: Path) -> None:
    """A quota that is used up, a full queue, a full disk: 503, and later 200."""

    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/keys",
            {"name": "q", "scopes": ["messages:send"], "limits": ["1/day"]},
            admin=True,
        )
        key = made.json["key"]
        answer = await repeated(desk, f"{HOOK}/both", key=key)
        assert answer.problem == "not-ready"
        assert await desk.queued() == 1  # one of the two fitted
        await desk.ask(
            "PATCH", f"/v1/keys/{key.split('_')[1]}", {"limits": []}, admin=True
        )
        assert (await desk.post(f"{HOOK}/both", group(), key=key)).status == 200
        assert await desk.queued() == 2
        found = (await desk.get("/v1/messages")).json["data"]
        assert {one["to"] for one in found} == {TO, OTHER}

    story_of(story, tmp_path)


def test_a_full_queue_and_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.post("/v1/messages", {"to": TO, "text": "x"})).status == 202
        await repeated(desk)
        monkeypatch.setattr(desk.gateway.intake, "queue_max", 10)

        async def fail(*_: object, **__: object) -> None:
            raise DiskFull("no room")

        with monkeypatch.context() as patch:
            patch.setattr(desk.gateway.store, "gather", fail)
            await repeated(desk)
        assert (await desk.post(HOOK, group())).status == 200
        assert await desk.queued() == 2

    story_of(story, tmp_path, queue_max=1)


def test_a_number_that_the_key_may_not_text_stops_no_other(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/keys",
            {"name": "d", "scopes": ["messages:send"], "destinations": [TO]},
            admin=True,
        )
        answer = await desk.post(f"{HOOK}/both", group(), key=made.json["key"])
        assert (answer.status, answer.problem) == (403, "key-restricted")
        assert await desk.queued() == 1

    story_of(story, tmp_path)
