"""When something wrong becomes an alarm, is told again, and is over. Pure.

    trouble lasts `after`: raised   stage 1
    `remind` later:        reminded stage + 1, and so on
    gone for a while:      cleared  stage + 1

Each step raises the stage of the alarm by one. A way of telling (SMS, mail) keeps the
stage it told last: so each step is told once over each, over restarts too, and who
never heard of an alarm hears nothing of its end.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from modemgw.policy.trouble import Trouble

CLEAR_AFTER_MS = 60_000  # a trouble that flickers is one trouble
NEVER_MS = -1


@dataclass(frozen=True, slots=True)
class Terms:
    """How patient one is: by kind; NEVER_MS or not named: it is no alarm."""

    after_ms: Mapping[str, int]
    remind_ms: int = NEVER_MS


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. Instants in Unix ms."""

    id: str  # alm_…
    kind: str
    subject: str
    what: str
    advice: str
    since_at: int
    raised_at: int
    stage: int = 1
    stage_at: int = 0  # when it came to this stage
    cleared_at: int | None = None
    told_sms: int = 0  # the last stage that was told
    told_mail: int = 0
    gone_at: int | None = None  # not seen since; memory only

    @property
    def key(self) -> str:
        """What makes it the same as a trouble."""
        return f"{self.kind}:{self.subject}"


class Step(Enum):
    """What became of an alarm."""

    RAISED = "raised"
    REMINDED = "reminded"
    CLEARED = "cleared"


def look(
    open_alarms: Iterable[Alarm],
    troubles: Sequence[Trouble],
    terms: Terms,
    now: int,
    new_id: Callable[[], str],
) -> list[tuple[Step | None, Alarm]]:
    """Return every open alarm as it is now, new ones too, with what became of it."""
    seen = {one.key: one for one in troubles}
    found = [_aged(one, seen.pop(one.key, None), terms, now) for one in open_alarms]
    found += [
        (Step.RAISED, _raised(one, now, new_id()))
        for one in seen.values()
        if 0 <= terms.after_ms.get(one.kind, NEVER_MS) <= one.lasts_ms
    ]
    return found


def _raised(trouble: Trouble, now: int, id: str) -> Alarm:
    return Alarm(
        id=id,
        kind=trouble.kind,
        subject=trouble.subject,
        what=trouble.what,
        advice=trouble.advice,
        since_at=min(trouble.since_at, now),
        raised_at=now,
        stage_at=now,
    )


def _aged(
    alarm: Alarm, trouble: Trouble | None, terms: Terms, now: int
) -> tuple[Step | None, Alarm]:
    if trouble is None:
        gone_at = now if alarm.gone_at is None else min(alarm.gone_at, now)
        if now - gone_at < CLEAR_AFTER_MS:
            return None, replace(alarm, gone_at=gone_at)
        return Step.CLEARED, replace(
            alarm, stage=alarm.stage + 1, stage_at=now, cleared_at=now, gone_at=gone_at
        )
    alarm = replace(alarm, what=trouble.what, advice=trouble.advice, gone_at=None)
    # A clock that was set back must not keep a reminder away for years.
    since = min(alarm.stage_at, now)
    if terms.remind_ms != NEVER_MS and now - since >= terms.remind_ms:
        return Step.REMINDED, replace(alarm, stage=alarm.stage + 1, stage_at=now)
    return None, alarm


def news(alarm: Alarm, told: int) -> Step | None:
    """Return what is to be told of an alarm to whom it was told up to a stage."""
    if told >= alarm.stage or (told == 0 and alarm.cleared_at is not None):
        return None
    if alarm.cleared_at is not None:
        return Step.CLEARED
    return Step.RAISED if told == 0 else Step.REMINDED


def is_done(alarm: Alarm) -> bool:
    """Say whether nobody needs to hear of it any more."""
    told = (alarm.told_sms, alarm.told_mail)
    return alarm.cleared_at is not None and not any(news(alarm, one) for one in told)
