"""The JSON of money and allowances: what a SIM may still send, and what was used."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

import msgspec

from modemgw.config.money import show_amount
from modemgw.gateway.shapes import Cost
from modemgw.gateway.views import instant
from modemgw.policy.quota import Standing
from modemgw.store.wallet import Total


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """How a bundle, quota or cap stands in its present period.

    `used`, `of` and `left` are parts; for a cap they are amounts of money, as text.
    """

    what: str  # bundle, quota or cap
    name: str
    used: int | str
    of: int | str
    left: int | str
    stops: bool
    since: str
    until: str


class WalletOfSim(msgspec.Struct, frozen=True):
    """What a SIM may still send; null where nothing was agreed for it."""

    currency: str | None
    allowances: list[Allowance]


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What one SIM sent for one key in one period; `key` null: the admin socket."""

    period: str  # 2026-11-22, or 2026-11
    since: str
    sim: str
    key: str | None
    parts: int
    in_bundle: int
    cost: Cost


class Usage(msgspec.Struct, frozen=True):
    """What was sent and billed, by period, SIM and key."""

    data: list[Used]


def allowance(standing: Standing) -> Allowance:
    """Render one limit."""

    def shown(value: int) -> int | str:
        return show_amount(value) if standing.money else value

    return Allowance(
        what=standing.kind,
        name=standing.name,
        used=shown(standing.used),
        of=shown(standing.count),
        left=shown(standing.left),
        stops=standing.stops,
        since=instant(standing.start_ms),
        until=instant(standing.end_ms),
    )


def wallet_of(currency: str, standings: Sequence[Standing]) -> WalletOfSim:
    """Render what a SIM may still send."""
    return WalletOfSim(currency or None, list(map(allowance, standings)))


def used(
    periods: Sequence[tuple[int, Sequence[Total]]],
    *,
    by: str,
    zone: tzinfo,
    sims: Mapping[int, str],
    keys: Mapping[int, str],
    currency: str,
) -> Usage:
    """Render totals; `periods` are (start, totals), `by` is day or month."""
    rows = [
        Used(
            period=datetime.fromtimestamp(start / 1000, zone).strftime(
                "%Y-%m" if by == "month" else "%Y-%m-%d"
            ),
            since=instant(start),
            sim=sims.get(total.sim_id, str(total.sim_id)),
            key=keys.get(total.key_id),
            parts=total.parts,
            in_bundle=total.covered,
            cost=Cost(show_amount(total.cost), currency or None),
        )
        for start, totals in periods
        for total in totals
        if total.parts or total.cost
    ]
    return Usage(rows)
