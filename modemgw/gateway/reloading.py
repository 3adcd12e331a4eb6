"""Reads the configuration again, and puts in force what can be without a restart.

One reload at a time; the next one reads the file anew. A file with a mistake changes
nothing, and neither does a disk that takes no writes. What was done is in the audit
log, with what needs a restart.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from modemgw.config.diff import Change, difference
from modemgw.config.load import load_with_places, require_secrets
from modemgw.config.model import Config
from modemgw.errors import ConfigError, FieldProblem, ModemgwError, RequestError
from modemgw.gateway import audit
from modemgw.gateway.adopting import Swap, adopt
from modemgw.gateway.model import Caller
from modemgw.gateway.views import instant
from modemgw.store.writer import Connection
from modemgw.words import counted

if TYPE_CHECKING:
    from modemgw.gateway.gateway import Gateway

log = logging.getLogger("modemgw.config")

SIGNAL = Caller(None, "SIGHUP", frozenset({"admin"}), "signal")
ACTION = "config.reload"
MOST_TOLD = 20  # changes and mistakes in the log, and in one row of the audit log
MOST_SHOWN = 500  # mistakes in an answer

Prepare = Callable[[Config], Awaitable[Swap]]


class ChangedKey(msgspec.Struct, frozen=True):
    """One setting that differs, as in the file; secrets are masked."""

    key: str
    was: str | None  # None: it was not there
    now: str | None
    place: str | None  # file:line:column; None: it is gone from there


class ChangedModems(msgspec.Struct, frozen=True):
    """What becomes of modems, once what each has on the air is finished."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload did."""

    file: str
    reloaded_at: str
    applied: tuple[ChangedKey, ...]
    needs_restart: tuple[ChangedKey, ...]
    modems: ChangedModems
    warnings: tuple[str, ...] = ()


class ConfigRefused(RequestError):
    """The file has mistakes, all of which are in `errors`; nothing was applied."""

    problem = "config-invalid"
    title = "The configuration has mistakes"
    status = 422


class _NotNow(RequestError):
    """The start is not over, which reads the file itself; or the stop has begun."""

    problem = "not-ready"
    title = "Not ready"
    status = 503


class Reloader:
    """The way from a file to what is in force."""

    def __init__(self, gateway: "Gateway") -> None:
        # Front ends make here what they need anew, and say how to take it up.
        self.also: list[Prepare] = []
        self.on_begin: Callable[[], None] = _nobody_hears
        self.on_end: Callable[[str], None] = _nobody_is_told
        self._gateway = gateway
        self._asked: asyncio.Queue[tuple[Caller, asyncio.Future[Reloaded] | None]]
        self._asked = asyncio.Queue()
        self._by_signal = False

    def ask(self) -> None:
        """Reload soon, for a signal; asked often, it is done once more."""
        if not self._by_signal:
            self._by_signal = True
            self._asked.put_nowait((SIGNAL, None))

    async def reload(self, caller: Caller) -> Reloaded:
        """Read the file and put it in force, even where the caller goes away.

        Raises ConfigRefused with everything that is wrong with it, StoreError, and
        RequestError during the start; then nothing has changed.
        """
        if not self._gateway.supervisor.running.is_set():
            raise _NotNow("the gateway is starting", retry_after=1)
        answer: asyncio.Future[Reloaded] = asyncio.get_running_loop().create_future()
        self._asked.put_nowait((caller, answer))
        return await answer

    async def run(self) -> None:
        """Reload when asked, one after the other, for life."""
        await self._gateway.supervisor.running.wait()
        while True:
            caller, answer = await self._asked.get()
            if answer is None:
                self._by_signal = False  # the next one wants what comes from now on
            try:
                done = await self._announced(caller)
            except ModemgwError as exc:
                if answer is not None and not answer.done():
                    answer.set_exception(exc)
            else:
                if answer is not None and not answer.done():
                    answer.set_result(done)

    async def _announced(self, caller: Caller) -> Reloaded:
        if self._gateway.dispatcher.stopping:
            raise _NotNow("the gateway is stopping")
        self.on_begin()
        said = "not reloaded, see the log; what was in force stays so"
        try:
            done = await self._reload(caller)
            said = _summary(done)
        except ConfigError as exc:
            raise self._refused(exc, caller) from None
        except ModemgwError as exc:
            log.error("configuration not reloaded", extra={"why": str(exc)})
            raise
        finally:
            self.on_end(said)
        return done

    async def _reload(self, caller: Caller) -> Reloaded:
        gateway = self._gateway
        path = gateway.config.path
        if path is None:
            raise ConfigError(["there is no file: this configuration was not read"])
        new, places = await asyncio.to_thread(_read, path)
        found = difference(gateway.config, new)
        swaps = [await prepare(found.config) for prepare in self.also]
        now = gateway.clock.now_ms()

        def note(db: Connection) -> None:
            audit.append(
                db,
                now,
                ACTION,
                caller,
                object=str(path),
                applied=_told(found.applied),
                needs_restart=_told(found.left),
            )

        reopened = await adopt(gateway, found, note, swaps)
        for change in found.left:
            extra = {"key": change.key, "place": places.get(change.place)}
            log.warning("needs a restart", extra=extra)
        for warning in new.warnings:
            log.warning(warning)
        return Reloaded(
            file=str(path),
            reloaded_at=instant(now),
            applied=_shown(found.applied, places),
            needs_restart=_shown(found.left, places),
            modems=ChangedModems(found.added, found.removed, reopened),
            warnings=new.warnings,
        )

    def _refused(self, error: ConfigError, caller: Caller) -> ConfigRefused:
        for problem in error.problems[:MOST_TOLD]:
            log.error(problem)
        more = len(error.problems) - 1
        shown = error.problems[:MOST_SHOWN]
        audit.note(
            self._gateway.store,
            ACTION,
            caller,
            object=str(self._gateway.config.path),
            refused=error.problems[:MOST_TOLD],
        )
        return ConfigRefused(
            f"{error.problems[0]}{f' (and {more} more)' if more else ''}",
            errors=tuple(FieldProblem("", "config", text) for text in shown),
        )


def _read(path: Path) -> tuple[Config, dict[str, str]]:
    config, places = load_with_places(path)
    require_secrets(config)
    return config, places


def _shown(
    changes: tuple[Change, ...], places: dict[str, str]
) -> tuple[ChangedKey, ...]:
    return tuple(
        ChangedKey(one.key, one.was, one.now, places.get(one.place)) for one in changes
    )


def _told(changes: tuple[Change, ...]) -> list[str]:
    told = [
        f"{one.key}: {one.was or 'nothing'} -> {one.now or 'nothing'}"
        for one in changes[:MOST_TOLD]
    ]
    if len(changes) > MOST_TOLD:
        told.append(f"and {len(changes) - MOST_TOLD} more")
    return told


def _summary(done: Reloaded) -> str:
    said = f"reloaded: {counted(len(done.applied), 'change')} applied"
    left = len(done.needs_restart)
    return f"{said}, {counted(left, 'needs', 'need')} a restart" if left else said


def _nobody_hears() -> None:
    """No service manager listens."""


def _nobody_is_told(said: str) -> None:
    """No service manager listens."""
