"""SIMs, modems, keys and probes over HTTP."""

from pathlib import Path

import pytest

from modemgw import __version__
from modemgw.gateway import resources
from modemgw.gateway.model import PaceWindow, SimView
from modemgw.modem.model import ModemSnapshot, Phase
from tests.api.desk import Desk, at_desk


def test_an_empty_pool_is_two_empty_lists(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get("/v1/sims")).json == {"data": []}
        assert (await desk.get("/v1/modems")).json == {"data": []}
        assert (await desk.get("/v1/sims/red")).problem == "not-found"
        assert (await desk.get("/v1/modems/front")).problem == "not-found"

    at_desk(tmp_path, story)


def test_a_sim_is_shown_with_its_pace() -> None:
    shown = resources.sim(
        SimView(
            name="red",
            iccid="8949",
            imsi=None,
            number="+4915112345678",
            smsc=None,
            modem="front",
            state="paced",
            why="10 in 60 s are used up",
            registration="home",
            operator="Telekom",
            signal_dbm=-71,
            reports=True,
            pace=(PaceWindow(10, 60, 10),),
            next_at=1_795_341_600_000,
            first_seen_at=1_795_341_600_001,
            last_seen_at=None,
        )
    )
    assert (shown.id, shown.name) == ("red", "red")
    assert shown.pace == [resources.Pace(10, 60, 10)]
    assert shown.next_at == "2026-11-22T10:00:00Z"
    assert shown.first_seen_at == "2026-11-22T10:00:00.001Z"


def test_a_modem_is_shown_with_its_sim() -> None:
    shown = resources.modem(
        ModemSnapshot(
            name="front",
            port="/dev/ttyUSB2",
            phase=Phase.PARKED,
            why="the SIM wants a PIN",
            imei="352099001761481",
            manufacturer="Huawei",
            model="E3372",
            revision="22.1",
            profile="huawei",
            sim=None,
            registration=None,
            operator=None,
            signal_dbm=None,
            busy=False,
            since_ms=1_795_341_600_000,
            faults=3,
            cnmi="2,1,0,1,0",
            storages="SM",
            sendable=False,
        ),
        "red",
    )
    assert (shown.id, shown.sim, shown.phase) == ("front", "red", Phase.PARKED.value)
    assert shown.since == "2026-11-22T10:00:00Z"


def test_probes_need_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        alive = await desk.get("/healthz", headers={"Authorization": "nonsense"})
        assert alive.json["clock"] == "ok"
        with monkeypatch.context() as past:
            past.setattr(desk.gateway, "clock_is_sane", lambda: False)
            behind = await desk.get("/healthz")
        assert (behind.status, behind.json["clock"]) == (200, "behind")
        assert alive.status == 200
        assert (alive.json["status"], alive.json["version"]) == ("ok", __version__)
        ready = await desk.get("/readyz", headers={"Authorization": "nonsense"})
        assert (ready.status, ready.problem) == (503, "not-ready")
        assert ready.json["ready"] is False
        assert ready.json["reasons"] == ["no modem is configured"]

    at_desk(tmp_path, story)


def test_head_is_answered_like_get(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.ask("HEAD", "/v1/messages")
        assert (answer.status, answer.octets) == (200, b"")

    at_desk(tmp_path, story)


def test_a_key_does_what_its_scopes_say(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/keys", {"name": "shop", "scopes": ["sims:read"]}, admin=True
        )
        assert made.status == 201
        assert made.json["key"].startswith(f"mgw_{made.json['id']}_")
        assert made.json["webhook_secret"].startswith("whsec_")
        key = made.json["key"]
        assert (await desk.get("/v1/sims", key=key)).status == 200
        assert (await desk.get("/v1/modems", key=key)).status == 403
        assert (await desk.post("/v1/keys", {}, key=key)).status == 403
        listed = (await desk.get("/v1/keys", admin=True)).json["data"]
        (shown,) = [one for one in listed if one["name"] == "shop"]
        assert shown["scopes"] == ["sims:read"]
        assert shown["last_used_at"] is not None
        secret = key.rpartition("_")[2]
        assert secret not in str(listed)

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({"name": "", "scopes": ["admin"]}, "/name", id="empty name"),
        pytest.param({"name": "a\nb", "scopes": ["admin"]}, "/name", id="line break"),
        pytest.param({"name": "a", "scopes": []}, "/scopes", id="no scope"),
        pytest.param({"name": "a", "scopes": ["root"]}, "/scopes/0", id="no such"),
        pytest.param({"name": "a", "scopes": "admin"}, "/scopes", id="no list"),
        pytest.param({"scopes": ["admin"]}, "/name", id="no name"),
    ],
)
def test_a_wrong_key_request_is_named(
    tmp_path: Path, body: dict[str, object], pointer: str
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post("/v1/keys", body, admin=True)
        assert (answer.status, answer.pointers) == (422, [pointer])

    at_desk(tmp_path, story)
