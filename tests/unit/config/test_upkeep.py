"""What a file says about balances and self-tests."""

import re

import pytest

from modemgw.config.balance import MAX_REPLIES, BalanceConfig
from modemgw.config.load import parse
from modemgw.config.show import as_yaml
from modemgw.errors import ConfigError
from modemgw.policy.selftest import Quiet

CARDS = """\
sims:
  defaults:
    balance: {preset: telekom-de, low: 2.00, every: 12h}
  cards:
    - {name: a, iccid: "8949022512345678901"}
    - {name: b, iccid: "8949022512345678902", balance: off}
    - name: c
      iccid: "8949022512345678903"
      balance: {ussd: "*101#", reply: ["1"], pattern: "Rest {amount}", low: 0.5}
    - {name: d, iccid: "8949022512345678904", balance: {ussd: off, every: 2 days}}
"""


def of(name: str) -> BalanceConfig:
    sims = parse(CARDS, "x").sims
    return sims.balance(next(card for card in sims.cards if card.name == name))


def test_a_card_says_only_what_differs() -> None:
    assert (of("a").code, of("a").low, of("a").every_s) == ("*100#", 2_000_000, 43_200)
    assert of("a").form.currency == "EUR"
    assert of("b").code is None
    assert (of("c").code, of("c").reply, of("c").low) == ("*101#", ("1",), 500_000)
    assert of("c").form.only
    assert of("c").every_s == 43_200
    assert (of("d").code, of("d").every_s) == (None, 172_800)
    assert BalanceConfig().code is None


def test_what_is_shown_loads_again() -> None:
    text = CARDS + "selftest: {pairs: [[a, b]], quiet: 22:00-07:00, paid: on}\n"
    found = parse(text, "x")
    assert parse(as_yaml(found), "y") == found
    off = parse("selftest: {every: off}\n", "x")
    assert parse(as_yaml(off), "y").selftest == off.selftest


def test_self_tests_are_scheduled_where_the_file_says_so() -> None:
    assert parse("country: DE\n", "x").selftest.every == 0
    found = parse("selftest: {every: 6h, quiet: 22:00-7:00}\n", "x").selftest
    assert (found.every, found.pairs, found.paid) == (21_600, (), False)
    assert found.quiet == Quiet(22 * 60, 7 * 60)


@pytest.mark.parametrize(
    ("below", "why"),
    [
        ("{ussd: hello}", "digits, * and #"),
        ('{ussd: "**04*1234*4321*4321#"}', "lock the SIM"),
        ("{preset: telekm-de}", "did you mean 'telekom-de'"),
        ("{pattern: Guthaben}", "needs {amount}"),
        ("{preset: auto, pattern: '{amount}'}", "not both"),
        ("{every: 5min}", "1h to 31 days"),
        ("{low: -1}", "an amount such as"),
        ("{low: '1,50'}", "an amount such as"),
        ("{currency: Euro}", "ISO 4217"),
        ("{reply: ['" + "','".join("1" * (MAX_REPLIES + 1)) + "']}", "at most"),
        ("on", "expected off"),
        ("[1]", "expected keys"),
        ("{interval: 1h}", "unknown key"),
    ],
)
def test_mistakes_about_balances_are_explained(below: str, why: str) -> None:
    text = f"sims:\n  defaults:\n    balance: {below}\n"
    with pytest.raises(ConfigError, match=re.escape(why)):
        parse(text, "x")


@pytest.mark.parametrize(
    ("below", "why"),
    [
        ("{every: 5s}", "10min to 31 days"),
        ("{within: 5s}", "30s to 1h"),
        ("{within: 2h}", "30s to 1h"),
        ("{quiet: 25:00-03:00}", "two times"),
        ("{quiet: 22:61-03:00}", "two times"),
        ("{quiet: 22:00-22:00}", "two times"),
        ("{pairs: [[a]]}", "two names"),
        ("{pairs: [[a, a]]}", "to itself"),
        ("{pairs: []}", "empty list"),
        ("{pairs: ring}", "none of the choices"),
        ("{paid: maybe}", "on or off"),
    ],
)
def test_mistakes_about_self_tests_are_explained(below: str, why: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(why)):
        parse(f"selftest: {below}\n", "x")
