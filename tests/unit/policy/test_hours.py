from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.hours import DAY_MIN, WEEK_MIN, Quiet, next_allowed, quiet

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = quiet([(day, 20 * 60, 8 * 60) for day in range(7)])
SUNDAYS = quiet([(6, 0, DAY_MIN)])


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def wall(at: int, zone: ZoneInfo = BERLIN) -> str:
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    return local.isoformat(sep=" ", timespec="minutes")[:16]


@pytest.mark.parametrize(
    ("at", "hours", "allowed"),
    [
        pytest.param("2026-11-23 12:00", NIGHTS, "2026-11-23 12:00", id="by day"),
        pytest.param("2026-11-23 19:59", NIGHTS, "2026-11-23 19:59", id="just before"),
        pytest.param("2026-11-23 20:00", NIGHTS, "2026-11-24 08:00", id="evening"),
        pytest.param("2026-11-24 03:00", NIGHTS, "2026-11-24 08:00", id="night"),
        pytest.param("2026-11-24 08:00", NIGHTS, "2026-11-24 08:00", id="just after"),
        pytest.param("2026-11-22 21:00", NIGHTS, "2026-11-23 08:00", id="new week"),
        pytest.param("2026-11-22 10:00", SUNDAYS, "2026-11-23 00:00", id="sunday"),
        pytest.param(
            "2026-11-21 23:00",
            quiet([(day, 20 * 60, 8 * 60) for day in range(7)] + [(6, 0, DAY_MIN)]),
            "2026-11-23 08:00",
            id="night, sunday and night",
        ),
        pytest.param("2026-03-28 22:00", NIGHTS, "2026-03-29 08:00", id="spring"),
        pytest.param("2026-10-24 22:00", NIGHTS, "2026-10-25 08:00", id="autumn"),
        pytest.param(
            "2026-03-29 01:30",
            quiet([(6, 60, 150)]),
            "2026-03-29 03:30",
            id="ends in the hour that is not there",
        ),
        pytest.param("2026-11-23 20:00", Quiet(), "2026-11-23 20:00", id="never"),
        pytest.param(
            "2026-11-23 20:00",
            Quiet(((0, WEEK_MIN),)),
            "2026-11-23 20:00",
            id="a whole week is nonsense and holds nothing",
        ),
    ],
)
def test_when_it_may_go(at: str, hours: Quiet, allowed: str) -> None:
    assert wall(next_allowed(ms(at), hours, [BERLIN])) == allowed


def test_a_number_in_several_zones_sleeps_in_all_of_them() -> None:
    zones = [ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")]
    at = ms("2026-11-23 09:00", zones[0])  # six in the morning in the west
    assert wall(next_allowed(at, NIGHTS, zones), zones[1]) == "2026-11-23 08:00"


def test_zones_that_leave_no_hour_count_as_the_first() -> None:
    zones = [ZoneInfo("Asia/Kamchatka"), ZoneInfo("Europe/London")]
    at = ms("2026-11-23 21:00", zones[0])
    assert wall(next_allowed(at, NIGHTS, zones), zones[0]) == "2026-11-24 08:00"


def test_the_second_of_two_equal_hours_does_not_lead_back() -> None:
    hours = quiet([(6, 120, 150)])  # 02:00-02:30, which comes twice in autumn
    at = ms("2026-10-25 00:00") + 3 * 3_600_000  # the second 02:00
    assert at < next_allowed(at, hours, [BERLIN]) <= at + 1_800_000


def test_spans_are_merged_and_cut_at_the_end_of_the_week() -> None:
    late = quiet([(6, 23 * 60, 60), (6, 22 * 60, 23 * 60 + 30)])
    assert late.spans == ((0, 60), (6 * DAY_MIN + 22 * 60, WEEK_MIN))
    assert quiet([(day, 0, DAY_MIN) for day in range(7)]).is_whole_week
    assert not Quiet()


TIMES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, DAY_MIN - 1), st.integers(1, DAY_MIN)),
    max_size=12,
)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe"]
)


@given(times=TIMES, zone=ZONES, hours_on=st.integers(0, 3 * 8760))
def test_what_is_allowed_is_not_quiet_and_not_in_the_past(
    times: list[tuple[int, int, int]], zone: str, hours_on: int
) -> None:
    info, hours = ZoneInfo(zone), quiet(times)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours_on)
    at = int(start.timestamp() * 1000)
    allowed = next_allowed(at, hours, [info])
    assert at <= allowed <= at + 8 * 86_400_000
    if not hours.is_whole_week:
        local = datetime.fromtimestamp(allowed / 1000, UTC).astimezone(info)
        minute = local.weekday() * DAY_MIN + local.hour * 60 + local.minute
        assert not any(begin <= minute < end for begin, end in hours.spans)
        assert next_allowed(allowed, hours, [info]) == allowed
