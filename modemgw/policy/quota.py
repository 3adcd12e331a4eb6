"""Counting what a SIM or a key has used up, per calendar period.

A `Meter` counts. A `Purse` is all that one SIM has to count under its contract,
and says what follows: from when it may send, and what is left.

The clock may jump. What was counted under a later time than now also counts in
the period of now, once: a clock that was ahead never gives an allowance twice,
and one that was behind neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo

from modemgw.policy.periods import FIXED_MS, Period
from modemgw.policy.tariff import Left, Tariff

KEPT = 16  # periods of one meter that are told apart; older ones count as one
FAR = 1 << 53  # later than any instant
MOST_PARTS = 256  # no message has more
NO_TARIFF = Tariff()
BUNDLE = "bundle"  # the name of the bundle among the limits


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` parts, or micro-units of money, in each period."""

    name: str  # as it was written: 200/day; tells it from the others of its SIM
    count: int
    period: Period
    money: bool = False
    stops: bool = True  # False: tell when it is reached, and go on


@dataclass(slots=True)
class _Bucket:
    start: int
    end: int
    used: int = 0
    carried: int = 0  # how much of it was counted in an earlier period, too


class Meter:
    """Counts per period; instants are Unix milliseconds."""

    def __init__(self, period: Period, zone: tzinfo) -> None:
        self._period = period
        self._zone = zone
        self._buckets: list[_Bucket] = []  # oldest first

    def used(self, now_ms: int) -> int:
        """Return what is used up of the period of now."""
        return self._now(now_ms).used

    def bounds(self, now_ms: int) -> tuple[int, int]:
        """Return when the period of now began and when the next one does."""
        bucket = self._now(now_ms)
        return bucket.start, bucket.end

    def standing(self, now_ms: int) -> tuple[int, int]:
        """Return what is used up of the period of now, and when the next one begins."""
        bucket = self._now(now_ms)
        return bucket.used, bucket.end

    def add(self, at_ms: int, count: int) -> None:
        """Count something at an instant; a negative count gives it back."""
        self._at(at_ms).used += count

    def _now(self, now_ms: int) -> _Bucket:
        last = self._buckets[-1] if self._buckets else None
        if last is not None and last.start <= now_ms < last.end:
            return last
        bucket = self._at(now_ms)
        for later in self._buckets:
            if later.start > bucket.start and later.used > later.carried:
                bucket.used += later.used - later.carried
                later.carried = later.used
        return bucket

    def _at(self, at_ms: int) -> _Bucket:
        place = len(self._buckets)
        while place and self._buckets[place - 1].start > at_ms:
            place -= 1
        if place and at_ms < self._buckets[place - 1].end:
            return self._buckets[place - 1]
        bucket = _Bucket(*self._period.bounds(at_ms, self._zone))
        self._buckets.insert(place, bucket)
        if len(self._buckets) > KEPT:
            first = 0 if place else 1  # never the new one itself
            oldest = self._buckets.pop(first)
            self._buckets[first].used += oldest.used
            self._buckets[first].carried += oldest.carried
        return bucket


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """What was counted at an instant, as the store has it."""

    at_ms: int
    parts: int
    covered: int  # of these parts, those that count against the bundle
    cost: int


@dataclass(frozen=True, slots=True)
class Charge:
    """What one part was counted as."""

    at_ms: int
    covered: bool
    cost: int | None  # micro-units; None: the price is not known


