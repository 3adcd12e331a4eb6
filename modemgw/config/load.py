"""Reads a configuration file into the model: all mistakes of a file in one run.

load() is for a file, parse() for a text. Both raise ConfigError with one line per
mistake, in file order; what is allowed and doubtful is in `Config.warnings`.
Secrets are not read by them: who checks a file may not be who may read those.
"""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from modemgw.at.families import FAMILIES
from modemgw.config import (
    admins,
    alarms,
    alerts,
    backup,
    balance,
    calls,
    hardware_load,
    health,
    http,
    inbound,
    optout,
    quiet,
    readers,
    retention,
    routing,
    selftest,
    tariff,
    values,
    verify,
)
from modemgw.config.files import path_below, read_text
from modemgw.config.model import (
    Card,
    Config,
    Http,
    Log,
    ModemConfig,
    Queue,
    SimDefaults,
    Sims,
    WebhookConfig,
)
from modemgw.config.positions import Problems, Section, Value, open_text
from modemgw.config.reference import every_key
from modemgw.config.secret import Secret, mask_url
from modemgw.errors import ConfigError

T = TypeVar("T")

MAX_QUEUE = 100_000_000
SYSTEM_DATA_DIR = Path("/var/lib/modemgw")
_NOT_KEYS = {"path", "warnings"}  # fields of Config that no file can set


def load(path: Path) -> Config:
    """Read and check the file at `path`.

    Raises ConfigError, also where the file cannot be read.
    """
    return load_with_places(path)[0]


def load_with_places(path: Path) -> tuple[Config, dict[str, str]]:
    """Read and check a file; return where in it each key stands, too.

    Keys as `modems[0].port`, places as `file:line:column`. Raises ConfigError.
    """
    text = read_text(path)
    config, top = _parse(text, str(path), path.absolute())
    return config, top.places()


def parse(text: str, name: str, *, path: Path | None = None) -> Config:
    """Read and check a text; `name` is what the messages call it.

    Relative paths in it are relative to the directory of `path`, else to the
    working directory.
    """
    return _parse(text, name, path)[0]


def _parse(text: str, name: str, path: Path | None) -> tuple[Config, Value]:
    problems = Problems(name)
    problems.homes = _homes
    top = open_text(text, problems)
    config = read(top, path)
    problems.raise_if_any()
    return msgspec.structs.replace(config, warnings=problems.warnings()), top


def read(top: Value, path: Path | None) -> Config:
    """Read a file from its top value; mistakes are in the problems of that."""
    return _Reading(path, top.section(_keys(Config))).config()


@lru_cache(1)
def _homes() -> dict[str, tuple[str, ...]]:
    """Return the sections that each key is found in."""
    found: dict[str, tuple[str, ...]] = {}
    for path in every_key():
        section, _, key = path.rpartition(".")
        if section:
            found[key] = (*found.get(key, ()), section)
    return found


def secrets(config: Config) -> Iterator[Secret]:
    """Yield every secret of the configuration, for a check that they are there."""
    found = [
        *(modem.pin for modem in config.modems),
        *(card.pin for card in config.sims.cards),
        *(webhook.secret for webhook in config.endpoints()),
        *(admin.pin for admin in config.admins),
        config.alarms.mail.password,
    ]
    yield from (secret for secret in found if secret is not None)


def require_secrets(config: Config) -> None:
    """Read every secret once. Raises ConfigError with each one that is not there."""
    problems: list[str] = []
    for secret in secrets(config):
        try:
            secret.reveal()
        except ConfigError as exc:
            problems += exc.problems
    if problems:
        raise ConfigError(problems)


