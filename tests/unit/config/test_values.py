"""Texts to values, one table for each kind that no other test shows."""

import pytest

from modemgw.config import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1.5 h", 5400),
        ("2 days", 172_800),
        ("1 Week", 604_800),
        ("90 sec", 90),
    ],
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert values.duration(text) == seconds


@pytest.mark.parametrize("text", ["30", "5 fortnights", "-1s", "s", "1e3s", "1h30m"])
def test_a_duration_without_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a number with a unit \(30s, 5m"):
        values.duration(text)


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [
        ("127.0.0.1:80", True),
        ("127.8.9.1:80", True),
        ("[::1]:80", True),
        ("localhost:80", True),
        ("0.0.0.0:80", False),
        ("[::]:80", False),
        ("192.168.1.4:80", False),
        ("gw.lan:80", False),
    ],
)
def test_who_can_reach_an_address(text: str, is_loopback: bool) -> None:
    found = values.listen(text)
    assert found.is_loopback is is_loopback
    assert str(found) == text
