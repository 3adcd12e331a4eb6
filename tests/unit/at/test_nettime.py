"""The network's time, in the ways modems write it."""

import pytest

from modemgw.at.nettime import time_of

TEN = 1_795_341_600_000  # 2026-11-22T10:00:00Z


@pytest.mark.parametrize(
    ("line", "at_ms"),
    [
        ("^NWTIME: 26/11/22,11:00:00+04,00", TEN),
        ('*PSUTTZ: 2026, 11, 22, 11, 0, 0, "+04", 0', TEN),
        ('+CTZV: "26/11/22,11:00:00+04"', TEN),
        ('+CTZE: "+04",0,"2026/11/22,10:00:00"', TEN),
        ('+CCLK: "26/11/22,05:00:00-20"', TEN),
        ('+CCLK: "04/01/01,00:00:00+00"', None),
        ('+CCLK: "80/01/06,00:00:00+00"', None),
        ('+CCLK: "70/01/01,00:00:00+00"', None),
        ("^NWTIME: 26/13/45,11:00:00+04", None),
        ("^NWTIME: 26/11/22,11:00:00+99", None),
        ("+CTZV: +8", None),
        ("", None),
    ],
)
def test_a_line_has_a_time_or_not(line: str, at_ms: int | None) -> None:
    assert time_of(line) == at_ms
