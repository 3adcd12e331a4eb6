"""What a file says about routing, and what is wrong with it."""

import pytest

from modemgw.config.load import parse
from modemgw.config.model import PoolConfig, RouteRule, Routing
from modemgw.errors import ConfigError
from modemgw.policy.zones import Rule

CARDS = """\
sims:
  cards:
    - {name: red, iccid: "8949022512345678901", pools: [alerts, alerts]}
    - {name: blue, iccid: "8949022512345678919", weight: 3,
       network_prefixes: [+49 151, "+49160"]}
"""


def test_everything_at_once() -> None:
    text = CARDS + (
        "routing:\n"
        "  patience: 2 min\n"
        "  sticky: on\n"
        "  weak_signal: -100\n"
        "  pools:\n"
        "    - {name: cheap, sims: blue}\n"
        "  rules:\n"
        "    - {to: [at, +43 664, 80888, SHORT], prefer: [red, cheap]}\n"
        "    - {to: FR, only: alerts, never: [blue]}\n"
    )
    found = parse(text, "m.yaml")
    red, blue = found.sims.cards
    assert (red.pools, red.weight, red.network_prefixes) == (("alerts",), 1, ())
    assert (blue.weight, blue.network_prefixes) == (3, ("+49151", "+49160"))
    assert found.routing == Routing(
        patience=120.0,
        sticky=True,
        weak_signal=-100,
        pools=(PoolConfig("cheap", ("blue",)),),
        rules=(
            RouteRule(("AT", "+43664", "80888", "short"), prefer=("red", "cheap")),
            RouteRule(("FR",), only=("alerts",), never=("blue",)),
        ),
    )
    assert found.routing.compiled()[3:] == (
        Rule("short", prefer=("red", "cheap")),
        Rule("FR", only=("alerts",), never=("blue",)),
    )


@pytest.mark.parametrize("text", ["data_dir: ./d\n", "routing:\n", CARDS])
def test_without_it_there_are_the_defaults(text: str) -> None:
    assert parse(text, "m.yaml").routing == Routing()


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            "routing: {patience: 15}\n",
            ["m.yaml:7:21: routing.patience: expected a number with a unit"],
            id="patience-without-a-unit",
        ),
        pytest.param(
            "routing: {patience: 2h}\n",
            ["m.yaml:7:21: routing.patience: expected at most 1 h, got '2h'"],
            id="patience-of-a-saint",
        ),
        pytest.param(
            "routing: {weak_signal: -20, stick: on}\n",
            [
                "m.yaml:7:24: routing.weak_signal: expected a whole number from -113",
                "m.yaml:7:29: routing.stick: unknown key; did you mean 'sticky'?",
            ],
            id="signal-and-a-typing-mistake",
        ),
        pytest.param(
            "routing:\n"
            "  pools:\n"
            "    - sims: [redd]\n"
            "    - {name: blue}\n"
            "    - {name: p}\n"
            "    - {name: p, sims: [blue]}\n",
            [
                "m.yaml:9:7: routing.pools[0]: needs a name",
                "m.yaml:9:14: routing.pools[0].sims[0]: there is no SIM 'redd'; did "
                "you mean 'red'?",
                "m.yaml:10:14: routing.pools[1].name: 'blue' is the name of a SIM",
                "m.yaml:12:14: routing.pools[3].name: pool 'p' is listed already",
            ],
            id="pools",
        ),
        pytest.param(
            "routing:\n"
            "  rules:\n"
            "    - {prefer: [alerts]}\n"
            "    - {to: [DE]}\n"
            "    - {to: [+49x, XX], prefer: [alert]}\n"
            "    - {to: +49, never: red}\n"
            "    - {to: [DE, +49], never: red}\n"
            "    - 7\n",
            [
                "m.yaml:9:7: routing.rules[0]: needs destinations",
                "m.yaml:10:7: routing.rules[1]: says nothing; give prefer, only",
                "m.yaml:11:13: routing.rules[2].to[0]: expected a prefix (+49151)",
                "m.yaml:11:19: routing.rules[2].to[1]: expected a country code",
                "m.yaml:11:33: routing.rules[2].prefer[0]: there is no SIM or pool "
                "'alert'; did you mean 'alerts'?",
                "m.yaml:13:13: routing.rules[4].to[0]: DE has its rule in "
                "routing.rules[1].to[0] already",
                "m.yaml:13:17: routing.rules[4].to[1]: +49 has its rule in "
                "routing.rules[3].to already",
                "m.yaml:14:7: routing.rules[5]: expected keys below it",
            ],
            id="rules",
        ),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, problems: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(CARDS + "country: DE\n" + text, "m.yaml")
    assert len(caught.value.problems) == len(problems)
    for found, wanted in zip(caught.value.problems, problems, strict=True):
        assert found.startswith(wanted)


def test_mistakes_of_cards() -> None:
    text = (
        "sims:\n"
        "  cards:\n"
        '    - {name: red, iccid: "8949022512345678901", pools: [blue, a b]}\n'
        '    - {name: blue, iccid: "8949022512345678919", weight: 0,\n'
        "       network_prefixes: [0151]}\n"
        "routing: {rules: [{to: DE, only: green}]}\n"
    )
    with pytest.raises(ConfigError) as caught:
        parse(text, "m.yaml")
    starts = [
        "m.yaml:3:57: sims.cards[0].pools[0]: 'blue' is the name of a SIM; a pool",
        "m.yaml:3:63: sims.cards[0].pools[1]: ",
        "m.yaml:4:58: sims.cards[1].weight: expected a whole number from 1 to 100",
        "m.yaml:5:27: sims.cards[1].network_prefixes[0]: expected a prefix such as",
        "m.yaml:6:34: routing.rules[0].only: there is no SIM or pool 'green'",
    ]
    assert len(caught.value.problems) == len(starts)
    for found, wanted in zip(caught.value.problems, starts, strict=True):
        assert found.startswith(wanted)


def test_a_rule_without_any_sim_in_the_file() -> None:
    with pytest.raises(ConfigError, match="no SIM or pool 'red'; none is listed"):
        parse("routing: {rules: [{to: DE, only: red}]}\n", "m.yaml")
