"""What comes in and asks for something: opt-outs, replies, forwarding, held together.

One place to load, to run and to ask, so that the gateway need not know the parts.
"""

from collections.abc import Callable

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.gateway.answering import Answerer
from modemgw.gateway.barring import Bars
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.hearing import Hearing
from modemgw.gateway.inbound import Inbound
from modemgw.gateway.model import Caller, Draft, IdempotencyKey, SimView, Submitted
from modemgw.gateway.submit import Intake
from modemgw.gateway.suppressions import Suppressions
from modemgw.store.database import Store


class Conversation:
    """The register of opt-outs, what hears them, and what answers."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        intake: Intake,
        dispatcher: Dispatcher,
        inbound: Inbound,
        sims: Callable[[], list[SimView]],
        on_change: Callable[[int], None],
    ) -> None:
        self.suppressions = Suppressions(
            store,
            clock,
            config.opt_out,
            withdraw=dispatcher.withdraw,
            on_change=on_change,
        )

        async def submit(
            draft: Draft, caller: Caller, key: IdempotencyKey
        ) -> Submitted:
            return await intake.submit(draft, caller, key)

        self.answerer = Answerer(
            store,
            clock,
            config,
            register=self.suppressions,
            sims=sims,
            submit=submit,
        )
        self._inbound, self._ids = inbound, store.ids
        inbound.hearing = self.hearing(config)
        inbound.on_heard = self.answerer.heard
        intake.bars = self.suppressions.bars_everywhere
        dispatcher.evening.bars = Bars(self.suppressions, store, clock)

    def hearing(self, config: Config) -> Hearing:
        """Make what hears by the rules and words of a configuration."""
        return Hearing(config, self._ids, self.suppressions)

    def configure(self, config: Config, hearing: Hearing) -> None:
        """Take up what a reload changed; `hearing` is made of the same."""
        self._inbound.hearing = hearing
        self.suppressions.classes = frozenset(config.opt_out.classes)
        self.answerer.configure(config)

    async def load(self) -> None:
        """Read who opted out, and what was answered; before anything is taken."""
        await self.suppressions.load()
        await self.answerer.load()

    async def run(self) -> None:
        """Answer, for life."""
        await self.answerer.run()
