"""What a file may say about alarms: who is told of what is wrong on the box."""

import re
from collections.abc import Callable
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.off import is_off
from modemgw.config.positions import Section
from modemgw.config.quiet import hours_at
from modemgw.config.secret import Secret
from modemgw.policy.hours import Quiet
from modemgw.policy.trouble import KINDS

OFF = -1.0  # a time that never comes
MAX_NUMBERS = 10
PORTS = {"starttls": 587, "tls": 465, "off": 25}
_LONGEST_S = 31 * 86_400.0
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}")
_CLASSES = "list of the kinds under `when`"
_SECRETS = Callable[[Section, str, str], Secret | None]


class MailConfig(msgspec.Struct, frozen=True):
    """Alarms by e-mail; without `to` there are none."""

    server: Annotated[
        str,
        key(
            "The mail server that takes them. Its port, where none is given: 587 for "
            "starttls, 465 for tls, 25 for off.",
            unit="HOST or HOST:PORT",
            default="none",
        ),
    ] = ""
    tls: Annotated[
        str,
        key(
            "starttls and tls check the certificate of the server. off: in the clear, "
            "and then no password is sent.",
            unit="starttls, tls or off",
            default="starttls",
        ),
    ] = "starttls"
    user: Annotated[
        str, key("Who we are at the server.", unit="text", default="none")
    ] = ""
    password: Annotated[
        Secret | None,
        key(
            "Never shown and never logged.",
            unit="text, {file: PATH}, {env: NAME} or {credential: NAME}",
            default="none",
        ),
    ] = None
    from_: Annotated[
        str, key("Sender.", unit="address", default="the first of `to`")
    ] = ""
    to: Annotated[
        tuple[str, ...], key("Recipients.", unit="list of addresses", default="[]")
    ] = ()

    @property
    def host(self) -> str:
        """The host of the server."""
        return self.server.rpartition(":")[0] or self.server

    @property
    def port(self) -> int:
        """The port of the server."""
        port = self.server.rpartition(":")[2] if ":" in self.server else ""
        return int(port) if port else PORTS[self.tls]


def _for(what: str, default: str) -> msgspec.Meta:
    return key(what, unit="duration (0s: at once), or off", default=default)


class AlarmTimes(msgspec.Struct, frozen=True):
    """How long something has to last before it is an alarm; off: it never is."""

    not_ready: Annotated[float, _for("Nothing can be stored or sent.", "5min")] = 300.0
    modem_lost: Annotated[float, _for("A modem is out of service.", "5min")] = 300.0
    sim_benched: Annotated[float, _for("A SIM was taken out of service.", "0s")] = 0.0
    sim_down: Annotated[
        float, _for("The modem of a SIM works and cannot send.", "5min")
    ] = 300.0
    balance_low: Annotated[float, _for("A balance is below its `low`.", "0s")] = 0.0
    allowance_low: Annotated[
        float,
        _for(
            "A tenth or less is left of a bundle, quota or cap that stops the SIM.",
            "0s",
        ),
    ] = 0.0
    selftest_failed: Annotated[
        float, _for("The last self-test of a SIM failed.", "0s")
    ] = 0.0
    queue_old: Annotated[
        float, _for("The oldest message that may leave waits so long.", "15min")
    ] = 900.0
    in_doubt: Annotated[float, _for("Messages are in doubt.", "1h")] = 3600.0
    webhook_dead: Annotated[
        float, _for("An endpoint fails, is paused or disabled.", "1h")
    ] = 3600.0
    disk: Annotated[
        float,
        _for(
            "The disk takes no writes, or less than 5 % and 200 MB of it are free.",
            "1min",
        ),
    ] = 60.0
    clock: Annotated[float, _for("The clock is in the past.", "5min")] = 300.0
    paused: Annotated[float, _for("Sending is paused by a person.", "12h")] = 43_200.0
    fuse: Annotated[
        float, _for("The fuse has blown (sims.max_parts_per_hour).", "0s")
    ] = 0.0
    backup: Annotated[float, _for("The last backup failed, or is too old.", "0s")] = 0.0
    certificate: Annotated[
        float, _for("The certificate expires within 14 days.", "0s")
    ] = 0.0
    power: Annotated[float, _for("The board reports too little voltage.", "1min")] = (
        60.0
    )

    def of(self, kind: str) -> float:
        """Return how long a kind has to last, in seconds; OFF: never told."""
        found: float = getattr(self, kind, OFF)
        return found


