"""Rules for received messages and opt-outs, as a file writes them."""

import pytest

from modemgw.config.load import parse, secrets
from modemgw.config.model import Config
from modemgw.config.show import as_yaml
from modemgw.errors import ConfigError
from modemgw.policy.optout import LANGUAGES, Intent

HEAD = "country: DE\n"
CARD = (
    'sims: {cards: [{name: red, iccid: "8949022512345678901", number: "+4915111"}]}\n'
)
SECRET = "whsec_" + "A" * 32


def read(text: str) -> Config:
    return parse(HEAD + text, "test.yaml")


def wrong(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [line.partition(": ")[2] for line in caught.value.problems]


def rules(text: str) -> str:
    return f"inbound: {{rules: [{text}]}}\n"


def test_nothing_is_done_unless_somebody_says_so() -> None:
    config = read("")
    assert config.inbound.compiled() == ()
    assert config.opt_out.read
    assert config.opt_out.classes == ("marketing",)
    assert config.opt_out.languages == LANGUAGES
    answers = (config.opt_out.confirm, config.opt_out.welcome, config.opt_out.help)
    assert answers == (None, None, None)


def test_a_rule_is_read_whole() -> None:
    text = rules(
        "{keyword: [Hours, Öffnung], from: [+49, AT, MyBank, short, 80888], sim: red,"
        " reply: 'Open {time}', forward: {number: 0151 87654321}, stop: no}"
    )
    (rule,) = read(text).inbound.compiled()
    assert rule.words == ("hours", "offnung")
    assert {place for place, _ in rule.senders.entries} == {
        "+49",
        "AT",
        "short",
        "80888",
    }
    assert rule.names == {"mybank"}
    assert rule.sims == {"red"}
    assert (rule.reply, rule.number, rule.stop) == (
        "Open {time}",
        "+4915187654321",
        False,
    )


def test_what_is_shown_can_be_read_again() -> None:
    text = (
        rules(
            "{match: any, from: [MyBank], forward: {webhook: 'http://10.0.0.1/x'}},"
            "{match: prefix, keyword: 'order-', reply: 'thanks for it', stop: no}"
        )
        + "opt_out: {languages: [no, de], scope: sim, stop: [schluss], help: Call us}\n"
    )
    config = read(text)
    again = parse(as_yaml(config), "shown.yaml")
    assert (again.inbound, again.opt_out) == (config.inbound, config.opt_out)


def test_endpoints_of_rules_are_declared_once() -> None:
    url = "http://10.0.0.1/x"
    config = read(
        rules(
            f"{{match: any, forward: {{webhook: '{url}'}}, stop: no}},"
            f"{{match: any, forward: {{webhook: '{url}', secret: {SECRET}}}, stop: no}}"
            ","
            "{match: any, forward: {webhook: 'http://10.0.0.2'}}"
        )
        + "webhooks: [{url: 'http://10.0.0.2'}]\n"
    )
    found = [(one.url, one.events, one.secret is None) for one in config.endpoints()]
    assert found == [("http://10.0.0.2", ("*",), True), (url, (), False)]
    assert [one.reveal() for one in secrets(config)] == [SECRET]
    assert SECRET not in as_yaml(config)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{keyword: [HOURS]}", "does nothing; give reply or forward"),
        ("{reply: hello you}", "needs words: keyword: [HOURS]"),
        ("{match: any, keyword: [A], reply: x}", "match: any looks at no words"),
        ("{match: regex, keyword: [A], reply: x}", "'regex' is none of the choices"),
        ("{keyword: [two words], reply: x}", "expected one word, got 'two words'"),
        ("{keyword: ['?'], reply: x}", "expected one word, got '?'"),
        ("{match: prefix, keyword: ['!'], reply: x}", "expected the begin of a text"),
        ("{match: any, reply: '{text}'}", "{text} is no field; there are {from}"),
        ("{match: any, reply: '{from'}", "a brace without its other half"),
        (f"{{match: any, reply: {'x' * 1001}}}", "a reply has at most 1000"),
        ("{match: any, forward: {}}", "expected exactly one of webhook and number"),
        (
            "{match: any, forward: {number: +4915112, webhook: 'http://x'}}",
            "expected exactly one of webhook and number",
        ),
        ("{match: any, forward: {number: MyBank}}", "is not a number"),
        (
            "{match: any, forward: {webhook: 'ftp://x'}}",
            "expected an http or https URL",
        ),
        (
            f"{{match: any, forward: {{number: +4915112345, secret: {SECRET}}}}}",
            "a secret signs requests to a webhook",
        ),
        ("{match: any, from: [avery longsender], reply: x}", "expected a prefix"),
        ("{match: any, reply: x, eval: 1}", "unknown key"),
    ],
)
def test_a_rule_that_is_refused(text: str, why: str) -> None:
    (problem,) = wrong(rules(text))
    assert why in problem


def test_forwarding_to_an_own_sim_is_refused() -> None:
    own = CARD.replace("+4915111", "+4915112345678")
    text = own + rules("{match: any, forward: {number: '+4915112345678'}}")
    (problem,) = wrong(text)
    assert "would go round in a circle" in problem


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{classes: [sales]}", "'sales' is none of the choices"),
        ("{languages: [xx]}", "'xx' is none of the choices"),
        ("{scope: number}", "'number' is none of the choices"),
        ("{confirm: '{number}'}", "{number} is no field"),
        ("{stop: ['!!']}", "expected a word"),
    ],
)
def test_an_opt_out_section_that_is_refused(text: str, why: str) -> None:
    (problem,) = wrong(f"opt_out: {text}\n")
    assert why in problem


def test_words_of_ones_own_are_understood() -> None:
    reader = read("opt_out: {languages: [de], stop: [schluss]}\n").opt_out.reader()
    found = reader.read("Schluss!")
    assert found is not None
    assert found.intent is Intent.STOP
    assert reader.read("arrêt") is None


def test_an_opt_out_without_effect_is_warned_about() -> None:
    assert any("no effect" in one for one in read("opt_out: {classes: []}\n").warnings)
