"""Diagnosis of one modem, for front ends: tape, journal, restart, AT console.

Whatever a person does to a modem is in the audit log with their name, before it is
done.
"""

from collections.abc import Mapping

from modemgw.at import guard
from modemgw.errors import (
    Conflict,
    FieldError,
    FieldProblem,
    ModemError,
    ModemRefused,
    NotFound,
)
from modemgw.gateway.audit import note
from modemgw.gateway.model import Caller
from modemgw.modem.actor import ModemActor
from modemgw.modem.console import Reply
from modemgw.modem.console import shown as shown_command
from modemgw.modem.faults import Unavailable
from modemgw.modem.journal import Entry, TapeLine
from modemgw.store.database import Store

DEADLINE_S = 20  # of a command that a person typed, where they say nothing
SOON_S = 5.0


class Workbench:
    """Acts on modems by their names."""

    def __init__(self, actors: Mapping[str, ModemActor], store: Store) -> None:
        self._actors = actors
        self._store = store

    def tape(self, name: str, limit: int) -> list[TapeLine]:
        """Return the newest lines of a modem's wire, oldest first."""
        return self._actor(name).aside.tape.lines(limit)

    def journal(self, name: str, limit: int) -> list[Entry]:
        """Return what happened to a modem last, oldest first."""
        return self._actor(name).aside.journal.entries(limit)

    async def restart(self, name: str, caller: Caller) -> None:
        """Set a modem up again. Raises NotFound; Conflict where it is not the time."""
        actor = self._actor(name)
        try:
            await actor.aside.restart(by=caller.name)
        except Unavailable as exc:
            raise busy(exc) from None
        await note(self._store, "modem.restart", caller, object=name)

    async def run(
        self,
        name: str,
        line: str,
        caller: Caller,
        *,
        unsafe: bool = False,
        seconds: float = DEADLINE_S,
    ) -> Reply:
        """Run a command that a person typed.

        Raises NotFound, FieldError where the command is not allowed, Conflict
        where it is not the time, ModemRefused where the modem fails.
        """
        actor = self._actor(name)
        line = line.strip(" ")
        why = guard.refusal(line, unsafe=unsafe)
        shown = shown_command(line)
        if why is not None:
            about = {"command": shown, "why": why}
            await note(self._store, "modem.at_refused", caller, object=name, **about)
            problem = FieldProblem("/command", "not_allowed", why)
            raise FieldError(why, errors=(problem,))
        told = note(
            self._store, "modem.at", caller, object=name, command=shown, unsafe=unsafe
        )
        await told
        try:
            return await actor.aside.run(line, seconds, by=caller.name)
        except Unavailable as exc:
            raise busy(exc) from None
        except ModemError as exc:
            raise ModemRefused(str(exc)) from None

    def _actor(self, name: str) -> ModemActor:
        actor = self._actors.get(name)
        if actor is None:
            raise NotFound(f"there is no modem {name!r}")
        return actor


def busy(exc: Unavailable) -> Conflict:
    """Tell a client that it is not the time."""
    return Conflict(str(exc), retry_after=SOON_S)
