"""The last message reference that a card remembers: EF_SMSS, read sparingly.

A few readings after accepted texts show whether this modem keeps it true; after
that it is read only where a text of this card is in doubt: before the modem goes
into service, and once more when nothing can be on its way any longer.

Spec: 3GPP TS 31.102, 4.2.9 (EF_SMSS); TS 23.040, 9.2.3.6 (its update).
"""

import asyncio

from modemgw.at import commands
from modemgw.modem.asking import Asker
from modemgw.modem.channel import AtChannel
from modemgw.modem.facts import Facts
from modemgw.modem.submit import Habits
from modemgw.modem.witness import Wanted

GAP_S = 30.0  # between two readings while the modem serves


class References:
    """Reads the card of one modem for its witness, over all sessions."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._next_at = 0.0  # loop time
        self._compared: int | None = None  # the reference that was looked up last
        self._read_after: float | None = None  # `typed_at` of the reading that was late

    def due(self, facts: Facts) -> bool:
        """Say whether a modem in service should be asked now."""
        habits, now = self._habits, asyncio.get_running_loop().time()
        is_new = habits.accepted_as not in (None, self._compared)
        is_late = self._is_over(now) and self._read_after != habits.typed_at
        if now < self._next_at or not (is_new or is_late):
            return False
        wanted = habits.witness.wants_reference(facts.imei, facts.sim)
        return is_new if wanted is Wanted.LEARN else is_late and wanted is Wanted.DOUBT

    async def read(self, channel: AtChannel, facts: Facts) -> None:
        """Read it where it is wanted, and tell the witness. Raises ModemError."""
        habits = self._habits
        wanted = habits.witness.wants_reference(facts.imei, facts.sim)
        if wanted is Wanted.NO or (
            wanted is Wanted.LEARN and habits.accepted_as is None
        ):
            return
        typed_at = habits.typed_at
        found = await Asker(channel, silences=1).ask(commands.LAST_REFERENCE)
        now = asyncio.get_running_loop().time()
        self._next_at = now + GAP_S
        if habits.typed_at != typed_at:
            return  # a text went out meanwhile: before or after, nobody knows
        is_over = self._is_over(now)
        if is_over:
            self._read_after = typed_at
        expected = habits.accepted_as if wanted is Wanted.LEARN else None
        self._compared = expected
        habits.witness.reference(
            facts.imei, facts.sim, found, expected=expected, is_over=is_over
        )

    def _is_over(self, now: float) -> bool:
        typed_at = self._habits.typed_at
        return typed_at is not None and now - typed_at >= commands.SUBMIT_S