def _keys(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(k for k in struct.__struct_fields__ if k not in _NOT_KEYS)


class _Unique:
    """Remembers where a value was first given, to report the second."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._first: dict[object, str] = {}

    def check(self, value: Value | None, found: object) -> None:
        if value is None or found is None:
            return
        other = self._first.setdefault(found, value.path)
        if other != value.path:
            value.fail(f"{self._what} {str(found)!r} is taken by {other} already")


class _Reading:
    """One run over one file."""

    def __init__(self, path: Path | None, top: Section) -> None:
        self._path = path
        self._base = path.parent if path else Path.cwd()
        self._top = top
        self._country = top.read("country", values.country, "")
        self._profiles = hardware_load.profiles(top)

    def config(self) -> Config:
        top = self._top
        discovery = top.read("discovery", values.boolean, default=True)
        modems = self._modems()
        if not modems and not discovery:
            # Allowed: the API takes messages and keeps them until there is a modem.
            (top.get("modems") or top.get("discovery") or top.value).warn(
                "no modems are listed: nothing will be sent"
            )
        return Config(
            path=self._path,
            data_dir=top.read("data_dir", self._below, self._default_data_dir()),
            country=self._country,
            timezone=top.read("timezone", values.timezone, "UTC"),
            http=(web := self._http()),
            discovery=discovery,
            modems=modems,
            sims=(sims := self._sims()),
            routing=routing.routing(top, sims.cards),
            quiet_hours=quiet.quiet_hours(top),
            inbound=inbound.inbound(top, self._country, sims, self._secret),
            opt_out=optout.opt_out(top),
            retention=retention.retention(top),
            backup=backup.backup(top, self._below),
            profiles=self._profiles,
            power=hardware_load.power(top),
            calls=calls.calls(top),
            health=health.health(top),
            selftest=selftest.selftest(top),
            verify=verify.verify(top),
            queue=self._queue(),
            webhooks=self._webhooks(),
            alerts=alerts.alerts(top, self._country, web.surfaces),
            alarms=alarms.alarms(top, self._country, self._secret),
            admins=admins.admins(top, self._country, self._secret),
            log=self._log(),
        )

    def _default_data_dir(self) -> Path:
        if self._path is not None and self._path.is_relative_to("/etc"):
            return SYSTEM_DATA_DIR
        return self._base / "data"

    def _below(self, text: str) -> Path:
        """Read a path; a relative one is relative to the file."""
        return path_below(self._base, text)

    def _http(self) -> Http:
        section = self._top.section("http", _keys(Http))
        if section is None:
            return Http()
        taken, tls = _Unique("the address"), http.tls(section, self._below)
        listen: list[values.Listen] = []
        given = readers.one_or_more(section, "listen")
        if not given and (empty := section.get("listen")) is not None:
            empty.fail("an empty list; leave it out for 127.0.0.1:8080")
        for value in given:
            found = value.read(values.listen)
            if found is None:
                continue
            if found.port:
                taken.check(value, found)
            if not found.is_loopback and tls.mode == "off":
                value.warn("others can reach this: keys and texts cross in the clear")
            listen.append(found)
        proxies = _texts(section, "proxies", http.network)
        http.check_proxies(section, tls.mode, proxies)
        return Http(
            listen=tuple(listen) or Http().listen,
            webhook_allow=_texts(section, "webhook_allow", values.target),
            hosts=_texts(section, "hosts", http.host),
            tls=tls,
            proxies=proxies,
            duplicate_window=section.read(
                "duplicate_window", values.duration_or_off, Http().duplicate_window
            ),
            surfaces=http.surfaces(section) or Http().surfaces,
            metrics=section.read(
                "metrics", values.one_of("key", "open"), Http().metrics
            ),
        )

    def _modems(self) -> tuple[ModemConfig, ...]:
        names, ports, imeis = _Unique("the name"), _Unique("the port"), _Unique("IMEI")
        iccids = _Unique("ICCID")
        modems = []
        known = (*(one.name for one in self._profiles), *(f.name for f in FAMILIES))
        profile = hardware_load.named(known)
        for index, entry in enumerate(self._top.entries("modems")):
            section = entry.section(_keys(ModemConfig))
            default = f"modem{index + 1}"
            name = section.read("name", values.name, default)
            names.check(section.get("name") or entry, name)
            port = section.read("port", self._device, None)
            imei = section.read("imei", values.imei, None)
            imeis.check(section.get("imei"), imei)
            iccid = section.read("iccid", values.iccid, None)
            iccids.check(section.get("iccid"), iccid)
            who = [k for k in ("imei", "iccid") if section.get(k) is not None]
            if not who:  # two devices may be looked for among the same ports
                ports.check(section.get("port"), port and os.path.realpath(port))
            if entry.is_mapping and not who and section.get("port") is None:
                entry.fail("needs a port, an imei or an iccid")
            if len(who) > 1:
                entry.fail("give imei or iccid, not both")
            modems.append(
                ModemConfig(
                    name=name,
                    port=port,
                    imei=imei,
                    iccid=iccid,
                    pin=self._secret(section, "pin", "pin"),
                    profile=section.read("profile", profile, None),
                    power=hardware_load.hook(section, "power"),
                )
            )
        return tuple(modems)

    def _device(self, text: str) -> str:
        return str(path_below(self._base, values.device(text)))

    def _sims(self) -> Sims:
        sims = self._top.section("sims", _keys(Sims))
        if sims is None:
            return Sims()
        defaults = SimDefaults()
        below = sims.section("defaults", _keys(SimDefaults))
        if below is not None:
            pace = readers.pace(below)
            defaults = SimDefaults(
                pace=defaults.pace if pace is None else pace,
                jitter=below.read("jitter", tariff.jitter, 0),
                warm_up=below.read("warm_up", tariff.warm_up, None),
                reports=below.read("reports", values.boolean, default=True),
                tariff=tariff.tariff(below) or defaults.tariff,
                balance=balance.balance(below),
            )
        names, iccids = _Unique("the name"), _Unique("the ICCID")
        about_routing = routing.CardKeys()
        cards = []
        for entry in sims.entries("cards"):
            section = entry.section(_keys(Card))
            card = self._card(section, entry, **about_routing.read(section))
            names.check(section.get("name"), card.name or None)
            iccids.check(section.get("iccid"), card.iccid or None)
            cards.append(card)
        about_routing.compare(cards)
        currency = sims.read("currency", tariff.currency, "")
        most = sims.read("max_parts_per_hour", values.integer(1, MAX_QUEUE), None)
        return Sims(currency, defaults, tuple(cards), most)

    def _card(self, section: Section, entry: Value, **more: Any) -> Card:
        for needed in ("name", "iccid"):
            if entry.is_mapping and section.get(needed) is None:
                entry.fail(f"needs {'a name' if needed == 'name' else 'an iccid'}")
        return Card(
            name=section.read("name", values.name, ""),
            iccid=readers.iccid(section.get("iccid")),
            number=section.read("number", values.e164(self._country), None),
            pin=self._secret(section, "pin", "pin"),
            smsc=section.read("smsc", values.e164(self._country), None),
            pace=readers.pace(section),
            jitter=section.read("jitter", tariff.jitter, None),
            warm_up=section.read("warm_up", tariff.own_warm_up, None),
            tariff=tariff.tariff(section),
            reports=section.read("reports", values.boolean, None),
            balance=balance.balance(section),
            **more,
        )

    def _queue(self) -> Queue:
        section = self._top.section("queue", _keys(Queue))
        if section is None:
            return Queue()
        return Queue(max=section.read("max", values.integer(1, MAX_QUEUE), Queue().max))

    def _webhooks(self) -> tuple[WebhookConfig, ...]:
        urls = _Unique("the URL")
        webhooks = []
        for entry in self._top.entries("webhooks"):
            section = entry.section(_keys(WebhookConfig))
            if entry.is_mapping and section.get("url") is None:
                entry.fail("needs a url")
            url = section.read("url", values.url, "")
            urls.check(section.get("url"), mask_url(url) or None)
            events = _texts(section, "events", values.event_pattern)
            named = section.get("events")
            if named is not None and named.is_list and not named.entries():
                named.warn("is empty, which means every event; leave it out")
            secret = self._secret(section, "secret", "whsec")
            webhooks.append(WebhookConfig(url, events or ("*",), secret))
        return tuple(webhooks)

    def _log(self) -> Log:
        section = self._top.section("log", _keys(Log))
        if section is None:
            return Log()
        levels = values.one_of("debug", "info", "warning", "error")
        return Log(level=section.read("level", levels, Log().level))

    def _secret(self, section: Section, key: str, form: str) -> Secret | None:
        """Read a secret, or where it is. Nothing of it is shown."""
        value = section.get(key)
        if value is None:
            return None
        place = f"{value.place}: {value.path}"
        if not value.is_mapping:
            plain = value.read(values.SECRETS[form])
            return None if plain is None else Secret(form, place, plain=plain)
        words = ("file", "env", "credential")
        below = value.section(words)
        if sum(below.get(word) is not None for word in words) != 1:
            value.fail("expected exactly one of file, env and credential")
        return Secret(
            form,
            place,
            file=below.read("file", self._below, None),
            env=below.read("env", values.environment_name, None),
            credential=below.read("credential", values.credential_name, None),
        )


def _texts(
    section: Section, key: str, convert: Callable[[str], str]
) -> tuple[str, ...]:
    found = [value.read(convert) for value in section.entries(key)]
    return tuple(dict.fromkeys(text for text in found if text is not None))
