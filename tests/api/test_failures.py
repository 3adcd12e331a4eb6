"""When we are at fault, or nobody knows: 500 and 503, and never a traceback."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modemgw.errors import DiskFull
from modemgw.gateway.gateway import Gateway
from modemgw.store import messages as rows
from modemgw.store.reader import SlowQuery
from tests.api.desk import TO, Desk, at_desk


def test_our_mistake_is_500_with_an_id_and_without_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def boom(self: Gateway) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(Gateway, "sims", boom)

    async def story(desk: Desk) -> None:
        answer = await desk.get("/v1/sims")
        assert (answer.status, answer.problem) == (500, "internal-error")
        assert b"hunter2" not in answer.octets
        (record,) = [r for r in caplog.records if r.levelname == "ERROR"]
        assert record.__dict__["request_id"] == answer.json["request_id"]
        assert (await desk.get("/v1/webhooks")).status == 200

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        pytest.param(SlowQuery("5 s"), "query-too-slow", id="slow"),
        pytest.param(DiskFull("no room"), "store-unavailable", id="disk full"),
    ],
)
def test_a_store_that_cannot_is_503(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    problem: str,
) -> None:
    def fail(db: sqlite3.Connection, *args: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(rows, "page", fail)

    async def story(desk: Desk) -> None:
        answer = await desk.get("/v1/messages")
        assert (answer.status, answer.problem) == (503, problem)

    at_desk(tmp_path, story)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["to", "text", "sim", "a"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
_FIELDS = st.fixed_dictionaries(
    {"to": st.just(TO) | _JSON, "text": st.text(max_size=20) | _JSON},
    optional={
        name: _JSON
        for name in (
            *("class", "route", "send_at", "expires_in", "priority", "encoding"),
            *("max_segments", "flash", "on_in_doubt", "reference", "tags"),
            *("metadata", "callback_url", "data", "port", "fallback"),
        )
    },
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)
@given(bodies=st.lists(_FIELDS | _JSON, min_size=10, max_size=25))
def test_no_body_is_an_internal_error(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[object]
) -> None:
    async def story(desk: Desk) -> None:
        accepted = 0
        for body in bodies:
            answer = await desk.post("/v1/messages", body)
            assert answer.status in (202, 400, 422), answer.octets
            accepted += answer.status == 202
            if answer.status == 202:
                shown = await desk.get(f"/v1/messages/{answer.json['id']}")
                assert shown.json == answer.json
        batch = await desk.post("/v1/messages/batch", {"messages": bodies})
        assert batch.status == 202, batch.octets
        assert batch.json["accepted"] == accepted
        assert await desk.queued() == 2 * accepted

    at_desk(tmp_path_factory.mktemp("fuzz"), story)
