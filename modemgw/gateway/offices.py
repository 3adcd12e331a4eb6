"""What is done at a desk, not on the air: records, one-time codes, privacy.

Holds the desks together, so that the gateway has one place to make and run them.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.gateway.audit import Bursts
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.model import SimView
from modemgw.gateway.privacy import Privacy
from modemgw.gateway.records import Records
from modemgw.gateway.repeats import Repeats
from modemgw.gateway.scrubber import Scrubber
from modemgw.gateway.submit import Intake
from modemgw.gateway.verifications import Verifications
from modemgw.store.database import Store
from modemgw.store.pepper import Pepper


class Offices:
    """The desks behind the API that need no modem."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        intake: Intake,
        dispatcher: Dispatcher,
        *,
        sims: Callable[[], list[SimView]],
        on_change: Callable[[int], None],
    ) -> None:
        self._repeats = intake.repeats = Repeats(config.http.duplicate_window)
        pepper = Pepper(store.data_dir)
        self.bursts = Bursts(store, clock)
        self.scrubber = Scrubber(store)
        self.records = Records(
            store, clock, intake, dispatcher, self.scrubber, on_change=on_change
        )
        self.verifications = Verifications(
            config,
            store,
            clock,
            intake=intake,
            records=self.records,
            pepper=pepper,
            scrubber=self.scrubber,
            sims=sims,
        )
        self.privacy = Privacy(
            config,
            store,
            clock,
            records=self.records,
            pepper=pepper,
            scrubber=self.scrubber,
        )

    def configure(self, config: Config) -> None:
        """Take up what a reload changed."""
        self._repeats.remember_for(config.http.duplicate_window)
        self.verifications.configure(config)
        self.privacy.config = config

    def tasks(self) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
        """Return what lives as long as the gateway."""
        return [("codes", self.verifications.run), ("scrubber", self.scrubber.run)]
