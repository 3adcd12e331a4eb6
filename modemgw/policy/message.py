"""Message and part states as tables, and what the parts say about the message.

Message, as the customer sees it:

    scheduled ─► queued ─► sending ─► sent ─► delivered
        │          │  ▲      │  │      ├───► undelivered
        │          │  └retry─┤  │      └───► no_report
        ├─cancel─► canceled  │  └► in_doubt ─► sent | queued | failed | no_report
        └────────► expired ◄─┤
                 blocked     └► failed

A state without a way out is final, but a late report still lifts `no_report`,
`undelivered` and `in_doubt` to `delivered`.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

CLASSES: Final = ("alert", "otp", "transactional", "marketing")
PRIORITIES: Final = ("low", "normal", "high", "urgent")  # index = message.priority


class MessageState(Enum):
    """What a customer reads in `state`."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    NO_REPORT = "no_report"
    IN_DOUBT = "in_doubt"
    EXPIRED = "expired"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELED = "canceled"
    RECEIVING = "receiving"
    RECEIVED = "received"


class PartState(Enum):
    """What one SIM did with one TPDU."""

    QUEUED = "queued"
    CLAIMED = "claimed"  # a SIM has the message; nothing of this part went out
    SUBMITTING = "submitting"  # committed before the first octet of the TPDU
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    CANCELED = "canceled"


class OnInDoubt(Enum):
    """What to do when nobody can say whether a part left."""

    HOLD = "hold"  # a person settles it
    WAIT_REPORT = "wait_report"  # a report may prove it; then as the class says
    RESEND = "resend"  # at least once
    DROP = "drop"  # at most once, and no waiting


FINAL = frozenset(
    {
        MessageState.DELIVERED,
        MessageState.UNDELIVERED,
        MessageState.NO_REPORT,
        MessageState.EXPIRED,
        MessageState.FAILED,
        MessageState.BLOCKED,
        MessageState.CANCELED,
        MessageState.RECEIVED,
    }
)

CANCELABLE = frozenset({MessageState.SCHEDULED, MessageState.QUEUED})

_M = MessageState
MESSAGE_STEPS: dict[MessageState, frozenset[MessageState]] = {
    # What waits becomes in_doubt in a database that was restored from a backup.
    _M.SCHEDULED: frozenset(
        {_M.QUEUED, _M.CANCELED, _M.EXPIRED, _M.BLOCKED, _M.IN_DOUBT}
    ),
    # Back to scheduled where its quiet hours begin before a SIM was free.
    _M.QUEUED: frozenset(
        {_M.SENDING, _M.SCHEDULED, _M.CANCELED, _M.EXPIRED, _M.FAILED, _M.BLOCKED}
        | {_M.IN_DOUBT}
    ),
    _M.SENDING: frozenset({_M.SENT, _M.QUEUED, _M.FAILED, _M.EXPIRED, _M.IN_DOUBT}),
    _M.SENT: frozenset({_M.DELIVERED, _M.UNDELIVERED, _M.NO_REPORT}),
    _M.IN_DOUBT: frozenset(
        {_M.SENDING, _M.SENT, _M.QUEUED, _M.FAILED, _M.NO_REPORT, _M.DELIVERED}
        | {_M.UNDELIVERED}
    ),
    _M.NO_REPORT: frozenset({_M.DELIVERED, _M.UNDELIVERED}),
    _M.UNDELIVERED: frozenset({_M.DELIVERED}),
    _M.DELIVERED: frozenset(),
    _M.EXPIRED: frozenset(),
    _M.FAILED: frozenset(),
    _M.BLOCKED: frozenset(),
    _M.CANCELED: frozenset(),
    _M.RECEIVING: frozenset({_M.RECEIVED}),
    _M.RECEIVED: frozenset(),
}


def may_follow(before: MessageState, after: MessageState) -> bool:
    """Say whether `after` may come directly after `before`."""
    return after in MESSAGE_STEPS[before]


DEFAULT_ON_IN_DOUBT: dict[str, OnInDoubt] = {
    "transactional": OnInDoubt.WAIT_REPORT,
    "otp": OnInDoubt.WAIT_REPORT,
    "alert": OnInDoubt.RESEND,
    "marketing": OnInDoubt.DROP,
}

AFTER_WAITING: dict[str, OnInDoubt] = {
    "transactional": OnInDoubt.HOLD,
    "otp": OnInDoubt.DROP,
    "alert": OnInDoubt.RESEND,
    "marketing": OnInDoubt.DROP,
}


def aggregate(parts: Iterable[PartState]) -> MessageState | None:
    """Return what the parts of a sent message say together, None while some wait.

    Delivered only if every part is; undelivered as soon as one is and none is
    still on its way, because half a text is no text.
    """
    states = list(parts)
    if all(state is PartState.DELIVERED for state in states):
        return MessageState.DELIVERED
    settled = {PartState.DELIVERED, PartState.UNDELIVERED}
    if all(state in settled for state in states):
        return MessageState.UNDELIVERED
    return None
