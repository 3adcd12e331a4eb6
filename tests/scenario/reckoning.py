"""What must be true of messages when hours of chance are over."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modemgw.policy.message import FINAL, MessageState
from modemgw.store import events, messages
from modemgw.store.database import Store
from modemgw.store.messages import MessageRow

LEFT = frozenset({"sent", "delivered", "undelivered", "no_report"})
RESENT = frozenset({"alert"})  # classes that would rather come twice than never
PAGE = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that was accepted. Nobody else was sent one at this number."""

    public_id: str
    to: str
    klass: str


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What became of everything; `problems` is empty where all is well."""

    problems: tuple[str, ...]
    states: Mapping[str, int]
    doubts: int
    resent: int
    received: int


async def reckon(
    store: Store,
    sent: Sequence[Sent],
    arrived: Sequence[str],
    taken: Mapping[tuple[str, int], int],
) -> Reckoning:
    """Compare what was asked for and what arrived with what the database tells.

    `taken` says how often the network took each part: by recipient and number.
    """
    outbound = {row.public_id: row for row in await _all(store, "outbound")}
    problems: list[str] = []
    doubts = resent = 0
    for one in sent:
        row = outbound.pop(one.public_id, None)
        if row is None:
            problems.append(f"{one.public_id} was accepted and is lost")
            continue
        in_doubt = await _doubts(store, row)
        copies = [taken.get((one.to, seq), 0) for seq in range(1, row.segments + 1)]
        doubts += in_doubt
        resent += max(copies) > 1
        problems += [
            f"{one.public_id} ({one.klass}, {row.state}): {what}"
            for what in _wrong(row, one.klass, copies, in_doubt)
        ]
    problems += [f"{stray} was never accepted" for stray in outbound]
    inbox = await _all(store, "inbound")
    found = Counter(str(row.text) for row in inbox)
    for text, count in Counter(arrived).items():
        if found[text] != count:
            problems.append(f"received {found[text]} times: {text[:40]!r}")
    problems += [f"never sent to us: {text!r}" for text in found - Counter(arrived)]
    problems += [
        f"{row.public_id} is {row.state}" for row in inbox if row.state != "received"
    ]
    states = Counter(row.state for row in await _all(store, "outbound"))
    return Reckoning(tuple(problems), states, doubts, resent, len(inbox))


def _wrong(row: MessageRow, klass: str, copies: list[int], doubts: int) -> list[str]:
    wrong: list[str] = []
    if row.state == "in_doubt":
        if row.reason is None:
            wrong.append("in doubt without a reason")
    elif MessageState(row.state) not in FINAL and row.state not in LEFT:
        wrong.append("neither final nor in doubt")
    ended_in_doubt = row.state == "no_report" and copies.count(0) <= doubts
    if row.state in LEFT and min(copies) < 1 and not ended_in_doubt:
        wrong.append(f"said to have left, and did not: {copies}")
    if row.state in ("failed", "expired") and min(copies) and not doubts:
        wrong.append(f"said not to have left, and did: {copies}")
    allowed = 1 + doubts if klass in RESENT else 1
    if max(copies) > allowed:
        wrong.append(f"left too often: {copies}, {doubts} doubts")
    return wrong


async def _doubts(store: Store, row: MessageRow) -> int:
    story = await store.read(lambda db: events.timeline(db, row.id))
    return sum(step.type == "part.in_doubt" for step in story)


async def _all(store: Store, direction: str) -> list[MessageRow]:
    rows: list[MessageRow] = []
    wanted = messages.Filter(direction=direction)
    while True:
        cursor = rows[-1].id if rows else None
        page = await store.read(
            lambda db, cursor=cursor: messages.list_messages(  # type: ignore[misc]
                db, wanted, limit=PAGE, cursor=cursor
            )
        )
        rows += page
        if len(page) < PAGE:
            return rows
