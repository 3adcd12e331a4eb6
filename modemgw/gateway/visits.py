"""What is known of each seat since something was plugged in there.

A seat is asked once it has settled, again with growing pauses while nobody
answers, and anew when what was known may no longer hold.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from modemgw.errors import ModemError
from modemgw.modem.discovery import Seat
from modemgw.modem.lease import Lease
from modemgw.modem.port import OpenPort
from modemgw.modem.probe import Found, probe

log = logging.getLogger("modemgw.pool")

DEBOUNCE_S = 2.0  # an unknown device shows its interfaces one by one
RETRY_S = (5.0, 15.0, 60.0)  # before a seat that did not answer is asked again
PATIENT_S = 2.0  # the same, for one that may need its time


@dataclass(slots=True, eq=False)
class Visit:
    """One seat from one plugging to the next. Instants are the loop's."""

    seat: Seat
    since: float
    settling_since: float
    asked_at: float = 0.0
    next_at: float = 0.0
    tries: int = 0
    is_asking: bool = False
    found: Found | None = None
    port: str = ""  # where it answered
    is_strange: bool = False  # told already that it is not used, and why

    def has_settled(self, now: float) -> bool:
        """Tell whether all of its interfaces should have appeared."""
        return now - self.settling_since >= DEBOUNCE_S

    def is_due(self, now: float) -> bool:
        """Tell whether it may be asked now."""
        return not self.is_asking and self.found is None and now >= self.next_at

    def renew(self, now: float) -> None:
        """Forget who answered; whoever is there now has to say so."""
        self.found, self.next_at, self.tries = None, now, 0


class Visits:
    """All seats in sight."""

    def __init__(self, open_port: OpenPort) -> None:
        self._open_port = open_port
        self._visits: dict[str, Visit] = {}

    def __iter__(self) -> Iterator[Visit]:
        """Go through them, in the order of their appearance."""
        return iter(list(self._visits.values()))

    def get(self, key: str) -> Visit | None:
        """Return the visit of the seat with this key."""
        return self._visits.get(key)

    def meet(self, seats: Iterable[Seat], now: float) -> None:
        """Note what a look saw; what is not there any more is forgotten."""
        gone = set(self._visits)
        for seat in seats:
            gone.discard(seat.key)
            visit = self._visits.get(seat.key)
            if visit is None or visit.seat.stamp != seat.stamp:
                self._visits[seat.key] = Visit(seat, now, now)
                continue
            if visit.seat.ports != seat.ports:
                visit.settling_since = now  # more of it has appeared
                visit.renew(now)
            visit.seat = seat
        for key in gone:
            del self._visits[key]

    async def ask(
        self, visit: Visit, *, ask_sim: bool, wants_sim: Callable[[Found], bool]
    ) -> None:
        """Ask every port of a seat until one answers.

        `wants_sim` is asked whether the card must be known, too.
        """
        seat, why = visit.seat, ""
        found: Found | None = None
        visit.is_asking = True
        try:
            for port in seat.ports:
                try:
                    found = await self._probe(seat, port, ask_sim=ask_sim)
                    if not ask_sim and wants_sim(found):
                        found = await self._probe(seat, port, ask_sim=True)
                except ModemError as exc:
                    found, why = None, str(exc)
                    continue
                visit.port = port
                break
        finally:
            visit.is_asking = False
        visit.asked_at = asyncio.get_running_loop().time()
        visit.found = found
        if found is None:
            is_early = visit.asked_at - visit.since < seat.patience_s
            pause = RETRY_S[min(visit.tries, len(RETRY_S) - 1)]
            visit.next_at = visit.asked_at + (PATIENT_S if is_early else pause)
            visit.tries += 1
            extra = {"port": ",".join(seat.ports), "why": why, "tries": visit.tries}
            log.info("no modem answers", extra=extra)

    async def _probe(self, seat: Seat, port: str, *, ask_sim: bool) -> Found:
        return await probe(
            port, self._open_port, ask_sim=ask_sim, first_words=seat.first_words
        )


def may_be(lease: Lease, visit: Visit) -> bool:
    """Tell whether a modem that is looked for may be the one at this seat."""
    if lease.home is not None:  # it cannot be where somebody was beside it
        return visit.since > lease.seen_at
    if lease.pattern is not None:
        return lease.pattern in visit.seat.patterns
    return visit.seat.is_usb or bool(visit.seat.patterns)


def pass_by(visit: Visit, why: str) -> None:
    """Leave a modem alone that is not ours, and say so once."""
    if not visit.is_strange and visit.found is not None:
        visit.is_strange = True
        extra = {"port": visit.port, "imei": visit.found.imei, "why": why}
        log.info("modem not used", extra=extra)
