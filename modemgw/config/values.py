"""What the text of one value means. Each function raises ValueError with a sentence.

The sentence says what would be right and shows what was written, except for
secrets, which are never shown.
"""

import base64
import binascii
import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from modemgw import number
from modemgw.config import countries, hints
from modemgw.config.off import OFF_WORDS, is_off
from modemgw.config.positions import suggest
from modemgw.policy.pacing import Window

MAX_PORT = 65_535
MAX_WINDOW_S = 31 * 86_400
MAX_WINDOW_COUNT = 100_000
WEBHOOK_SECRET_OCTETS = range(24, 65)  # Standard Webhooks

UNITS = {
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], 1),
    **dict.fromkeys(["m", "min", "mins", "minute", "minutes"], 60),
    **dict.fromkeys(["h", "hour", "hours"], 3600),
    **dict.fromkeys(["d", "day", "days"], 86_400),
    **dict.fromkeys(["w", "week", "weeks"], 7 * 86_400),
    **dict.fromkeys(["month", "months"], 30 * 86_400),
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_RATE = re.compile(r"(\d[\d_]*)\s*(?:/|per)\s*(\d+(?:\.\d+)?)?\s*([a-z]+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*")
_BOOLEANS = {
    **dict.fromkeys(["on", "yes", "true"], True),
    **dict.fromkeys(OFF_WORDS, False),
}

EVENT_TYPES = (
    *("message.queued", "message.sent", "message.delivered", "message.undelivered"),
    *("message.failed", "message.expired", "message.no_report", "message.in_doubt"),
    *("message.canceled", "message.blocked", "message.received"),
    *("message.opt_out", "message.opt_in", "call.incoming"),
    *("sim.data_only", "sim.storage_full", "sim.storage_freed", "sim.storage_stuck"),
    *("sim.up", "sim.down", "sim.bench", "sim.parole", "sim.balance_low"),
    *("sim.allowance_low", "sim.allowance_corrected", "sim.selftest_failed"),
    *("modem.lost", "modem.recovered"),
    *("modem.added", "modem.removed", "modem.unstable"),
    *("campaign.finished", "verification.approved", "verification.failed"),
    *(
        "webhook.paused",
        "gateway.started",
        *("gateway.breaker_tripped", "gateway.breaker_reset"),
        *("gateway.backup_done", "gateway.backup_failed"),
        "gateway.disk_low",
    ),
    *("alarm.raised", "alarm.reminded", "alarm.cleared"),
    "test.ping",
)


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on; port 0 lets the system choose one."""

    host: str  # 127.0.0.1, ::1, localhost; never in brackets
    port: int

    @property
    def is_loopback(self) -> bool:
        """True where only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        """Write it as in the file and in a URL."""
        return (
            f"[{self.host}]:{self.port}"
            if ":" in self.host
            else f"{self.host}:{self.port}"
        )


def boolean(text: str) -> bool:
    """`on`, `yes`, `true` or `off`, `no`, `false`."""
    found = _BOOLEANS.get(text.lower())
    if found is None:
        raise ValueError(f"expected on or off, got {text!r}")
    return found


@dataclass(frozen=True, slots=True)
class Integer:
    """Reads whole numbers from `low` to `high`."""

    low: int
    high: int

    def __call__(self, text: str) -> int:
        """Read one."""
        low, high = self.low, self.high
        value = int(text) if re.fullmatch(r"-?\d{1,18}(_\d{3})*", text) else low - 1
        if not low <= value <= high:
            raise ValueError(
                f"expected a whole number from {low} to {high}, got {text!r}"
                f"{hints.number(text, low, high)}"
            )
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """Reads one word out of some."""

    choices: tuple[str, ...]

    def __call__(self, text: str) -> str:
        """Read one."""
        if text.lower() not in self.choices:
            hint = suggest(text, self.choices)
            raise ValueError(f"{text!r} is none of the choices{hint}")
        return text.lower()


def integer(low: int, high: int) -> Integer:
    """Return a reader of whole numbers from `low` to `high`."""
    return Integer(low, high)


def one_of(*choices: str) -> OneOf:
    """Return a reader of one word out of `choices`."""
    return OneOf(choices)


