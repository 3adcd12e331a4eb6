"""Jobs that share a transaction: one that raises spoils nobody else's."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from modemgw.errors import Corrupt
from modemgw.store.connection import BUSY_S, Connection, begin
from modemgw.store.faults import translate
from modemgw.store.gathering import Gathering, single

Job = Callable[[Connection], Any]
Outcome = tuple["asyncio.Future[Any]", Any, Exception | None]


class Single(NamedTuple):
    """One job. `again`: it may run twice, for it does nothing but what it writes."""

    job: Job
    future: "asyncio.Future[Any]"
    again: bool = False


class _Crowd(NamedTuple):
    """What gathered for one function; it may run twice."""

    run: Callable[[Connection, list[Any]], Sequence[Any]]
    items: list[Any]
    futures: "list[asyncio.Future[Any]]"

    def singles(self) -> list[Single]:
        """Return a job for each."""
        jobs = [partial(single, self.run, item) for item in self.items]
        return [Single(*one, True) for one in zip(jobs, self.futures, strict=True)]


Entry = Single | Gathering[Connection]


class Batch:
    """The jobs of one transaction, which its owner begins and commits.

    `done` has what became of each; `gathered` the futures of what was taken from
    gatherings. `refused`: the disk said no to one. `patience_s`: how long another
    program that writes is waited for where the transaction is begun anew.
    """

    def __init__(self, db: Connection, path: Path, patience_s: float = BUSY_S) -> None:
        self.done: list[Outcome] = []
        self.gathered: list[asyncio.Future[Any]] = []
        self.refused = False
        self.damage: Corrupt | None = None
        self._db = db
        self._path = path
        self._patience_s = patience_s
        self._plain: list[Single | _Crowd] | None = []  # what ran without a savepoint
        self._changes = db.total_changes
        self._wrote = False  # a job that ran alone changed a row

    @property
    def wrote(self) -> bool:
        """Whether a job changed a row."""
        if self._plain is None:
            return self._wrote
        return self._db.total_changes != self._changes

    def run(self, entry: Entry) -> None:
        """Run a job, or what has gathered, without a savepoint where that will do.

        A savepoint costs two statements and a copy of each page that is changed. So
        jobs that may run twice go without, as long as nothing else is in the
        transaction; where one raises, all is undone and runs again, each by itself.

        Raises where SQLite gave up the whole transaction.
        """
        unit: Single | _Crowd
        if isinstance(entry, Single):
            unit, again = entry, entry.again
        else:
            unit, again = _Crowd(entry.run, *entry.take()), True
            if not unit.items:
                return
            self.gathered += unit.futures
        plain = self._plain
        if plain is None or (self.done and not again):
            self._plain = None
            self._attempt(unit)
            return
        try:
            self._run(unit)
        except Exception as exc:
            self._undo(unit, exc)
        else:
            plain.append(unit)
            if not again:
                self._wrote = self.wrote
                self._plain = None

    def _run(self, unit: Single | _Crowd) -> None:
        if isinstance(unit, Single):
            self.done.append((unit.future, unit.job(self._db), None))
        else:
            results = unit.run(self._db, unit.items)
            none = repeat(None, len(unit.futures))
            self.done += [*zip(unit.futures, results, none, strict=True)]

    def _undo(self, unit: Single | _Crowd, exc: Exception) -> None:
        """Undo all that ran plainly, and run it again; this one raised."""
        db, plain = self._db, self._plain or []
        if not db.in_transaction:
            raise exc  # SQLite gave up the whole transaction: so must the batch
        db.execute("ROLLBACK")
        begin(db, self._patience_s)
        db.forget()
        self._plain = None
        self.done.clear()
        if plain:
            for one in (*plain, unit):
                self._attempt(one)
        else:
            self._give_up(unit, exc)

    def _attempt(self, unit: Single | _Crowd) -> None:
        """Run a unit, and undo it where it raises; what gathered, then singly."""
        db = self._db
        pushed, changes = db.pushed, db.total_changes
        kinds, notes = len(db.kinds), len(db.notes)
        db.execute("SAVEPOINT job")
        try:
            self._run(unit)
        except Exception as exc:
            if not db.in_transaction:
                raise
            db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
            db.pushed = pushed
            db.wanted.clear()
            del db.kinds[kinds:], db.notes[notes:]
            self._give_up(unit, exc)
            return
        db.execute("RELEASE job")
        self._wrote |= db.total_changes != changes

    def _give_up(self, unit: Single | _Crowd, exc: Exception) -> None:
        """Note why one failed that was undone; try a crowd one by one."""
        if isinstance(unit, _Crowd):
            if len(unit.items) > 1:
                for one in unit.singles():
                    self._attempt(one)
                return
            (future,) = unit.futures
        else:
            future = unit.future
        error = translate(exc, self._path)
        if error is not exc:
            self.refused = True
            if isinstance(error, Corrupt):
                self.damage = error
            error.__cause__ = exc
        self.done.append((future, None, error))


def ran(entries: Sequence[Entry]) -> list[Callable[..., Any]]:
    """Return what ran for these entries of the writer's queue."""
    return [one.run if isinstance(one, Gathering) else one.job for one in entries]
