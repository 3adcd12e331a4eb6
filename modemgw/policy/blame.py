"""Whose fault a refusal is: the recipient's, the SIM's, or the network's.

A code alone seldom says. So refusals are held against each other: a recipient
that two SIMs are refused is a bad recipient; a SIM that is refused what others get
through is a bad SIM; and where every SIM of one operator fails at once it is the
network. Only what happened since a SIM's last success speaks against it.

Everything is in memory, and bounded. Instants are Unix milliseconds.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from modemgw.at.codes import Code, Disposition

_V = TypeVar("_V")

MEMORY_MS = 3_600_000  # a refusal longer ago than this says nothing any more
SWEEP_MS = 60_000  # how often that is looked at
OUTAGE_MS = 600_000  # every SIM of an operator failed within this: at once
AT_ONCE_MS = 120_000  # a sister got through so soon after: the network was there
STUBBORN_MS = 600_000  # a SIM that alone finds no network for so long is at fault
IN_A_ROW = 3  # refusals that could be the recipient's or the SIM's
ALONE_IN_A_ROW = 8  # of "unknown subscriber", where no other SIM can be asked
LONGEST_RUN = 50  # refusals in a row that are remembered of one SIM
MOST_RECIPIENTS = 2_000  # whose refusals are remembered


class Suspect(Enum):
    """Who comes to mind at a code, before anything is compared."""

    SIM = "sim"  # says so itself: not subscribed, not inserted
    BARRED = "barred"  # the SIM, or a kind of number that it may not reach
    EITHER = "either"  # no credit looks like this, and so does a bad number
    UNKNOWN_NUMBER = "unknown_number"  # the recipient, or the SIM is not provisioned
    NUMBER = "number"  # the recipient
    NETWORK = "network"
    NOBODY = "nobody"  # the content, the modem, or what passes by itself


class Cause(Enum):
    """Why a SIM is benched."""

    REFUSED = "refused"  # the network refuses what it takes from others
    BARRED = "barred"  # the operator does not let it send
    CARD = "card"  # the card itself, or its settings
    UNREACHABLE = "unreachable"  # it alone does not get through to its network
    UNDELIVERED = "undelivered"  # taken, and never delivered
    PROBE = "probe"  # a self-test or its balance says so
    ADMIN = "admin"


class Culprit(Enum):
    """Who it is."""

    UNKNOWN = "unknown"
    RECIPIENT = "recipient"
    SIM = "sim"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one refusal comes to.

    `second_opinion`: the code names the recipient, and another SIM should be
    asked before that is believed.
    """

    culprit: Culprit = Culprit.UNKNOWN
    suspect: Suspect = Suspect.NOBODY
    cause: Cause | None = None  # where it is the SIM
    second_opinion: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A SIM that another one's success has shown to be at fault."""

    sim_id: int
    cause: Cause
    sentence: str


@dataclass(frozen=True, slots=True)
class Around:
    """The other SIMs at the moment of a refusal.

    `operator`: whose network the SIM is in; `sisters`: others in it that are in
    service; `rivals`: any others in service that may take the message.
    """

    operator: str = ""
    sisters: tuple[int, ...] = ()
    rivals: int = 0


# Beyond what disposition and reason say; the rows of at/codes.py that cross-checks
# are for. Spec: 3GPP TS 24.011, 8.2.5.4.
_BARRED = {8, 257, 531}  # CME 257: call barred; 531: not in the fixed dialling list
_UNKNOWN_NUMBER = {10, 28, 30}
_NUMBER_REASONS = {"recipient_unknown", "recipient_barred", "invalid_number"}


def suspect(code: Code) -> Suspect:
    """Return who comes to mind at this code."""
    match code.disposition:
        case Disposition.COOL_DOWN:
            return Suspect.BARRED if code.number in _BARRED else Suspect.SIM
        case Disposition.REFUSE if code.reason in _NUMBER_REASONS:
            is_unknown = code.number in _UNKNOWN_NUMBER
            return Suspect.UNKNOWN_NUMBER if is_unknown else Suspect.NUMBER
        case Disposition.TRY_OTHER_SIM if code.reason == "network_rejected":
            return Suspect.EITHER
        case Disposition.TRY_OTHER_SIM | Disposition.RETRY_HERE:
            return Suspect.NETWORK if code.reason == "no_service" else Suspect.NOBODY
        case _:
            return Suspect.NOBODY


