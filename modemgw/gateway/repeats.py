"""Notices that the same text was accepted for the same number a moment ago.

A client that retries without an Idempotency-Key, or a person who clicks twice,
sends twice what was meant once. It is accepted all the same, with a warning. Kept
in memory, as hashes: a dictionary's look-up per message, nothing on the disk, and
a restart forgets it.
"""

from collections import OrderedDict
from typing import NamedTuple

from modemgw.store.outbound import NewMessage

MOST = 20_000  # messages remembered, about 200 octets each; the oldest goes first


class _Met(NamedTuple):
    id: str
    at: int  # when it was accepted
    due: int  # when it may leave: reminders for other days are no repetition
    before: "_Met | None" = None  # the one in whose place it is


class Repeats:
    """The messages accepted within the window, by recipient and body."""

    def __init__(self, window_s: float) -> None:
        """Remember for `window_s` seconds; 0: not at all."""
        self.remember_for(window_s)
        self._seen: OrderedDict[int, _Met] = OrderedDict()
        self._look_at = 0  # when the oldest of them is to be forgotten

    def remember_for(self, window_s: float) -> None:
        """Let another window hold from now on."""
        self._window_ms = round(window_s * 1000)
        self._look_at = 0

    def meet(self, new: NewMessage, *, refuse: bool = False) -> str | None:
        """Remember a message; return the id of the last one like it, if any.

        To be called before it is written, so that two of the same moment meet. With
        `refuse` one that has such a twin is not remembered: it is not accepted.
        """
        if not self._window_ms:
            return None
        seen, now = self._seen, new.created_at
        like = hash((new.to, new.text, new.data, new.options.get("port")))
        before = seen.pop(like, None)
        is_twin = before is not None and (
            0 <= now - before.at <= self._window_ms
            and abs(new.not_before - before.due) <= self._window_ms
        )
        if before is not None and is_twin and refuse:
            seen[like] = before
            return before.id
        old = None if before is None else before._replace(before=None)
        seen[like] = _Met(new.public_id, now, new.not_before, old)
        if now > self._look_at or len(seen) > MOST:
            self._let_go(now)
        return before.id if before is not None and is_twin else None

    def _let_go(self, now: int) -> None:
        """Forget those that are too old, or too many."""
        seen = self._seen
        oldest = next(iter(seen.values()))
        while len(seen) > MOST or now - oldest.at > self._window_ms:
            seen.popitem(last=False)
            oldest = next(iter(seen.values()))
        self._look_at = oldest.at + self._window_ms

    def forget(self, new: NewMessage) -> None:
        """Let go of a message that was not accepted in the end."""
        like = hash((new.to, new.text, new.data, new.options.get("port")))
        known = self._seen.get(like)
        if known is not None and known.id == new.public_id:
            del self._seen[like]
            if known.before is not None:
                self._seen[like] = known.before
                self._seen.move_to_end(like, last=False)  # it is older than most