def duration(text: str) -> float:
    """`30s`, `5m`, `2 days`: seconds. A bare number has no unit and is refused."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or match[2] not in UNITS:
        raise ValueError(
            f"expected a number with a unit (30s, 5m, 2 days), got {text!r}"
            f"{hints.unit(text, UNITS)}"
        )
    return float(match[1]) * UNITS[match[2]]


def duration_or_off(text: str) -> float:
    """`10 min`, or `off`, which is 0."""
    return 0.0 if is_off(text) else duration(text)


def window(text: str) -> Window:
    """`10/min`, `200/day`, `5/30s`, `10 per minute`."""
    match = _RATE.fullmatch(text.strip().lower())
    if match is None or match[3] not in UNITS:
        hint = f"; did you mean '{text}/min'?" if text.strip().isdecimal() else ""
        raise ValueError(
            f"expected a pace (10/min, 200/day) or off, got {text!r}{hint}"
        )
    count = int(match[1].replace("_", ""))
    seconds = round(float(match[2] or 1) * UNITS[match[3]])
    if not 1 <= count <= MAX_WINDOW_COUNT:
        raise ValueError(
            f"expected from 1 to {MAX_WINDOW_COUNT} messages, got {text!r}"
        )
    if not 1 <= seconds <= MAX_WINDOW_S:
        raise ValueError(f"expected a window from 1 second to 31 days, got {text!r}")
    return Window(count, seconds)


def show_window(window: Window) -> str:
    """Write a window as the file does: `10/min`.

    >>> show_window(Window(200, 86_400))
    '200/day'
    """
    for unit in ("day", "hour", "min", "s"):
        if window.seconds == UNITS[unit]:
            return f"{window.count}/{unit}"
    for unit in ("day", "hour", "min"):
        if window.seconds % UNITS[unit] == 0:
            return f"{window.count}/{window.seconds // UNITS[unit]}{unit}"
    return f"{window.count}/{window.seconds}s"


def show_duration(seconds: float) -> str:
    """Write a duration as the file does.

    >>> show_duration(7_776_000.0), show_duration(1.5), show_duration(90.0)
    ('90 days', '1.5s', '90s')
    """
    if seconds == float("inf"):
        return "forever"
    days = seconds / UNITS["day"]
    return f"{days:g} days" if days == int(days) and days else f"{seconds:.10g}s"


def name(text: str) -> str:
    """A name for a modem or a SIM; it appears in logs, file names and URLs."""
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"expected up to 32 letters, digits, '.', '_' and '-', got {text!r}"
        )
    return text


def listen(text: str) -> Listen:
    """`127.0.0.1:8080`, `[::1]:8080`, `localhost:0`."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise ValueError(
            f"expected HOST:PORT (127.0.0.1:8080), got {text!r}{hints.listen(text)}"
        )
    if (":" in host) != bracketed:
        raise ValueError(f"expected an IPv6 address as [::1]:8080, got {text!r}")
    try:
        ipaddress.ip_address(host.partition("%")[0] if bracketed else host)
    except ValueError:
        looks_like_ip = re.fullmatch(r"[\d.]+", host)
        if bracketed or looks_like_ip or not _HOST_NAME.fullmatch(host):
            raise ValueError(
                f"expected HOST:PORT (127.0.0.1:8080), got {text!r}"
            ) from None
    return Listen(host, int(port))


def target(text: str) -> str:
    """A webhook target to allow: `127.0.0.1:9000`."""
    found = listen(text)
    if found.port == 0:
        raise ValueError(f"expected a port from 1 to {MAX_PORT}, got {text!r}")
    return str(found)


def country(text: str) -> str:
    """An ISO 3166 code of two letters: `DE`."""
    code = text.strip().upper()
    if not number.is_country(code):
        raise ValueError(
            f"expected a country code such as DE or US, got {text!r}"
            f"{countries.suggest_code(text)}"
        )
    return code


def timezone(text: str) -> str:
    """A name of the IANA time zone database: `Europe/Berlin`."""
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = suggest_zone(text)
        raise ValueError(f"unknown time zone {text!r}{hint}") from None
    return text


