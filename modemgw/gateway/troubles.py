"""Finds what is wrong now, in words for people. Reads memory only; changes nothing.

Kinds are listed in policy/trouble.py. Whoever shows troubles shows the same ones:
`modemgw status`, `modemgw top`, and the alarms.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from modemgw.gateway.model import Readiness, SimView
from modemgw.modem.model import ModemSnapshot, Phase
from modemgw.policy.message import MessageState
from modemgw.policy.trouble import Trouble
from modemgw.store.status import Figures
from modemgw.store.webhooks import WebhookRow
from modemgw.words import counted

LOW_SHARE = 10  # per cent left of an allowance at which it is short
UNKNOWN = 0  # since when: since it was seen first
STARTS_MS = 45_000  # a modem may take so long to begin
ABSENT_MS = 30 * 86_400_000  # a card that is out for so long is nobody's


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that the data is on, in octets."""

    free: int
    size: int
    writable: bool


@dataclass(frozen=True, slots=True)
class Backup:
    """The last backup that was tried."""

    at: int
    ok: bool
    detail: str
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is wrong."""

    queue_age_ms: int = 900_000
    disk_free_share: float = 0.05
    disk_free_octets: int = 200_000_000
    certificate_ms: int = 14 * 86_400_000


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything that is looked at, at one moment (Unix ms)."""

    now: int
    limits: Limits
    readiness: Readiness
    modems: list[ModemSnapshot]
    sims: list[SimView]
    figures: Figures | None  # None: not known now …
    known: Figures | None  # … and then, as last known: nothing is over for that
    disk: Disk
    paused_at: int  # 0: not paused
    paused_by: str
    fuse: str | None  # why the fuse has blown
    clock: str | None  # what is wrong with it
    backup: Backup | None = None
    certificate_until: int | None = None
    under_voltage: bool = False


def troubles(sight: Sight) -> list[Trouble]:
    """Return what is wrong, what stops everything first."""
    return [
        *_of_gateway(sight),
        *_of_modems(sight),
        *_of_sims(sight),
        *_of_figures(sight),
        *_of_box(sight),
    ]


def _of_gateway(sight: Sight) -> Iterator[Trouble]:
    if sight.paused_at:
        yield Trouble(
            "paused",
            "",
            f"sending is paused by {sight.paused_by}",
            "modemgw resume",
            sight.paused_at,
        )
    elif sight.fuse is not None:
        yield Trouble("fuse", "", sight.fuse, "modemgw resume", UNKNOWN)
    elif not sight.readiness.ready:
        why = "; ".join(sight.readiness.reasons[:3]) or "the gateway is starting"
        yield Trouble(
            "not_ready", "", f"nothing can be sent: {why}", "modemgw doctor", UNKNOWN
        )
    if sight.clock is not None:
        yield Trouble("clock", "", sight.clock, "timedatectl set-ntp true", UNKNOWN)


def _of_modems(sight: Sight) -> Iterator[Trouble]:
    for modem in sight.modems:
        begins = modem.phase is Phase.STARTING
        if modem.phase is Phase.READY or (
            begins and sight.now - modem.since_ms < STARTS_MS
        ):
            continue
        yield Trouble(
            "modem_lost",
            modem.name,
            f"modem {modem.name} is {modem.phase.value}: {modem.why or 'no reason'}",
            f"modemgw modems journal {modem.name}",
            modem.since_ms,
        )


def _of_sims(sight: Sight) -> Iterator[Trouble]:
    well = {one.name for one in sight.modems if one.phase is Phase.READY}
    for sim in sight.sims:
        health = sim.health
        if health is not None and health.state == "benched" and not health.paused:
            until = f" until {health.until}" if health.until else ""
            yield Trouble(
                "sim_benched",
                sim.name,
                f"SIM {sim.name} is out of service{until}: {health.reason}",
                health.advice or f"modemgw sims parole {sim.name}",
                _ms(health.since),
            )
        if sim.state == "waiting" and sim.modem in well:
            yield Trouble(
                "sim_down",
                sim.name,
                f"SIM {sim.name} cannot send: {sim.why}",
                f"modemgw modems journal {sim.modem}",
                UNKNOWN,
            )
        # A card that is out for a moment has not been topped up by that.
        seen_at = sim.last_seen_at or 0
        if sim.state != "absent" or sight.now - seen_at < ABSENT_MS:
            yield from _of_money(sim)


