"""The one thread that writes, and the one connection it writes with."""

import asyncio
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from modemgw.errors import Corrupt, StoreError
from modemgw.promise import Promise
from modemgw.store.batch import Batch, Entry, Job, Outcome, Single, ran
from modemgw.store.checkpoint import TOO_LONG, Checkpoints
from modemgw.store.connection import (
    BUSY_S,
    Connection,
    begin,
    begin_now,
    wait_never,
)
from modemgw.store.faults import as_store_error
from modemgw.store.gathering import Gathering
from modemgw.store.handover import Handover
from modemgw.store.tally import StoreTally

__all__ = ["Connection", "Job", "Writer"]

T = TypeVar("T")
Item = TypeVar("Item")
F = TypeVar("F", bound="asyncio.Future[Any]")

BATCH_JOBS = 256  # jobs that may share one commit; bounds what one failure takes along
# sqlite3 lets go of the interpreter lock around every step, and a busy loop that
# does so too (in each system call) takes it back before the writer wakes. With
# Python's 5 ms a loop at full load can hold the writer off for seconds; asking
# for the lock sooner costs nothing measurable. `scripts/bench/store` shows both.
SWITCH_INTERVAL_S = 1e-4

LEAST_RUN_S = 0.0005  # of jobs per transaction, however quick the disk
# Where flushes are quicker than this the loop commits short jobs itself: to wake a
# thread and be woken by it takes as long, and twice the processor.
QUICK_S = 0.001
SOON_S = 0.02  # how long a job that can wait waits for a commit to ride on
RIDERS = 4  # of them join one commit: what cannot wait must not wait for a crowd
LOOK_EVERY = 128  # rows changed between two looks at the log: some 300 pages of it


