"""What /metrics shows: what was counted anyway, and what is looked up for a scrape.

Counting happens in memory where things happen (store/tally.py, `HttpTally`); this
module only reads it. It has a registry of its own and no global state.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from modemgw import __version__
from modemgw.errors import StoreError
from modemgw.gateway.backups import last_backup
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.metric_names import BY_NAME, METRICS
from modemgw.gateway.model import SimView
from modemgw.modem.model import Phase
from modemgw.policy.health import Condition
from modemgw.store.metrics import Depths, depths
from modemgw.store.tally import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHARE = 20  # counting what waits takes one part in so many of a reader's time
COUNT_DEADLINE_S = 2.0
REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60)
SIM_STATES = ("ready", "paced", "benched", "paused", "waiting", "absent")
_PUSHES = {"done": "done", "pending": "retry", "dead": "dead"}

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Sample = tuple[tuple[str, ...], float]


class RouteTally:
    """The requests of one route, by status."""

    __slots__ = ("method", "route", "seconds", "statuses")

    def __init__(self, method: str, route: str) -> None:
        self.method, self.route = method, route
        self.statuses: dict[int, int] = {}
        self.seconds = Histogram(REQUEST_S)

    def count(self, status: int, seconds: float | None) -> None:
        """Count one answer; `seconds` None: it was a stream, which has no latency."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if seconds is not None:
            self.seconds.observe(seconds)


