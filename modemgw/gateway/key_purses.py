"""What each API key may still have sent: parts and money, per calendar period.

Parts are counted twice: when they are accepted, so that who asks for too much hears
of it at once, and when they are submitted, so that yesterday's queue is not sent on
top of today's allowance. Money is counted when it is spent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from modemgw.clock import Clock
from modemgw.config.money import billed_from, limit
from modemgw.errors import FieldProblem, QuotaExceeded
from modemgw.gateway import ratelimit
from modemgw.gateway.model import Caller
from modemgw.policy.quota import FAR, Limit, Meter
from modemgw.store import keys as key_rows
from modemgw.store import wallet as rows
from modemgw.store.database import Store
from modemgw.store.outbound import NewMessage
from modemgw.store.writer import Connection

KEY_BILLING_DAY = 1


class KeyLimit(QuotaExceeded):
    """A key asks for more than its limit; 403 where no waiting would help."""

    def __init__(self, limit: Limit, why: str, now: int, end: int | None) -> None:
        left_s = 0.0 if end is None else max(1.0, (end - now) / 1000)
        super().__init__(
            f"this key has a limit of {limit.name}, and {why}",
            errors=(FieldProblem("", "quota", f"limit of {limit.name}"),),
            status=403 if end is None else 429,
            retry_after=left_s or None,
        )
        headers = {"RateLimit-Policy": ratelimit.policy(limit)}
        if end is not None:
            headers["RateLimit"] = ratelimit.left(limit, 0, end - now)
        self.headers = headers


@dataclass(slots=True)
class Claim:
    """One part of a message that counts against its key."""

    purse: "KeyPurse"
    message_id: int
    at: int
    cost: int

    def give_back(self) -> None:
        """The part never left; its message may try again."""
        self.purse.add(self.at, -1, -self.cost)
        self.purse.over(self.message_id)


@dataclass(slots=True)
class _Begun:
    """A message that is being sent, and what its other parts will need."""

    at: int
    parts: int
    cost: int


@dataclass(slots=True)
class KeyPurse:
    """One key with limits."""

    limits: tuple[Limit, ...]
    accepted: list[tuple[Limit, Meter]] = field(default_factory=list)
    sent: list[tuple[Limit, Meter]] = field(default_factory=list)
    hits: dict[str, int] = field(default_factory=dict)  # refused, by public id of keys
    name: str = ""  # its own
    policy: str = ""  # what its limits are, for people
    _begun: dict[int, _Begun] = field(default_factory=dict)
    _held: tuple[int, str] = (0, "")  # until when the last one waits, and for what

    def add(self, at: int, parts: int, cost: int) -> None:
        """Count what was submitted."""
        for which, meter in self.sent:
            meter.add(at, cost if which.money else parts)

    def has_begun(self, message_id: int) -> bool:
        """Tell whether room was made for the whole of this message already."""
        return message_id in self._begun

    def claim(
        self, message_id: int, parts: int, cost: int, whole: int, now: int
    ) -> Claim:
        """Count one part; the first one of a message makes room for `parts`.

        `cost` is that of this part, `whole` that of all of them.
        """
        begun = self._begun.get(message_id)
        if begun is None:
            rest = max(0, whole - cost)
            self._begun[message_id] = _Begun(now, parts - 1, rest)
            self.add(now, parts, cost + rest)
        else:
            taken, paid = min(1, begun.parts), min(cost, begun.cost)
            begun.parts -= taken
            begun.cost -= paid
            self.add(begun.at, -taken, -paid)
            self.add(now, 1, cost)
        return Claim(self, message_id, now, cost)

    def over(self, message_id: int) -> None:
        """Let go of the room for parts that are not being sent."""
        begun = self._begun.pop(message_id, None)
        if begun is not None:
            self.add(begun.at, -begun.parts, -begun.cost)

    def holds(self, parts: int, cost: int, now: int) -> int:
        """Return until when a message has to wait, 0 where it may go."""
        found = _full(self.sent, parts, cost, now)
        if found is None:
            return 0
        self._held = found[0], found[1].name
        return found[0]

    def why_held(self, now: int) -> str | None:
        """Return the limit that messages of this key wait for, or None."""
        until, name = self._held
        return name if now < until else None

    def refuse(self, parts: int, now: int, *, of: int | None = None) -> None:
        """Raise QuotaExceeded where so many parts are too many to accept now.

        `of`: how many of them are those of the message that is refused.
        """
        found = _full(self.accepted, parts, 1, now)
        if found is None:
            return
        end, which = found
        self.hits[self.name] = self.hits.get(self.name, 0) + 1
        if not which.money and (of or parts) > which.count:
            raise KeyLimit(which, "this is more than all of it", now, None)
        raise KeyLimit(which, "it is reached", now, end)

    def standing(self, now: int) -> dict[str, str]:
        """Return the headers that tell each limit, and what is left under it."""
        left = []
        for which, meter in self.accepted:
            used, end = meter.standing(now)
            left.append(ratelimit.left(which, which.count - used, end - now))
        return {"RateLimit-Policy": self.policy, "RateLimit": ", ".join(left)}

    def accept(self, parts: int, now: int) -> None:
        """Count what is being accepted."""
        for which, meter in self.accepted:
            if not which.money:
                meter.add(now, parts)


def _full(
    meters: Iterable[tuple[Limit, Meter]], parts: int, cost: int, now: int
) -> tuple[int, Limit] | None:
    """Return the limit that is over last, of those that leave too little."""
    found: tuple[int, Limit] | None = None
    for which, meter in meters:
        used = meter.used(now)
        wanted = cost if which.money else parts
        if used + wanted > which.count or (which.money and used >= which.count):
            end = meter.bounds(now)[1]
            if found is None or end > found[0]:
                found = end, which
    return found


def unlimited(key_id: int | None) -> KeyPurse | None:
    """No key has limits."""
    return None


class Counting:
    """Counts parts that are being accepted, from before they are written.

    Unless that fails. To be entered, which raises QuotaExceeded where they are more
    than the key may have now. A class, no generator: it stands around each message.
    """

    __slots__ = ("_limits", "_now", "_parts")

    def __init__(self, limits: KeyPurse, parts: int, now: int) -> None:
        self._limits = limits
        self._parts = parts
        self._now = now

    def __enter__(self) -> None:
        """Count them."""
        if self._parts:
            self._limits.refuse(self._parts, self._now)
        self._limits.accept(self._parts, self._now)

    def __exit__(self, kind: object, *_: object) -> None:
        """Take them off again where they were not written."""
        if kind is not None:
            self._limits.accept(-self._parts, self._now)


def keep_count(
    db: Connection, caller: Caller, news: Sequence[NewMessage], now: int
) -> None:
    """Count it in the transaction that accepts it."""
    parts = sum(new.segments for new in news)
    if caller.key_id is not None and parts:
        rows.accept(db, caller.key_id, parts, now)


class KeyPurses:
    """The purses of all keys that have limits."""

    def __init__(self, store: Store, clock: Clock, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._purses: dict[int, KeyPurse] = {}
        self.hits: dict[str, int] = {}  # messages refused, by public id of the key

    def of(self, key_id: int | None) -> KeyPurse | None:
        """Return the purse of a key, None where it has no limits."""
        return self._purses.get(key_id) if key_id is not None else None

    async def load(self) -> None:
        """Read all keys: at start."""
        for row in await self._store.read(key_rows.list_keys):
            await self.refresh(row)

    async def refresh(self, row: key_rows.KeyRow) -> None:
        """Take up what a key may: at start, and when its limits are changed."""
        if not row.limits:
            self._purses.pop(row.id, None)
            return
        limits = tuple(billed_from(limit(t), KEY_BILLING_DAY) for t in row.limits)
        told = ", ".join(map(ratelimit.policy, limits))
        purse = KeyPurse(limits, hits=self.hits, name=row.public_id, policy=told)
        # Money that was spent also keeps the key from having more accepted.
        purse.sent = [(one, Meter(one.period, self._zone)) for one in limits]
        purse.accepted = [
            pair if pair[0].money else (pair[0], Meter(pair[0].period, self._zone))
            for pair in purse.sent
        ]
        now = self._clock.now_ms()
        since = min(meter.bounds(now)[0] for _, meter in purse.sent)
        spent, accepted = await self._store.read(
            lambda db: (
                rows.of_key(db, row.id, since),
                rows.accepted(db, row.id, since),
            )
        )
        for which, meter in purse.sent:
            start = meter.bounds(now)[0]
            for one in spent:
                if one.at >= start:
                    meter.add(one.at, one.cost if which.money else one.parts)
        for which, meter in purse.accepted:
            start = meter.bounds(now)[0]
            for at, parts in accepted:
                if at >= start and not which.money:
                    meter.add(at, parts)
        self._purses[row.id] = purse

    def next_turn(self, now: int) -> int:
        """Return when something begins anew that is used now; FAR: nothing does."""
        return min(
            (
                meter.bounds(now)[1]
                for purse in self._purses.values()
                for _, meter in purse.sent
                if meter.used(now) > 0
            ),
            default=FAR,
        )
