"""What the configuration says: one frozen struct per section, with its defaults.

The description of each key stands beside it; docs/configuration.md is made from
them. `Key.default` is the default as an operator would write it.
"""

import logging
from pathlib import Path
from typing import Annotated

import msgspec

from modemgw.at.profile import Profile
from modemgw.config.admins import AdminConfig
from modemgw.config.alarms import AlarmsConfig
from modemgw.config.alerts import AlertRoute
from modemgw.config.backup import BackupConfig
from modemgw.config.calls import Calls
from modemgw.config.cards import Card, SimDefaults, Sims
from modemgw.config.hardware import PowerConfig, ProfileConfig, all_profiles
from modemgw.config.health import HealthConfig
from modemgw.config.http import OFF, Tls
from modemgw.config.inbound import InboundConfig
from modemgw.config.key import key
from modemgw.config.optout import OptOutConfig
from modemgw.config.quiet import QuietHours
from modemgw.config.retention import Retention
from modemgw.config.routing import PoolConfig, RouteRule, Routing
from modemgw.config.secret import Secret
from modemgw.config.selftest import SelftestConfig
from modemgw.config.values import Listen
from modemgw.config.verify import VerifyConfig
from modemgw.errors import ConfigError
from modemgw.policy.pacing import Window

__all__ = [
    "Card",
    "Config",
    "Http",
    "Listen",
    "Log",
    "ModemConfig",
    "PoolConfig",
    "PowerConfig",
    "ProfileConfig",
    "Queue",
    "RouteRule",
    "Routing",
    "Secret",
    "SimDefaults",
    "Sims",
    "WebhookConfig",
    "Window",
]

_log = logging.getLogger(__name__)


class Http(msgspec.Struct, frozen=True):
    """The API and, later, the web pages."""

    listen: Annotated[
        tuple[Listen, ...],
        key(
            "Address and port to listen on, or a list of them. Port 0 takes any free "
            "one. Addresses that others can reach carry keys and texts in the clear.",
            unit="HOST:PORT or a list",
            default="127.0.0.1:8080",
        ),
    ] = (Listen("127.0.0.1", 8080),)
    webhook_allow: Annotated[
        tuple[str, ...],
        key(
            "Loopback or link-local targets that webhooks made over the API may reach. "
            "Endpoints declared in this file reach any target.",
            unit="list of HOST:PORT",
            default="[]",
        ),
    ] = ()
    hosts: Annotated[
        tuple[str, ...],
        key(
            "Names that clients may call this gateway by, beside its addresses, "
            "localhost, the name of the machine and names below .local. Requests to "
            "any other are refused: a guard against DNS rebinding. *: every name.",
            unit="list of names such as [sms.example.org, *.lan]",
            default="[]",
        ),
    ] = ()
    tls: Annotated[
        Tls,
        key(
            "off: plain HTTP. self: the gateway makes its own authority, which "
            "clients get from /ca.pem. cert and key: files in PEM, read again when "
            "they change. proxy: plain HTTP from a proxy in front, see `proxies`.",
            unit="off, self, proxy or {cert: FILE, key: FILE}",
            default="off",
        ),
    ] = OFF
    proxies: Annotated[
        tuple[str, ...],
        key(
            "With tls: proxy, whose X-Forwarded-For is true.",
            unit="list of networks such as [127.0.0.1, 172.17.0.0/16]",
            default="[]",
        ),
    ] = ()
    duplicate_window: Annotated[
        float,
        key(
            "A text for a number that was given the same text so shortly before is "
            "accepted with a warning; a client may have it refused.",
            unit="duration or off",
            default="10 min",
        ),
    ] = 600.0
    surfaces: Annotated[
        tuple[str, ...],
        key(
            "The APIs that answer: native (/v1), and those of others for programs "
            "that speak them: smseagle, twilio, alertmanager (with Grafana). The last "
            "one sends to whom `alerts` says. A key may be confined to some.",
            unit="list of native, smseagle, twilio and alertmanager",
            default="[native, smseagle, twilio]",
        ),
    ] = ("native", "smseagle", "twilio")
    metrics: Annotated[
        str,
        key(
            "Who may read /metrics: key (one with the scope metrics:read), or open: "
            "whoever reaches the port. It holds no numbers and no texts.",
            unit="key or open",
            default="key",
        ),
    ] = "key"

    @property
    def trusted(self) -> tuple[str, ...]:
        """Networks of the proxies whose word is taken."""
        return self.proxies if self.tls.mode == "proxy" else ()

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """Every name in the file that this gateway answers to."""
        return (*self.hosts, *(listen.host for listen in self.listen))