class AlarmsConfig(msgspec.Struct, frozen=True):
    """Who is told of what is wrong. Webhooks get `alarm.*` without any of it."""

    sms: Annotated[
        tuple[str, ...],
        key(
            "Numbers that are texted, through another SIM than the sick one.",
            unit="list of phone numbers",
            default="[]",
        ),
    ] = ()
    sms_per_day: Annotated[
        int,
        key(
            "Texts in 24 hours, to all of them together.", unit="1 to 500", default="20"
        ),
    ] = 20
    mail: MailConfig = MailConfig()
    group: Annotated[
        float,
        key(
            "What comes within it is told in one message.",
            unit="duration up to 10min",
            default="30s",
        ),
    ] = 30.0
    remind: Annotated[
        float,
        key(
            "What is not over is told again after it.",
            unit="duration from 10min on, or off",
            default="1 day",
        ),
    ] = 86_400.0
    quiet: Annotated[
        Quiet,
        key(
            "Only what is `urgent` is texted then, in `timezone`; mail is sent.",
            unit="list such as [22:00-07:00, sun], or off",
            default="off",
        ),
    ] = Quiet()
    urgent: Annotated[
        tuple[str, ...],
        key(
            "What is texted in quiet hours, too.",
            unit=_CLASSES,
            default="[not_ready, disk, fuse]",
        ),
    ] = ("not_ready", "disk", "fuse")
    mail_only: Annotated[
        tuple[str, ...],
        key(
            "What is never texted.",
            unit=_CLASSES,
            default="[]",
        ),
    ] = ()
    when: AlarmTimes = AlarmTimes()


def alarms(top: Section, country: str, secret: _SECRETS) -> AlarmsConfig:
    """Read the section, or its defaults where it is not there."""
    section = top.section("alarms", AlarmsConfig.__struct_fields__)
    if section is None:
        return AlarmsConfig()
    default = AlarmsConfig()
    found = [one.read(values.e164(country)) for one in section.entries("sms")]
    sms = tuple(dict.fromkeys(number for number in found if number))
    if len(sms) > MAX_NUMBERS and (given := section.get("sms")):
        given.fail(f"more than {MAX_NUMBERS} numbers")
    most = section.read("sms_per_day", values.integer(1, 500), default.sms_per_day)
    if most < len(sms) and (given := section.get("sms_per_day")) is not None:
        given.fail(f"not enough for one text to each of {len(sms)} numbers")
    return AlarmsConfig(
        sms=sms,
        sms_per_day=most,
        mail=_mail(section, secret),
        group=section.read("group", _group, default.group),
        remind=section.read("remind", _remind, default.remind),
        quiet=hours_at(section, "quiet"),
        urgent=_kinds(section, "urgent", default.urgent),
        mail_only=_kinds(section, "mail_only", ()),
        when=_when(section),
    )


def _kinds(section: Section, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if section.get(name) is None:
        return default
    found = [one.read(values.one_of(*KINDS)) for one in section.entries(name)]
    return tuple(dict.fromkeys(kind for kind in found if kind))


def _when(section: Section) -> AlarmTimes:
    times = section.section("when", AlarmTimes.__struct_fields__)
    if times is None:
        return AlarmTimes()
    default = AlarmTimes()
    return AlarmTimes(
        **{kind: times.read(kind, _lasting, default.of(kind)) for kind in KINDS}
    )


def _mail(section: Section, secret: _SECRETS) -> MailConfig:
    keys = [name.removesuffix("_") for name in MailConfig.__struct_fields__]
    mail = section.section("mail", keys)
    if mail is None:
        return MailConfig()
    found = [one.read(_address) for one in mail.entries("to")]
    to = tuple(dict.fromkeys(one for one in found if one))
    made = MailConfig(
        server=mail.read("server", _server, ""),
        tls=mail.read("tls", values.one_of(*PORTS), "starttls"),
        user=mail.read("user", str, ""),
        password=secret(mail, "password", "password"),
        from_=mail.read("from", _address, ""),
        to=to,
    )
    value = section.get("mail")
    if value is not None and to and not made.server and mail.get("server") is None:
        value.fail("needs a server")
    if value is not None and made.server and not to and mail.get("to") is None:
        value.fail("needs recipients (to)")
    if made.tls == "off" and (given := mail.get("password")) is not None:
        given.fail("would cross the network in the clear: use starttls or tls")
    return made


def _server(text: str) -> str:
    host, colon, port = text.strip().rpartition(":")
    host = host if colon else text.strip()
    good = re.fullmatch(r"[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:]+\]", host)
    if not good or (colon and not (port.isdecimal() and 0 < int(port) < 65_536)):  # noqa: PLR2004
        raise ValueError(f"expected a host such as mail.example.org, got {text!r}")
    return text.strip()


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text.strip()):
        raise ValueError(f"expected an address such as ann@example.org, got {text!r}")
    return text.strip()


def _lasting(text: str) -> float:
    if is_off(text):
        return OFF
    seconds = values.duration(text)
    if seconds > _LONGEST_S:
        raise ValueError(f"expected up to 31 days or off, got {text!r}")
    return seconds


def _group(text: str) -> float:
    seconds = values.duration(text)
    if seconds > 600:  # noqa: PLR2004
        raise ValueError(f"expected up to 10min, got {text!r}")
    return seconds


def _remind(text: str) -> float:
    seconds = _lasting(text)
    if 0 <= seconds < 600:  # noqa: PLR2004
        raise ValueError(f"expected 10min or more, or off, got {text!r}")
    return seconds
