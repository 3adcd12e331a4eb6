"""TP-VP in its three formats."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.validity import (
    Format,
    Validity,
    decode_relative_validity,
    encode_relative_validity,
)


@pytest.mark.parametrize(
    ("octet", "period"),
    [
        pytest.param(0, timedelta(minutes=5), id="shortest"),
        pytest.param(11, timedelta(hours=1), id="an-hour"),
        pytest.param(143, timedelta(hours=12), id="last-5-minutes"),
        pytest.param(144, timedelta(hours=12, minutes=30), id="first-half-hour"),
        pytest.param(167, timedelta(hours=24), id="a-day"),
        pytest.param(168, timedelta(days=2), id="first-day"),
        pytest.param(173, timedelta(days=7), id="a-week"),
        pytest.param(196, timedelta(days=30), id="last-day"),
        pytest.param(197, timedelta(weeks=5), id="first-week"),
        pytest.param(255, timedelta(weeks=63), id="longest"),
    ],
)
def test_relative_steps(octet: int, period: timedelta) -> None:
    assert decode_relative_validity(octet) == period
    assert encode_relative_validity(period) == octet


@given(st.integers(1, 63 * 604_800))
def test_validity_is_the_smallest_step_that_is_long_enough(seconds: int) -> None:
    octet = encode_relative_validity(timedelta(seconds=seconds))
    assert decode_relative_validity(octet) >= timedelta(seconds=seconds)
    if octet:
        assert decode_relative_validity(octet - 1) < timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "period", [timedelta(0), timedelta(seconds=-1), timedelta(weeks=63, seconds=1)]
)
def test_periods_out_of_range(period: timedelta) -> None:
    with pytest.raises(PduEncodeError, match="63 weeks"):
        encode_relative_validity(period)


def enhanced(octets: str) -> Validity:
    found = Validity.read(Cursor(bytes.fromhex(octets)), Format.ENHANCED)
    assert found is not None
    assert found.format is Format.ENHANCED
    assert found.until is None
    return found


@pytest.mark.parametrize(
    ("octets", "period", "single_shot"),
    [
        pytest.param("00000000000000", None, False, id="no-period"),
        pytest.param("40000000000000", None, True, id="single-shot"),
        pytest.param("010B0000000000", timedelta(hours=1), False, id="relative"),
        pytest.param("423C0000000000", timedelta(minutes=1), True, id="seconds"),
        pytest.param("02000000000000", None, False, id="zero-seconds-is-reserved"),
        pytest.param(
            "03214365000000",
            timedelta(hours=12, minutes=34, seconds=56),
            False,
            id="hours-minutes-seconds",
        ),
        pytest.param("032143F5000000", None, False, id="no-digits"),
        pytest.param("07214365000000", None, False, id="reserved-format"),
        pytest.param("81000B00000000", timedelta(hours=1), False, id="extended"),
        pytest.param("FFFFFFFFFFFFFF", None, True, id="extended-to-the-end"),
        pytest.param("81808080808080", None, False, id="nothing-left-for-a-period"),
        pytest.param("82808080808080", None, False, id="nothing-left-for-seconds"),
        pytest.param("83808080800012", None, False, id="too-little-left"),
    ],
)
def test_enhanced(octets: str, period: timedelta | None, single_shot: bool) -> None:
    found = enhanced(octets)
    assert found.period == period
    assert found.single_shot is single_shot
    assert found.raw == bytes.fromhex(octets)


def test_absolute() -> None:
    when = datetime(2010, 7, 25, 20, 15, 39, tzinfo=UTC)
    made = Validity.of(when)
    assert made.raw.hex() == "01705202519300"
    assert made.until is not None
    assert made.until.value == when
    assert Validity.read(Cursor(made.raw), Format.ABSOLUTE) == made


def test_relative_and_absent() -> None:
    made = Validity.of(timedelta(hours=36))
    assert made.period == timedelta(days=2)
    assert Validity.read(Cursor(made.raw), Format.RELATIVE) == made
    assert Validity.read(Cursor(b""), Format.ABSENT) is None


@pytest.mark.parametrize("format_", [Format.RELATIVE, Format.ABSOLUTE, Format.ENHANCED])
def test_a_period_that_is_cut_off(format_: Format) -> None:
    with pytest.raises(PduDecodeError, match="TP-VP"):
        Validity.read(Cursor(b"\0" * (format_ != Format.RELATIVE)), format_)
