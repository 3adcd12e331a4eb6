"""What a configuration that is there already says of the same modems and SIMs.

Names are in histories and programs, a PIN is not asked for at a card that is open
just now: both would be lost if setup began from nothing each time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modemgw.cli.setup_plan import Place
from modemgw.config.diff import difference
from modemgw.config.load import load
from modemgw.config.model import Card, Config, ModemConfig
from modemgw.errors import ConfigError
from modemgw.modem.probe import same_iccid, same_imei

# What setup asks for, or finds out, by its key.
_OURS = re.compile(
    r"country|timezone|discovery|http\.(listen|tls\.mode)|alarms\.sms|"
    r"modems\[[^]]*\](\.(imei|port|iccid|pin))?|sims\.cards\[[^]]*\]\.(name|number|pin)"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """By the index of the modem; `problem` where the file cannot be read."""

    config: Config | None = None
    problem: str = ""
    modems: dict[int, str] = field(default_factory=dict)
    cards: dict[int, str] = field(default_factory=dict)
    pins: dict[int, str] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)


def keep(path: Path, places: Sequence[Place]) -> Kept:
    """Read the file at `path` and find these modems in it."""
    if not path.exists():
        return Kept()
    try:
        config = load(path)
    except ConfigError as exc:
        return Kept(problem=str(exc))
    kept = Kept(config)
    for index, place in enumerate(places):
        modem = next((one for one in config.modems if _is_modem(one, place)), None)
        card = next((one for one in config.sims.cards if _is_card(one, place)), None)
        if modem is not None:
            kept.modems[index] = modem.name
        if card is not None:
            kept.cards[index] = card.name
            if card.number:
                kept.numbers[index] = card.number
        for entry in (card, modem):
            secret = None if entry is None else entry.pin
            if secret is None:
                continue
            try:
                kept.pins.setdefault(index, secret.reveal())
            except ConfigError:  # gone, or ours to write and not to read
                continue
    return kept


def lost(before: Config, after: Config) -> list[str]:
    """Name the settings of `before` that a person made and `after` does not have.

    What setup asks for, or finds out, is not among them, nor is a modem that is away.
    """
    found = difference(before, after).changes
    return [
        change.key
        for change in found
        if change.was is not None and not _OURS.fullmatch(change.key)
    ]


def _is_modem(one: ModemConfig, place: Place) -> bool:
    found = place.found
    if one.imei is not None:
        return same_imei(one.imei, found.imei)
    if one.iccid is not None:
        return same_iccid(one.iccid, found.iccid)
    return one.port in (place.port, found.port)


def _is_card(one: Card, place: Place) -> bool:
    return same_iccid(one.iccid, place.found.iccid)
