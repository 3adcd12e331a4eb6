"""Everything that tells the outside of events: webhooks and streams."""

import random
from collections.abc import Callable, Coroutine
from typing import Any

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.gateway.stream import Relay
from modemgw.gateway.targets import TargetGuard
from modemgw.gateway.tickets import Tickets
from modemgw.gateway.webhooks import Deliverer
from modemgw.store.database import Store
from modemgw.store.pepper import Pepper


class Outlets:
    """The ways of events out of the gateway; commits wake them."""

    def __init__(
        self, config: Config, store: Store, clock: Clock, rng: random.Random
    ) -> None:
        self.pepper = Pepper(store.data_dir)
        self.webhooks = Deliverer(
            store,
            TargetGuard(config.http.webhook_allow),
            clock=clock,
            rng=rng,
            pepper=self.pepper,
        )
        self.stream = Relay(store, clock)
        self.tickets = Tickets(clock)
        store.writer.on_pushed = self.webhooks.wake

    def tasks(self) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
        """Return what lives as long as the gateway."""
        return [("webhooks", self.webhooks.run), ("stream", self.stream.run)]

    def close(self) -> None:
        """End what would never end by itself: the streams."""
        self.stream.close()
