"""The gateway's own view: is it ready, what waits, what was given up."""

from collections.abc import Iterator
from datetime import datetime

from modemgw import __version__
from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.words import counted

FULL_SHARE = 0.9
OLD_PUSH_S = 3600.0
MIB = 1 << 20

NOT_RUNNING = Kind(
    "daemon.not_running",
    Level.PROBLEM,
    "No gateway runs on these data.",
    "Nothing is sent or received.",
    "systemctl start modemgw",
)
SILENT = Kind(
    "daemon.silent",
    Level.PROBLEM,
    "The gateway runs and does not answer.",
    "It hangs, or is just starting with a large database.",
    "journalctl -u modemgw -n 50",
)
OTHER_VERSION = Kind(
    "daemon.other_version",
    Level.NOTE,
    "The running gateway is another version than the one that is installed.",
    "It was updated and not started again.",
    "systemctl restart modemgw",
)
NOT_READY = Kind(
    "gateway.not_ready",
    Level.PROBLEM,
    "The gateway says that it cannot store or send messages.",
    "What is accepted waits, or nothing is accepted.",
    "modemgw modems list\nmodemgw sims list",
)
PAUSED = Kind(
    "gateway.paused",
    Level.WARNING,
    "Somebody paused all sending.",
    "Messages are accepted and wait.",
    "modemgw resume",
)
FUSE = Kind(
    "gateway.fuse_blown",
    Level.PROBLEM,
    "The fuse over all SIMs has blown: too many parts left within an hour.",
    "Nothing is sent for an hour. A program may be sending what it should not.",
    "modemgw messages list\nmodemgw resume",
)
DOUBTFUL = Kind(
    "queue.in_doubt",
    Level.WARNING,
    "Messages are in doubt: nobody can say whether the network has them.",
    "They wait for a report or for a person, who decides whether to send them again.",
    "modemgw messages list --state in_doubt",
)
NEARLY_FULL = Kind(
    "queue.nearly_full",
    Level.WARNING,
    "The queue is nearly full.",
    "When it is, further messages are refused.",
    "modemgw messages list --state queued",
)
WAITING_LONG = Kind(
    "queue.waits",
    Level.WARNING,
    "Messages wait, and no SIM can take them.",
    "They expire if nothing changes.",
    "modemgw sims list",
)
DEAD_LETTERS = Kind(
    "webhook.dead_letters",
    Level.WARNING,
    "Events could not be pushed to a webhook and were given up.",
    "The receiver does not know of them.",
    "modemgw webhooks list\nmodemgw webhooks deliveries ID",
)
FAILING = Kind(
    "webhook.failing",
    Level.WARNING,
    "A webhook does not take what it is sent.",
    "Events wait and are tried again, for some days.",
    "modemgw webhooks list\nLook at the log of the receiver.",
)
BACKLOG = Kind(
    "webhook.backlog",
    Level.WARNING,
    "Events have waited for more than an hour to be pushed.",
    "The receiver learns of messages late.",
    "modemgw webhooks list",
)
STORE = Kind(
    "store.unhealthy",
    Level.PROBLEM,
    "The database does not take writes.",
    "Nothing is accepted: the disk is full, read-only or broken.",
    "journalctl -u modemgw -n 50\ndf -h",
)
LARGE_LOG = Kind(
    "store.large_log",
    Level.NOTE,
    "The log of the database is large.",
    "A reader has held it for long; it wears the card and makes a start slow.",
    "modemgw doctor --deep",
)


def daemon(box: Box) -> Iterator[Finding]:
    """Look whether a gateway runs and answers."""
    view = box.view
    if box.config is None:
        raise Skipped("there is no configuration to find the gateway by")
    if view.state == "forbidden":
        raise Skipped(f"{view.why}; run this as root or as the gateway's user")
    if view.state == "silent" or (view.state == "absent" and box.daemon_pid):
        what = f"process {box.daemon_pid}" if box.daemon_pid else "it"
        said = view.why or "the admin socket is gone"
        hint = ("journalctl -u modemgw -n 50", "systemctl restart modemgw")
        yield SILENT.seen(f"{what} does not answer: {said}", _where(box), type=hint)
    elif view.state == "absent":
        if box.unit.is_installed and box.unit.active in ("inactive", "failed"):
            return  # said of the service, with what it ended with
        start = f"modemgw run --config {box.config_file}"
        hint_start = "systemctl start modemgw" if box.unit.is_installed else start
        yield NOT_RUNNING.seen("no gateway is running", _where(box), type=hint_start)
    elif view.health.get("version") not in (None, __version__):
        what = f"{view.health['version']} runs, {__version__} is installed"
        fix = "systemctl restart modemgw"
        yield OTHER_VERSION.seen(what, "modemgw", type=fix)