class ModemConfig(msgspec.Struct, frozen=True):
    """One modem, or as many as a pattern of ports names.

    Named by its `port` (what sits there), its `imei` (this device, wherever it
    sits) or its `iccid` (whatever holds this card). With one of the last two,
    `port` says where to look; without it every USB modem is looked at.
    """

    name: Annotated[
        str,
        key(
            "Name in logs, lists and messages; unique. Absent: modem1, modem2 … by "
            "position.",
            unit="up to 32 of A-Z a-z 0-9 . _ -",
            default="modem1, modem2 …",
        ),
    ]
    port: Annotated[
        str | None,
        key(
            "Serial port that speaks AT; a path below /dev/serial/by-path stays the "
            "same over reboots. A path without a leading / is relative to this file. "
            "A pattern such as /dev/serial/pool/* stands for as many modems as there "
            "are ports: each is asked for its IMEI and named after it (NAME-001761), "
            "and stays the same modem under whatever port it comes back.",
            unit="path or pattern",
            default="none",
        ),
    ] = None
    imei: Annotated[
        str | None,
        key(
            "Use this device, on whatever port it shows up.",
            unit="15 digits",
            default="none",
        ),
    ] = None
    iccid: Annotated[
        str | None,
        key(
            "Use whatever device holds this card.",
            unit="18 to 20 digits",
            default="none",
        ),
    ] = None
    pin: Annotated[
        Secret | None,
        key(
            "PIN for the one SIM in it that is not listed under `sims.cards`.",
            unit="4 to 8 digits, or {file: PATH}, {env: NAME}, {credential: NAME}",
            default="none",
        ),
    ] = None
    profile: Annotated[
        str | None,
        key(
            "Take it for this kind of modem, whatever it says of itself.",
            unit="name of a profile",
            default="what its maker and model say",
        ),
    ] = None
    power: Annotated[
        tuple[str, ...] | None,
        key(
            "As `power.cycle`, for this modem alone.",
            unit="list of words, or helper",
            default="power.cycle",
        ),
    ] = None


class Queue(msgspec.Struct, frozen=True):
    """What waits to be sent."""

    max: Annotated[
        int,
        key(
            "Messages that may wait; more are refused with 503 until there is room.",
            unit="messages, 1 to 100000000",
            default="1000000",
        ),
    ] = 1_000_000


class WebhookConfig(msgspec.Struct, frozen=True):
    """An endpoint declared by the admin. It may have any target."""

    url: Annotated[
        str,
        key("Where events are posted.", unit="http or https URL", default="required"),
    ]
    events: Annotated[
        tuple[str, ...],
        key(
            "Which events; * stands for any characters.",
            unit='list such as ["message.*", sim.bench]',
            default='["*"]',
        ),
    ] = ("*",)
    secret: Annotated[
        Secret | None,
        key(
            "Signs each request (Standard Webhooks). Absent: one is made and shown by "
            "`modemgw webhooks secret`.",
            unit="whsec_…, or {file: PATH}, {env: NAME}, {credential: NAME}",
            default="made at the first start",
        ),
    ] = None


class Log(msgspec.Struct, frozen=True):
    """What is written to standard error or the journal."""

    level: Annotated[
        str,
        key(
            "debug shows the wire, with numbers and texts; the others mask numbers.",
            unit="debug, info, warning or error",
            default="info",
        ),
    ] = "info"


