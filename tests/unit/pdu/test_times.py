"""Time stamps: zones, impossible dates, two-digit years."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduEncodeError
from modemgw.pdu.times import Timestamp


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        pytest.param("99309251619580", "1999-03-29T15:16:59+02:00", id="last-century"),
        pytest.param("11101021436500", "2011-01-01T12:34:56+00:00", id="utc"),
        pytest.param("21405291650569", "2012-04-25T19:56:50-04:00", id="west"),
        pytest.param("9030426141234C", "2009-03-24T16:14:32-11:00", id="far-west"),
        pytest.param("11101021436532", "2011-01-01T12:34:56+05:45", id="nepal"),
        pytest.param("42209200000000", "2024-02-29T00:00:00+00:00", id="leap-day"),
        pytest.param("09101021436500", "1990-01-01T12:34:56+00:00", id="pivot"),
        pytest.param("98101021436500", "2089-01-01T12:34:56+00:00", id="below-pivot"),
    ],
)
def test_dates(raw: str, iso: str) -> None:
    stamp = Timestamp(bytes.fromhex(raw))
    assert stamp.iso == iso
    when = datetime.fromisoformat(iso)
    assert stamp.unix_ms == when.timestamp() * 1000
    assert Timestamp.at(when) == stamp


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("00000000000000", id="all-zero"),
        pytest.param("FFFFFFFFFFFFFF", id="all-ones"),
        pytest.param("11001021436500", id="month-0"),
        pytest.param("11311021436500", id="month-13"),
        pytest.param("11200321436500", id="30th-of-february"),
        pytest.param("11101042436500", id="hour-24"),
        pytest.param("11101021436F00", id="no-digit"),
        pytest.param("111010214365FF", id="zone-ff"),
        pytest.param("32209200000000", id="no-leap-year"),
    ],
)
def test_impossible_dates_keep_their_octets(raw: str) -> None:
    stamp = Timestamp(bytes.fromhex(raw))
    assert stamp.value is None
    assert stamp.unix_ms is None
    assert stamp.iso is None
    assert stamp.raw == bytes.fromhex(raw)


@given(st.binary(min_size=7, max_size=7))
def test_no_octets_raise(raw: bytes) -> None:
    stamp = Timestamp(raw)
    assert (stamp.value is None) == (stamp.unix_ms is None)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2089, 12, 31)),  # noqa: DTZ001
    st.integers(-79, 79),
)
def test_every_second_and_zone_survives(when: datetime, quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    aware = when.replace(microsecond=0, tzinfo=zone)
    assert Timestamp.at(aware).value == aware


def test_from_unix_cuts_milliseconds_and_keeps_the_zone() -> None:
    stamp = Timestamp.from_unix(1_700_000_000_999, offset_minutes=330)
    assert stamp.unix_ms == 1_700_000_000_000
    assert stamp.iso == "2023-11-15T03:43:20+05:30"


@pytest.mark.parametrize(
    "when",
    [
        pytest.param(datetime(2024, 1, 1), id="naive"),  # noqa: DTZ001
        pytest.param(datetime(1989, 1, 1, tzinfo=UTC), id="too-early"),
        pytest.param(datetime(2090, 1, 1, tzinfo=UTC), id="too-late"),
        pytest.param(
            datetime(2024, 1, 1, tzinfo=timezone(timedelta(minutes=7))), id="odd-zone"
        ),
        pytest.param(
            datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=20))), id="far-zone"
        ),
    ],
)
def test_what_no_time_stamp_can_say(when: datetime) -> None:
    with pytest.raises(PduEncodeError):
        Timestamp.at(when)
