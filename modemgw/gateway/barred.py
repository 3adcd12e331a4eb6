"""Messages to people who want none: how they end, at the door and in the queue."""

from collections.abc import Sequence

import msgspec

from modemgw.gateway.queue import Entry
from modemgw.gateway.shapes import OutboundMessage, Reason
from modemgw.gateway.views import encode
from modemgw.ids import IdSource
from modemgw.policy.message import MessageState
from modemgw.store import outbound
from modemgw.store.outbound import JsonDict, NewMessage
from modemgw.store.writer import Connection

PAST_OPT_OUT = "past_opt_out"  # an option: the one confirmation, and help
DETAIL = "the recipient wants no more messages of this class"


def close(db: Connection, ids: IdSource, message_id: int, now: int) -> bool:
    """End one message that waits; False where it does not any more."""
    story: JsonDict = {
        "code": "opted_out",
        "detail": DETAIL,
        "raw": None,
        "retryable": False,
    }
    return outbound.close(db, ids, message_id, MessageState.BLOCKED, story, now)


def close_some(
    db: Connection,
    ids: IdSource,
    news: Sequence[NewMessage],
    made: Sequence[tuple[int, list[int]]],
    ends: Sequence[bool],
) -> None:
    """End those of the messages that were just written whose recipients want none."""
    for new, (message_id, _), ended in zip(news, made, ends, strict=True):
        if ended:
            close(db, ids, message_id, new.created_at)


def shown(message: OutboundMessage) -> bytes:
    """Render a message that ends as it is accepted."""
    reason = Reason(code="opted_out", detail=DETAIL, raw=None, retryable=False)
    ended = msgspec.structs.replace(
        message, state=MessageState.BLOCKED.value, reason=reason, sequence=2
    )
    return encode(ended)


def is_past(entry: Entry) -> bool:
    """Say whether a message goes to people who opted out, too."""
    return bool(entry.options.get(PAST_OPT_OUT))
