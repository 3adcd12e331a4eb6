"""Jobs that share a transaction run plainly at first, and singly where one fails."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.store import meta
from modemgw.store.batch import Batch, Single
from modemgw.store.connection import Connection
from modemgw.store.database import Store
from modemgw.store.gathering import Gathering
from tests.store.factory import open_store

OK, BAD = True, False


class Job:
    """Writes a key, counts an event and a delivery; counts how often it ran."""

    def __init__(self, name: str, *, fine: bool = OK) -> None:
        self.name, self.fine, self.runs = name, fine, 0

    def __call__(self, db: Connection) -> str:
        self.runs += 1
        meta.put(db, self.name, str(self.runs))
        db.kinds.append(self.name)
        db.pushed += 1
        if not self.fine:
            raise LookupError(self.name)
        return self.name


def work(
    tmp_path: Path, story: Callable[[Batch, Connection, Any], list[str]]
) -> tuple[dict[str, object], list[str], int, list[str]]:
    """Run a story in one transaction; return outcomes, kinds, pushed, statements."""

    async def whole() -> tuple[dict[str, object], list[str], int, list[str]]:
        async with open_store(tmp_path, clock=SystemClock()) as store:
            return _one_batch(store, story)

    return asyncio.run(whole())


def _one_batch(
    store: Store, story: Callable[[Batch, Connection, Any], list[str]]
) -> tuple[dict[str, object], list[str], int, list[str]]:
    db, future = store._connection, asyncio.get_running_loop().create_future
    said: list[str] = []
    db.forget()
    batch = Batch(db, store.path)
    db.set_trace_callback(said.append)
    db.execute("BEGIN IMMEDIATE")
    names = story(batch, db, future)
    db.execute("COMMIT")
    db.set_trace_callback(None)
    outcomes = {
        name: result if exc is None else type(exc)
        for name, (_, result, exc) in zip(names, batch.done, strict=True)
    }
    there = [name for name in names if meta.get(db, name) is not None]
    fine = [name for name, outcome in outcomes.items() if outcome == name]
    assert there == fine
    assert sorted(db.kinds) == sorted(fine)
    return outcomes, db.kinds, db.pushed, said


def savepoints(said: Sequence[str]) -> int:
    return sum(text.startswith("SAVEPOINT") for text in said)


def test_jobs_that_may_run_twice_share_a_transaction_as_they_are(
    tmp_path: Path,
) -> None:
    jobs = [Job(name) for name in "abc"]

    def story(batch: Batch, db: Connection, future: Any) -> list[str]:
        for job in jobs:
            batch.run(Single(job, future(), again=True))
        assert batch.wrote
        return list("abc")

    outcomes, _, pushed, said = work(tmp_path, story)
    assert outcomes == {"a": "a", "b": "b", "c": "c"}
    assert [job.runs for job in jobs] == [1, 1, 1]
    assert (pushed, savepoints(said)) == (3, 0)


@pytest.mark.parametrize("place", range(4))
def test_one_that_raises_is_undone_alone(tmp_path: Path, place: int) -> None:
    jobs = [Job(name, fine=n != place) for n, name in enumerate("abcd")]

    def story(batch: Batch, db: Connection, future: Any) -> list[str]:
        for job in jobs:
            batch.run(Single(job, future(), again=True))
        return list("abcd")

    outcomes, _, pushed, _ = work(tmp_path, story)
    bad = "abcd"[place]
    assert outcomes == {**{name: name for name in "abcd"}, bad: LookupError}
    assert pushed == 3
    assert all(job.runs <= 2 for job in jobs)


def test_what_may_run_only_once_never_runs_again(tmp_path: Path) -> None:
    once, before, after = Job("once"), Job("before"), Job("after", fine=BAD)

    def story(batch: Batch, db: Connection, future: Any) -> list[str]:
        batch.run(Single(before, future(), again=True))
        batch.run(Single(once, future()))
        batch.run(Single(after, future(), again=True))
        return ["before", "once", "after"]

    outcomes, _, pushed, said = work(tmp_path, story)
    assert outcomes == {"before": "before", "once": "once", "after": LookupError}
    assert (once.runs, before.runs, after.runs, pushed) == (1, 1, 1, 2)
    assert savepoints(said) == 2


@pytest.mark.parametrize("first", [True, False], ids=["alone", "behind-a-job"])
def test_of_a_crowd_the_one_that_fails_fails_alone(tmp_path: Path, first: bool) -> None:
    def put(db: Connection, names: list[str]) -> list[str]:
        for name in names:
            Job(name, fine=name != "c")(db)
        return names

    def story(batch: Batch, db: Connection, future: Any) -> list[str]:
        if not first:
            batch.run(Single(Job("a"), future(), again=True))
        crowd: Gathering[Connection] = Gathering(put)
        for name in "bcd":
            crowd.add(name, future())
        batch.run(crowd)
        batch.run(crowd)  # there is nothing left in it
        batch.run(Single(Job("e"), future(), again=True))
        return [*("" if first else "a"), *"bcde"]

    outcomes, _, _, _ = work(tmp_path, story)
    assert outcomes["c"] is LookupError
    assert {name: outcomes[name] for name in "bde"} == {"b": "b", "d": "d", "e": "e"}
