"""Every named statement is described, is used, and is answered from an index."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemgw.store import migrate
from modemgw.store.sql import QUERIES, Statement, every_statement, load, sql
from tests.store.factory import database

BIG = ("message", "part", "event", "delivery", "raw_tpdu", "fragment", "message_text")
STATEMENTS = every_statement()
PACKAGE = Path(migrate.__file__).parents[1]

CODE = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))

# These walk a table that grows, and may.
MAY_SCAN = {
    "outbound.newest_instant": "one row, from the end",
    "meta.newest_event": "a few rows, from the end",
}

# Partial indexes that hold only what waits: walking one is a walk along the queue.
QUEUES = {"raw_new", "part_open", "part_doubt", "batch_unexpanded", "fragment_due"}

# These may sort: people wait for them, modems do not.
MAY_SORT = {
    "batches.states": "groups the messages of one batch, for people",
    "webhooks.list": "tens of endpoints",
    "outbound.unsettled_parts": "one for each modem, once, at the start",
    "sims.by_imsi": "tens of cards",
    "wallet.totals": "the minutes of one day, for people",
    "wallet.fold": "the minutes of one day, once",
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with database(tmp_path) as connection:
        yield connection


def plan(db: sqlite3.Connection, statement: Statement) -> list[str]:
    names = dict.fromkeys(re.findall(r":(\w+)", statement.text))
    rows = db.execute(f"EXPLAIN QUERY PLAN {statement.text}", dict(names))
    return [row[3] for row in rows]


def scans(db: sqlite3.Connection, statement: Statement) -> list[str]:
    """Lines of the plan that walk a whole table that grows."""
    aliases = {
        alias
        for table, alias in re.findall(r"\b(\w+) AS (\w+)", statement.text)
        if table in BIG
    }
    found = []
    for line in plan(db, statement):
        walk = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", line)
        if walk and walk[1] in {*BIG, *aliases} and walk[2] not in QUEUES:
            found.append(line)
    return found


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)
def test_no_statement_walks_a_table_that_grows(
    statement: Statement, db: sqlite3.Connection
) -> None:
    found = scans(db, statement)
    may = statement.scan or statement.name in MAY_SCAN
    assert may or not found, f"{statement.name}: {found}"


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)
def test_no_statement_sorts(statement: Statement, db: sqlite3.Connection) -> None:
    sorts = [line for line in plan(db, statement) if "TEMP B-TREE" in line]
    assert not sorts or statement.name in MAY_SORT, f"{statement.name}: {sorts}"


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)
def test_every_statement_says_what_it_is_for(statement: Statement) -> None:
    assert statement.description.endswith("."), statement.name
    assert "?" not in re.sub(r"'[^']*'", "", statement.text), "parameters have names"


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda s: s.name)
def test_every_statement_is_used(statement: Statement) -> None:
    _file, _, short = statement.name.partition(".")
    assert f'"{statement.name}"' in CODE or f'"{short}"' in CODE, statement.name


def test_names_are_unique_within_a_file() -> None:
    for path in QUERIES.glob("*.sql"):
        names = re.findall(r"^-- name: (\w+)$", path.read_text("utf-8"), re.MULTILINE)
        assert len(names) == len(load(path.stem))


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        sql("events.nonsense")
