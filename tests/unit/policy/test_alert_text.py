"""Alerts as one short text: fields, names, alphabet and length."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.segment import segment
from modemgw.policy.alert_text import DEFAULT, Alert, Group, check, compose, fit


def alert(**more: Any) -> Alert:
    labels: Mapping[str, str] = {"alertname": "DiskFull", "instance": "pi3:9100"}
    found: dict[str, Any] = {"labels": labels, "annotations": {"summary": "3 % free"}}
    return Alert(
        **{"status": "firing", "starts_at": "t", "fingerprint": "f"} | found | more
    )


def group(*alerts: Alert, **more: Any) -> Group:
    found: dict[str, Any] = {"status": "firing", "labels": {}, "annotations": {}}
    return Group(alerts=alerts or (alert(),), **(found | more))


def at(*names: str, key: str = "instance") -> list[Alert]:
    return [alert(labels={"alertname": "A", key: name}) for name in names]


CASES: dict[str, tuple[str, Group, str]] = {
    "the default": (DEFAULT, group(), "FIRING 1: DiskFull pi3 - 3 % free"),
    "many": (
        "{count}: {instances}",
        group(*at("a", "b", "c", "d", "e")),
        "5: a, b, c +2",
    ),
    "the same twice": ("{count}: {instances}", group(*at("a", "a")), "2: a"),
    "cut short by the sender": (
        "{count}: {instances}",
        group(*at("a"), truncated=7),
        "8: a +7",
    ),
    "a host": ("{instances}", group(*at("db1", key="host")), "db1"),
    "IPv6": ("{instances}", group(*at("[fd00::1]:9100")), "[fd00::1]:9100"),
    "a bare IPv6": ("{instances}", group(*at("fd00::1")), "fd00::1"),
    "only what fires": (
        "{count}: {instances}",
        group(*at("a"), alert(status="resolved", labels={"instance": "b"})),
        "1: a",
    ),
    "resolved": ("{status} {count}", group(status="resolved"), "RESOLVED 1"),
    "common first": (
        "{severity} {summary} {label.team}",
        group(labels={"severity": "page", "team": "a"}, annotations={"summary": "all"}),
        "page all a",
    ),
    "labels that differ": (
        "{label.instance}",
        group(*at("a", "b")),
        "a, b",
    ),
    "no such label": ("[{label.nothing}]{annotation.nothing}", group(), "[]"),
    "description for want of a summary": (
        "{summary}",
        group(alert(annotations={"summary": " ", "description": "d"})),
        "d",
    ),
    "Grafana's message": (
        "{summary}|{title}",
        group(alert(annotations={}), title="t", message="m"),
        "m|t",
    ),
    "nothing at all": (DEFAULT, group(alert(labels={}, annotations={})), "FIRING 1"),
    "an empty text": ("{title}", group(), "FIRING 1"),
    "fields in fields": (
        "{summary}",
        group(annotations={"summary": "{url} {label.alertname} %s {0}"}),
        "{url} {label.alertname} %s {0}",
    ),
    "lines": ("{summary}", group(annotations={"summary": "a\r\n\n b\tc"}), "a b c"),
    "control characters": (
        "{summary}",
        group(annotations={"summary": "a\x00\x1b[31mb\u202ec"}),
        "a[31mbc",
    ),
    "typography": (
        "{summary}",
        group(annotations={"summary": "“CPU” \u2013 97\u202f% → 3\u00b0 🔥"}),
        '"CPU" - 97 % -> 3',
    ),
    "accents": ("{summary}", group(annotations={"summary": "Čapek é"}), "Capek é"),
    "another alphabet": (
        "{summary}",
        group(annotations={"summary": "Диск \u2013 полон"}),
        "Диск - полон",
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_texts(name: str) -> None:
    template, given_group, expected = CASES[name]
    assert compose(check(template), given_group, max_segments=3) == expected


@pytest.mark.parametrize(
    "template",
    [
        *("{nothing}", "{}", "{status", "status}", "{{status}}", "{label.}"),
        *("{label.a b}", "{status!r}", "{status.__class__}", "{0}", " ", "{label.a.b}"),
    ],
)
def test_templates_that_are_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"there is no field|brace|expected a text"):
        check(template)


WORDS = st.text(max_size=300)


@given(
    st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=5), st.integers(1, 3)
)
def test_whatever_comes_can_be_sent(
    given_alerts: list[tuple[str, str, str]], most: int
) -> None:
    alerts = [
        alert(
            labels={"alertname": name, "instance": where}, annotations={"summary": told}
        )
        for name, where, told in given_alerts
    ]
    text = compose(DEFAULT, group(*alerts), max_segments=most)
    assert 1 <= len(segment(text)) <= most
    assert text.startswith(f"FIRING {len(alerts)}")
    assert text.isprintable()


@given(st.text(alphabet="aé€^ж😀", min_size=1, max_size=400), st.integers(1, 2))
def test_a_cut_text_is_as_long_as_can_be(text: str, most: int) -> None:
    found = fit(text, most)
    assert len(segment(found)) <= most
    if len(segment(text)) <= most:
        assert found == text
    else:
        assert found.endswith("...")
        assert text.startswith(found[:-3])
        longer = text[: len(found) - 2] + "..."
        same = segment(longer).alphabet is segment(found).alphabet
        assert not same or len(segment(longer)) > most


def test_a_full_segment_is_used() -> None:
    text = compose(DEFAULT, group(annotations={"summary": "x" * 500}), max_segments=1)
    assert len(text) == 160
    assert segment(text).alphabet is Alphabet.GSM7
