"""Days, months and billing periods in a zone, and changes of its clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.periods import Period

BERLIN = ZoneInfo("Europe/Berlin")
DAY_MS = 86_400_000
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",  # midnight did not exist once a year, until 2018
    "Africa/Cairo",  # nor does it here
    "Asia/Kathmandu",  # three quarters of an hour
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Pacific/Apia",  # left out a whole day in 2011
    "America/St_Johns",  # changed at one minute past midnight
]
PERIODS = [
    Period("minute"),
    Period("hour"),
    Period("day"),
    Period("month"),
    Period("billing", first_day=14),
    Period("billing", first_day=31),
    Period("days", length=30, anchor=date(2026, 11, 1)),
    Period("days", length=7, anchor=date(2031, 1, 30)),
]


def ms(text: str, zone: str = "Europe/Berlin") -> int:
    return (
        int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())
        * 1000
    )


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        pytest.param(
            Period("day"), "2026-10-25T12:00", "2026-10-25", "2026-10-26", id="25 hours"
        ),
        pytest.param(
            Period("day"), "2026-03-29T00:00", "2026-03-29", "2026-03-30", id="23 hours"
        ),
        pytest.param(
            Period("month"), "2026-12-31T23:59", "2026-12-01", "2027-01-01", id="year"
        ),
        pytest.param(
            Period("billing", first_day=14),
            "2026-11-13T23:59",
            "2026-10-14",
            "2026-11-14",
            id="the last minute before the 14th",
        ),
        pytest.param(
            Period("billing", first_day=14),
            "2026-11-14T00:00",
            "2026-11-14",
            "2026-12-14",
            id="the 14th",
        ),
        pytest.param(
            Period("billing", first_day=31),
            "2027-02-27T12:00",
            "2027-01-31",
            "2027-02-28",
            id="a month without a 31st",
        ),
        pytest.param(
            Period("billing", first_day=31),
            "2028-02-29T00:00",
            "2028-02-29",
            "2028-03-31",
            id="a leap year",
        ),
        pytest.param(
            Period("days", length=30, anchor=date(2026, 11, 1)),
            "2026-10-31T23:59",
            "2026-10-02",
            "2026-11-01",
            id="before the anchor",
        ),
        pytest.param(
            Period("days", length=30, anchor=date(2026, 11, 1)),
            "2026-12-01T00:00",
            "2026-12-01",
            "2026-12-31",
            id="30 days later",
        ),
    ],
)
def test_periods_begin_at_midnight(
    period: Period, now: str, start: str, end: str
) -> None:
    assert period.bounds(ms(now), BERLIN) == (ms(start), ms(end))


def test_a_day_that_did_not_exist_is_left_out() -> None:
    zone = ZoneInfo("Pacific/Apia")
    before = ms("2011-12-29T23:00", "Pacific/Apia")
    end = Period("day").bounds(before, zone)[1]
    assert datetime.fromtimestamp(end / 1000, zone).date() >= date(2011, 12, 30)


@given(
    seconds=st.integers(1_100_000_000, 2_200_000_000),
    zone=st.sampled_from(ZONES),
    period=st.sampled_from(PERIODS),
)
def test_periods_follow_each_other_without_a_gap(
    seconds: int, zone: str, period: Period
) -> None:
    place = ZoneInfo(zone)
    now = seconds * 1000
    start, end = period.bounds(now, place)
    assert start <= now < end
    assert period.bounds(start, place) == (start, end)
    assert period.bounds(end - 1, place) == (start, end)
    assert period.bounds(end, place)[0] == end
    assert period.bounds(start - 1, place)[1] == start
    if period.unit not in ("minute", "hour"):
        local = datetime.fromtimestamp(start / 1000, place)
        assert (local.hour, local.minute) in {(0, 0), (1, 0), (0, 30), (23, 0), (0, 1)}
    if period.unit == "billing":
        assert 27 * DAY_MS < end - start < 33 * DAY_MS


def test_a_midnight_that_comes_twice_begins_one_day() -> None:
    """St John's went back at one minute past midnight, until 2011."""
    zone = ZoneInfo("America/St_Johns")
    first = int(datetime(2010, 11, 7, 2, 30, tzinfo=UTC).timestamp()) * 1000
    again = first + 15 * 60_000  # 23:15 of the day before, for the second time
    assert datetime.fromtimestamp(again / 1000, zone).day == 6
    assert Period("day").bounds(again, zone)[0] == first
    assert Period("day").bounds(first - 1, zone)[1] == first


def test_minutes_are_those_of_the_store() -> None:
    assert Period("minute").bounds(61_234, UTC) == (60_000, 120_000)
