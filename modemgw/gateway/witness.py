"""What modems show about texts in doubt, on its way to the database.

One `Witnesses` serves all modems: it keeps the slate, knows which cards have a
text in doubt and which modems keep the last reference of a card true, and hands
what settles a doubt to gateway/doubts.py. On the way of a text it costs two writes
into the page cache and not one allocation more.
"""

import logging
from collections.abc import Callable
from functools import partial

from modemgw.gateway.doubts import Doubts
from modemgw.modem.model import Accepted, InDoubt, Refused, SimIdentity, SubmitOutcome
from modemgw.modem.witness import Left, Wanted
from modemgw.store import card_reference, evidence, settling
from modemgw.store.card_reference import MISSES, TRUSTED_READINGS, Trust
from modemgw.store.database import Store
from modemgw.store.outcomes import PartRef
from modemgw.store.slate import Slate, Stage
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.gateway")

AT_PROMPT = "the modem still waited for the text at its prompt: nothing was sent"

SimOf = Callable[[SimIdentity], int | None]  # the row of a card that was seen before


class Witnesses:
    """What is known of all modems and cards that may speak about doubts."""

    def __init__(self, store: Store, doubts: Doubts, *, sim_of: SimOf) -> None:
        self.doubtful: set[int] = set()  # SIMs with a part in doubt, or lately so
        self.slate: Slate | None = None
        self.left: dict[str, Left] = {}  # by modem, from the run before
        self._store = store
        self._doubts = doubts
        self._sim_of = sim_of
        self._trust: dict[tuple[int, str], Trust] = {}

    async def load(self) -> None:
        """Read what earlier runs have learned, and which cards have doubts."""
        self._trust = await self._store.read(card_reference.known)
        self.doubtful = set(await self._store.read(evidence.sims_expecting))

    def close(self) -> None:
        """Write on the slate no more."""
        slate, self.slate = self.slate, None
        if slate is not None:
            slate.close()

    def void(self) -> None:
        """Go on without the slate; OSError where its notes would still be believed."""
        if self.slate is not None:
            self.slate.void()
            self.close()

    def of(self, modem: str) -> "ModemWitness":
        """Return the witness of one modem."""
        return ModemWitness(modem, self)

    def found_at_prompt(self, ref: PartRef) -> None:
        """Settle the part that its modem still waited for."""
        log.info("the modem still waited for a text", extra={"modem": ref.modem})
        ids = self._store.ids

        def job(db: Connection, now: int) -> list[int]:
            return settling.never_left(
                db, ids, ref, by="prompt", why=AT_PROMPT, now=now
            )

        self._doubts.settle_by(job)

    def wanted(self, imei: str | None, sim: SimIdentity | None) -> Wanted:
        """Say whether the last reference on this card is wanted from this modem."""
        sim_id = None if sim is None else self._sim_of(sim)
        if sim_id is None or imei is None:
            return Wanted.NO
        held, missed = self._trust.get((sim_id, imei), (0, 0))
        if held >= TRUSTED_READINGS:
            return Wanted.DOUBT if sim_id in self.doubtful else Wanted.NO
        return Wanted.NO if missed >= MISSES else Wanted.LEARN

    def reference(
        self,
        imei: str | None,
        sim: SimIdentity | None,
        found: int | None,
        *,
        expected: int | None,
        is_over: bool,
    ) -> None:
        """Learn from a reading, or let it speak about doubts."""
        sim_id = None if sim is None else self._sim_of(sim)
        if sim_id is None or imei is None:
            return
        if expected is not None:
            self._learn(sim_id, imei, held=found == expected)
        elif found is not None:
            self._doubts.settle_by(
                partial(
                    self._by_card,
                    sim_id=sim_id,
                    imei=imei,
                    found=found,
                    is_over=is_over,
                )
            )

    def _learn(self, sim_id: int, imei: str, *, held: bool) -> None:
        known, missed = self._trust.get((sim_id, imei), (0, 0))
        self._trust[sim_id, imei] = (known + 1, missed) if held else (0, missed + 1)
        self._doubts.settle_by(partial(_learn, sim_id=sim_id, imei=imei, held=held))

    def _by_card(
        self,
        db: Connection,
        now: int,
        *,
        sim_id: int,
        imei: str,
        found: int,
        is_over: bool,
    ) -> list[int]:
        ids = self._store.ids
        settled = settling.by_card(db, ids, sim_id, imei, found, now, is_over=is_over)
        if not evidence.expecting(db, sim_id):
            self.doubtful.discard(sim_id)
        return settled


class ModemWitness:
    """The witness of one modem; see modem/witness.py."""

    def __init__(self, modem: str, all_: Witnesses) -> None:
        self._modem = modem
        self._all = all_

    def left(self) -> Left:
        """Say what the run before left at this modem, once."""
        return self._all.left.pop(self._modem, Left())

    def typed(self, token: object) -> None:
        """Note that the TPDU goes out. A slate that takes nothing is given up."""
        try:
            self._note(token, Stage.TYPED)
        except OSError as exc:
            log.error("the slate is given up", extra={"error": str(exc)})
            self._all.void()

    def answered(self, token: object, outcome: SubmitOutcome) -> None:
        """Note what became of it; without that it is in doubt after a crash."""
        try:
            if isinstance(outcome, Accepted):
                self._note(token, Stage.ACCEPTED, outcome.tp_mr)
            elif isinstance(outcome, Refused) and outcome.seconds:
                self._note(token, Stage.REFUSED)
            elif isinstance(outcome, InDoubt):
                self._note(token, Stage.UNCLEAR)
            # Else it was not typed, and the slate does not say it was.
        except OSError as exc:
            log.warning("cannot write to the slate", extra={"error": str(exc)})

    def at_prompt(self, token: object) -> None:
        """Hear that the modem still waited for this text."""
        if isinstance(token, PartRef):
            self._all.found_at_prompt(token)

    def wants_reference(self, imei: str | None, sim: SimIdentity | None) -> Wanted:
        """Say whether the last reference on the card is wanted now."""
        return self._all.wanted(imei, sim)

    def reference(
        self,
        imei: str | None,
        sim: SimIdentity | None,
        found: int | None,
        *,
        expected: int | None,
        is_over: bool,
    ) -> None:
        """Hear the last reference on the card."""
        self._all.reference(imei, sim, found, expected=expected, is_over=is_over)

    def _note(self, token: object, stage: Stage, tp_mr: int = -1) -> None:
        slate = self._all.slate
        if slate is not None and isinstance(token, PartRef):
            slate.note(self._modem, token.part_id, token.begun_at, stage, tp_mr)


def _learn(
    db: Connection, now: int, *, sim_id: int, imei: str, held: bool
) -> list[int]:
    card_reference.learn(db, sim_id, imei, held=held)
    return []
