"""Who wants no more messages: in memory for each message, on disk for good.

A message of an enforced class costs one hash and one look into a set; while nobody
has opted out, not even that. An entry in memory has eight octets of its hash: a
hundred thousand of them take about eight megabytes.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from modemgw.clock import Clock
from modemgw.config.optout import OptOutConfig
from modemgw.errors import NotFound
from modemgw.gateway import barred
from modemgw.gateway.audit import append
from modemgw.gateway.model import Caller
from modemgw.store import events, suppressions
from modemgw.store.database import Store
from modemgw.store.outbound import NewMessage
from modemgw.store.suppressions import Hasher, SuppressionRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.consent")

IMPORT = "import"  # a source
AT_ONCE = 200  # numbers entered in one transaction
BLOCKED_AT_ONCE = 1000  # messages to one number that end in it
_SHORT_OCTETS = 8  # of a hash, in memory

Mark = tuple[bytes, int | None]  # hash and SIM; None: every SIM


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number that is to be entered; `sim_id` None: for every SIM."""

    number: str
    sim_id: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What entering some numbers changed."""

    added: int
    marks: tuple[Mark, ...]
    blocked: tuple[int, ...]  # messages that ended by it


class Suppressions:
    """The register. `withdraw` and `on_change` hear of messages that ended by it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: OptOutConfig,
        *,
        withdraw: Callable[[int], None],
        on_change: Callable[[int], None],
    ) -> None:
        self.classes = frozenset(config.classes)
        self._store = store
        self._clock = clock
        self._withdraw = withdraw
        self._on_change = on_change
        self._hash: Hasher | None = None  # None: nobody has ever opted out
        self._every: set[int] = set()
        self._some: dict[int, set[int]] = {}

    def __len__(self) -> int:
        """Return how many numbers there are."""
        return len(self._every | self._some.keys())

    async def load(self) -> None:
        """Read everything from the disk."""

        def read(db: Connection) -> tuple[Hasher, list[Mark]]:
            return suppressions.hasher(db), list(suppressions.hashes(db))

        self._hash, marks = await self._store.write(read)
        self._every.clear()
        self._some.clear()
        for mark in marks:
            self._put(mark)

    # -- what each message asks ----------------------------------------------

    def bars_everywhere(self, new: NewMessage) -> bool:
        """Say whether a message that comes in ends at once."""
        if new.klass not in self.classes or not self._every:
            return False
        if barred.PAST_OPT_OUT in new.options:
            return False
        return self._short(new.to) in self._every

    def bars(self, klass: str, to: str, sim_id: int | None) -> bool:
        """Say whether this SIM must not carry a message of a class to a number."""
        if klass not in self.classes or not (self._every or self._some):
            return False
        short = self._short(to)
        if short in self._every:
            return True
        return bool(self._some) and sim_id in self._some.get(short, ())

    # -- changes -------------------------------------------------------------

    async def enter(
        self, wanted: Sequence[Wanted], source: str, caller: Caller
    ) -> tuple[int, int]:
        """Enter numbers; return how many are new, and how many messages ended.

        Each is in force when this returns, also for what waits in the queue, and in
        the audit log: of an import a line for each transaction.
        """
        added = ended = 0
        for at in range(0, len(wanted), AT_ONCE):
            job = partial(
                self._enter,
                some=wanted[at : at + AT_ONCE],
                source=source,
                caller=caller,
                now=self._clock.now_ms(),
            )
            done = await self._store.write(job)
            self.apply(done.marks, (), done.blocked)
            added += done.added
            ended += len(done.blocked)
        log.info("opted out", extra={"by": caller.name, "times": added})
        return added, ended

    def _enter(
        self,
        db: Connection,
        some: Sequence[Wanted],
        source: str,
        caller: Caller,
        now: int,
    ) -> Entered:
        ids, blocked, marks, added = self._store.ids, [], [], 0
        hasher = suppressions.hasher(db)
        for one in some:
            marks.append((hasher(one.number), one.sim_id))
            public_id = suppressions.add(
                *(db, ids, one.number),
                sim_id=one.sim_id,
                source=source,
                now=now,
                note=one.note,
            )
            if public_id is None:
                continue
            added += 1
            blocked += self.block_waiting(db, one.number, one.sim_id, now)
            if source != IMPORT:  # who has the list need not be told of each of it
                data: dict[str, object] = {
                    "number": one.number,
                    "scope": "all" if one.sim_id is None else "sim",
                    "source": source,
                }
                events.append(
                    db, "message.opt_out", at=now, data=data, push=True, ids=ids
                )
                append(db, now, "suppression.add", caller, object=public_id)
        if source == IMPORT:
            append(db, now, "suppression.import", caller, added=added)
        return Entered(added, tuple(marks), tuple(blocked))

    def block_waiting(
        self, db: Connection, number: str, sim_id: int | None, now: int
    ) -> list[int]:
        """End what waits for a number, in the transaction that enters it.

        Where it is entered for one SIM, what may go by another one stays.
        """
        if sim_id is not None or not self.classes:
            return []
        ids, ended = self._store.ids, []
        waiting = suppressions.waiting_for(
            db, number, self.classes, limit=BLOCKED_AT_ONCE
        )
        for message_id in waiting:  # what is beyond ends as its turn comes
            if barred.close(db, ids, message_id, now):
                ended.append(message_id)
        return ended

    async def remove(self, public_id: str, caller: Caller) -> None:
        """Let an entry go. Raises NotFound."""
        now, ids = self._clock.now_ms(), self._store.ids

        def job(db: Connection) -> Mark | None:
            row = suppressions.get(db, public_id)
            if row is None:
                return None
            mark = suppressions.mark_of(db, row.id)
            suppressions.remove(db, row.id)
            data: dict[str, object] = {
                "number": row.number,
                "scope": "all" if row.sim_id is None else "sim",
                "source": "api",
            }
            events.append(db, "message.opt_in", at=now, data=data, push=True, ids=ids)
            append(db, now, "suppression.remove", caller, object=public_id)
            return mark

        mark = await self._store.write(job)
        if mark is None:
            raise NotFound(f"there is no suppression {public_id!r}")
        self.apply((), (mark,), ())
        log.info("opted in", extra={"by": caller.name, "suppression": public_id})

    async def of_number(self, number: str) -> list[SuppressionRow]:
        """Return every entry of a number."""
        return await self._store.read(lambda db: suppressions.of_number(db, number))

    def apply(
        self, added: Iterable[Mark], removed: Iterable[Mark], ended: Iterable[int]
    ) -> None:
        """Take over what is on disk now."""
        for mark in removed:
            self._drop(mark)
        for mark in added:
            self._put(mark)
        for message_id in ended:
            self._withdraw(message_id)
            self._on_change(message_id)

    # -- inside --------------------------------------------------------------

    def _short(self, number: str) -> int:
        return 0 if self._hash is None else _short_of(self._hash(number))

    def _put(self, mark: Mark) -> None:
        digest, sim_id = mark
        if sim_id is None:
            self._every.add(_short_of(digest))
        else:
            self._some.setdefault(_short_of(digest), set()).add(sim_id)

    def _drop(self, mark: Mark) -> None:
        digest, sim_id = mark
        short = _short_of(digest)
        if sim_id is None:
            self._every.discard(short)
            return
        sims = self._some.get(short, set())
        sims.discard(sim_id)
        if not sims:
            self._some.pop(short, None)


def _short_of(digest: bytes) -> int:
    return int.from_bytes(digest[:_SHORT_OCTETS], "big")
