"""What may be written and does nothing, or not what was meant: warnings."""

import re

import pytest

from modemgw.config.load import parse
from modemgw.errors import ConfigError

CARD = "sims: {cards: [{name: red, iccid: '8949022512345678901', pools: [a]}]}\n"


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        pytest.param(
            CARD + "routing: {pools: [{name: a}, {name: b}, {name: c, sims: [red]}]}\n",
            ["m.yaml:2:37: routing.pools[1].name: no SIM is in the pool 'b': what asks"
             " for it waits in vain"],
            id="a-pool-without-a-sim",
        ),
        pytest.param(
            "inbound:\n  rules:\n    - {match: any, from: [AT], reply: hi}\n"
            "    - {match: any, reply: hi, stop: no}\n    - {match: any, reply: ho}\n"
            "    - {keyword: [HOURS], reply: 9-18}\n",
            ["m.yaml:5:7: inbound.rules[2]: takes every text: the rules below it have"
             " no effect"],
            id="a-rule-that-no-text-reaches",
        ),
        pytest.param(
            "inbound: {rules: [{keyword: [A], reply: x}, {match: any, reply: x}]}\n",
            [],
            id="the-last-rule-may-take-all",
        ),
        pytest.param(
            "webhooks: [{url: 'http://a/', events: []}]\n",
            ["m.yaml:1:39: webhooks[0].events: is empty, which means every event; leave"
             " it out"],
            id="no-events",
        ),
        pytest.param(
            "http: {proxies: [10.0.0.1]}\n",
            ["m.yaml:1:17: http.proxies: is used with `tls: proxy` only"],
            id="proxies-that-nobody-asks",
        ),
    ],
)  # fmt: skip
def test_what_has_no_effect(text: str, warnings: list[str]) -> None:
    assert list(parse(text, "m.yaml").warnings) == warnings


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            CARD + "routing: {rules: [{to: DE, only: [blue]}]}\n",
            "no SIM or pool 'blue'",
        ),
        (CARD + "routing: {pools: [{name: b, sims: [blue]}]}\n", "no SIM 'blue'"),
        (
            CARD.replace("}]}", "}, {name: blue, iccid: '8949022512345678901'}]}"),
            "taken",
        ),
        ("modems: [{port: /dev/a}, {port: /dev/../dev/a}]\n", "is taken by modems[0]"),
    ],
)
def test_what_cannot_be_meant_is_a_mistake(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(why)):
        parse(text, "m.yaml")
