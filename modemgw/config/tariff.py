"""What the file says of a SIM's contract: prices, bundle, quotas, caps."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.money import (
    amount,
    billed_from,
    cap,
    quota,
    show_amount,
)
from modemgw.config.off import is_off
from modemgw.config.places import place
from modemgw.config.positions import Section, Value
from modemgw.policy.pacing import WarmUp
from modemgw.policy.periods import Period
from modemgw.policy.places import Places, places
from modemgw.policy.quota import Contract
from modemgw.policy.tariff import Bundle, Tariff

MAX_BUNDLE_DAYS = 366
MAX_WARM_UP_DAYS = 90
_PER_DAYS = re.compile(r"(\d{1,3}) ?(?:d|days?)")
_WARM_UP = re.compile(r"(.+?)\s+(?:over|for)\s+(\d{1,3})\s*(?:d|days?)")


class Price(msgspec.Struct, frozen=True):
    """What a part costs there; of several entries the narrowest destination counts."""

    to: Annotated[
        tuple[str, ...],
        key(
            "The destinations: prefixes, countries, short codes, or short.",
            unit="list such as [+43, CH, short]",
            default="required",
        ),
    ]
    price: Annotated[
        str, key("Price of one part.", unit="amount such as 0.09", default="required")
    ]


class BundleConfig(msgspec.Struct, frozen=True):
    """Parts that are paid for in advance, anew in each period."""

    parts: Annotated[
        int,
        key(
            "How many. 0: there is no bundle.",
            unit="parts, 0 to 100000000",
            default="0",
        ),
    ] = 0
    per: Annotated[
        str,
        key(
            "The period: so many days from `since` on, a calendar month, or a billing "
            "period (`billing_day`).",
            unit="30 days, month or billing",
            default="month",
        ),
    ] = "month"
    since: Annotated[
        str | None,
        key(
            "A day on which the bundle began; needed for a number of days.",
            unit="date such as 2026-11-01",
            default="none",
        ),
    ] = None
    then: Annotated[
        str,
        key(
            "When it is used up: stop until the next period, an amount per part, or "
            "price (as in the price list).",
            unit="stop, price, or an amount such as 0.05",
            default="stop",
        ),
    ] = "stop"
    covers: Annotated[
        tuple[str, ...],
        key(
            "Destinations that it is for; others cost what the price list says.",
            unit="list such as [DE], or [] for all",
            default="[]",
        ),
    ] = ()


class TariffConfig(msgspec.Struct, frozen=True):
    """What a SIM may send and what that costs; what is counted belongs to the card."""

    price: Annotated[
        str | None,
        key("Price of one part, where `prices` has none.", unit="0.05", default="none"),
    ] = None
    prices: tuple[Price, ...] = ()
    bundle: BundleConfig = BundleConfig()
    quotas: Annotated[
        tuple[str, ...],
        key(
            "Parts per minute, hour, day, month or billing period. When one is "
            "reached, the SIM rests until the next period.",
            unit="list such as [200/day, 3000/billing]",
            default="[]",
        ),
    ] = ()
    soft_quotas: Annotated[
        tuple[str, ...],
        key(
            "As `quotas`; the SIM goes on, and sim.allowance_low is told.",
            unit="list such as [150/day]",
            default="[]",
        ),
    ] = ()
    spend: Annotated[
        tuple[str, ...],
        key(
            "The most that may be spent. A part whose price is not known is not sent "
            "then.",
            unit="list such as [5.00/day, 40.00/month]",
            default="[]",
        ),
    ] = ()
    billing_day: Annotated[
        int,
        key(
            "The day of the month on which billing periods begin, at midnight in "
            "`timezone`; in a shorter month its last day.",
            unit="1 to 31",
            default="1",
        ),
    ] = 1
    allow: Annotated[
        tuple[str, ...],
        key(
            "The only destinations it may send to.",
            unit="list such as [DE, +43], or [] for all",
            default="[]",
        ),
    ] = ()
    refuse: Annotated[
        tuple[str, ...],
        key(
            "Destinations it never sends to. Where a number is in `allow`, too, the "
            "narrower of the two counts.",
            unit="list such as [+49900, short]",
            default="[]",
        ),
    ] = ()
    allowance_low: Annotated[
        int,
        key(
            "sim.allowance_low is told once per period when so little is left of a "
            "bundle, quota or cap. 0: never.",
            unit="per cent, 0 to 90",
            default="10",
        ),
    ] = 10

    def contract(self) -> Contract:
        """Return it as policy counts by it."""
        bundle = self.bundle
        covers = places(*bundle.covers)
        then_price = None if bundle.then in _WORDS else amount(bundle.then)
        limits = [
            *(quota(text) for text in self.quotas),
            *(replace(quota(text), stops=False) for text in self.soft_quotas),
            *(cap(text) for text in self.spend),
        ]
        return Contract(
            Tariff(
                prices=Places(
                    tuple((to, amount(p.price)) for p in self.prices for to in p.to)
                ),
                price_else=None if self.price is None else amount(self.price),
                allowed=places(*self.allow),
                refused=places(*self.refuse),
                bundle=Bundle(bundle.parts, bundle.then == "stop", then_price, covers)
                if bundle.parts
                else None,
            ),
            tuple(billed_from(limit, self.billing_day) for limit in limits),
            _bundle_period(bundle, self.billing_day) if bundle.parts else None,
            self.allowance_low,
        )

    def places(self) -> set[str]:
        """Return every destination that the tariff tells from others."""
        priced = {to for price in self.prices for to in price.to}
        return {*priced, *self.bundle.covers, *self.allow, *self.refuse}


_WORDS = ("stop", "price")


def _bundle_period(bundle: BundleConfig, billing_day: int) -> Period:
    days = _PER_DAYS.fullmatch(bundle.per)
    if days is not None:
        anchor = date.fromisoformat(bundle.since or "2000-01-01")
        return Period("days", length=int(days[1]), anchor=anchor)
    return Period(bundle.per, first_day=billing_day)


def tariff(section: Section) -> TariffConfig | None:
    """Read `tariff` of one card or of all; None where it is not there."""
    below = section.section("tariff", TariffConfig.__struct_fields__)
    if below is None:
        return None
    found = TariffConfig(
        price=below.read("price", _amount, None),
        prices=_prices(below),
        bundle=_bundle(below),
        quotas=_limits(below, "quotas", lambda text: quota(text).name),
        soft_quotas=_limits(below, "soft_quotas", lambda text: quota(text).name),
        spend=_limits(below, "spend", lambda text: cap(text).name),
        billing_day=below.read("billing_day", values.integer(1, 31), 1),
        allow=_places(below, "allow"),
        refuse=_places(below, "refuse"),
        allowance_low=below.read(
            "allowance_low", _per_cent(0, 90), TariffConfig().allowance_low
        ),
    )
    twice = set(found.quotas) & set(found.soft_quotas)
    if twice and (value := below.get("soft_quotas")) is not None:
        value.fail(f"{min(twice)} is in quotas already")
    has_price = found.price or found.prices or found.bundle.parts
    if found.spend and not has_price and (value := below.get("spend")) is not None:
        value.fail("a cap needs a price; give price, prices or a bundle")
    return found


def _prices(below: Section) -> tuple[Price, ...]:
    first: dict[str, str] = {}
    prices: list[Price] = []
    for entry in below.entries("prices"):
        one = entry.section(Price.__struct_fields__)
        for needed in Price.__struct_fields__:
            if entry.is_mapping and one.get(needed) is None:
                entry.fail(f"needs {needed}: {{to: [AT, +43], price: 0.09}}")
        found: list[str] = []
        for value in _one_or_more(one, "to"):
            where = value.read(place)
            if where is None:
                continue
            other = first.setdefault(where, value.path)
            if other != value.path:
                value.fail(f"{where} has its price in {other} already")
            found.append(where)
        prices.append(Price(tuple(found), one.read("price", _amount, "0.00")))
    return tuple(prices)


def _bundle(below: Section) -> BundleConfig:
    section = below.section("bundle", BundleConfig.__struct_fields__)
    if section is None:
        return BundleConfig()
    if section.get("parts") is None:
        section.value.warn("has no parts, and so there is no bundle")
    per = section.read("per", _per, "month")
    since = section.read("since", _date, None)
    if _PER_DAYS.fullmatch(per) and since is None and section.get("since") is None:
        (section.get("per") or section.value).fail(
            "needs since: a day on which the bundle began, such as 2026-11-01"
        )
    if since is not None and not _PER_DAYS.fullmatch(per):
        (section.get("since") or section.value).fail(
            f"a period of {per!r} has its own beginning; leave out since"
        )
    return BundleConfig(
        parts=section.read("parts", values.integer(0, 100_000_000), 0),
        per=per,
        since=since,
        then=section.read("then", _then, "stop"),
        covers=_places(section, "covers"),
    )


def _limits(below: Section, word: str, read: Callable[[str], str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for value in _one_or_more(below, word):
        name = value.read(read)
        if name is None:
            continue
        unit = name.partition("/")[2]
        if unit in found:
            value.fail(f"{found[unit]} is for the same period already")
        found[unit] = name
    return tuple(found.values())


def _places(below: Section, word: str) -> tuple[str, ...]:
    found = [value.read(place) for value in _one_or_more(below, word)]
    return tuple(dict.fromkeys(where for where in found if where is not None))


def _one_or_more(section: Section, word: str) -> list[Value]:
    value = section.get(word)
    if value is None:
        return []
    return value.entries() if value.is_list or value.is_empty else [value]


def _amount(text: str) -> str:
    """An amount, written the one way."""
    return show_amount(amount(text))


def _then(text: str) -> str:
    word = text.strip().lower()
    if word in _WORDS:
        return word
    try:
        return _amount(text)
    except ValueError:
        raise ValueError(
            f"expected stop, price or an amount such as 0.05, got {text!r}"
        ) from None


def _per(text: str) -> str:
    word = text.strip().lower()
    days = _PER_DAYS.fullmatch(word)
    if days is not None and 1 <= int(days[1]) <= MAX_BUNDLE_DAYS:
        return f"{int(days[1])} days"
    if word not in ("month", "billing", "day"):
        raise ValueError(
            f"expected 1 to {MAX_BUNDLE_DAYS} days (30 days), day, month or billing, "
            f"got {text!r}"
        )
    return word


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValueError(f"expected a date such as 2026-11-01, got {text!r}") from None


def _per_cent(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of `20%` or `20`."""
    number = values.integer(low, high)

    def read(text: str) -> int:
        return number(text.strip().removesuffix("%").strip())

    return read


jitter = _per_cent(0, 90)


def currency(text: str) -> str:
    """An ISO 4217 code: `EUR`."""
    code = text.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f"expected a currency code such as EUR, got {text!r}")
    return code


def warm_up(text: str) -> WarmUp | None:
    """`20/day over 14 days`; None for off."""
    word = text.strip().lower()
    if is_off(word):
        return None
    found = _WARM_UP.fullmatch(word)
    days = int(found[2]) if found else 0
    if found is None or not 1 <= days <= MAX_WARM_UP_DAYS:
        raise ValueError(
            f"expected where to begin and for how long (20/day over 14 days, at most "
            f"{MAX_WARM_UP_DAYS}), or off, got {text!r}"
        )
    return WarmUp(values.window(found[1]), days)


def own_warm_up(text: str) -> WarmUp | bool:
    """The same for one card, where off is something else than nothing."""
    return warm_up(text) or False


def show_warm_up(wanted: WarmUp) -> str:
    """Write it as the file does."""
    return f"{values.show_window(wanted.begin)} over {wanted.days} days"