_OF_NETWORK = {Suspect.NETWORK, Suspect.EITHER}
_ANY_REFUSAL = {Suspect.EITHER, Suspect.BARRED}
_OF_NUMBER = {Suspect.NUMBER, Suspect.UNKNOWN_NUMBER}
_CARD_REASONS = {"sim_missing", "modem_error"}


@dataclass(slots=True, eq=False)
class _Refusal:
    sim_id: int
    to: str
    at: int
    suspect: Suspect
    operator: str
    sentence: str
    cleared: bool = False  # it was the recipient
    reached: bool = False  # another SIM got through to the recipient
    by_sister: bool = False  # … one in the same network, at the same time


@dataclass(slots=True)
class Ledger:
    """Refusals that nothing has explained yet, of all SIMs."""

    _runs: dict[int, list[_Refusal]] = field(default_factory=dict)  # by SIM
    _open: dict[str, list[_Refusal]] = field(default_factory=dict)  # by recipient
    _bad: dict[str, int] = field(default_factory=dict)  # recipient: until when
    _aged_at: int = 0

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is held against anybody: successes say nothing then."""
        return not (self._runs or self._open or self._bad)

    def against(self, sim_id: int) -> int:
        """Return how many refusals stand against a SIM now."""
        return sum(not one.cleared for one in self._runs.get(sim_id, ()))

    def proven(self, sim_id: int) -> int:
        """Return how many of them others have got through since."""
        return sum(one.reached for one in self._runs.get(sim_id, ()))

    def forget(self, sim_id: int) -> None:
        """Begin anew with a SIM: it was benched, or somebody trusts it again."""
        for one in self._runs.pop(sim_id, ()):
            self._close(one)

    def accepted(self, sim_id: int, to: str, operator: str, now: int) -> list[Fault]:
        """Hear of a success; return the SIMs that it proves to be at fault."""
        self.forget(sim_id)
        self._bad.pop(to, None)
        faults = []
        for one in self._open.pop(to, ()):
            one.reached = True
            same = bool(operator) and one.operator == operator
            one.by_sister = same and now - one.at <= AT_ONCE_MS
            cause = self._fault(one.sim_id, rivals=1)
            if cause is not None:
                faults.append(Fault(one.sim_id, cause, one.sentence))
        return faults

    def refused(
        self, sim_id: int, to: str, code: Code, now: int, around: Around
    ) -> Finding:
        """Hear of a refusal; return whose fault it is, as far as is known now."""
        who = suspect(code)
        if who is Suspect.NOBODY:
            return Finding()
        if who is Suspect.SIM:
            card = code.reason in _CARD_REASONS
            return Finding(Culprit.SIM, who, Cause.CARD if card else Cause.BARRED)
        self.age(now)
        one = _Refusal(sim_id, to, now, who, around.operator, code.sentence)
        trusted = self._is_trusted(sim_id, to)
        self._note(one)
        if who is not Suspect.NETWORK and self._is_recipient(one, trusted, now):
            return Finding(Culprit.RECIPIENT, who)
        if who in _OF_NETWORK and self._is_outage((sim_id, *around.sisters), now):
            return Finding(Culprit.NETWORK, who)
        cause = self._fault(sim_id, rivals=around.rivals)
        if cause is not None:
            return Finding(Culprit.SIM, who, cause)
        doubtful = who is Suspect.UNKNOWN_NUMBER or (
            who is Suspect.NUMBER and self._numbers_in_a_row(sim_id) > IN_A_ROW
        )
        return Finding(Culprit.UNKNOWN, who, second_opinion=doubtful)

    # -- inside --------------------------------------------------------------

    def _is_trusted(self, sim_id: int, to: str) -> bool:
        """Say whether a SIM's word counts: nobody else is refused through it."""
        return all(one.to == to for one in self._runs.get(sim_id, ()))

    def _is_recipient(self, one: _Refusal, trusted: bool, now: int) -> bool:
        known = self._bad.get(one.to, 0) > now
        witnesses = [
            other
            for other in self._open.get(one.to, ())
            if other.sim_id != one.sim_id
            and other.suspect is not Suspect.NETWORK
            and self._is_trusted(other.sim_id, one.to)
        ]
        if not known and not (trusted and witnesses):
            return False
        for each in self._open.pop(one.to, ()):
            each.cleared = True
        self._bad[one.to] = now + MEMORY_MS
        _bound(self._bad)
        return True

    def _is_outage(self, sims: tuple[int, ...], now: int) -> bool:
        recipients: set[str] = set()
        sure = True
        for sim_id in sims:
            failed = [
                one
                for one in self._runs.get(sim_id, ())
                if one.suspect in _OF_NETWORK
                and not one.cleared
                and not one.by_sister
                and now - one.at <= OUTAGE_MS
            ]
            if not failed:
                return False
            recipients.update(one.to for one in failed)
            sure = sure and all(one.suspect is Suspect.NETWORK for one in failed)
        alone = len(sims) == 1
        if alone and not sure:
            return False  # refused, not lost on the way: that can be the SIM
        return len(recipients) >= (2 if sure and not alone else IN_A_ROW)

    def _fault(self, sim_id: int, *, rivals: int) -> Cause | None:
        """Say what the run of a SIM proves against it, None: nothing yet."""
        run = self._runs.get(sim_id, [])
        barred = [one for one in run if one.suspect is Suspect.BARRED]
        live = [one for one in run if not one.cleared]
        unexplained = {one.to for one in barred if not one.cleared}
        if (
            any(one.reached for one in barred)
            or len(unexplained) > 1
            or len({one.to for one in barred}) >= IN_A_ROW
        ):
            return Cause.BARRED
        either = [one for one in live if one.suspect in _ANY_REFUSAL]
        if len(either) >= IN_A_ROW:
            recipients = len({one.to for one in either})
            reached = sum(one.reached for one in either)
            if reached > 1 or recipients >= (2 if rivals else IN_A_ROW):
                return Cause.REFUSED
        numbers = [one for one in live if one.suspect in _OF_NUMBER]
        if sum(one.reached for one in numbers) > 1:
            return Cause.REFUSED
        strange = {one.to for one in numbers if one.suspect is Suspect.UNKNOWN_NUMBER}
        if not rivals and len(strange) >= ALONE_IN_A_ROW:
            return Cause.REFUSED
        lost = [one for one in live if one.by_sister and one.suspect is Suspect.NETWORK]
        if len(lost) >= IN_A_ROW and lost[-1].at - lost[0].at >= STUBBORN_MS:
            return Cause.UNREACHABLE
        return None

    def _numbers_in_a_row(self, sim_id: int) -> int:
        run = self._runs.get(sim_id, ())
        return len({one.to for one in run if one.suspect in _OF_NUMBER})

    def _note(self, one: _Refusal) -> None:
        run = self._runs.setdefault(one.sim_id, [])
        run.append(one)
        if len(run) > LONGEST_RUN:
            self._close(run.pop(0))
        self._open.setdefault(one.to, []).append(one)
        for oldest in _bound(self._open):
            for each in oldest:
                self._drop(each)

    def _close(self, one: _Refusal) -> None:
        """Take a refusal out of its recipient's."""
        others = self._open.get(one.to)
        if others is not None and one in others:
            others.remove(one)
            if not others:
                del self._open[one.to]

    def _drop(self, one: _Refusal) -> None:
        """Take a refusal out of its SIM's run; whatever is open is in one."""
        run = self._runs[one.sim_id]
        run.remove(one)
        if not run:
            del self._runs[one.sim_id]

    def age(self, now: int) -> None:
        """Forget what is too long ago, or from a future that a clock has left."""
        if 0 <= now - self._aged_at < SWEEP_MS:
            return
        self._aged_at = now
        for run in list(self._runs.values()):
            for one in list(run):
                if not 0 <= now - one.at <= MEMORY_MS:
                    self._close(one)
                    self._drop(one)
        over = [
            to for to, until in self._bad.items() if not now < until <= now + MEMORY_MS
        ]
        for to in over:
            del self._bad[to]


def _bound(table: "dict[str, _V]") -> "list[_V]":
    """Return what goes because the table is full, oldest first."""
    gone: list[_V] = []
    while len(table) > MOST_RECIPIENTS:
        gone.append(table.pop(next(iter(table))))
    return gone
