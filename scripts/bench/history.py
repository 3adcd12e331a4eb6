"""Fills the database of a stopped daemon with years of messages, for the benchmarks.

Nine of ten have their delivery report; one of ten waits, half of these for a SIM
that is away and half for a day to come, so that the modem at hand stays idle.
"""

import sqlite3
import time
from pathlib import Path

AWAY = "away"  # the SIM that waiting messages ask for
YEAR_MS = 366 * 86_400_000
EVENTS = ("message.queued", "part.submitting", "part.accepted", "message.delivered")

# i runs from 1 to :count; every tenth waits, by turns for a SIM and for a time.
_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count),"
    " m AS (SELECT i + :before AS id, i % 10 = 0 AS waits, i % 20 = 0 AS comes,"
    " :began + i * :step AS at FROM n) "
)
_STATEMENTS = (
    "INSERT INTO message (id, public_id, direction, state, sequence, peer, sim_id,"
    " class, priority, encoding, segments, attempts, reference, options, created_at,"
    " not_before, expires_at, sent_at, final_at) SELECT id, printf('msg_%026d', id),"
    " 'outbound', CASE WHEN comes THEN 'scheduled' WHEN waits THEN 'queued'"
    " ELSE 'delivered' END, 4, printf('+49151%08d', id * 7919 % 100000000),"
    " iif(waits, NULL, 1), 'transactional', 1, 'gsm7', 1, 1, printf('order-%d', id),"
    " iif(waits AND NOT comes, json_object('sim', :away), '{}'), at,"
    " iif(comes, :now + :year, at), iif(waits, :now + 2 * :year, at + 86400000),"
    " iif(waits, NULL, at + 900), iif(waits, NULL, at + 4000) FROM m",
    "INSERT INTO message_text (message_id, text) SELECT id, printf('Your order %d is on"
    " its way and will be with you tomorrow between nine and noon.', id) FROM m",
    "INSERT INTO part (message_id, seq, state, attempts, not_before, priority, route,"
    " sim_id, modem, tp_mr, submitting_at, accepted_at, final_at, tp_status)"
    " SELECT id, 1, iif(waits, 'queued', 'delivered'), NOT waits,"
    " iif(comes, :now + :year, at), 1, iif(waits AND NOT comes, 'sim:' || :away, ''),"
    " iif(waits, NULL, 1), iif(waits, NULL, 'modem0'), iif(waits, NULL, id % 256),"
    " iif(waits, NULL, at + 100), iif(waits, NULL, at + 900),"
    " iif(waits, NULL, at + 4000), iif(waits, NULL, 0) FROM m",
    "INSERT INTO event (public_id, type, at, message_id, part_seq, data)"
    " SELECT iif(e.value GLOB 'message.*', printf('evt_%s_%d', e.key, m.id), NULL),"
    " e.value, at + e.key * 900, m.id, iif(e.value GLOB 'part.*', 1, NULL),"
    " json_object('sim', 'sim0', 'modem', 'modem0', 'sequence', e.key, 'text',"
    " 'as long as what is told of a step usually is, with what went over the wire')"
    " FROM m, json_each(:events) AS e WHERE e.key = 0 OR NOT waits",
)


def fill(database: Path, count: int) -> float:
    """Add so many messages; return the seconds it took."""
    began = time.perf_counter()
    now = int(time.time() * 1000)
    db = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode=DELETE", "synchronous=OFF", "cache_size=-200000"):
        db.execute(f"PRAGMA {pragma}")
    (before,) = db.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()
    values = {
        "count": count,
        "before": before,
        "began": now - YEAR_MS,
        "step": YEAR_MS // max(1, count + 1),
        "now": now,
        "year": YEAR_MS,
        "away": AWAY,
        "events": '["' + '","'.join(EVENTS) + '"]',
    }
    db.execute("BEGIN")
    for statement in _STATEMENTS:
        named = {
            name: values[name] for name in values if f":{name}" in _NUMBERS + statement
        }
        into, _, select = statement.partition(" SELECT ")
        db.execute(f"{into} {_NUMBERS}SELECT {select}", named)
    db.execute("COMMIT")
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    return time.perf_counter() - began