class Writer:
    """Runs jobs in transactions, many to a commit.

    Jobs that arrive while a commit is being flushed share the next one (group
    commit), so throughput grows with load while each caller still waits for
    its own fsync. A job that raises is rolled back alone and spoils nobody else's;
    a commit that fails fails every job in it and keeps nothing.

    Short jobs (`write_all`, `write_soon`, and a lone item of `gather`) are committed in
    the loop while the thread has nothing to do and the disk is quick; one slow flush,
    and it is the thread's turn until the disk has been quick for a while. Order is
    kept. The log is copied into the database by another thread (checkpoint.py).

    With `inline` there is no thread: each job runs at once in the caller's, in a
    transaction of its own. Threads and a jumping clock do not mix.

    `on_pushed` is called in the loop after each commit that holds deliveries,
    `on_commit`, while somebody listens to events, after every one.
    `before_commit` gets the number of the commit (1, 2, …) just before it; what
    it raises fails the batch; `at_commit` gets its jobs before it and after it.
    Both are there for crash tests, and cost a look at None.
    """

    def __init__(self, db: Connection, path: Path, *, inline: bool = False) -> None:
        self.on_pushed: Callable[[], None] | None = None
        self.on_commit: Callable[[], None] | None = None
        self.before_commit: Callable[[int], None] | None = None
        self.at_commit: Callable[[str, list[Callable[..., Any]]], None] | None = None
        self.commits = 0
        self.tally = StoreTally()
        self.healthy = True  # what was last to be written came through
        self.on_damage: Callable[[Corrupt], None] | None = None
        self.inline = inline
        self._db = db
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._damage: Corrupt | None = None  # the file cannot be trusted any more
        self._flush_s = QUICK_S * 2  # what a COMMIT takes here, smoothed
        self._gatherings: dict[object, Gathering[Connection]] = {}  # by what they run
        self._soon: list[Single] = []  # rides on the next commit
        self._soon_timer: asyncio.TimerHandle | None = None
        self._jobs: Handover[Entry] = Handover(self._loop, self._at_once)
        self._joined = 0  # groups in the transaction of the thread
        self._thread: threading.Thread | None = None
        self._checkpoints: Checkpoints | None = None  # inline SQLite sees to it
        self._looked_at = 0  # rows changed until the last look at the log
        if not inline:
            wait_never(db)  # but in begin(), which is for the thread
            db.execute(f"PRAGMA wal_autocheckpoint={TOO_LONG}")
            (size,) = db.execute("PRAGMA page_size").fetchone()
            self._checkpoints = Checkpoints(path, size, lambda: self.commits)
            sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_INTERVAL_S))
            # A daemon thread: a bug that ends the program must not leave it hanging
            # here. What was acknowledged is on disk, as after any other crash.
            self._thread = threading.Thread(
                target=self._run, name="store-writer", daemon=True
            )
            self._thread.start()

    @property
    def waiting(self) -> int:
        """How many groups of jobs wait for the commit that is being flushed."""
        return len(self._jobs)

    def write(self, job: Callable[[Connection], T]) -> "asyncio.Future[T]":
        """Run `job` in a transaction; the future is done when it is on disk.

        The job runs whether or not anyone waits, also where the future is
        cancelled. The future raises StoreError where the disk said no, and
        whatever the job raised, with nothing of it kept. Call it in the loop.
        """
        return self._write(job, self._loop.create_future())

    def _write(self, job: Callable[[Connection], T], future: F) -> F:
        if self._closed:
            _refuse(future, StoreError("the store is closed"))
        elif self._thread is None:
            self._run_inline(Single(job, future))
        else:
            self._hand_over([Single(job, future)])
        return future

    def _run_inline(self, entry: Entry) -> None:
        done, pushed, _ = self._commit([entry])
        # The caller sees the result no sooner than it would from the thread.
        self._loop.call_soon(self._resolve, done, pushed)

    def write_all(self, jobs: Sequence[Job]) -> list[Promise[Any]]:
        """Run jobs that should share a commit, each as `write` would.

        Handed over singly, the thread would often flush the first one alone. Where
        one of the commit raises, they may run a second time.
        """
        promises: list[Promise[Any]] = [Promise(loop=self._loop) for _ in jobs]
        both = zip(jobs, promises, strict=True)
        if self._thread is None or self._closed:
            return [self._write(job, promise) for job, promise in both]
        self._hand_over([Single(job, promise, True) for job, promise in both])
        return promises

    def gather(
        self, run: Callable[[Connection, list[Item]], Sequence[T]], item: Item
    ) -> Promise[T]:
        """Write an item as `write` would, together with others for the same `run`.

        `run` gets the items that wait when the writer comes to it, and returns a
        result for each. Where it raises, nothing of it is kept and it is called
        again for each item by itself, so that one that fails spoils no other.
        `run` is remembered for ever: give a function or a bound method.
        """
        gathering = self._gatherings.get(run)
        if gathering is None:
            gathering = self._gatherings[run] = Gathering(run)
        future: Promise[T] = Promise(loop=self._loop)
        if self._closed:
            _refuse(future, StoreError("the store is closed"))
        elif gathering.add(item, future):
            if self._thread is None:
                self._run_inline(gathering)
            else:
                self._hand_over([gathering])
        return future

    def write_soon(self, job: Callable[[Connection], T]) -> Promise[T]:
        """Run `job` in the next transaction there is, at most `SOON_S` from now.

        For what may be lost by a power cut now just as it could have been a moment
        ago, such as a routed status report: it does not pay for a flush of its own.
        Where another job of the commit raises, it may run a second time.
        """
        future: Promise[T] = Promise(loop=self._loop)
        if self._thread is None or self._closed:
            return self._write(job, future)
        self._soon.append(Single(job, future, again=True))
        if self._soon_timer is None:
            self._soon_timer = self._loop.call_later(SOON_S, self._hand_over)
        return future

    def _hand_over(self, entries: Sequence[Entry] | None = None) -> None:
        """Give the thread these jobs, and those that waited for a commit to ride on."""
        if entries is None:
            self._soon_timer = None
            entries, self._soon = self._soon, []
        elif self._soon:
            entries = [*entries, *self._soon[:RIDERS]]
            del self._soon[:RIDERS]
        if entries:
            self._jobs.put(list(entries))

    def close(self) -> None:
        """Finish what was handed over, then stop. The connection stays open.

        The results arrive in the loop, which must still turn once to see them.
        """
        self._closed = True
        if self._thread is not None:
            if self._soon_timer is not None:
                self._soon_timer.cancel()
            self._hand_over()
            self._jobs.end()
            self._thread.join()
            self._thread = None
        if self._checkpoints is not None:
            self._checkpoints.close()

    def _run(self) -> None:
        while (entries := self._jobs.get()) is not None:
            self._joined = 1
            done, pushed, is_last = self._commit(entries, self._more)
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                self._loop.call_soon_threadsafe(
                    self._thread_did, done, pushed, self._joined
                )
            if is_last:
                return

    def _thread_did(self, done: list[Outcome], pushed: bool, groups: int) -> None:
        self._jobs.done(groups)
        self._resolve(done, pushed)

    def _at_once(self, groups: list[list[Entry]]) -> None:
        """Commit groups here where that is no longer than it takes to hand them over.

        In the loop, while the thread is idle. What is left of them is for later.
        """
        if self._flush_s > QUICK_S or not all(map(_is_short, groups)):
            return
        if not begin_now(self._db):
            return  # another program is writing: modems need not wait for it

        def more(_jobs: int, seconds: float) -> list[Entry]:
            is_over = not groups or seconds > LEAST_RUN_S
            return [] if is_over else groups.pop(0)

        done, pushed, _ = self._commit(groups.pop(0), more, has_begun=True)
        self._resolve(done, pushed)

    def _more(self, jobs: int, seconds: float) -> "list[Entry] | None":
        """Return jobs that join the open transaction, none where it is long enough.

        A transaction runs jobs for about as long as its flush will take. More
        would hold the first job up for the sake of the last: sixty modems that
        answer in one moment would then all wait for the whole crowd, stay in
        step, and do so again at every message.
        """
        if jobs >= BATCH_JOBS or seconds > max(self._flush_s, LEAST_RUN_S):
            return []
        joined = self._jobs.get_nowait()
        self._joined += bool(joined)
        return joined

    def _commit(
        self,
        entries: list[Entry],
        more: "Callable[[int, float], list[Entry] | None] | None" = None,
        *,
        has_begun: bool = False,
    ) -> tuple[list[Outcome], bool, bool]:
        """Run jobs, and those that join, in one transaction.

        Returns the outcomes, whether events were pushed, and whether the end was
        handed over among the jobs.
        """
        db = self._db
        # Begun in the loop already: nothing may wait there.
        batch = Batch(db, self._path, 0.0 if has_begun else BUSY_S)
        is_last = False
        db.forget(is_rollback=False)
        seen = entries
        left = iter(entries)  # what was not come to yet
        began = time.perf_counter()
        try:
            if not has_begun:
                begin(db)
            for entry in left:
                batch.run(entry)
            while more is not None:
                joined = more(len(batch.done), time.perf_counter() - began)
                if not joined:
                    is_last = joined is None
                    break
                seen = [*seen, *joined]
                left = iter(joined)
                for entry in left:
                    batch.run(entry)
            self._flush(seen, batch)
        except Exception as exc:  # disk full, I/O error: no job of the batch counts
            with suppress(sqlite3.Error):
                if db.in_transaction:
                    db.execute("ROLLBACK")
            db.wanted.clear()
            self.healthy = False
            error = as_store_error(exc, self._path)
            self._look_at(error)
            if error is not exc:
                error.__cause__ = exc
            futures = batch.gathered
            futures += [one.future for one in seen if not isinstance(one, Gathering)]
            for one in left:
                if isinstance(one, Gathering):
                    futures += one.take()[1]
            return [(future, None, error) for future in futures], False, is_last
        finally:
            self._damage = self._damage or batch.damage
        return batch.done, db.pushed > 0, is_last

    def _flush(self, seen: list[Entry], batch: Batch) -> None:
        db = self._db
        began = time.perf_counter()
        if self.before_commit is not None:
            self.before_commit(self.commits + 1)
        if self.at_commit is not None:
            self.at_commit("before", ran(seen))
        db.execute("COMMIT")
        took = time.perf_counter() - began
        self._flush_s += (took - self._flush_s) / 8
        self.commits += 1
        self.tally.committed(took, db.kinds, db.notes)
        if self._checkpoints is not None:
            rows = db.total_changes
            if rows - self._looked_at >= LOOK_EVERY or self._checkpoints.is_copied:
                self._looked_at = rows
                self._checkpoints.look(db)
        if self.at_commit is not None:
            self.at_commit("after", ran(seen))
        if batch.refused:
            self.healthy = False
        elif not self.healthy and batch.wrote:  # a full disk takes any empty commit
            self.healthy = True

    def _look_at(self, error: Exception) -> None:
        if isinstance(error, Corrupt):
            self._damage = error

    def _resolve(self, done: list[Outcome], pushed: bool) -> None:
        for future, result, exc in done:
            if future.done():  # cancelled: the caller is gone, the row is there
                continue
            if isinstance(future, Promise):
                future.settle(result, exc)
            elif exc is not None:
                future.set_exception(exc)
            else:
                future.set_result(result)
            if exc is not None:
                _heard(future, exc)
        if pushed and self.on_pushed is not None:
            self.on_pushed()
        if self.on_commit is not None:
            self.on_commit()
        if self._damage is not None and self.on_damage is not None:
            self.on_damage(self._damage)


def _is_short(group: list[Entry]) -> bool:
    return all(
        entry.again if isinstance(entry, Single) else entry.is_single for entry in group
    )


def _refuse(future: "asyncio.Future[Any]", error: Exception) -> None:
    future.set_exception(error)
    _heard(future, error)


def _heard(future: "asyncio.Future[Any]", error: Exception) -> None:
    """Let asyncio complain only where nobody hears of a bug.

    What the disk refuses is none, and `healthy` tells of it.
    """
    if isinstance(error, StoreError):
        future.exception()
