"""USSD for front ends: a session belongs to a SIM, wherever that is plugged in.

One session per SIM. It lives while the network waits for a reply; a session that
nobody replies to is given up for the next one after a while.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from modemgw.at import codes
from modemgw.at.ussd import Answered, objection
from modemgw.errors import (
    AtError,
    Conflict,
    FieldError,
    FieldProblem,
    ModemError,
    ModemRefused,
    NotFound,
)
from modemgw.gateway.audit import note
from modemgw.gateway.lane import Lane
from modemgw.gateway.model import Caller, SimView
from modemgw.gateway.views import sim_id
from modemgw.gateway.workbench import busy
from modemgw.modem.actor import ModemActor
from modemgw.modem.faults import Unavailable
from modemgw.store.database import Store

LONGEST_MS = 200_000  # a message on the air, the modem, and two minutes
STALE_S = 180.0  # networks end a session that nobody replies to sooner than that

_WHY = {
    Answered.DONE: "answered",
    Answered.REPLY: "the network wants a reply",
    Answered.ENDED: "the network ended the session",
    Answered.OTHER_CLIENT: "another program on this modem answered",
    Answered.UNSUPPORTED: "the network or the modem does not support this",
    Answered.TIMEOUT: "the network did not answer in time",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one request."""

    session: str
    sim: str
    state: str
    text: str | None
    why: str


@dataclass(slots=True)
class _Session:
    id: str
    modem: str
    at: float  # monotonic, of the last answer


class UssdDesk:
    """The USSD sessions of all SIMs."""

    def __init__(
        self,
        actors: Mapping[str, ModemActor],
        lanes: Mapping[str, Lane],
        sims: Callable[[], list[SimView]],
        *,
        store: Store,
    ) -> None:
        self._actors = actors
        self._lanes = lanes
        self._sims = sims
        self._store = store
        self._ids = store.ids
        self._clock = store.clock
        self._open: dict[str, _Session] = {}  # by the name of the SIM

    async def start(self, sim: str, code: str, caller: Caller) -> Said:
        """Send a code such as *100#.

        Raises NotFound, FieldError, Conflict where the SIM is busy or out of
        service, ModemRefused where modem or network say no.
        """
        view, actor = self._find(sim)
        _check(code, "/code", is_reply=False)
        await note(self._store, "sim.ussd", caller, object=view.name, code=code)
        if actor.aside.ussd.is_waiting:
            raise Conflict("another USSD request is on its way through this SIM")
        known = self._open.get(view.name)
        now = self._clock.monotonic()
        if known is not None and actor.aside.ussd.is_open:
            if now - known.at < STALE_S:
                raise Conflict(
                    f"the session {known.id} waits for a reply: send one, or cancel it"
                )
            await self._end(actor)
        self._open.pop(view.name, None)
        session = self._ids.new("ussd", self._clock.now_ms())
        return await self._exchange(view, actor, session, code)

    async def reply(self, sim: str, session: str, text: str, caller: Caller) -> Said:
        """Answer a menu. Raises as `start` does; Conflict where it is over."""
        view, actor = self._find(sim)
        self._known(view, session)
        _check(text, "/text", is_reply=True)
        await note(self._store, "sim.ussd_reply", caller, object=view.name)
        if not actor.aside.ussd.is_open:
            self._open.pop(view.name, None)
            raise Conflict("the network has ended this session")
        return await self._exchange(view, actor, session, text)

    async def cancel(self, sim: str, session: str, caller: Caller) -> None:
        """End a session, or the request of one that is on its way."""
        view, actor = self._find(sim)
        self._known(view, session)
        await note(self._store, "sim.ussd_cancel", caller, object=view.name)
        self._open.pop(view.name, None)
        await self._end(actor)

    async def _exchange(
        self, view: SimView, actor: ModemActor, session: str, text: str
    ) -> Said:
        # Known at once, so that a request that takes long can be canceled.
        kept = _Session(session, actor.snapshot.name, self._clock.monotonic())
        if self._open.setdefault(view.name, kept).id != session:
            raise Conflict("another USSD request is on its way through this SIM")
        state = ""
        try:
            with self._resting(view):
                answer = await actor.aside.ussd.ask(text)
            state = answer.answered.value
        except Unavailable as exc:
            raise busy(exc) from None
        except AtError as exc:
            sentence = codes.refusal(exc.code, exc.text).sentence
            raise ModemRefused(f"the modem said {exc.text}: {sentence}") from None
        except ModemError as exc:
            raise ModemRefused(str(exc)) from None
        finally:
            if state == Answered.REPLY.value:
                kept.at = self._clock.monotonic()
                self._open[view.name] = kept
            elif (now := self._open.get(view.name)) is not None and now.id == session:
                del self._open[view.name]
        return Said(session, view.name, state, answer.text, _WHY[answer.answered])

    @contextmanager
    def _resting(self, view: SimView) -> Iterator[None]:
        """Let messages go through other SIMs until the network has answered."""
        lane = self._lanes.get(view.modem or "")
        sim = lane.sim if lane is not None else None
        if lane is None or sim is None:
            yield
            return
        before = sim.rests_until, sim.rests_because
        until = self._clock.now_ms() + LONGEST_MS
        if until > sim.rests_until:
            sim.rests_until, sim.rests_because = until, "a USSD request"
        try:
            yield
        finally:
            if sim.rests_until == until:  # nothing else made it rest meanwhile
                sim.rests_until, sim.rests_because = before
                lane.wake()

    async def _end(self, actor: ModemActor) -> None:
        try:
            await actor.aside.ussd.cancel()
        except Unavailable as exc:
            raise busy(exc) from None
        except ModemError as exc:
            raise ModemRefused(str(exc)) from None

    def _find(self, name: str) -> tuple[SimView, ModemActor]:
        for view in self._sims():
            if name in (view.name, sim_id(view.name), view.iccid):
                actor = self._actors.get(view.modem or "")
                if actor is None:
                    raise Conflict(f"the SIM {view.name!r} is in no modem")
                return view, actor
        raise NotFound(f"there is no SIM {name!r}")

    def _known(self, view: SimView, session: str) -> None:
        known = self._open.get(view.name)
        if known is None or known.id != session:
            raise NotFound(f"there is no USSD session {session!r} on this SIM")


def _check(text: str, pointer: str, *, is_reply: bool) -> None:
    why = objection(text, is_reply=is_reply)
    if why is not None:
        problem = FieldProblem(pointer, "invalid_value", why)
        raise FieldError(why, errors=(problem,))