def suggest_zone(text: str) -> str:
    """Return `; did you mean 'Europe/Berlin'?` for something close to it."""
    zones = sorted(zoneinfo.available_timezones())
    lowered = {zone.lower(): zone for zone in zones}
    last = {zone.rpartition("/")[2].lower(): zone for zone in reversed(zones)}
    word = text.lower().replace(" ", "_")
    exact = lowered.get(word) or last.get(word)
    if exact:
        return f"; did you mean {exact!r}?"
    hint = suggest(word, [*lowered, *last])
    for spelled, zone in {**last, **lowered}.items():
        hint = hint.replace(f"{spelled!r}", f"{zone!r}")
    return hint


def e164(region: str) -> Callable[[str], str]:
    """Return a reader of full numbers; national ones belong to `region`."""

    def read(text: str) -> str:
        try:
            found = number.parse(text, region)
        except number.InvalidNumber as exc:
            raise ValueError(f"{text!r} is not a number: {exc}") from None
        if found.e164 is None:
            raise ValueError(f"expected a full number (+49…), got {text!r}")
        return found.e164

    return read


def iccid(text: str) -> str:
    """The 18 to 20 digits printed on the card, ITU-T E.118; spaces are allowed."""
    digits = re.sub(r"[\s-]", "", text).upper()
    # Some modems and cards show the filler F of the coded form at the end.
    digits = digits.removesuffix("F")
    if not re.fullmatch(r"89\d{16,18}", digits):
        raise ValueError(
            f"expected an ICCID (89 and 16 to 18 more digits), got {text!r}"
        )
    return digits


def is_placeholder(text: str) -> bool:
    """True for a value that a person shortened, such as `8949…`."""
    return "…" in text or "..." in text


def imei(text: str) -> str:
    """The 15 digits of a modem; 14 without, 16 with a software version."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{14,16}", digits):
        raise ValueError(f"expected an IMEI (15 digits, AT+CGSN), got {text!r}")
    return digits


def pin(text: str) -> str:
    """A SIM PIN. Never shown, not even where it is wrong."""
    if not re.fullmatch(r"\d{4,8}", text, re.ASCII):
        raise ValueError("expected a PIN of 4 to 8 digits (not shown)")
    return text


def webhook_secret(text: str) -> str:
    """`whsec_` and base64 of 24 to 64 octets. Never shown."""
    try:
        coded = text.removeprefix("whsec_")
        octets = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if not text.startswith("whsec_") or len(octets) not in WEBHOOK_SECRET_OCTETS:
        raise ValueError(
            "expected whsec_ and base64 of 24 to 64 random octets (not shown)"
        )
    return text


def password(text: str) -> str:
    """A password of another service. Never shown."""
    if not 1 <= len(text) <= 256 or not text.isprintable():  # noqa: PLR2004
        raise ValueError("expected a password of 1 to 256 characters (not shown)")
    return text


# How the secrets of each form are checked.
SECRETS = {"pin": pin, "whsec": webhook_secret, "password": password}


def url(text: str) -> str:
    """An http or https address with a host."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
        valid = valid and parts.port != 0 and not re.search(r"[\s\x00-\x1f]", text)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"expected an http or https URL, got {text!r}")
    return text


def event_pattern(text: str) -> str:
    """`message.*`, `sim.bench` or `*`; it has to match an event that exists."""
    regex = re.escape(text).replace(r"\*", "[a-z_.]*")
    if not any(re.fullmatch(regex, known) for known in EVENT_TYPES):
        groups = sorted({f"{known.partition('.')[0]}.*" for known in EVENT_TYPES})
        hint = suggest(text, [*EVENT_TYPES, *groups])
        raise ValueError(f"{text!r} matches no event{hint}")
    return text


def device(text: str) -> str:
    """A path of a serial port; the stable ones are below /dev/serial/by-path."""
    if "/" not in text:
        hint = f"; did you mean '/dev/{text}'?" if text.startswith("tty") else ""
        raise ValueError(f"expected a path such as /dev/ttyUSB2, got {text!r}{hint}")
    return text


def environment_name(text: str) -> str:
    """A name of an environment variable."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError(f"expected the name of an environment variable, got {text!r}")
    return text


def credential_name(text: str) -> str:
    """A name of a credential of the service manager: a file name, nothing more."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", text):
        raise ValueError(
            f"expected the name of a credential (LoadCredential=NAME:…), got {text!r}"
        )
    return text
