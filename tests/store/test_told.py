"""What an event tells of its message, which SQL puts together."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modemgw.policy.message import PartState
from modemgw.store.sql import sql, sql_placed
from tests.store.factory import NOW, database
from tests.store.test_outbound import REASON, World


def told(world: World) -> dict[str, object]:
    row = world.db.execute(
        "SELECT data FROM event WHERE type LIKE 'message.%' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    data: dict[str, object] = json.loads(row[0])
    return data


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))),
    st.integers(-5, 10**9),
)
def test_a_reference_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, reference: str | None, later: int
) -> None:
    with database(tmp_path_factory.mktemp("db")) as db:
        world = World(db, reference=reference)
        world.begin()
        world.now = NOW + later
        world.accept()
        assert told(world) == {
            "id": world.new.public_id,
            "state": "sent",
            "sequence": 3,
            "to": "+4915112345678",
            "reference": reference,
            "sim": world.sim.name,
            "segments": 1,
            "latency_ms": max(0, later),
        }


def test_a_reason_is_told_with_it(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db, reference='"ü\n')
        world.begin()
        world.accept()
        world.report(PartState.UNDELIVERED, tp_status=0x41)
        assert told(world)["reason"] == {**REASON, "raw": 0x41}
        assert told(world)["reference"] == '"ü\n'


def test_places_are_those_of_the_statement() -> None:
    text = sql_placed("outbound.begin_message", "message_id", "sim_id")
    assert "id = ?1" in text
    assert "sim_id = ?2" in text
    assert sql("outbound.begin_message").count(":") == text.count("?")
    with pytest.raises(ValueError, match=r"begin_message has \['message_id', 'sim_id'"):
        sql_placed("outbound.begin_message", "message_id")
