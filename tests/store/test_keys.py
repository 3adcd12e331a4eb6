"""API keys and the answers kept under their idempotency keys."""

import base64
import re
import sqlite3
from pathlib import Path

import pytest

from modemgw.store import idempotency, keys
from tests.store.factory import NOW, database

DAY = 24 * 3_600_000


def test_a_key_is_shown_once_and_opens_its_row(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        row, plain = keys.create(db, "shop", ["messages:send", "messages:send"], NOW)
        assert re.fullmatch(r"mgw_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}", plain)
        parsed = keys.parse(plain)
        assert parsed is not None
        public_id, secret = parsed
        found = keys.find(db, public_id)
        assert found == row == keys.get(db, row.id)
        assert found.opens(secret, NOW)
        assert not found.opens(secret + "x", NOW)
        assert found.scopes == ("messages:send",)
        assert len(base64.b64decode(found.webhook_secret.removeprefix("whsec_"))) == 32
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert secret.encode() not in stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mgw",
        "mgw_",
        "mgw_12345678",
        "mgw_12345678_",
        "mgw_1234567_x",
        "abc_12345678_x",
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert keys.parse(text) is None


def test_a_revoked_key_opens_nothing(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        row, plain = keys.create(db, "shop", ["admin"], NOW)
        assert keys.revoke(db, row.public_id, NOW + 1)
        assert not keys.revoke(db, row.public_id, NOW + 2)
        assert not keys.revoke(db, "nonsense", NOW)
        found = keys.find(db, row.public_id)
        assert found is not None
        assert found.revoked_at == NOW + 1
        assert not found.opens(plain.rpartition("_")[2], NOW)
        assert [key.name for key in keys.list_keys(db)] == ["shop"]
        assert keys.find(db, "nonsense") is None
        assert keys.get(db, 99) is None


def test_last_used_is_written_once_a_minute(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        row, _ = keys.create(db, "shop", [], NOW)
        for at, expected in [(0, 0), (59_999, 0), (60_000, 60_000)]:
            keys.touch(db, row.id, NOW + at)
            found = keys.get(db, row.id)
            assert found is not None
            assert found.last_used_at == NOW + expected


def put(db: sqlite3.Connection, key_id: int | None, body: bytes, now: int) -> bool:
    kept = idempotency.Kept(key_id or 0, "k", b"h", None, None, body, now)
    return idempotency.put_all(db, [kept])


def test_an_answer_counts_for_a_day_and_per_key(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        assert put(db, None, b"admin", NOW)
        assert put(db, 7, b"first", NOW)
        assert not put(db, 7, b"second", NOW + DAY - 1)
        kept = idempotency.get(db, 7, "k", NOW + DAY - 1)
        assert kept == idempotency.StoredAnswer(b"h", None, None, b"first", NOW)
        assert idempotency.get(db, 8, "k", NOW) is None
        assert idempotency.get(db, 7, "other", NOW) is None
        assert idempotency.get(db, 7, "k", NOW + DAY) is None
        assert put(db, 7, b"third", NOW + DAY)
        assert idempotency.purge(db, NOW + DAY) == 1
        assert idempotency.get(db, None, "k", NOW) is None
        assert idempotency.get(db, 7, "k", NOW + DAY) is not None


def test_purging_goes_in_steps(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        for key_id in range(1, 6):
            put(db, key_id, b"x", NOW)
        counts = [idempotency.purge(db, NOW + DAY, limit=2) for _ in range(4)]
        assert counts == [2, 2, 1, 0]


def kept(n: int, at: int) -> idempotency.Kept:
    return idempotency.Kept(1, f"k{n}", b"h", n, None, None, at)


def test_many_answers_are_kept_at_once_or_said_to_clash(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        assert idempotency.put_all(db, [kept(n, NOW) for n in range(7)])
        assert not idempotency.put_all(db, [kept(n, NOW) for n in (8, 3)])
        # By itself each finds out whether the other counts.
        assert not idempotency.put_all(db, [kept(3, NOW + DAY - 1)])
        assert idempotency.put_all(db, [kept(3, NOW + DAY)])
        assert [
            found.message_id
            for n in range(9)
            if (found := idempotency.get(db, 1, f"k{n}", NOW)) is not None
        ] == [0, 1, 2, 3, 4, 5, 6, 8]
        found = idempotency.get(db, 1, "k3", NOW + DAY)
        assert found == idempotency.StoredAnswer(b"h", 3, None, None, NOW + DAY)


def test_answers_of_a_clock_that_was_fast_do_not_stop_the_purge(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        idempotency.put_all(db, [kept(n, NOW + 400 * DAY) for n in range(3)])
        idempotency.put_all(db, [kept(n, NOW) for n in range(3, 8)])
        counts = [idempotency.purge(db, NOW + DAY, limit=2) for _ in range(5)]
        assert counts == [2, 2, 2, 2, 0]