@dataclass(frozen=True, slots=True)
class Contract:
    """What was agreed for one SIM. An empty one limits nothing and costs nothing."""

    tariff: Tariff = NO_TARIFF
    limits: tuple[Limit, ...] = ()
    bundle_period: Period | None = None  # given wherever the tariff has a bundle
    low: int = 10  # per cent left at which somebody is told; 0: nobody

    @property
    def counts(self) -> bool:
        """Tell whether anything has to be counted or refused."""
        return self != Contract(low=self.low)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one quota, cap or bundle stands."""

    name: str
    used: int
    count: int
    money: bool
    stops: bool
    start_ms: int
    end_ms: int

    @property
    def kind(self) -> str:
        """Return bundle, quota or cap."""
        if self.name == BUNDLE:
            return BUNDLE
        return "cap" if self.money else "quota"

    @property
    def left(self) -> int:
        """Return what is left, never less than nothing."""
        return max(0, self.count - self.used)


class Purse:
    """Everything that is counted for one SIM."""

    def __init__(self, contract: Contract, zone: tzinfo) -> None:
        self.contract = contract
        self._meters = [(limit, Meter(limit.period, zone)) for limit in _all(contract)]
        self._told: dict[str, int] = {}  # start of the period that was told of
        self._snapshot: tuple[Left, Tariff] | None = None
        self._dearest = MOST_PARTS * contract.tariff.dearest

    def oldest_ms(self, now_ms: int) -> int:
        """Return since when what was counted still matters."""
        starts = [meter.bounds(now_ms)[0] for _, meter in self._meters]
        return min(starts, default=now_ms)

    def load(self, entries: Iterable[Entry], now_ms: int) -> None:
        """Count what the store has, also of periods that are over: clocks are set."""
        for _, meter in self._meters:
            meter.bounds(now_ms)
        for entry in entries:
            for limit, meter in self._meters:
                meter.add(entry.at_ms, _counted(limit, entry))

    def charge(self, now_ms: int, to: str) -> Charge:
        """Count one part that is about to be submitted."""
        tariff = self.contract.tariff
        cost = tariff.price(to, used_in_bundle=self.used_in_bundle(now_ms))
        charge = Charge(now_ms, tariff.covers(to), cost)
        self.count(charge, 1)
        return charge

    def cost(self, now_ms: int, to: str, parts: int) -> int | None:
        """Return what a message would cost now; None: not known."""
        used = self.used_in_bundle(now_ms)
        return self.contract.tariff.cost(to, parts, used_in_bundle=used)

    def give_back(self, charge: Charge) -> None:
        """Take back what was counted for a part that certainly never left."""
        self.count(charge, -1)

    def count(self, charge: Charge, times: int) -> None:
        """Count what one part was counted as, or (-1) take it back."""
        entry = Entry(charge.at_ms, 1, int(charge.covered), charge.cost or 0)
        for limit, meter in self._meters:
            meter.add(charge.at_ms, times * _counted(limit, entry))

    def correct(self, name: str, at_ms: int, by: int) -> None:
        """Add to one meter alone: a person knows better what is used."""
        for limit, meter in self._meters:
            if limit.name == name:
                meter.add(at_ms, by)

    def used_in_bundle(self, now_ms: int) -> int:
        """Return how many parts of the bundle are used up."""
        for limit, meter in self._meters:
            if limit.name == BUNDLE:
                return meter.used(now_ms)
        return 0

    def standings(self, now_ms: int) -> list[Standing]:
        """Return how everything stands, the bundle first."""
        return [
            Standing(
                limit.name,
                meter.used(now_ms),
                limit.count,
                limit.money,
                limit.stops,
                *meter.bounds(now_ms),
            )
            for limit, meter in self._meters
        ]

    def free_at(self, now_ms: int) -> tuple[int, str]:
        """Return from when the SIM may send, and what holds it until then."""
        free, because = now_ms, ""
        for limit, meter in self._meters:
            if not limit.stops or meter.used(now_ms) < limit.count:
                continue
            if limit.name == BUNDLE and self._is_partial():
                continue  # what the bundle does not cover may go on
            end = meter.bounds(now_ms)[1]
            if end > free:
                free, because = end, _used_up(limit)
        return free, because

    def next_turn(self, now_ms: int) -> int:
        """Return when the next period begins of anything that is being used; FAR."""
        return min(
            (
                meter.bounds(now_ms)[1]
                for limit, meter in self._meters
                if meter.used(now_ms) > 0
            ),
            default=FAR,
        )

    def tariff(self, now_ms: int) -> Tariff:
        """Return the tariff with what is left now."""
        left = self._left(now_ms)
        if self._snapshot is None or self._snapshot[0] != left:
            self._snapshot = (left, replace(self.contract.tariff, left=left))
        return self._snapshot[1]

    def _left(self, now_ms: int) -> Left:
        """Return what is left; more than any message needs counts as that much.

        So the tariff stays the same one until it matters.
        """
        parts: int | None = None
        money: int | None = None
        covered: int | None = None
        for limit, meter in self._meters:
            if not limit.stops:
                continue
            left = max(0, limit.count - meter.used(now_ms))
            left = min(left, self._dearest if limit.money else MOST_PARTS)
            if limit.name == BUNDLE:
                covered = left
            elif limit.money:
                money = left if money is None else min(money, left)
            else:
                parts = left if parts is None else min(parts, left)
        return Left(parts, covered, money)

    def newly_low(self, now_ms: int) -> list[Standing]:
        """Return what has little left, each once per period; minutes are too many."""
        found: list[Standing] = []
        if not self.contract.low:
            return found
        for standing in self.standings(now_ms):
            is_low = standing.left * 100 <= standing.count * self.contract.low
            is_short = standing.end_ms - standing.start_ms <= FIXED_MS["minute"]
            if is_short or not is_low:
                continue
            if self._told.get(standing.name) != standing.start_ms:
                self._told[standing.name] = standing.start_ms
                found.append(standing)
        return found

    def told(self, name: str, start_ms: int) -> None:
        """Hear that somebody was told of this period already."""
        self._told[name] = start_ms

    def _is_partial(self) -> bool:
        bundle = self.contract.tariff.bundle
        return bundle is not None and bool(bundle.covers)


def _counted(limit: Limit, entry: Entry) -> int:
    """Return what one entry means for one limit."""
    if limit.money:
        return entry.cost
    return entry.covered if limit.name == BUNDLE else entry.parts


def _all(contract: Contract) -> list[Limit]:
    limits = list(contract.limits)
    bundle, period = contract.tariff.bundle, contract.bundle_period
    if bundle is not None and period is not None:
        stops = bundle.then_stop
        limits.insert(0, Limit(BUNDLE, bundle.parts, period, stops=stops))
    return limits


def _used_up(limit: Limit) -> str:
    """Name what holds a SIM: "… allows the next part in 5 s"."""
    if limit.name == BUNDLE:
        return f"its bundle of {limit.count} parts"
    return f"its {'cap' if limit.money else 'quota'} of {limit.name}"
