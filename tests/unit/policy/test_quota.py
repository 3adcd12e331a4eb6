"""No SIM is ever over its quota, and money sums exactly."""

from collections.abc import Callable
from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modemgw.policy.periods import Period
from modemgw.policy.places import Places, places
from modemgw.policy.quota import (
    BUNDLE,
    FAR,
    KEPT,
    Charge,
    Contract,
    Entry,
    Limit,
    Meter,
    Purse,
)
from modemgw.policy.tariff import Bundle, Left, Tariff

NOW = 1_795_341_600_000  # 2026-11-22T10:00:00Z
MIN, HOUR, DAY = 60_000, 3_600_000, 86_400_000
TO, ABROAD = "+4915112345678", "+436641234567"
PRICED = Tariff(prices=Places((("+49", 50_000), ("+43", 123_457))))
DAYS_30 = Period("days", length=30, anchor=date(2026, 11, 1))


def purse(*limits: Limit, tariff: Tariff = PRICED, low: int = 10) -> Purse:
    bundled = DAYS_30 if tariff.bundle is not None else None
    return Purse(Contract(tariff, limits, bundled, low), UTC)


def per_day(count: int, *, money: bool = False, stops: bool = True) -> Limit:
    name = "cap" if money else "quota"
    return Limit(f"{count} {name}", count, Period("day"), money=money, stops=stops)


def bundled(
    parts: int,
    *,
    covers: tuple[str, ...] = (),
    stop: bool = True,
    then: int | None = None,
) -> Tariff:
    bundle = Bundle(parts, stop, then, places(*covers))
    return Tariff(prices=PRICED.prices, bundle=bundle)


def test_a_quota_holds_until_the_next_day() -> None:
    mine = purse(per_day(2))
    for _ in range(2):
        assert mine.free_at(NOW) == (NOW, "")
        mine.charge(NOW, TO)
    midnight = NOW - NOW % DAY + DAY
    assert mine.free_at(NOW) == (midnight, "its quota of 2 quota")
    assert mine.next_turn(NOW) == midnight
    assert mine.free_at(midnight) == (midnight, "")
    assert mine.next_turn(midnight) == FAR


def test_of_two_that_are_reached_the_later_one_holds() -> None:
    mine = purse(Limit("1/hour", 1, Period("hour")), per_day(1))
    mine.charge(NOW, TO)
    assert mine.free_at(NOW)[1] == "its quota of 1 quota"
    twice = purse(per_day(1), Limit("1/hour", 1, Period("hour")))
    twice.charge(NOW, TO)
    assert twice.free_at(NOW)[1] == "its quota of 1 quota"


def test_a_soft_quota_is_told_and_holds_nothing() -> None:
    mine = purse(per_day(10, stops=False))
    for _ in range(8):
        mine.charge(NOW, TO)
    assert mine.newly_low(NOW) == []
    mine.charge(NOW, TO)
    assert [low.left for low in mine.newly_low(NOW)] == [1]
    assert mine.newly_low(NOW) == []
    for _ in range(3):
        mine.charge(NOW, TO)
    assert mine.free_at(NOW) == (NOW, "")
    assert mine.tariff(NOW).left == Left()
    assert mine.standings(NOW)[0].left == 0
    tomorrow = NOW + DAY
    mine.charge(tomorrow, TO)
    assert mine.newly_low(tomorrow) == []
    for _ in range(8):
        mine.charge(tomorrow, TO)
    assert len(mine.newly_low(tomorrow)) == 1


def test_nobody_is_told_every_minute() -> None:
    mine = purse(
        Limit("1/min", 1, Period("minute")), Limit("1/hour", 1, Period("hour"))
    )
    assert mine.cost(NOW, TO, 3) == 150_000
    mine.charge(NOW, TO)
    assert [low.name for low in mine.newly_low(NOW)] == ["1/hour"]


def test_what_was_told_before_a_restart_is_not_told_again() -> None:
    mine = purse(per_day(1))
    mine.charge(NOW, TO)
    mine.told("1 quota", NOW - NOW % DAY)
    assert mine.newly_low(NOW) == []


def test_nobody_is_told_where_nobody_wants_to_be() -> None:
    mine = purse(per_day(1), low=0)
    mine.charge(NOW, TO)
    assert mine.newly_low(NOW) == []