class Config(msgspec.Struct, frozen=True):
    """The file as a whole.

    Everything is checked: paths are absolute, numbers are E.164.
    """

    path: Path | None
    data_dir: Annotated[
        Path,
        key(
            "Directory of the database, its lock and the admin socket; made where it "
            "is missing. Relative to this file.",
            unit="path",
            default="./data; for a file below /etc: /var/lib/modemgw",
        ),
    ]
    country: Annotated[
        str,
        key(
            "Region for numbers written the national way. Without it they are "
            "refused, and only +49… is taken.",
            unit="ISO 3166 code such as DE",
            default="none",
        ),
    ] = ""
    timezone: Annotated[
        str,
        key(
            "For quiet hours, billing days and people; stored times are UTC.",
            unit="IANA name such as Europe/Berlin",
            default="UTC",
        ),
    ] = "UTC"
    http: Http = Http()
    discovery: Annotated[
        bool,
        key(
            "Use USB modems that are not listed under `modems`, too; they are named "
            "after their IMEI, modem-001761. off: look for those that are listed by "
            "IMEI or ICCID, and let all others be.",
            unit="on or off",
            default="on",
        ),
    ] = True
    modems: tuple[ModemConfig, ...] = ()
    sims: Sims = Sims()
    routing: Routing = Routing()
    quiet_hours: QuietHours = QuietHours()
    inbound: InboundConfig = InboundConfig()
    opt_out: OptOutConfig = OptOutConfig()
    retention: Retention = Retention()
    backup: BackupConfig = BackupConfig()
    profiles: tuple[ProfileConfig, ...] = ()
    power: PowerConfig = PowerConfig()
    calls: Calls = Calls()
    health: HealthConfig = HealthConfig()
    selftest: SelftestConfig = SelftestConfig()
    verify: VerifyConfig = VerifyConfig()
    queue: Queue = Queue()
    webhooks: tuple[WebhookConfig, ...] = ()
    alerts: tuple[AlertRoute, ...] = ()
    alarms: AlarmsConfig = AlarmsConfig()
    admins: tuple[AdminConfig, ...] = ()
    log: Log = Log()
    warnings: tuple[str, ...] = ()  # allowed, and probably not meant

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "modemgw.db"

    def modem(self, name: str | None) -> ModemConfig | None:
        """Return the entry with this name."""
        return next((one for one in self.modems if one.name == name), None)

    def endpoints(self) -> tuple[WebhookConfig, ...]:
        """Return those of `webhooks`, and those that texts are forwarded to."""
        listed = {one.url for one in self.webhooks}
        more: dict[str, WebhookConfig] = {}
        for rule in self.inbound.rules:
            url, secret = rule.forward.webhook, rule.forward.secret
            if url is not None and url not in listed:
                secret = secret or (more[url].secret if url in more else None)
                more[url] = WebhookConfig(url, (), secret)
        return (*self.webhooks, *more.values())

    def all_profiles(self) -> tuple[Profile, ...]:
        """Return what is known of kinds of modems, the file's own first."""
        return all_profiles(self.profiles)

    def power_hook(self, name: str | None) -> tuple[str, ...] | None:
        """Return the command that cuts the power of the modem listed as `name`."""
        entry = self.modem(name)
        own = None if entry is None else entry.power
        return (self.power.cycle if own is None else own) or None

    def pin(self, modem: str, iccid: str | None) -> str | None:
        """Return the PIN for the SIM in `modem`; the card's own comes first.

        None where there is none, or where its file has gone since the start: one
        SIM that stays locked must not stop the others.
        """
        card = self.sims.card(iccid)
        pins = [one.pin for one in self.modems if one.name == modem]
        secret = card.pin if card is not None else next(iter(pins), None)
        try:
            return None if secret is None else secret.reveal()
        except ConfigError as exc:
            _log.error("PIN not available", extra={"modem": modem, "why": str(exc)})
            return None
