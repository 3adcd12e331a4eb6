"""Makes the SIM that a lane sends with: its pace with the history, and its gates."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.gateway.lane_sim import Bill, Gate, LaneSim
from modemgw.gateway.queue import Entry
from modemgw.gateway.routing import Router
from modemgw.gateway.wallet import Wallet
from modemgw.policy.pacing import Pace, history_from_minutes
from modemgw.store import sims
from modemgw.store.database import Store
from modemgw.store.sims import SimRow


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

    async def make(self, row: SimRow) -> LaneSim:
        """Make the SIM of a card. Raises StoreError."""
        known, now = self.config.sims, self.clock.now_ms()
        card = known.card(row.iccid)
        windows, jitter = known.pace(card), known.jitter(card)
        warm_up = known.warm_up(card)

        def pace(history: Sequence[int]) -> Pace:
            return Pace(
                windows,
                history,
                jitter=jitter,
                warm_up=warm_up,
                since_ms=row.first_seen_at,
            )

        minutes: list[tuple[int, int]] = []
        if longest := pace(()).longest_ms:
            minutes = await self.store.read(
                lambda db: sims.load_usage(db, row.id, now - longest)
            )
        made = LaneSim(
            row.id,
            row.name,
            pace(history_from_minutes(minutes, now)),
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
