"""What a file may say of prices, bundles, quotas and caps."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.config import money
from modemgw.config.load import parse
from modemgw.config.model import Config
from modemgw.config.show import plain
from modemgw.errors import ConfigError
from modemgw.policy.pacing import WarmUp, Window
from modemgw.policy.periods import Period
from modemgw.policy.places import Places, places
from modemgw.policy.quota import Contract, Limit
from modemgw.policy.tariff import Bundle, Tariff

CARD = "8949022512345678901"


def card(tariff: str, more: str = "") -> Config:
    lines = "".join(f"        {line}\n" for line in tariff.splitlines())
    return parse(
        "sims:\n  cards:\n    - name: red\n"
        f'      iccid: "{CARD}"\n{more}      tariff:\n{lines}',
        "m.yaml",
    )


def contract(tariff: str) -> Contract:
    config = card(tariff)
    return config.sims.tariff(config.sims.card(CARD)).contract()


def wrong(tariff: str) -> str:
    with pytest.raises(ConfigError) as caught:
        card(tariff)
    return str(caught.value)


DAYS_30 = Period("days", length=30, anchor=date(2026, 11, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "bundle: {parts: 200, per: 30 days, since: 2026-11-01}",
            Contract(Tariff(bundle=Bundle(200, then_stop=True)), bundle_period=DAYS_30),
            id="200 per 30 days, then stop",
        ),
        pytest.param(
            "bundle: {parts: 500, per: billing, then: 0.05, covers: DE}\n"
            "billing_day: 31",
            Contract(
                Tariff(bundle=Bundle(500, then_price=50_000, covers=places("DE"))),
                bundle_period=Period("billing", first_day=31),
            ),
            id="500 a month from the 31st, then 0.05",
        ),
        pytest.param(
            "price: 0.05\nprices: [{to: [AT, +43 664], price: 0.123456}]",
            Contract(
                Tariff(
                    prices=Places((("AT", 123_456), ("+43664", 123_456))),
                    price_else=50_000,
                )
            ),
            id="prepaid",
        ),
        pytest.param(
            "quotas: [200 per day, 3_000/billing]\nsoft_quotas: 10/hour\n"
            "spend: 5/day\nprice: 1\nbilling_day: 14\nallowance_low: 20%",
            Contract(
                Tariff(price_else=1_000_000),
                (
                    Limit("200/day", 200, Period("day")),
                    Limit("3000/billing", 3000, Period("billing", first_day=14)),
                    Limit("10/hour", 10, Period("hour"), stops=False),
                    Limit("5.00/day", 5_000_000, Period("day"), money=True),
                ),
                low=20,
            ),
            id="limits",
        ),
        pytest.param(
            "allow: [de, SHORT]\nrefuse: '+49 900'",
            Contract(Tariff(allowed=places("DE", "short"), refused=places("+49900"))),
            id="destinations",
        ),
    ],
)
def test_a_contract_as_it_is_written(text: str, expected: Contract) -> None:
    assert contract(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(
            "price: 0,05",
            "m.yaml:6:16: sims.cards[0].tariff.price: expected",
            id="comma",
        ),
        pytest.param("price: -1", "amount such as 0.05, got '-1'", id="negative"),
        pytest.param("price: 1e3", "got '1e3'", id="exponent"),
        pytest.param("price: 0.0000001", "got '0.0000001'", id="too fine"),
        pytest.param("prices: [{to: AT}]", "needs price", id="no price"),
        pytest.param("prices: [{price: 1}]", "needs to", id="no destination"),
        pytest.param(
            "prices: [{to: [AT, AT], price: 1}, {to: AT, price: 2}]",
            "AT has its price in sims.cards[0].tariff.prices[0].to[0] already",
            id="two prices for one place",
        ),
        pytest.param("bundle: {parts: 1, per: 30 days}", "needs since", id="anchor"),
        pytest.param(
            "bundle: {parts: 1, since: 2026-11-01}", "leave out since", id="no anchor"
        ),
        pytest.param(
            "bundle: {parts: 1, per: 30 days, since: 1.11.2026}",
            "date such as 2026-11-01",
            id="date",
        ),
        pytest.param("bundle: {parts: 1, per: week}", "1 to 366 days", id="week"),
        pytest.param(
            "bundle: {parts: 1, then: halt}", "expected stop, price", id="then"
        ),
        pytest.param("quotas: [5/week]", "minute, hour, day", id="unit"),
        pytest.param("quotas: [1.5/day]", "whole number of parts", id="half a part"),
        pytest.param("quotas: [5/day, 6/day]", "5/day is for the same", id="twice"),
        pytest.param(
            "quotas: 5/day\nsoft_quotas: 5/day", "is in quotas already", id="both"
        ),
        pytest.param("spend: 5.00/day", "a cap needs a price", id="cap without price"),
        pytest.param("spend: x/day\nprice: 1", "amount such as", id="no amount"),
        pytest.param("billing_day: 32", "from 1 to 31", id="day of month"),
        pytest.param("allow: [XX]", "country code", id="country"),
        pytest.param("refuse: [49-x]", "expected a prefix", id="prefix"),
        pytest.param("allowance_low: 95%", "from 0 to 90", id="per cent"),
    ],
)
def test_mistakes_are_named(text: str, why: str) -> None:
    said = wrong(text)
    assert why in said
    assert said.startswith("m.yaml:")


def test_a_bundle_of_nothing_is_none() -> None:
    config = card("bundle: {per: billing}")
    assert "there is no bundle" in config.warnings[0]
    assert not config.sims.tariff(config.sims.card(CARD)).contract().counts


def test_every_mistake_of_a_tariff_is_named_at_once() -> None:
    said = wrong("price: x\nquotas: [y]\nallow: [XX]")
    assert said.count("\n") == 2


def test_defaults_hold_for_cards_without_a_tariff_of_their_own() -> None:
    config = parse(
        "sims:\n"
        "  currency: eur\n"
        "  defaults: {tariff: {quotas: [5/day]}, jitter: 30, warm_up: 9/day over 7d}\n"
        "  cards:\n"
        f'    - {{name: red, iccid: "{CARD}", warm_up: off, jitter: 0%}}\n',
        "m.yaml",
    )
    sims, red = config.sims, config.sims.card(CARD)
    assert sims.currency == "EUR"
    assert sims.tariff(red).contract() == sims.tariff(None).contract()
    assert sims.tariff(red).contract().limits[0].name == "5/day"
    assert (sims.jitter(None), sims.jitter(red)) == (30, 0)
    assert sims.warm_up(None) == WarmUp(Window(9, 86_400), 7)
    assert sims.warm_up(red) is None
    assert plain(config)["sims"]["defaults"]["warm_up"] == "9/day over 7 days"


@pytest.mark.parametrize(
    "text",
    [
        "currency: euro",
        "defaults: {warm_up: soon}",
        "defaults: {warm_up: 9/day over 91d}",
    ],
)
def test_the_rest_is_checked(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(f"sims:\n  {text}\n", "m.yaml")


def test_routing_hears_of_every_place_that_is_told_apart() -> None:
    config = card(
        "prices: [{to: [AT], price: 1}]\nbundle: {parts: 1, covers: [DE]}\n"
        "allow: [DE, CH]\nrefuse: [short]"
    )
    assert config.sims.places() == {"AT", "DE", "CH", "short"}


@given(st.integers(0, 10**15 - 1))
def test_amounts_come_back_as_they_were(micro: int) -> None:
    assert money.amount(money.show_amount(micro)) == micro


def test_a_limit_is_known_by_its_form() -> None:
    assert money.limit("5/day") == money.quota("5/day")
    assert money.limit("5.0/day") == money.cap("5/day")
