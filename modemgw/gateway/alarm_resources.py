"""The JSON of alarms: what events and the commands on the box say."""

import msgspec

from modemgw.gateway.views import instant, maybe_instant
from modemgw.policy.alarm_book import Alarm


class AlarmOfGateway(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm; `subject` is null where it is the gateway itself."""

    id: str
    kind: str
    subject: str | None
    what: str
    advice: str
    since: str
    raised_at: str
    cleared_at: str | None


class AlarmList(msgspec.Struct, frozen=True):
    """The last alarms, newest first."""

    data: list[AlarmOfGateway]


class Told(msgspec.Struct, frozen=True):
    """What a test over one way came to."""

    way: str  # sms, mail, webhook
    to: str
    ok: bool
    detail: str


class AlarmTest(msgspec.Struct, frozen=True):
    """What the test of every way came to."""

    data: list[Told]


def shown(alarm: Alarm) -> AlarmOfGateway:
    """Render an alarm."""
    return AlarmOfGateway(
        id=alarm.id,
        kind=alarm.kind,
        subject=alarm.subject or None,
        what=alarm.what,
        advice=alarm.advice,
        since=instant(alarm.since_at),
        raised_at=instant(alarm.raised_at),
        cleared_at=maybe_instant(alarm.cleared_at),
    )
