"""The health of the SIMs: benches what is at fault, probes it, takes it back.

Hears of every refusal (whose fault it is says policy/blame.py), of successes while
anything stands against anybody, and of delivery reports. What follows holds at once,
in memory; `write` brings it to disk, each step with its event. A crash in between
forgets a bench: the SIM's next refusals tell it anew.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from modemgw.at.codes import Code
from modemgw.clock import Clock
from modemgw.config.health import HealthConfig
from modemgw.errors import ModemgwError
from modemgw.gateway.health_gate import Hold, Pause, SimHealth
from modemgw.gateway.health_steps import Step, Steps, event_of, health_of
from modemgw.gateway.lane import Lane
from modemgw.gateway.lane_sim import Gate, LaneSim
from modemgw.gateway.outages import Outages
from modemgw.gateway.presence import Presence
from modemgw.gateway.verdict import Attempt, Fate, Verdict
from modemgw.gateway.views import maybe_instant
from modemgw.pdu.report import Delivery, StatusReport
from modemgw.policy.blame import Around, Cause, Culprit, Finding, Ledger, Suspect
from modemgw.policy.health import (
    ADVICE,
    Condition,
    Health,
    Probed,
    Terms,
    after_probes,
    bench,
    is_over,
    succeeded,
)
from modemgw.store import health as rows
from modemgw.store import sims
from modemgw.store.database import Store
from modemgw.store.sims import SimRow

log = logging.getLogger("modemgw.health")

Probe = Callable[[int], Awaitable[Probed]]

PROBE_S = 900.0  # a probe that takes longer has found nothing
LONGEST_SLEEP_S = 3600.0  # the wall clock may jump: look again at least this often
FORGIVEN = 2  # such refusals in a row: with the next a SIM may be benched, and told
STALE_S = 600.0  # how often what stands against SIMs is looked through for age
CLOCKS_MS = 60_000  # a service centre's clock may differ so much from ours
_ON_PAROLE = {Suspect.EITHER: Cause.REFUSED, Suspect.BARRED: Cause.BARRED}
_OUT = (Suspect.NETWORK, Suspect.EITHER)


class HealthWatch:
    """Knows how far each SIM is trusted."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: HealthConfig,
        *,
        rng: random.Random,
    ) -> None:
        self.probes: list[Probe] = []  # of a benched SIM; asked before it may send
        self.pause = Pause()
        self.sims: dict[int, SimHealth] = {}
        self.terms = _terms(config)
        self.ledger = Ledger()
        self._store = store
        self._clock = clock
        self._benches = config.bench
        self._wake_lanes: Callable[[], None] = lambda: None
        self._outages = Outages(rng)
        self._watched = False
        self._look = asyncio.Event()
        self.steps = Steps(store, clock)
        self.presence = Presence(clock, self.steps, down_after_s=config.down_after)

    def join(
        self,
        lanes: Mapping[str, Lane],
        *,
        wake: Callable[[], None],
        operator_of: Callable[[str], str],
    ) -> None:
        """Meet the lanes; `operator_of` names the network that a modem is in."""
        self.presence.lanes, self.presence.operator_of = lanes, operator_of
        self._wake_lanes = wake

    def configure(self, config: HealthConfig) -> None:
        """Take up what a reload changed; who is benched stays benched."""
        self.terms = _terms(config)
        self._benches = config.bench
        self.presence.down_after_s = config.down_after
        for sim in self.sims.values():
            sim.configure(self.terms)
        self._look.set()

    async def load(self) -> None:
        """Read where the SIMs stood when the last run ended."""
        known = await self._store.read(rows.list_health)
        paused = await self._store.read(rows.paused)
        if paused is not None:
            self.pause.at, self.pause.by = paused.at, paused.by
            log.warning("sending is paused", extra={"by": paused.by})
        for card in await self._store.read(sims.list_sims):
            self._sim(card.id, card.name, card.iccid)
        for row in known:
            sim = self._sim(row.sim_id, row.name, row.iccid)
            sim.state = health_of(row)
            sim.told = row.told
            sim.lost_at = self._clock.monotonic() if row.told == "up" else None
        self.refresh()

    async def gate(self, row: SimRow) -> Gate:
        """Return what holds this SIM back for its health; one object per SIM."""
        return self._sim(row.id, row.name, row.iccid)

    def _sim(self, sim_id: int, name: str, iccid: str | None) -> SimHealth:
        sim = self.sims.get(sim_id)
        if sim is None:
            sim = SimHealth(sim_id, name, iccid, self.terms, self.pause)
            self.sims[sim_id] = sim
        sim.name, sim.iccid = name, iccid or sim.iccid
        return sim

    # -- what the dispatcher tells -------------------------------------------

    @property
    def listening(self) -> bool:
        """Say whether outcomes matter now: mostly not, and then they cost nothing."""
        return self._watched or not self.ledger.is_empty

    def blame(self, lane: Lane, attempt: Attempt, code: Code, rivals: int) -> Finding:
        """Say whose fault a refusal is, and let that have its consequences.

        `rivals` are the other SIMs in service that may take the message.
        """
        now, sim_id = self._clock.now_ms(), attempt.ref.sim_id
        operator = self.presence.operator_of(lane.modem)
        around = Around(operator, self._sisters(lane, operator), rivals)
        finding = self.ledger.refused(sim_id, attempt.entry.to, code, now, around)
        sim = self.sims.get(sim_id)
        if sim is None:
            return finding
        if sim.hold is not None and finding.suspect in _OUT:
            finding = replace(finding, culprit=Culprit.NETWORK)
        elif sim.state.condition is Condition.PAROLE:
            finding = _on_parole(finding)
        if finding.culprit is Culprit.SIM and finding.cause is not None:
            self.bench(sim, finding.cause, code.sentence)
        elif finding.culprit is Culprit.NETWORK:
            held = [self.sims.get(one) for one in (sim_id, *around.sisters)]
            whose = operator or f"SIM {sim.name}"
            self._outages.begin(whose, [s for s in held if s], code.sentence, now)
            self.refresh()
        elif sim.hold is not None and finding.suspect is not Suspect.NOBODY:
            self._end_outage(sim.hold)  # refused, but by a network that answers
        self._rate(lane.sim, sim)
        return finding

    def settled(self, lane: Lane, attempt: Attempt, verdict: Verdict) -> None:
        """Hear what became of a part; called while `listening`."""
        sim = self.sims.get(attempt.ref.sim_id)
        if sim is None:
            return
        if not verdict.sent:
            self._outages.no_answer(sim, self._clock.now_ms())
            return
        now, operator = self._clock.now_ms(), self.presence.operator_of(lane.modem)
        if sim.hold is not None:
            self._end_outage(sim.hold)
        for fault in self.ledger.accepted(sim.sim_id, attempt.entry.to, operator, now):
            at_fault = self.sims.get(fault.sim_id)
            if at_fault is not None:
                self.bench(at_fault, fault.cause, fault.sentence)
        if verdict.fate is Fate.GONE and not sim.state.by_reports:
            self._credit(sim, now)
        self._rate(lane.sim, sim)

    def reported(self, sim_id: int, report: StatusReport, now: int) -> None:
        """Hear of a delivery report for something that this SIM sent."""
        delivery = report.delivery
        sim = self.sims.get(sim_id)
        if sim is None or delivery is Delivery.PENDING:
            return
        state, delivered = sim.state, delivery is Delivery.DELIVERED
        sim.reports.note(now, report.recipient.text, delivered=delivered)
        if state.condition is Condition.PAROLE and state.by_reports:
            # What was sent before the parole says nothing about it.
            sent_at = report.scts.unix_ms
            if sent_at is not None and sent_at < state.since_at - CLOCKS_MS:
                return
            if delivered:
                self._credit(sim, now)
            else:
                why = "a message on parole was not delivered"
                self.bench(sim, Cause.UNDELIVERED, why)
        elif state.condition is Condition.ACTIVE and not delivered:
            others = [one.reports for one in self.sims.values() if one is not sim]
            if sim.reports.is_filtered(others, now):
                why = "its messages are accepted and not delivered"
                self.bench(sim, Cause.UNDELIVERED, why)

    def wake(self) -> None:
        """Let every SIM look for work: it may be held back no longer."""
        self._wake_lanes()

    def look(self) -> None:
        """Hear that a modem changed: SIMs may be in service or no longer."""
        self._look.set()

    # -- steps ---------------------------------------------------------------

    def bench(self, sim: SimHealth, cause: Cause, sentence: str) -> None:
        """Bench a SIM that is at fault."""
        if not self._benches or sim.state.condition is Condition.BENCHED:
            return
        now = self._clock.now_ms()
        self.step(sim, bench(sim.state, cause, sentence, now, self.terms))

    def _credit(self, sim: SimHealth, now: int) -> None:
        if sim.state.condition is Condition.PAROLE:
            self.step(sim, succeeded(sim.state, now))

    def step(self, sim: SimHealth, state: Health) -> None:
        """Let a SIM stand elsewhere from now on; `steps` keeps and tells it."""
        self.steps.add(self.move(sim, state))

    def move(self, sim: SimHealth, state: Health) -> Step:
        """Let a SIM stand elsewhere, and return the step for the caller to keep."""
        before, sim.state = sim.state, state
        event = event_of(before, state)
        if event is not None:
            self.ledger.forget(sim.sim_id)
            sim.reports.clear()
        self.refresh()
        data = self._told(sim, event)
        self._look.set()
        self._wake_lanes()
        if event is not None:
            extra = {"sim": sim.name, "why": data["why"], "until": data["until"]}
            level = logging.WARNING if event == "sim.bench" else logging.INFO
            log.log(level, event, extra=extra)
        return Step(sim, event, data)

    def _rate(self, lane_sim: LaneSim | None, sim: SimHealth) -> None:
        """Let routing spare a SIM that is refused what others get through.

        Refusals alone do not count: one unreachable number must not slow anything.
        """
        if lane_sim is None or lane_sim.sim_id != sim.sim_id:
            return
        proven = self.ledger.proven(sim.sim_id)
        tried = (
            sim.state.condition is Condition.PAROLE
        )  # wants messages to prove itself
        lane_sim.health = 0 if tried else max(0, proven - FORGIVEN)
        why = f"others get through what it was refused, {proven} times in a row"
        lane_sim.health_because = why if lane_sim.health else ""

    def refresh(self) -> None:
        """Work out anew who is held back, and whether outcomes matter."""
        for lane in self.presence.lanes.values():
            if lane.sim is not None and lane.sim.sim_id in self.sims:
                self._rate(lane.sim, self.sims[lane.sim.sim_id])
        for sim in self.sims.values():
            sim.refresh()
        self._watched = any(sim.is_watched for sim in self.sims.values())

    def _told(self, sim: SimHealth, event: str | None) -> dict[str, object]:
        state = sim.state
        cause = None if state.condition is Condition.ACTIVE else state.cause
        why = "restored: it sends again" if event == "sim.up" else state.reason
        return {
            "sim": sim.name,
            "iccid": sim.iccid,
            "modem": self.presence.modem_of(sim.sim_id),
            "why": why,
            "cause": cause.value if cause else None,
            "advice": ADVICE[cause] if cause else None,
            "until": maybe_instant(state.until_at),
            "benches": state.benches,
        }

    # -- outages -------------------------------------------------------------

    def _sisters(self, lane: Lane, operator: str) -> tuple[int, ...]:
        """Return the other SIMs of the same network that are trusted and in service."""
        if not operator:
            return ()
        return tuple(
            other.sim.sim_id
            for other in self.presence.lanes.values()
            if other is not lane
            and other.ready
            and other.sim is not None
            and self.presence.operator_of(other.modem) == operator
            and self._is_active(other.sim.sim_id)
        )

    def _is_active(self, sim_id: int) -> bool:
        sim = self.sims.get(sim_id)
        state = sim.state if sim is not None else Health()
        return state.condition is Condition.ACTIVE and not state.paused

    def _end_outage(self, hold: Hold) -> None:
        for sim in self.sims.values():
            if sim.hold is hold:
                self.ledger.forget(sim.sim_id)  # it was refused for that alone
        self._outages.end(hold, self.sims.values())
        self.refresh()
        self._wake_lanes()

    # -- life ----------------------------------------------------------------

    async def run(self) -> None:
        """Probe what has been benched long enough, tell who is lost; for life."""
        while True:
            self._look.clear()
            if not self.ledger.is_empty:
                self.ledger.age(self._clock.now_ms())
                self.refresh()
            await self._probe_due()
            self.presence.look(self.sims.values())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_to_next()):
                    await self._look.wait()

    async def _probe_due(self) -> None:
        now = self._clock.now_ms()
        for sim in list(self.sims.values()):
            state = sim.state
            if not is_over(state, now, self.terms) or not self.presence.is_in_service(
                sim.sim_id
            ):
                continue
            found = [await self._ask(probe, sim.sim_id) for probe in self.probes]
            if sim.state is state:  # a person may have decided meanwhile
                now = self._clock.now_ms()
                self.step(sim, after_probes(state, found, now, self.terms))

    async def _ask(self, probe: Probe, sim_id: int) -> Probed:
        try:
            async with asyncio.timeout(PROBE_S):
                return await probe(sim_id)
        except TimeoutError:
            return Probed(None, "the probe took too long")
        except ModemgwError as exc:  # a modem or the disk says no: nothing was found
            return Probed(None, str(exc))

    def _seconds_to_next(self) -> float:
        now = self._clock.now_ms()
        left = [LONGEST_SLEEP_S if self.ledger.is_empty else STALE_S]
        for sim in self.sims.values():
            until = sim.state.until_at
            if until is not None and until > now:
                left.append((until - now) / 1000)
        lost = self.presence.seconds_to_next(self.sims.values())
        return max(0.05, min(left if lost is None else [*left, lost]))


def _terms(config: HealthConfig) -> Terms:
    return Terms(
        first_ms=round(config.first * 1000),
        longest_ms=round(config.longest * 1000),
        successes=config.parole,
        spacing_ms=round(config.spacing * 1000),
    )


def _on_parole(finding: Finding) -> Finding:
    """Take a refusal that may be the SIM's fault for that: it is on parole."""
    cause = _ON_PAROLE.get(finding.suspect)
    if finding.culprit is not Culprit.UNKNOWN or cause is None:
        return finding
    return replace(finding, culprit=Culprit.SIM, cause=cause)
