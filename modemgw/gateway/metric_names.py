"""Every metric there is: name, kind, labels, meaning. docs/metrics.md is made of it.

    python -m modemgw.gateway.metric_names > docs/metrics.md

Names and units follow Prometheus: base units, `_total` for what only grows. No label
holds a number, a text or anything else that comes from outside.
"""

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of samples; `labels` in the order in which they are given."""

    name: str
    kind: str  # gauge, counter (its samples end in _total) or histogram
    help: str
    labels: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names that its samples have."""
        if self.kind == "counter":
            return (f"{self.name}_total",)
        if self.kind == "histogram":
            return tuple(f"{self.name}_{end}" for end in ("bucket", "sum", "count"))
        return (self.name,)


_G, _C, _H = "gauge", "counter", "histogram"
_SIM, _MODEM = ("sim",), ("modem",)

METRICS: tuple[Metric, ...] = (
    # -- the gateway
    Metric("modemgw_build_info", _G, "1; the version is its label", ("version",)),
    Metric("modemgw_ready", _G, "1 while messages can be stored and sent, as /readyz"),
    Metric("modemgw_clock_sane", _G, "0 while the clock of the machine is in the past"),
    Metric("modemgw_sending_paused", _G, "1 while the admin paused all sending"),
    Metric(
        "modemgw_backup_age_seconds",
        _G,
        "Age of the last good backup; absent where there was none",
    ),
    Metric("modemgw_backup_failed", _G, "1 while the last try of a backup failed"),
    # -- messages
    Metric(
        "modemgw_queue_messages",
        _G,
        "Messages that something is still to be done about; absent where counting "
        "took too long",
        ("state",),
    ),
    Metric("modemgw_queue_limit_messages", _G, "queue.max of the configuration"),
    Metric(
        "modemgw_events",
        _C,
        "Events on disk, by type; message.queued, message.delivered and so on count "
        "what messages came to, self-tests among them",
        ("type",),
    ),
    Metric(
        "modemgw_key_limit_hits",
        _C,
        "Messages refused because the limit of an API key was reached; the key by "
        "its public id",
        ("key",),
    ),
    # -- SIMs
    Metric(
        "modemgw_sim_parts",
        _C,
        "Attempts to send a part: accepted, refused, not_sent, in_doubt; and what "
        "reports said of it: delivered, undelivered",
        ("sim", "outcome"),
    ),
    Metric(
        "modemgw_sim_refusals",
        _C,
        "Refused parts by reason code",
        ("sim", "reason"),
    ),
    Metric(
        "modemgw_sim_submit_seconds",
        _H,
        "From the end of the text to the modem's answer, of accepted parts",
        _SIM,
    ),
    Metric(
        "modemgw_sim_delivery_seconds",
        _H,
        "From acceptance by the network to the report of delivery",
        _SIM,
    ),
    Metric(
        "modemgw_sim_state",
        _G,
        "1 for the state it is in: ready, paced, benched, paused, waiting, absent",
        ("sim", "state"),
    ),
    Metric("modemgw_sim_health_score", _G, "0 (sends nothing) to 100", _SIM),
    Metric(
        "modemgw_sim_health_state",
        _G,
        "1 for the one it is in: active, benched, parole",
        ("sim", "state"),
    ),
    Metric(
        "modemgw_sim_pace_left_parts",
        _G,
        "What a pace window still lets go; the window by its seconds",
        ("sim", "window"),
    ),
    Metric(
        "modemgw_sim_allowance_left_parts",
        _G,
        "What is left of a bundle or quota in its period",
        ("sim", "kind", "name"),
    ),
    Metric(
        "modemgw_sim_allowance_left_amount",
        _G,
        "What is left of a cap in its period, in the currency of the configuration",
        ("sim", "kind", "name"),
    ),
    Metric(
        "modemgw_sim_balance_amount",
        _G,
        "What the operator said last, in its currency",
        ("sim", "currency"),
    ),
    # -- modems
    Metric(
        "modemgw_modem_phase",
        _G,
        "1 for the phase it is in: absent, starting, ready, recovering, parked",
        ("modem", "phase"),
    ),
    Metric("modemgw_modem_sendable", _G, "1 while it is ready and registered", _MODEM),
    Metric("modemgw_modem_signal_dbm", _G, "Absent where it is not known", _MODEM),
    Metric("modemgw_modem_faults", _C, "Times it stopped answering", _MODEM),
    Metric(
        "modemgw_modem_recoveries",
        _C,
        "Times it came back, by what was done last",
        ("modem", "rung"),
    ),
    # -- webhooks
    Metric(
        "modemgw_webhook_attempts",
        _C,
        "Attempts to push an event: done, retry or dead (given up)",
        ("result",),
    ),
    Metric("modemgw_webhook_pending", _G, "Pushes that wait"),
    Metric("modemgw_webhook_dead", _G, "Pushes that were given up and are still kept"),
    Metric(
        "modemgw_webhook_oldest_pending_seconds",
        _G,
        "Since the event of the oldest push that waits; 0: none does",
    ),
    # -- the database
    Metric("modemgw_store_healthy", _G, "0 while the database does not take writes"),
    Metric(
        "modemgw_store_commit_seconds", _H, "What a COMMIT takes, its flush included"
    ),
    Metric("modemgw_store_waiting_jobs", _G, "Groups of writes that wait for a commit"),
    Metric("modemgw_store_size_bytes", _G, "modemgw.db", ()),
    Metric("modemgw_store_wal_bytes", _G, "modemgw.db-wal", ()),
    Metric("modemgw_disk_free_bytes", _G, "Where the database is, for this user"),
    Metric("modemgw_disk_size_bytes", _G, "Where the database is"),
    # -- HTTP
    Metric(
        "modemgw_http_requests",
        _C,
        "Answered requests; the route as in the reference, or unmatched",
        ("method", "route", "status"),
    ),
    Metric(
        "modemgw_http_request_duration_seconds",
        _H,
        "From the head of a request to its answer, without streams",
        ("method", "route"),
    ),
)

