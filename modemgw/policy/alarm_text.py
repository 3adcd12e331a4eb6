"""What is told of alarms: what, since when, what to do. Pure.

One text for all that came at once: of many only how many they are. What is filled in
comes from modems and networks, so it is brought to one line of plain characters.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from modemgw.policy.alarm_book import Alarm, Step
from modemgw.policy.alert_text import fit, plain

SEGMENTS = 2  # of a text
SOME = 2  # so many are told in full, of more there is a list by kind
NAMES = 4  # of modems, SIMs … of one kind
HEAD = "modemgw"
_SEVERAL = {  # what has a subject, of which there may be one or many
    "modem_lost": ("modem lost", "modems lost"),
    "sim_benched": ("SIM benched", "SIMs benched"),
    "sim_down": ("SIM down", "SIMs down"),
    "balance_low": ("balance low", "balances low"),
    "allowance_low": ("allowance low", "allowances low"),
    "selftest_failed": ("self-test failed", "self-tests failed"),
    "webhook_dead": ("webhook dead", "webhooks dead"),
}
_SINGLE = {  # what is so or not
    "not_ready": "nothing is sent",
    "queue_old": "queue old",
    "in_doubt": "messages in doubt",
    "disk": "disk",
    "clock": "clock",
    "paused": "sending paused",
    "fuse": "fuse blown",
    "backup": "backup",
    "certificate": "certificate",
    "power": "under-voltage",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told at once over one way."""

    told: Sequence[tuple[Step, Alarm]]
    zone: tzinfo

    def of(self, *steps: Step) -> list[Alarm]:
        """Return the alarms that came to one of these steps."""
        return [alarm for step, alarm in self.told if step in steps]


def sms(notice: Notice) -> str:
    """Write one text of two segments at most; in GSM characters where that goes."""
    bad, over = notice.of(Step.RAISED, Step.REMINDED), notice.of(Step.CLEARED)
    parts: list[str] = []
    if len(bad) <= SOME:
        parts += [f"{_what(one)} (since {_since(one, notice.zone)})" for one in bad]
        advice = [one.advice for one in bad]
    else:
        parts.append(f"{len(bad)} alarms: {_many(bad)}")
        advice = ["modemgw status"]
    if over:
        few = len(over) <= SOME
        parts.append("over: " + ("; ".join(map(_what, over)) if few else _many(over)))
    if bad:
        parts.append(f"Do: {'; '.join(dict.fromkeys(advice))}")
    return fit(f"{HEAD}: {_line('. '.join(parts))}", SEGMENTS)


def subject(notice: Notice) -> str:
    """Write the subject of a mail."""
    bad, over = notice.of(Step.RAISED, Step.REMINDED), notice.of(Step.CLEARED)
    if len(bad) == 1:
        said = _what(bad[0])
    elif bad:
        said = f"{len(bad)} alarms: {_many(bad)}"
    else:
        said = f"over: {_what(over[0]) if len(over) == 1 else _many(over)}"
    return _line(f"{HEAD}: {said}")[:200]


def body(notice: Notice) -> str:
    """Write the text of a mail."""
    words = {Step.RAISED: "ALARM", Step.REMINDED: "STILL", Step.CLEARED: "OVER"}
    lines: list[str] = []
    for step, alarm in notice.told:
        lines.append(f"{words[step]}  {_line(alarm.what)}")
        lines.append(f"       since  {_since(alarm, notice.zone, full=True)}")
        if step is not Step.CLEARED:
            lines.append(f"       do     {_line(alarm.advice)}")
        lines.append("")
    lines.append("How everything stands: modemgw status")
    return "\n".join(lines)


def _many(alarms: Sequence[Alarm]) -> str:
    kinds = Counter(one.kind for one in alarms)
    told = []
    for kind, count in kinds.items():
        names = [one.subject for one in alarms if one.kind == kind and one.subject]
        shown = ", ".join(names[:NAMES]) + ("..." if len(names) > NAMES else "")
        if kind in _SEVERAL:
            said = f"{count} {_SEVERAL[kind][count > 1]}"
        else:
            said = _SINGLE.get(kind, kind)
        told.append(f"{said} ({shown})" if shown else said)
    return ", ".join(told)


def _what(alarm: Alarm) -> str:
    return alarm.what.rstrip(". ")


def _since(alarm: Alarm, zone: tzinfo, *, full: bool = False) -> str:
    at = datetime.fromtimestamp(alarm.since_at / 1000, zone)
    return f"{at:%Y-%m-%d %H:%M %Z}" if full else f"{at:%d %b %H:%M}"


def _line(text: str) -> str:
    return " ".join(plain(text).split())
