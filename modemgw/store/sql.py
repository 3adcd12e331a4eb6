"""Named SQL statements, read from queries/*.sql.

A file holds statements like this one; its name is `<file>.<name>`:

    -- name: insert
    -- One sentence that says what it is for.
    -- scan: why this one may read a whole table (only maintenance may)
    INSERT INTO …

`-- fragment: filters` names text that a line `-- use: filters` in a statement of
the same file stands for, so that variants which differ in their driving index
share the rest. Nothing else is ever put into a statement: values are bound by
name, or by place where it is run for every message.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

QUERIES = Path(__file__).parent / "queries"
AT_ONCE = 64  # rows per INSERT; only powers of two, so that each stays prepared

_HEAD = re.compile(r"^-- (name|fragment): (\w+)$", re.MULTILINE)
_USE = re.compile(r"^ *-- use: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r":\w+")
_COMMENT = re.compile(r"^ *--(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One named statement; `scan` says why it may read a whole table, or is ''."""

    name: str
    description: str
    scan: str
    text: str


@cache
def sql(name: str) -> str:
    """Return the statement `file.name`, ready to be executed.

    Raises KeyError for a name that no file has.
    """
    file, _, short = name.partition(".")
    return load(file)[short].text


def sql_placed(name: str, *places: str) -> str:
    """Return the statement `file.name` with its values bound by these places.

    For what runs for every message: with names, sqlite3 looks each of them up.
    Raises ValueError where the statement has other names.
    """
    text = sql(name)
    found = {parameter[1:] for parameter in _PARAMETER.findall(text)}
    if found != set(places):
        raise ValueError(f"{name} has {sorted(found)}, not {sorted(places)}")
    return _PARAMETER.sub(lambda one: f"?{places.index(one[0][1:]) + 1}", text)


@cache
def sql_rows(name: str, count: int) -> str:
    """Return the INSERT `file.name` for `count` rows at once.

    Its values are bound by place, as the statement names them, row after row.
    """
    head, row = _halves(name)
    row = _PARAMETER.sub("?", row)
    return f"{head}VALUES " + ", ".join([row] * count)


def in_rows(
    name: str, rows: Sequence[tuple[object, ...]]
) -> Iterator[tuple[str, tuple[object, ...], int]]:
    """Yield the INSERT `file.name` for as many of the rows as one statement takes.

    With each come its values, and how many rows they are.
    """
    done, left = 0, len(rows)
    while left:
        count = min(AT_ONCE, 1 << left.bit_length() - 1)
        yield (
            sql_rows(name, count),
            tuple(chain.from_iterable(rows[done : done + count])),
            count,
        )
        done += count
        left -= count


def _halves(name: str) -> tuple[str, str]:
    head, _, row = sql(name).rpartition("VALUES")
    return head, row.strip().removesuffix(";")


def row_id(cursor: sqlite3.Cursor) -> int:
    """Return the id of the row that an INSERT just made."""
    return cursor.lastrowid or 0  # 0 is no row: sqlite3 types it as optional


@cache
def load(file: str) -> dict[str, Statement]:
    """Return the statements of queries/`file`.sql by their short names."""
    pieces = _HEAD.split((QUERIES / f"{file}.sql").read_text("utf-8"))[1:]
    kinds, names, bodies = pieces[::3], pieces[1::3], pieces[2::3]
    fragments = {
        name: body.strip()
        for kind, name, body in zip(kinds, names, bodies, strict=True)
        if kind == "fragment"
    }
    return {
        name: _statement(f"{file}.{name}", body, fragments)
        for kind, name, body in zip(kinds, names, bodies, strict=True)
        if kind == "name"
    }


def every_statement() -> list[Statement]:
    """Return all statements of all files; for the tests that judge them."""
    files = sorted(path.stem for path in QUERIES.glob("*.sql"))
    return [statement for file in files for statement in load(file).values()]


def _statement(name: str, body: str, fragments: dict[str, str]) -> Statement:
    body = _USE.sub(lambda use: fragments[use[1]], body)
    comments = [line.strip() for line in _COMMENT.findall(body)]
    scans = [line for line in comments if line.startswith("scan:")]
    return Statement(
        name=name,
        description=" ".join(line for line in comments if line not in scans),
        scan=" ".join(line.removeprefix("scan:").strip() for line in scans),
        text=_COMMENT.sub("", body).strip(),
    )