class HttpTally:
    """The requests of all doors of one gateway."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], RouteTally] = {}

    def of(self, method: str, route: str) -> RouteTally:
        """Return the tally of a route, made where it is new."""
        key = method, route
        return self.routes.setdefault(key, RouteTally(method, route))


class Metrics(Collector):
    """The metrics of one gateway."""

    def __init__(self, gateway: Gateway, http: HttpTally) -> None:
        self._gateway = gateway
        self._http = http
        self._depths: Depths | None = None
        self._fresh_until = 0.0
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def scrape(self) -> bytes:
        """Return every sample, in the text format of Prometheus."""
        await self._count()
        return generate_latest(self._registry)

    async def _count(self) -> None:
        """Count what waits in the database, unless that was done a moment ago."""
        clock = self._gateway.clock
        began = clock.monotonic()
        if began < self._fresh_until:
            return
        try:
            self._depths = await self._gateway.store.read(
                depths, deadline_s=COUNT_DEADLINE_S
            )
        except StoreError:  # too much waits to be counted, or a disk that fails
            self._depths = None
        took = clock.monotonic() - began
        self._fresh_until = began + took * SHARE

    def describe(self) -> Iterable[Family]:
        """Name nothing in advance: a registry of its own has no rivals."""
        return []

    def collect(self) -> Iterator[Family]:
        """Make the families of one scrape."""
        samples: dict[str, list[Sample]] = {metric.name: [] for metric in METRICS}
        for name, labels, value in self._samples():
            samples[name].append((labels, value))
        for metric in METRICS:
            if metric.kind == "histogram":
                yield self._histogram(metric.name)
            elif found := samples[metric.name]:
                make = (
                    CounterMetricFamily
                    if metric.kind == "counter"
                    else GaugeMetricFamily
                )
                family = make(metric.name, metric.help, labels=metric.labels)
                for labels, value in found:
                    family.add_metric(labels, value)
                yield family

    def _histogram(self, name: str) -> HistogramMetricFamily:
        metric = BY_NAME[name]
        family = HistogramMetricFamily(name, metric.help, labels=metric.labels)
        for labels, histogram in self._histograms(name):
            total, buckets = 0, []
            bounds = [*map(str, map(float, histogram.bounds)), "+Inf"]
            for bound, count in zip(bounds, histogram.counts, strict=True):
                total += count
                buckets.append((bound, total))
            if total:
                family.add_metric(labels, buckets, sum_value=histogram.total)
        return family

    def _histograms(self, name: str) -> Iterator[tuple[tuple[str, ...], Histogram]]:
        if name == "modemgw_store_commit_seconds":
            yield (), self._gateway.store.writer.tally.commits
        elif name == "modemgw_http_request_duration_seconds":
            for (method, route), tally in sorted(self._http.routes.items()):
                yield (method, route), tally.seconds
        else:
            names = self._sim_names()
            for sim_id, sim in dict(self._gateway.store.writer.tally.sims).items():
                if sim_id in names:
                    submit = name == "modemgw_sim_submit_seconds"
                    yield (names[sim_id],), sim.submit if submit else sim.delivery

    def _sim_names(self) -> dict[int, str]:
        return {row.id: row.name for row in self._gateway.pool.known()}

    def _samples(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        yield from self._of_gateway()
        yield from self._of_messages()
        yield from self._of_outcomes()
        for view in self._gateway.sims():
            yield from _of_sim(view)
        yield from self._of_modems()
        yield from self._of_webhooks()
        yield from self._of_store()
        for (method, route), tally in sorted(self._http.routes.items()):
            for status, count in sorted(tally.statuses.items()):
                labels = (method, route, str(status))
                yield "modemgw_http_requests", labels, count

    def _of_gateway(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        gateway = self._gateway
        yield "modemgw_build_info", (__version__,), 1
        yield "modemgw_ready", (), gateway.readiness().ready
        sane = gateway.clock_is_sane() and gateway.notices.clock_warning() is None
        yield "modemgw_clock_sane", (), sane
        yield "modemgw_sending_paused", (), bool(gateway.health.pause.at)
        last = last_backup(gateway.config.data_dir)
        if last.made_at is not None:
            age_ms = max(0, gateway.clock.now_ms() - last.made_at)
            yield "modemgw_backup_age_seconds", (), age_ms / 1000
        if gateway.config.backup.path is not None:
            yield "modemgw_backup_failed", (), last.failed_at is not None

    def _of_messages(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        gateway = self._gateway
        if self._depths is not None:
            for state, count in self._depths.messages.items():
                yield "modemgw_queue_messages", (state,), count
        yield "modemgw_queue_limit_messages", (), gateway.config.queue.max
        for type_, count in _sorted(gateway.store.writer.tally.events):
            yield "modemgw_events", (type_,), count
        for key, count in _sorted(gateway.wallets.keys.hits):
            yield "modemgw_key_limit_hits", (key,), count

    def _of_outcomes(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        names = self._sim_names()
        for sim_id, tally in dict(self._gateway.store.writer.tally.sims).items():
            if sim_id in names:
                sim = names[sim_id]
                for outcome, count in tally.outcomes.items():
                    yield "modemgw_sim_parts", (sim, outcome), count
                for reason, count in _sorted(tally.refusals):
                    yield "modemgw_sim_refusals", (sim, reason), count

    def _of_modems(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        for modem in self._gateway.modems():
            name = modem.name
            for phase in Phase:
                at = phase is modem.phase
                yield "modemgw_modem_phase", (name, phase.value), at
            yield "modemgw_modem_sendable", (name,), modem.sendable
            yield "modemgw_modem_faults", (name,), modem.faults
            if modem.signal_dbm is not None:
                yield "modemgw_modem_signal_dbm", (name,), modem.signal_dbm
        recoveries = self._gateway.pool.announcer.recoveries
        for labels, count in sorted(recoveries.items()):
            yield "modemgw_modem_recoveries", labels, count

    def _of_webhooks(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        for state, count in _sorted(self._gateway.store.writer.tally.pushes):
            yield "modemgw_webhook_attempts", (_PUSHES[state],), count
        found = self._depths
        if found is not None:
            yield "modemgw_webhook_pending", (), found.pushes_pending
            yield "modemgw_webhook_dead", (), found.pushes_dead
            now, oldest = self._gateway.clock.now_ms(), found.oldest_push_at
            age = 0.0 if oldest is None else max(0, now - oldest) / 1000
            yield "modemgw_webhook_oldest_pending_seconds", (), age

    def _of_store(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        store = self._gateway.store
        yield "modemgw_store_healthy", (), store.writer.healthy
        yield "modemgw_store_waiting_jobs", (), store.writer.waiting
        log = store.path.with_name(store.path.name + "-wal")
        try:
            yield "modemgw_store_size_bytes", (), store.path.stat().st_size
            yield "modemgw_store_wal_bytes", (), log.stat().st_size
        except FileNotFoundError:
            pass  # the log is there only while the database is open
        disk = shutil.disk_usage(store.data_dir)
        yield "modemgw_disk_free_bytes", (), disk.free
        yield "modemgw_disk_size_bytes", (), disk.total


def _sorted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    # A copy first: the writing thread adds new keys.
    return sorted(dict(counts).items())


def _of_sim(view: SimView) -> Iterator[tuple[str, tuple[str, ...], float]]:
    sim = view.name
    for state in SIM_STATES:
        yield "modemgw_sim_state", (sim, state), state == view.state
    if view.health is not None:
        yield "modemgw_sim_health_score", (sim,), view.health.score
        for condition in Condition:
            at = condition.value == view.health.state
            yield "modemgw_sim_health_state", (sim, condition.value), at
    for window in view.pace:
        left = max(0, window.count - window.used)
        yield "modemgw_sim_pace_left_parts", (sim, str(window.seconds)), left
    for one in view.wallet.allowances if view.wallet is not None else ():
        unit = "amount" if isinstance(one.left, str) else "parts"
        labels: tuple[Any, ...] = (sim, one.what, one.name)
        yield f"modemgw_sim_allowance_left_{unit}", labels, float(one.left)
    balance = view.balance
    if balance is not None and balance.amount is not None:
        labels = (sim, balance.currency or "")
        yield "modemgw_sim_balance_amount", labels, float(balance.amount)
