"""What the life of a message costs the writer: statements, and pages of the log.

Both are the same on every machine. Who makes one of these figures larger makes every
text slower and a memory card die sooner, and should know what for.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from modemgw.ids import IdSource
from modemgw.policy.message import PartState
from modemgw.store import arrivals, evidence, inbound, outbound, outcomes, sims
from modemgw.store.database import FILE_NAME
from modemgw.store.outcomes import PartRef
from modemgw.store.writer import Connection
from tests.store.factory import NOW, database
from tests.store.test_outbound import new_message

IDS = IdSource()
MESSAGES = 60
STATEMENTS = {"accepted": 4, "marked": 4, "sent": 6, "reported": 6}
PAGES = {"accepted": 12, "marked": 7.5, "sent": 8.5, "reported": 6.5}  # at most
FRAME = struct.calcsize(">6I")


class Meter:
    """Counts the statements and pages of each step, each in a commit of its own."""

    def __init__(self, db: Connection, path: Path, messages: int = 0) -> None:
        self.statements: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()
        self.said: set[str] = set()  # every statement, its values put in
        self.messages = messages
        self._db = db
        self._log = path / f"{FILE_NAME}-wal"
        (page,) = db.execute("PRAGMA page_size").fetchone()
        self.frame = page + FRAME  # octets of a page in the log

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        said: list[str] = []
        before = self._log.stat().st_size
        self._db.execute("BEGIN IMMEDIATE")
        self._db.set_trace_callback(said.append)
        yield
        self._db.set_trace_callback(None)
        self._db.execute("COMMIT")
        # One that may fire a trigger is said twice.
        self.statements[name] += len(set(said))
        self.said |= set(said)
        self.pages[name] += (self._log.stat().st_size - before) // self.frame


Step = Callable[[str], AbstractContextManager[None]]


def live(db: Connection, number: int, sim: int, step: Step) -> None:
    """Let one message go all its way: accepted, marked, sent, reported."""
    now, tp_mr = NOW + number, number % 256
    new = new_message(to=f"+49151{number * 7919 % 10**8:08}", created_at=now)
    with step("accepted"):
        message_id, (part_id,) = arrivals.insert(db, IDS, new)
    with step("marked"):
        outbound.begin(
            *(db, IDS),
            part_id=part_id,
            message_id=message_id,
            seq=1,
            segments=1,
            sim_id=sim,
            sim="s",
            modem="m0",
            attempt=1,
            because="any SIM may",
            now=now,
        )
    ref = PartRef(part_id, message_id, 1, 1, sim, "s", "m0", now)
    with step("sent"):
        outcomes.accept(
            *(db, IDS, ref),
            tp_mr=tp_mr,
            report_due_at=now + 86_400_000,
            now=now,
            detail={"ms": 200, "at": [[0, ">", "AT+CMGS=30"], [200, "<", "OK"]]},
        )
        assert evidence.count(db, sim, tp_mr) is False
    with step("reported"):
        part, *_ = outcomes.candidates(
            db, sim_id=sim, tp_mr=tp_mr, since=now, until=now
        )
        outcomes.report(
            *(db, IDS, part),
            tp_mr=tp_mr,
            tp_status=0,
            part_state=PartState.DELIVERED,
            reason_of=lambda tp_status: {},
            report_due_at=now,
            now=now,
            detail={"sentence": "delivered"},
        )
        inbound.insert_report(
            db,
            sim_id=sim,
            modem="m0",
            octets=bytes(30),
            read_at=now,
            tp_mr=tp_mr,
            matched=True,
        )


def measured(path: Path, messages: int) -> Meter:
    """Let so many messages go all their way in a fresh database."""
    with database(path) as db:
        db.execute("PRAGMA wal_autocheckpoint=0")  # the log only grows
        db.execute("PRAGMA synchronous=OFF")  # as much is written, and nobody waits
        sim = sims.upsert_sim(db, iccid="89490200", imsi=None, modem="m0", now=NOW).id
        warm, meter = Meter(db, path), Meter(db, path, messages)
        for number in range(messages + 3):
            live(db, number, sim, (warm if number < 3 else meter).step)
    return meter


def test_the_life_of_a_message_costs_so_much_and_no_more(tmp_path: Path) -> None:
    meter = measured(tmp_path, MESSAGES)
    assert {n: c / MESSAGES for n, c in meter.statements.items()} == STATEMENTS
    for name, count in meter.pages.items():
        assert count / MESSAGES <= PAGES[name], (name, count / MESSAGES)


def test_no_statement_of_it_makes_a_table_of_words(tmp_path: Path) -> None:
    # For `x IN ('a', 'b', 'c')` SQLite fills an index each time the statement runs.
    with database(tmp_path) as db:
        sim = sims.upsert_sim(db, iccid="89490200", imsi=None, modem="m0", now=NOW).id
        meter = Meter(db, tmp_path)
        live(db, 1, sim, meter.step)
        lists = {
            said
            for said in meter.said
            if not said.startswith("--")  # of a trigger
            for _, opcode, *_, key, _, _ in db.execute(f"EXPLAIN {said}")
            if opcode == "OpenEphemeral" and str(key).startswith("k(")
        }
    assert lists == set()
    assert any("INSERT INTO message " in said for said in meter.said)
