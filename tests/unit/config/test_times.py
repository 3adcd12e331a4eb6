"""What a file says about quiet hours and about how long things are kept."""

import pytest

from modemgw.config.load import parse
from modemgw.config.quiet import QuietHours
from modemgw.config.retention import DAY_S, FOREVER, Kept, Retention
from modemgw.config.show import as_yaml
from modemgw.errors import ConfigError
from modemgw.policy.hours import DAY_MIN, WEEK_MIN, Quiet

NIGHT = (20 * 60, DAY_MIN + 8 * 60)


def test_quiet_hours() -> None:
    text = (
        "quiet_hours:\n"
        "  marketing: [20:00-08:00, sun]\n"
        "  transactional: sat-Sunday 22:00 - 06:00\n"
        "  alert: mon,wed 12:00-13:00\n"
        "  otp: off\n"
        "  zone: own\n"
    )
    found = parse(text, "m.yaml").quiet_hours
    assert found.zone == "own"
    assert found.of("marketing").spans[0] == (0, 8 * 60)
    assert found.of("marketing").spans[1] == NIGHT
    assert found.of("marketing").spans[-1] == (5 * DAY_MIN + 20 * 60, WEEK_MIN)
    assert found.of("transactional").spans == (
        (0, 6 * 60),
        (5 * DAY_MIN + 22 * 60, 6 * DAY_MIN + 6 * 60),
        (6 * DAY_MIN + 22 * 60, WEEK_MIN),
    )
    assert found.of("alert").spans == (
        (12 * 60, 13 * 60),
        (2 * DAY_MIN + 12 * 60, 2 * DAY_MIN + 13 * 60),
    )
    assert found.of("otp") == Quiet()


def test_retention() -> None:
    text = (
        "retention:\n"
        "  bodies: 30 days\n"
        "  messages: forever\n"
        "  marketing: {bodies: 1 week, messages: 90 days}\n"
    )
    found = parse(text, "m.yaml").retention
    assert (found.bodies_of("alert"), found.messages_of("alert")) == (
        30 * DAY_S,
        FOREVER,
    )
    assert found.marketing == Kept(bodies=7 * DAY_S, messages=90 * DAY_S)
    assert found.bodies_of("otp") == DAY_S, "a code is of no use the day after"
    assert found.raw == 90 * DAY_S


@pytest.mark.parametrize("text", ["{}", "quiet_hours:\nretention:\n", "retention: {}"])
def test_without_them_there_are_the_defaults(text: str) -> None:
    found = parse(text, "m.yaml")
    assert (found.quiet_hours, found.retention) == (QuietHours(), Retention())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "quiet_hours: {marketing: 25:00-08:00}",
            "1:26: quiet_hours.marketing: expected times from 00:00 to 24:00, "
            "got '25:00-08:00'",
            id="no such hour",
        ),
        pytest.param(
            "quiet_hours: {alert: [20:00-08:00, someday]}",
            "1:36: quiet_hours.alert[1]: expected 20:00-08:00, "
            "'sat-sun 18:00-10:00', sun or off, got 'someday'",
            id="no such day",
        ),
        pytest.param(
            "quiet_hours: {alert: 20:00-08:00 daily}",
            "1:22: quiet_hours.alert: expected 20:00-08:00, "
            "'sat-sun 18:00-10:00', sun or off, got '20:00-08:00 daily'",
            id="words behind",
        ),
        pytest.param(
            "quiet_hours: {otp: mon-sun}",
            "1:20: quiet_hours.otp: leaves no hour of the week to send in",
            id="always",
        ),
        pytest.param(
            "quiet_hours: {zone: theirs}",
            "1:21: quiet_hours.zone: 'theirs' is none of the choices",
            id="zone",
        ),
        pytest.param(
            "retention: {otp: {bodies: 5}}",
            "1:27: retention.otp.bodies: expected a number with a unit "
            "(30s, 5m, 2 days), got '5'",
            id="no unit",
        ),
        pytest.param(
            "retention: {raw: 1s}",
            "1:18: retention.raw: expected from 1 minute to 20 years, or forever, "
            "got '1s'",
            id="too short",
        ),
        pytest.param(
            "retention: {spam: {bodies: 5 days}}",
            "1:13: retention.spam: unknown key",
            id="no such class",
        ),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "m.yaml")
    assert f"m.yaml:{problem}" in str(caught.value)


def test_what_is_shown_loads_again() -> None:
    text = (
        "quiet_hours:\n"
        "  marketing: [20:00-08:00, sun]\n"
        "  transactional: sat 22:00-06:00\n"
        "retention:\n"
        "  messages: forever\n"
        "  otp: {bodies: 10 min}\n"
    )
    found = parse(text, "m.yaml")
    again = parse(as_yaml(found), "m.yaml")
    assert again.quiet_hours == found.quiet_hours
    assert again.retention == found.retention
