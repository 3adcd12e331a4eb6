"""From what was found and answered to a configuration: text in, text out, no I/O.

What a modem or a network calls itself goes into comments and names only after every
character that means something elsewhere was taken out.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from modemgw.config import values
from modemgw.modem.probe import same_imei
from modemgw.modem.survey import Surveyed
from modemgw.words import printable

MAX_NAME = 20  # characters of a name that we choose; a file may use 32
MAX_SHOWN = 40  # of what a modem says about itself, in a comment
COLUMN = 28  # where comments begin
LISTEN = "127.0.0.1:8080"  # what holds where nothing is said
_UNFIT = re.compile(r"[^a-z0-9]+")
_PLAIN = re.compile(r"[A-Za-z/.][A-Za-z0-9/._+-]*|\d+/[a-z]+")
_WORDS = frozenset({"on", "off", "yes", "no", "true", "false", "null", "y", "n"})


@dataclass(frozen=True, slots=True)
class Place:
    """One modem and how it is found again. `where` is for people."""

    found: Surveyed
    where: str
    port: str  # a path that stays the same, as far as there is one
    is_usb: bool = False
    is_simulated: bool = False  # behind it is a program, and no network


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said. `pins` and `numbers` by the index of the modem."""

    country: str
    timezone: str
    date: str  # 2026-11-22, for the first line
    listen: str = LISTEN
    tls: str = "off"
    data_dir: str | None = None  # None: where it is by itself
    alarms: Sequence[str] = ()  # numbers that are texted when something is wrong
    pins: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[int, str] = field(default_factory=dict)
    modem_names: Mapping[int, str] = field(default_factory=dict)  # they had before
    card_names: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be written: the file, and the PINs in files beside it."""

    text: str
    pins: Mapping[str, str]  # file name -> PIN
    modems: tuple[str, ...]  # names, in the order of the places
    sims: tuple[str, ...]  # of the cards; "" where one has no name


def plan(places: Sequence[Place], answers: Answers) -> Plan:
    """Write the configuration for these modems; what holds by itself is left out."""
    modems = names(
        (place.found.model or place.found.manufacturer for place in places),
        "modem",
        answers.modem_names,
    )
    cards = names((place.found.operator for place in places), "sim", answers.card_names)
    iccids = [card_of(place) for place in places]
    cards = tuple(  # a card that two tell of is in one of them
        name if iccid and iccid not in iccids[:index] else ""
        for index, (name, iccid) in enumerate(zip(cards, iccids, strict=True))
    )
    pins: dict[str, str] = {}
    for index, pin in answers.pins.items():
        pins[f"pin-{cards[index] or modems[index]}"] = pin
    lines = [
        f"# modemgw, made by `modemgw setup` on {answers.date}. Every key, and what",
        "# holds without it: docs/configuration.md. To check: modemgw config check",
        *_general(answers),
    ]
    if not any(place.is_usb for place in places):
        lines.append(_line("discovery: off", "only the modems below"))
    lines.append("modems:")
    for index, place in enumerate(places):
        has_pin = index in answers.pins and not cards[index]
        lines.append(_modem(index, place, places, modems[index], has_pin=has_pin))
    if any(cards):
        lines += ["sims:", "  cards:"]
    for index, place in enumerate(places):
        if cards[index]:
            lines.append(_card(index, place, cards[index], answers))
    return Plan("\n".join(lines) + "\n", pins, modems, cards)


def names(
    said: Iterable[str | None], fallback: str, kept: Mapping[int, str] = {}
) -> tuple[str, ...]:
    """Make names out of what modems say, each once; `kept` stay as they are.

    >>> names(["E3372", None, "E3372", "no"], "modem")
    ('e3372', 'modem2', 'e3372-2', 'modem4')
    """
    found: list[str] = []
    for index, text in enumerate(said):
        if index in kept:
            found.append(kept[index])
            continue
        ascii_ = (text or "").encode("ascii", "ignore").decode().lower()
        clean = _UNFIT.sub("-", ascii_).strip("-")[:MAX_NAME].strip("-")
        if not clean or clean in _WORDS or clean.isdigit():
            clean = f"{fallback}{index + 1}"
        name, count = clean, 1
        while name in found or name in kept.values():
            count += 1
            name = f"{clean}-{count}"
        found.append(name)
    return tuple(found)


def card_of(place: Place) -> str | None:
    """Return the ICCID, where it is one that a configuration can hold."""
    try:
        return values.iccid(place.found.iccid or "")
    except ValueError:
        return None


def shown(text: str | None, most: int = MAX_SHOWN) -> str:
    """Write what a modem says so that it steers neither a terminal nor a file.

    >>> shown(chr(27) + "[31mACME")
    '\\\\x1b[31mACME'
    """
    escaped = printable(text or "")
    return escaped if len(escaped) <= most else escaped[: most - 1] + "…"


def title(found: Surveyed) -> str:
    """Return maker and model on one line; a model often repeats its maker."""
    maker, model = (found.manufacturer or "").strip(), (found.model or "").strip()
    if model.lower().startswith(maker.lower()):
        maker = ""
    return shown(f"{maker} {model}".strip()) or "a modem"


def quoted(text: str) -> str:
    """Write a value for YAML, in quotes where it would mean something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _general(answers: Answers) -> Iterable[str]:
    if answers.data_dir is not None:
        yield _line(f"data_dir: {quoted(answers.data_dir)}", "the database")
    yield _line(f"country: {quoted(answers.country)}", "of numbers without +")
    yield _line(f"timezone: {quoted(answers.timezone)}", "for quiet hours and bills")
    if (answers.listen, answers.tls) != (LISTEN, "off"):
        yield "http:"
        yield _line(f'  listen: "{answers.listen}"', _who(answers.listen))
    if answers.tls != "off":
        yield _line(f"  tls: {answers.tls}", "trust /ca.pem once")
    if answers.alarms:
        numbers = ", ".join(json.dumps(number) for number in answers.alarms)
        yield _line(f"alarms: {{sms: [{numbers}]}}", "when something is wrong")


def _modem(
    index: int, place: Place, places: Sequence[Place], name: str, *, has_pin: bool
) -> str:
    imei = place.found.imei
    others = [one.found.imei for at, one in enumerate(places) if at != index]
    is_own = imei is not None and not any(same_imei(imei, one) for one in others)
    where = f", {shown(place.where, 60)}" if place.is_usb else ""
    entry = {"name": quoted(name)}
    if is_own and place.is_usb:  # in whatever socket it is
        entry["imei"] = f'"{imei}"'
    else:  # a line without USB stays where it is; IMEIs of clones tell nothing
        entry["port"] = quoted(place.port)
    if has_pin:
        entry["pin"] = f"{{file: pin-{name}}}"
    return f"{_entry(entry)}  # {title(place.found)}{where}"


def _card(index: int, place: Place, name: str, answers: Answers) -> str:
    entry = {"name": quoted(name), "iccid": f'"{card_of(place)}"'}
    if number := answers.numbers.get(index):
        entry["number"] = f'"{number}"'
    if index in answers.pins:
        entry["pin"] = f"{{file: pin-{name}}}"
    return f"  {_entry(entry)}"


def _entry(values: Mapping[str, str]) -> str:
    return f"  - {{{', '.join(f'{key}: {value}' for key, value in values.items())}}}"


def _line(text: str, comment: str) -> str:
    return f"{text.ljust(COLUMN)} # {comment}"


def _who(listen: str) -> str:
    if values.listen(listen).is_loopback:
        return "this machine only"
    return "whoever has a key, from anywhere"
