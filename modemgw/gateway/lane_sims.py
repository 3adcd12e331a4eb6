"""Makes the SIM that a lane sends with: its pace with the history, and its gates."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from modemgw.clock import Clock
from modemgw.config.model import Config, Sims
from modemgw.gateway.health_gate import SimHealth
from modemgw.gateway.lane_sim import Bill, Gate, LaneSim
from modemgw.gateway.queue import Entry
from modemgw.gateway.routing import Router
from modemgw.gateway.wallet import Wallet
from modemgw.policy.pacing import Pace, history_from_minutes
from modemgw.store import sims
from modemgw.store.database import Store
from modemgw.store.sims import SimRow


def pace_of(known: Sims, row: SimRow, history: Sequence[int] = ()) -> Pace:
    """Return the pace of a card under a configuration."""
    card = known.card(row.iccid)
    return Pace(
        known.pace(card),
        history,
        jitter=known.jitter(card),
        warm_up=known.warm_up(card),
        since_ms=row.first_seen_at,
    )


@dataclass
class LaneSims:
    """What a SIM is given when it is first seen in service."""

    config: Config
    store: Store
    clock: Clock
    router: Router
    draw: Callable[[], float]
    gate_for: list[Callable[[SimRow], Awaitable[Gate | None]]] = field(
        default_factory=list
    )
    charge: Callable[[int, Entry, int], Bill | None] | None = None
    # Held while one is made, and while the configuration changes.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    on_rename: list[Callable[[SimRow], object]] = field(default_factory=list)

    def rename(self, sim: LaneSim, row: SimRow) -> None:
        """Let a card have another name from now on."""
        sim.name = row.name
        sim.traits = self.router.traits(row.name, self.config.sims.card(row.iccid))
        for gate in sim.gates:
            if isinstance(gate, Wallet):
                gate.row = row
            elif isinstance(gate, SimHealth):
                gate.name = row.name
        for tell in self.on_rename:
            tell(row)

    async def make(self, row: SimRow) -> LaneSim:
        """Make the SIM of a card, in its `turn`. Raises StoreError."""
        known, now = self.config.sims, self.clock.now_ms()
        card = known.card(row.iccid)
        minutes: list[tuple[int, int]] = []
        if longest := pace_of(known, row).longest_ms:
            minutes = await self.store.read(
                lambda db: sims.load_usage(db, row.id, now - longest)
            )
        made = LaneSim(
            row.id,
            row.name,
            pace_of(known, row, history_from_minutes(minutes, now)),
            reports=known.reports(card),
            smsc=card.smsc if card else None,
        )
        made.draw = self.draw
        gates = [await gate_for(row) for gate_for in self.gate_for]
        made.gates = tuple(gate for gate in gates if gate is not None)
        for gate in made.gates:
            if isinstance(gate, Wallet):
                gate.attach(made)
        if self.charge is not None:
            made.charge = self.charge
        made.traits = self.router.traits(row.name, card)
        return made
