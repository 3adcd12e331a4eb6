"""What a file may say about asking for a SIM's balance."""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from modemgw.at.ussd import objection
from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.money import amount
from modemgw.config.off import is_off
from modemgw.config.positions import Section, Value, suggest
from modemgw.policy.balance import Format
from modemgw.policy.balance_presets import PRESETS
from modemgw.policy.template import Template

T = TypeVar("T")

EVERY_S = 86_400.0
LEAST_S = 3600.0  # networks block who asks too often
MOST_S = 31 * 86_400.0
MAX_REPLIES = 5
OFF = "off"


class BalanceConfig(msgspec.Struct, frozen=True):
    """How the balance of a SIM is asked for, over USSD."""

    ussd: Annotated[
        str | None,
        key(
            "The operator's code. off: this SIM is not asked.",
            unit="code such as *100#, or off",
            default="the preset's, else none: nothing is asked",
        ),
    ] = None
    reply: Annotated[
        tuple[str, ...],
        key(
            "What is answered to the menus that follow, in turn.",
            unit='list such as ["1", "2"]',
            default="[]",
        ),
    ] = ()
    preset: Annotated[
        str | None,
        key(
            "How the operator writes (docs/how-to/balance.md has the list). auto: the "
            "amount is found by the words around it. comma, point: the decimal mark.",
            unit="name of a preset",
            default="auto, by the words",
        ),
    ] = None
    pattern: Annotated[
        str | None,
        key(
            "The operator's sentence, instead of a preset: letters stand for "
            "themselves, * for anything, {amount} for the amount; {currency}, {date}, "
            "{number} and {word} for such. No regular expression.",
            unit='text such as "Guthaben: {amount} EUR"',
            default="none",
        ),
    ] = None
    currency: Annotated[
        str | None,
        key(
            "Where the answer names none, or one that several countries have ($).",
            unit="ISO 4217 code such as EUR",
            default="what the answer or the preset says",
        ),
    ] = None
    every: Annotated[
        float | None,
        key(
            "How often it is asked; after a refusal that looks like no credit it is "
            "asked early.",
            unit="1h to 31 days",
            default="1 day",
        ),
    ] = None
    low: Annotated[
        int | None,
        key(
            "Below this the event sim.balance_low is told, once until it is above "
            "again.",
            unit="amount such as 2.00",
            default="none",
        ),
    ] = None

    def over(self, defaults: "BalanceConfig") -> "BalanceConfig":
        """Return what holds for a card that says this, over what holds for all.

        Preset and pattern are one choice: a card that makes it drops the other's.
        """
        reads = self if self.preset or self.pattern else defaults
        asks = self if self.ussd else defaults
        return BalanceConfig(
            ussd=asks.ussd,
            reply=self.reply or asks.reply,
            preset=reads.preset,
            pattern=reads.pattern,
            currency=self.currency or defaults.currency,
            every=defaults.every if self.every is None else self.every,
            low=defaults.low if self.low is None else self.low,
        )

    @property
    def code(self) -> str | None:
        """What is dialled, None: nothing."""
        if self.ussd is not None:
            return None if self.ussd == OFF else self.ussd
        return PRESETS[self.preset].code if self.preset else None

    @property
    def form(self) -> Format:
        """How the answer is written."""
        if self.pattern is not None:
            template = Template.parse(self.pattern)
            return Format((template,), currency=self.currency, only=True)
        form = PRESETS[self.preset or "auto"].form
        return Format(form.templates, form.mark, self.currency or form.currency)

    @property
    def every_s(self) -> float:
        """Seconds between two askings."""
        return EVERY_S if self.every is None else self.every


def balance(section: Section) -> BalanceConfig:
    """Read the section below `balance`, or its defaults where it is not there."""
    value = section.get("balance")
    if value is not None and not value.is_mapping and not value.is_list:
        if value.is_empty or value.read(_is_off) is None:
            return BalanceConfig()
        return BalanceConfig(ussd=OFF)
    below = section.section("balance", BalanceConfig.__struct_fields__)
    if value is None or below is None:
        return BalanceConfig()
    found = BalanceConfig(
        ussd=_maybe(below, "ussd", _code),
        reply=_replies(below),
        preset=_maybe(below, "preset", _preset),
        pattern=_maybe(below, "pattern", _pattern),
        currency=_maybe(below, "currency", _currency),
        every=_maybe(below, "every", _every),
        low=_maybe(below, "low", amount),
    )
    if found.preset is not None and found.pattern is not None:
        value.fail("give preset or pattern, not both")
    return found


def _maybe(section: Section, name: str, convert: Callable[[str], T]) -> T | None:
    value = section.get(name)
    return None if value is None else value.read(convert)


def _is_off(text: str) -> bool:
    if values.boolean(text):
        raise ValueError("expected off, or keys below it: ussd, preset, pattern …")
    return True


def _code(text: str) -> str:
    if is_off(text):
        return OFF
    why = objection(text)
    if why is not None:
        raise ValueError(f"{text!r}: {why}")
    return text


def _replies(section: Section) -> tuple[str, ...]:
    entries: list[Value] = section.entries("reply")
    found = [entry.read(_reply) for entry in entries]
    if len(entries) > MAX_REPLIES:
        entries[MAX_REPLIES].fail(f"at most {MAX_REPLIES} replies")
    return tuple(text for text in found if text is not None)


def _reply(text: str) -> str:
    why = objection(text, is_reply=True)
    if why is not None:
        raise ValueError(f"{text!r}: {why}")
    return text


def _preset(text: str) -> str:
    if text.lower() not in PRESETS:
        raise ValueError(f"no preset {text!r}{suggest(text, PRESETS)}")
    return text.lower()


def _pattern(text: str) -> str:
    return Template.parse(text).text


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", text, re.ASCII):
        raise ValueError(f"expected an ISO 4217 code such as EUR, got {text!r}")
    return text.upper()


def _every(text: str) -> float:
    seconds = values.duration(text)
    if not LEAST_S <= seconds <= MOST_S:
        raise ValueError(f"expected 1h to 31 days, got {text!r}")
    return seconds