# What prometheus-client adds of the process, where /proc is there.
OF_THE_PROCESS = (
    ("process_resident_memory_bytes", "memory in RAM"),
    ("process_virtual_memory_bytes", "address space"),
    ("process_cpu_seconds_total", "processor time"),
    ("process_start_time_seconds", "when it was started, Unix time"),
    ("process_open_fds", "open files"),
    ("process_max_fds", "how many it may open"),
)

BY_NAME = {metric.name: metric for metric in METRICS}

_HEAD = """\
# Metrics

`GET /metrics` tells a Prometheus server how the gateway does, in its text format. It
needs a key with the scope `metrics:read` (the preset `monitor` has it), unless
`http.metrics` is `open`:

```yaml
http:
  metrics: open  # whoever reaches the port may read them
```

```text
# prometheus.yml
scrape_configs:
  - job_name: modemgw
    authorization: {credentials: mgw_…}
    static_configs: [{targets: ["127.0.0.1:8080"]}]
```

Counters and histograms are kept in memory and begin at 0 with the process; `rate()` and
`increase()` know that. They count what is on disk: what was rolled back is in none. A
scrape costs some milliseconds and one look into the database, which is not repeated
before twenty times as long as it took has passed.

Labels hold names of the configuration and words of this page, never a number or a
text. A SIM that is not configured is named after its card. Samples appear with the
first thing they count.

A dashboard for Grafana is [grafana/dashboard.json](grafana/dashboard.json) (import it
and choose the data source), rules for alerts are in
[prometheus/alerts.yml](prometheus/alerts.yml).

| Name | Kind | Labels | Meaning |
|--|--|--|--|
"""

_FOOT = """
Of the process, where the system tells:

| Name | Meaning |
|--|--|
"""


def reference() -> str:
    """Return docs/metrics.md."""
    rows = [
        f"| `{metric.name}{'_total' if metric.kind == _C else ''}` | {metric.kind} "
        f"| {', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |\n"
        for metric in METRICS
    ]
    process = [f"| `{name}` | {meaning} |\n" for name, meaning in OF_THE_PROCESS]
    return _HEAD + "".join(rows) + _FOOT + "".join(process)


if __name__ == "__main__":
    sys.stdout.write(reference())