@pytest.mark.parametrize(
    ("tariff", "costs", "holds"),
    [
        pytest.param(bundled(2), [0, 0], "its bundle of 2 parts", id="then stop"),
        pytest.param(
            bundled(1, stop=False, then=70_000), [0, 70_000], "", id="then 0.07"
        ),
        pytest.param(bundled(1, stop=False), [0, 50_000], "", id="then by the list"),
        pytest.param(
            bundled(1, covers=("+49",)), [0, 50_000], "", id="then stop, a part of all"
        ),
    ],
)
def test_a_bundle_is_used_up(tariff: Tariff, costs: list[int], holds: str) -> None:
    mine = purse(tariff=tariff)
    assert [mine.charge(NOW, TO).cost for _ in costs] == costs
    assert mine.used_in_bundle(NOW) == 2
    assert mine.free_at(NOW)[1] == holds


def test_a_bundle_that_covers_a_part_stops_only_that() -> None:
    mine = purse(tariff=bundled(1, covers=("+49",)))
    assert mine.charge(NOW, ABROAD).cost == 123_457
    assert mine.tariff(NOW).allows(TO) is None
    mine.charge(NOW, TO)
    assert mine.tariff(NOW).left == Left(covered=0)
    assert "then it stops" in (mine.tariff(NOW).allows(TO) or "")
    assert mine.tariff(NOW).allows(ABROAD) is None
    assert mine.tariff(NOW) is mine.tariff(NOW)


def test_what_is_left_is_the_least_of_several() -> None:
    mine = purse(
        per_day(5),
        Limit("3/hour", 3, Period("hour")),
        per_day(200_000, money=True),
        Limit("0.07/hour", 70_000, Period("hour"), money=True),
    )
    mine.charge(NOW, TO)
    assert mine.tariff(NOW).left == Left(parts=2, money=20_000)


def test_the_tariff_stays_the_same_until_it_matters() -> None:
    """Whoever compares tariffs need not look again after every part."""
    mine = purse(per_day(10_000), per_day(10**9, money=True), tariff=bundled(5_000))
    assert [s.kind for s in mine.standings(NOW)] == ["bundle", "quota", "cap"]
    before = mine.tariff(NOW)
    for _ in range(300):
        mine.charge(NOW, TO)
    assert mine.tariff(NOW) is before
    assert before.left == Left(parts=256, covered=256, money=256 * 123_457)


def test_an_unknown_price_costs_nothing_and_is_not_known() -> None:
    mine = purse(per_day(100, money=True))
    charge = mine.charge(NOW, "+33123456789")
    assert charge == Charge(NOW, False, None)
    assert mine.standings(NOW)[0].used == 0
    mine.give_back(charge)
    assert mine.standings(NOW)[0].used == 0


def test_a_person_knows_better() -> None:
    mine = purse(per_day(500), tariff=bundled(500))
    mine.charge(NOW, TO)
    mine.correct(BUNDLE, NOW, 99)
    mine.correct("no such thing", NOW, 99)
    assert [s.used for s in mine.standings(NOW)] == [100, 1]


def test_an_empty_contract_counts_nothing() -> None:
    assert not Contract().counts
    assert not Contract(low=50).counts
    assert Contract(limits=(per_day(1),)).counts
    mine = Purse(Contract(), UTC)
    mine.charge(NOW, TO)
    assert mine.oldest_ms(NOW) == NOW
    assert mine.free_at(NOW) == (NOW, "")


def test_what_is_over_is_not_loaded() -> None:
    mine = purse(per_day(9), Limit("9/hour", 9, Period("hour")))
    assert mine.oldest_ms(NOW) == NOW - NOW % DAY
    mine.load([Entry(NOW - HOUR, 2, 0, 0), Entry(NOW, 3, 0, 0)], NOW)
    assert [s.used for s in mine.standings(NOW)] == [5, 3]


def test_a_clock_that_was_ahead_gives_nothing_twice() -> None:
    mine = purse(per_day(10))
    mine.charge(NOW, TO)
    for _ in range(4):
        mine.charge(NOW + 3 * DAY, TO)
    assert mine.standings(NOW)[0].used == 5
    assert mine.standings(NOW)[0].used == 5  # counted once
    assert mine.standings(NOW + DAY)[0].used == 0  # and not every day until then
    assert mine.standings(NOW + 3 * DAY)[0].used == 4


