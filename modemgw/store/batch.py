"""Jobs that share a transaction: one that raises spoils nobody else's."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from modemgw.errors import Corrupt
from modemgw.store.connection import Connection
from modemgw.store.faults import translate
from modemgw.store.gathering import Gathering, single

Job = Callable[[Connection], Any]
Outcome = tuple["asyncio.Future[Any]", Any, Exception | None]


class Single(NamedTuple):
    """One job. `again`: it may run twice, for it does nothing but what it writes."""

    job: Job
    future: "asyncio.Future[Any]"
    again: bool = False


Entry = Single | Gathering[Connection]


class _Unit(NamedTuple):
    """What runs at once: one job, or all that gathered for one function."""

    job: Job
    futures: "list[asyncio.Future[Any]]"
    again: bool
    each: Sequence[Job] | None = None  # what gathered, one by one


class Batch:
    """The jobs of one transaction, which its owner begins and commits.

    `done` has what became of each; `gathered` the futures of what was taken from
    gatherings. `wrote`: a job changed a row. `refused`: the disk said no to one.
    """

    def __init__(self, db: Connection, path: Path) -> None:
        self.done: list[Outcome] = []
        self.gathered: list[asyncio.Future[Any]] = []
        self.wrote = False
        self.refused = False
        self.damage: Corrupt | None = None
        self._db = db
        self._path = path
        self._plain: list[_Unit] | None = []  # what ran without a savepoint

    def run(self, entry: Entry) -> None:
        """Run a job, or what has gathered, without a savepoint where that will do.

        A savepoint costs two statements and a copy of each page that is changed. So
        jobs that may run twice go without, as long as nothing else is in the
        transaction; where one raises, all is undone and runs again, each by itself.

        Raises where SQLite gave up the whole transaction.
        """
        if isinstance(entry, Gathering):
            unit = _gathered(entry)
            if not unit.futures:
                return
            self.gathered += unit.futures
        else:
            unit = _Unit(entry.job, [entry.future], entry.again)
        if self._plain is None or not unit.again:
            self._plain = None
            self._run_alone(unit)
            return
        if not self.done:  # what is alone can be undone as it is
            self._run_alone(unit)
            is_fine = all(exc is None for _, _, exc in self.done)
            self._plain = [unit] if is_fine else None
            return
        db = self._db
        changes = db.total_changes
        try:
            result = unit.job(db)
        except Exception:
            if not db.in_transaction:
                raise
            units, self._plain = [*self._plain, unit], None
            self._begin_anew()
            for one in units:
                self._run_alone(one)
            return
        self._plain.append(unit)
        self.wrote |= db.total_changes != changes
        if unit.each is None:
            self.done.append((unit.futures[0], result, None))
        else:
            self._note_all(unit, result)

    def _begin_anew(self) -> None:
        db = self._db
        db.execute("ROLLBACK")
        db.execute("BEGIN IMMEDIATE")
        db.forget()
        self.done.clear()

    def _note_all(self, unit: _Unit, results: Sequence[Any]) -> None:
        for future, result in zip(unit.futures, results, strict=True):
            self.done.append((future, result, None))

    def _run_alone(self, unit: _Unit) -> None:
        """Run a unit so that it can be undone; what gathered, singly where it fails."""
        first = unit.futures[0]
        _, result, exc = self._attempt(unit.job, first)
        if unit.each is None:
            self.done.append((first, result, exc))
        elif exc is None:
            self._note_all(unit, result)
        elif len(unit.each) == 1:
            self.done.append((first, None, exc))
        else:
            for future, job in zip(unit.futures, unit.each, strict=True):
                self.done.append(self._attempt(job, future))

    def _attempt(self, job: Job, future: "asyncio.Future[Any]") -> Outcome:
        """Run one job, and undo it where it raises.

        Where the transaction holds nothing else it is begun anew then and needs no
        savepoint.
        """
        db, alone = self._db, not self.done
        pushed, changes = db.pushed, db.total_changes
        kinds, notes = len(db.kinds), len(db.notes)
        if not alone:
            db.execute("SAVEPOINT job")
        try:
            result = job(db)
        except Exception as exc:
            if not db.in_transaction:
                raise  # SQLite gave up the whole transaction: so must the batch
            if alone:
                db.execute("ROLLBACK")
                db.execute("BEGIN IMMEDIATE")
            else:
                db.execute("ROLLBACK TO job")
                db.execute("RELEASE job")
            db.pushed = pushed
            db.wanted.clear()
            del db.kinds[kinds:], db.notes[notes:]
            error = translate(exc, self._path)
            if error is not exc:
                self.refused = True
                if isinstance(error, Corrupt):
                    self.damage = error
                error.__cause__ = exc
            return future, None, error
        if not alone:
            db.execute("RELEASE job")
        self.wrote |= db.total_changes != changes
        return future, result, None


def _gathered(entry: Gathering[Connection]) -> _Unit:
    run, taken = entry.run, entry.take()
    items = [item for item, _ in taken]
    each = [partial(single, run, item) for item in items]
    return _Unit(lambda db: run(db, items), [future for _, future in taken], True, each)


def ran(entries: Sequence[Entry]) -> list[Callable[..., Any]]:
    """Return what ran for these entries of the writer's queue."""
    return [one.run if isinstance(one, Gathering) else one.job for one in entries]