def readiness(box: Box) -> Iterator[Finding]:
    """Look at what the gateway says of itself."""
    _there(box)
    view = box.view
    reasons = [str(one) for one in view.readiness.get("reasons") or []]
    fuse = [one for one in reasons if "max_parts_per_hour" in one]
    # Modems are told one by one, a pause and the fuse have findings of their own.
    others = [
        one
        for one in reasons
        if one not in fuse and not one.startswith(("modem ", "sending is paused"))
    ]
    if view.readiness.get("ready") is False and (others or not (fuse or reasons)):
        yield NOT_READY.seen("; ".join(others) or "it does not say why", "/readyz")
    if view.metric("modemgw_sending_paused") == 1:
        yield PAUSED.seen("all sending is paused", "modemgw", type="modemgw resume")
    if fuse:
        what = f"{fuse[0]}"
        yield FUSE.seen(what, "sims.max_parts_per_hour", type="modemgw resume")
    if view.metric("modemgw_store_healthy") == 0:
        yield STORE.seen("the last write failed", "modemgw.db")
    log = view.metric("modemgw_store_wal_bytes") or 0
    if log > 64 * MIB:
        yield LARGE_LOG.seen(f"{log / MIB:.0f} MiB", "modemgw.db-wal")


def queue(box: Box) -> Iterator[Finding]:
    """Look at what waits."""
    _there(box)
    view = box.view
    counts = {
        labels.get("state", ""): int(value)
        for labels, value in view.samples("modemgw_queue_messages")
    }
    if not view.metrics:
        raise Skipped("the gateway did not give its figures in time")
    doubtful = counts.get("in_doubt", 0)
    if doubtful:
        what = f"{_messages(doubtful)} in doubt"
        yield DOUBTFUL.seen(what, "queue")
    most = view.metric("modemgw_queue_limit_messages") or 0
    waiting = counts.get("queued", 0) + counts.get("scheduled", 0)
    if most and waiting > FULL_SHARE * most:
        what = f"{waiting} of {int(most)} places are taken"
        yield NEARLY_FULL.seen(what, "queue.max")
    can_send = any(
        labels.get("state") in ("ready", "paced") and value == 1
        for labels, value in view.samples("modemgw_sim_state")
    )
    if counts.get("queued", 0) and not can_send:
        what = f"{_messages(counts['queued'])} waiting, and no SIM can send"
        yield WAITING_LONG.seen(what, "queue", type="modemgw sims list")


def webhooks(box: Box) -> Iterator[Finding]:
    """Look at what the gateway says of its webhooks."""
    _there(box)
    view = box.view
    dead = int(view.metric("modemgw_webhook_dead") or 0)
    if dead:
        yield DEAD_LETTERS.seen(
            f"{counted(dead, 'push was', 'pushes were')} given up", "webhooks"
        )
    oldest = view.metric("modemgw_webhook_oldest_pending_seconds") or 0.0
    if oldest > OLD_PUSH_S:
        hours = oldest / 3600
        yield BACKLOG.seen(f"the oldest has waited for {hours:.0f} h", "webhooks")
    for hook in view.webhooks:
        since = hook.get("failing_since")
        if since:
            when = _when(str(since))
            what = f"it has failed since {when}"
            test = f"modemgw webhooks test {hook.get('id')}"
            yield FAILING.seen(what, str(hook.get("url")), type=test)


def _there(box: Box) -> None:
    if not box.view.is_there:
        raise Skipped("no gateway answers that could be asked")


def _where(box: Box) -> str:
    return str(box.view.socket or box.data_dir or "")


def _when(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return text


def _messages(count: int) -> str:
    return counted(count, "message is", "messages are")


CHECKS = (
    Check("daemon", "gateway", daemon, (NOT_RUNNING, SILENT, OTHER_VERSION)),
    Check(
        "readiness", "gateway", readiness, (NOT_READY, PAUSED, FUSE, STORE, LARGE_LOG)
    ),
    Check("queue", "gateway", queue, (DOUBTFUL, NEARLY_FULL, WAITING_LONG)),
    Check("webhooks", "gateway", webhooks, (DEAD_LETTERS, FAILING, BACKLOG)),
)