def test_a_board_that_wakes_in_the_past_forgets_nothing() -> None:
    mine = purse(per_day(10))
    past = NOW - 90 * DAY
    mine.load([Entry(NOW, 10, 0, 0)], past)
    assert mine.free_at(past)[0] > past
    assert mine.free_at(NOW)[0] > NOW


@example(list(range(3 * KEPT)))
@example(list(range(3 * KEPT, 0, -1)))
@given(starts=st.lists(st.integers(0, 3 * KEPT), max_size=60))
def test_meters_are_bounded(starts: list[int]) -> None:
    meter = Meter(Period("minute"), UTC)
    for minute in starts:
        meter.add(NOW + minute * MIN, 1)
        assert meter.used(NOW + minute * MIN) >= 1
    assert len(meter._buckets) <= KEPT


LIMITS: list[tuple[Limit, ...]] = [
    (per_day(5),),
    (per_day(7), Limit("2/min", 2, Period("minute"))),
    (Limit("9/month", 9, Period("month")), Limit("4/hour", 4, Period("hour"))),
    (Limit("6/billing", 6, Period("billing", first_day=31)),),
    (per_day(400_000, money=True),),
]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from([TO, ABROAD])),
        st.tuples(st.just("wait"), st.sampled_from([MIN, HOUR, DAY, 20 * DAY])),
        st.tuples(st.just("jump"), st.integers(-40 * DAY, 40 * DAY)),
        st.tuples(st.just("refused"), st.integers(0, 50)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(
    limits=st.sampled_from(LIMITS),
    bundle=st.sampled_from([None, (3, ()), (4, ("+49",))]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo"]),
    steps=STEPS,
)
def test_never_over_a_quota_and_money_sums_exactly(
    limits: tuple[Limit, ...],
    bundle: tuple[int, tuple[str, ...]] | None,
    zone: str,
    steps: list[tuple[str, object]],
) -> None:
    """Whatever the order of submits, refusals, restarts and clock jumps."""
    place = ZoneInfo(zone)
    tariff = bundled(bundle[0], covers=bundle[1]) if bundle else PRICED
    contract = Contract(tariff, limits, DAYS_30 if bundle else None)
    mine, now = Purse(contract, place), NOW
    sent: list[tuple[Charge, bool]] = []  # what the store would have
    for what, value in steps:
        if what == "send":
            to = str(value)
            free = mine.free_at(now)[0] <= now
            used = mine.used_in_bundle(now)
            allowed = mine.tariff(now).allows(to, used_in_bundle=used) is None
            if free and allowed:
                sent.append((mine.charge(now, to), tariff.covers(to)))
        elif what == "refused" and sent:
            assert isinstance(value, int)
            mine.give_back(sent.pop(value % len(sent))[0])
        elif what == "restart":
            mine = Purse(contract, place)
            since = mine.oldest_ms(now)
            stored = sorted(
                Entry(c.at_ms, 1, int(covered), c.cost or 0) for c, covered in sent
            )
            mine.load((e for e in stored if e.at_ms >= since), now)
        elif what in ("wait", "jump"):
            assert isinstance(value, int)
            now += value
        for limit in limits:
            assert_within(limit, sent, now, place)
        if bundle:
            stop = Limit(BUNDLE, bundle[0], DAYS_30)
            assert_within(stop, [each for each in sent if each[1]], now, place)


def assert_within(
    limit: Limit, sent: list[tuple[Charge, bool]], now: int, zone: ZoneInfo
) -> None:
    """Count by hand what left in the period of now."""
    start, end = limit.period.bounds(now, zone)
    inside = [charge for charge, _ in sent if start <= charge.at_ms < end]
    count: Callable[[Charge], int] = (
        (lambda charge: charge.cost or 0) if limit.money else (lambda charge: 1)
    )
    assert sum(map(count, inside)) <= limit.count


@given(tos=st.lists(st.sampled_from([TO, ABROAD]), max_size=40))
def test_money_is_the_sum_of_the_prices(tos: list[str]) -> None:
    mine = purse(
        per_day(10**12, money=True), tariff=bundled(5, stop=False, then=33_333)
    )
    charges = [mine.charge(NOW, to) for to in tos]
    assert mine.standings(NOW)[1].used == max(0, len(tos) - 5) * 33_333
    for charge in charges:
        mine.give_back(charge)
    assert [standing.used for standing in mine.standings(NOW)] == [0, 0]
