"""Puts another configuration in force while everything runs.

First everything new is made, and what must be on disk is written; all of that may
fail, and then nothing has changed. What follows is assignments, in one go: no
message sees half of it.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from modemgw.at import quirks
from modemgw.config.diff import Difference
from modemgw.config.model import Config
from modemgw.gateway.accept import Checker
from modemgw.gateway.quiet import Calm
from modemgw.gateway.renewing import Found, Renewal
from modemgw.gateway.routing import Router
from modemgw.gateway.targets import TargetGuard
from modemgw.store.webhooks import Synced
from modemgw.store.writer import Connection

if TYPE_CHECKING:
    from modemgw.gateway.gateway import Gateway

Swap = Callable[[], None]
Note = Callable[[Connection], object]


async def adopt(
    gateway: "Gateway", found: Difference, note: Note, swaps: list[Swap]
) -> tuple[str, ...]:
    """Let `found.config` hold from now on; return the modems that are reopened.

    `note` is written together with what changes on disk; `swaps` are those of the
    front ends. Raises ConfigError, StoreError; then everything is as it was.
    """
    config = found.config
    router = Router(config)
    calm = Calm(config.quiet_hours, config.timezone)
    checker = Checker(config, gateway.known(config, router))
    hearing = gateway.conversation.hearing(config)
    TargetGuard(config.http.webhook_allow)  # raises what `allow` would raise below
    reopened = {*found.reopened, *_of_other_kind(gateway, config)}
    declaring = await gateway.webhooks.declaring(config.endpoints())
    await _load_fuse(gateway, config)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(gateway.pool.lane_sims.turn)
        renewal = Renewal(
            config,
            router,
            pool=gateway.pool,
            wallets=gateway.wallets,
            care=gateway.care,
            now=gateway.clock.now_ms(),
        )
        read = renewal.job()
        stack.callback(renewal.give_up)

        def job(db: Connection) -> tuple[Synced, Found]:
            note(db)
            return declaring(db), read(db)

        synced, spent = await gateway.store.write(job)
        # From here on nothing waits and nothing fails.
        gateway.care.configure(config.sims.max_parts_per_hour)
        renewal.finish(spent)
        gateway.config = config
        gateway.intake.checker, gateway.intake.queue_max = checker, config.queue.max
        gateway.dispatcher.evening.calm = calm
        gateway.conversation.configure(config, hearing)
        _swap(gateway, config, router)
        gateway.supervisor.configure(config, reopened)
        for swap in swaps:
            swap()
    gateway.webhooks.declared(synced)
    gateway.dispatcher.index.rewish(router.wish, gateway.clock.now_ms())
    gateway.dispatcher.reconsider()
    gateway.pool.on_change()
    return tuple(sorted(reopened))


def _swap(gateway: "Gateway", config: Config, router: Router) -> None:
    gateway.wallets.config = config
    gateway.wallets.currency = config.sims.currency
    gateway.pool.configure(config, router)
    gateway.fallbacks.router = router
    gateway.explainer.configure(config)
    gateway.health.configure(config.health)
    gateway.upkeep.configure(config)
    gateway.offices.configure(config)
    gateway.housekeeping.kept = config.retention
    gateway.webhooks.finder.guard.allow(config.http.webhook_allow)
    rescue = gateway.pool.rescue
    if rescue is not None and rescue.power is not None:
        rescue.power.helper = config.power.socket


def _of_other_kind(gateway: "Gateway", config: Config) -> list[str]:
    """Name the modems that another profile would be taken for now."""
    old, new = gateway.config.all_profiles(), config.all_profiles()
    found: list[str] = []
    for name, actor in gateway.pool.actors.items() if old != new else ():
        entry = config.modem(gateway.pool.entry_of(name))
        seen, named = actor.snapshot, entry.profile if entry else None
        kinds = [
            quirks.named(named, known)
            if named is not None
            else quirks.profile_for(seen.manufacturer, seen.model, known)
            for known in (old, new)
        ]
        if kinds[0] != kinds[1]:
            found.append(name)
    return found


async def _load_fuse(gateway: "Gateway", config: Config) -> None:
    """Let a fuse that is put in know what was sent within the hour."""
    most = config.sims.max_parts_per_hour
    if most is not None and gateway.care.breaker is None:
        gateway.care.fuse.most = most
        await gateway.care.fuse.load()