def _of_money(sim: SimView) -> Iterator[Trouble]:
    balance = sim.balance
    if balance is not None and balance.is_low:
        amount = f"{balance.amount} {balance.currency or ''}".rstrip()
        yield Trouble(
            "balance_low",
            sim.name,
            f"SIM {sim.name} has {amount} left",
            "top it up",
            _ms(balance.read_at),
        )
    short = [
        f"{one.left} of {one.of} ({one.name})"
        for one in (sim.wallet.allowances if sim.wallet is not None else ())
        if one.stops and float(one.left) * 100 <= float(one.of) * LOW_SHARE
    ]
    if short:
        yield Trouble(
            "allowance_low",
            sim.name,
            f"SIM {sim.name} has {', '.join(short)} left",
            f"modemgw sims wallet {sim.name}",
            UNKNOWN,
        )
    test = sim.selftest
    if test is not None and test.last_state == "failed":
        yield Trouble(
            "selftest_failed",
            sim.name,
            f"the self-test of SIM {sim.name} failed at {test.last_leg}",
            f"modemgw sims selftest {sim.name}",
            _ms(test.last_at),
        )


def _of_figures(sight: Sight) -> Iterator[Trouble]:
    figures = sight.known
    if figures is None:
        return
    oldest = figures.oldest.get(MessageState.QUEUED.value)
    if oldest is not None and sight.now - oldest > sight.limits.queue_age_ms:
        count = figures.depths.messages.get("queued", 0)
        waiting = counted(count, "message waits", "messages wait")
        yield Trouble(
            "queue_old",
            "",
            f"{waiting}, the oldest for {span(sight.now - oldest)}",
            "modemgw status",
            oldest,
        )
    doubtful = figures.depths.messages.get("in_doubt", 0)
    if doubtful:
        who = counted(doubtful, "message is", "messages are")
        were = "it was" if doubtful == 1 else "they were"
        yield Trouble(
            "in_doubt",
            "",
            f"{who} in doubt: nobody knows whether {were} sent",
            "modemgw messages list --state in_doubt, then messages settle",
            UNKNOWN,
        )
    for endpoint in figures.endpoints:
        if endpoint.state != "active" or endpoint.failing_since is not None:
            how = "fails" if endpoint.state == "active" else f"is {endpoint.state}"
            yield Trouble(
                "webhook_dead",
                endpoint.public_id,
                f"webhook {host(endpoint)} {how}",
                f"modemgw webhooks deliveries {endpoint.public_id}",
                endpoint.failing_since or UNKNOWN,
            )


def _of_box(sight: Sight) -> Iterator[Trouble]:
    disk, limits = sight.disk, sight.limits
    if not disk.writable:
        yield Trouble(
            "disk",
            "",
            "the database does not take writes: the disk is full or read-only",
            "modemgw doctor",
            UNKNOWN,
        )
    elif disk.free < min(
        disk.size * limits.disk_free_share, float(limits.disk_free_octets)
    ):
        yield Trouble(
            "disk",
            "",
            f"{disk.free // 1_000_000} MB are free on the disk",
            "make room, or shorten `retention`",
            UNKNOWN,
        )
    backup = sight.backup
    if backup is not None and not backup.ok:
        what = f"the last backup failed: {backup.detail}"
        yield Trouble("backup", "", what, "modemgw db backup", backup.at)
    elif backup is not None and backup.is_late:
        what = f"the last backup is {span(sight.now - backup.at)} old"
        yield Trouble("backup", "", what, "modemgw db backup", backup.at)
    until = sight.certificate_until
    if until is not None and until - sight.now < limits.certificate_ms:
        left = until - sight.now
        what = f"expires in {span(left)}" if left > 0 else "has expired"
        yield Trouble(
            "certificate",
            "",
            f"the certificate of the API {what}",
            "renew the file of http.tls.cert",
            UNKNOWN,
        )
    if sight.under_voltage:
        yield Trouble(
            "power",
            "",
            "the board has too little voltage: modems fall off the bus",
            "use a stronger supply, or a hub with its own",
            UNKNOWN,
        )


def host(endpoint: WebhookRow) -> str:
    """Return where an endpoint is, without what may be secret in its URL."""
    return urlsplit(endpoint.url).hostname or endpoint.public_id


def span(ms: int) -> str:
    """Write a stretch of time in its largest unit.

    >>> span(59_000), span(7_200_000), span(3 * 86_400_000)
    ('59 s', '2 h', '3 days')
    """
    seconds = max(ms, 0) // 1000
    if seconds < 120:  # noqa: PLR2004
        return f"{seconds} s"
    if seconds < 7200:  # noqa: PLR2004
        return f"{seconds // 60} min"
    if seconds < 172_800:  # noqa: PLR2004
        return f"{seconds // 3600} h"
    return f"{seconds // 86_400} days"


def _ms(instant: str | None) -> int:
    if instant is None:
        return UNKNOWN
    return int(datetime.fromisoformat(instant).astimezone(UTC).timestamp() * 1000)
