"""What people are told about a choice, and the zones that numbers fall into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.choosing import explain, is_a_choice, lost, told, won
from modemgw.policy.routing import (
    SimView,
    Wish,
)
from modemgw.policy.zones import Rule, Zones
from tests.unit.policy.test_routing import NOW, sim
from tests.unit.policy.wishes import TO, Rates, german, wish


@pytest.mark.parametrize(
    ("views", "best", "because", "others", "at"),
    [
        pytest.param(
            [sim("a", tariff=Rates(1), busy=True), sim("b", tariff=Rates(2))],
            "a",
            "cheapest: 0.000001 a part",
            {"b": "dearer: 0.000002 a part"},
            None,
            id="waits-for-the-cheaper-one",
        ),
        pytest.param(
            [sim("a", tariff=Rates(1), free_at=NOW + 9_000), sim("b")],
            None,
            "waits for SIM a: its pace allows the next part in 9 s",
            {
                "a": "its pace allows the next part in 9 s",
                "b": "waits for a better SIM",
            },
            NOW + 9_000,
            id="waits-for-one-that-is-held",
        ),
        pytest.param(
            [sim("a", free_at=NOW + 9_000), sim("b", free_at=NOW + 3_000)],
            None,
            "waits for SIM b: its pace allows the next part in 3 s",
            {
                "a": "its pace allows the next part in 9 s",
                "b": "its pace allows the next part in 3 s",
            },
            NOW + 3_000,
            id="the-next-one",
        ),
        pytest.param(
            [sim("a", ready=False), sim("b", free_at=1 << 53, free_because="a bench")],
            None,
            "no SIM can take it now",
            {
                "a": "not ready",
                "b": "a bench",
            },
            None,
            id="nobody-knows-when",
        ),
        pytest.param(
            [sim("a", load=750), sim("b", load=749, last_used_at=NOW)],
            "b",
            "free and rested longest",
            {"a": "its limits are nearly used up"},
            NOW,
            id="spares-one-that-is-nearly-used-up",
        ),
        pytest.param(
            [
                sim("a", last_used_at=NOW - 2_500),
                sim("b", last_used_at=NOW - 1_000, weight=3),
            ],
            "b",
            "free and rested longest",
            {"a": "used more recently"},
            NOW,
            id="weight",
        ),
        pytest.param(
            [sim("a", ready=False, why_not_ready="no network")],
            None,
            "waits for SIM a: no network",
            {"a": "no network"},
            None,
            id="the-only-one-is-not-ready",
        ),
        pytest.param(
            [sim("a", tariff=Rates(abroad=False))],
            "a",
            "the only one that may",
            {},
            NOW,
            id="one-with-a-tariff",
        ),
        pytest.param([], None, "there is no SIM", {}, None, id="none"),
        pytest.param(
            [sim("a", ready=False), sim("b", ready=False)],
            None,
            "no SIM can take it now",
            {"a": "not ready", "b": "not ready"},
            None,
            id="nobody-is-ready",
        ),
        pytest.param([sim("a")], "a", "the only one that may", {}, NOW, id="one"),
    ],
)
def test_explain(
    views: list[SimView],
    best: str | None,
    because: str,
    others: dict[str, str],
    at: int | None,
) -> None:
    choice = explain(wish(), views, NOW)
    assert (choice.sim, choice.because, choice.at) == (best, because, at)
    assert choice.others == others


@pytest.mark.parametrize(
    ("busy", "phrase"),
    [(True, "better, and busy"), (False, "better, and not free in time")],
)
def test_who_was_too_late_is_named(busy: bool, phrase: str) -> None:
    better, worse = sim("a", tariff=Rates(1), busy=busy), sim("b", tariff=Rates(2))
    assert lost(wish(), better, worse) == phrase
    assert won(wish(), worse, [better]) == "SIM a is better, and was not free in time"


@pytest.mark.parametrize(
    ("message", "is_one"),
    [
        (wish(plain=True), False),
        (wish(plain=True, sim="a"), False),
        (wish(plain=True, pool="p"), True),
        (wish(plain=True, excluded=frozenset({1})), True),
        (wish(plain=True, also=(("sim", "b"),)), True),
        (wish(), True),
    ],
)
def test_what_is_a_choice(message: Wish, is_one: bool) -> None:
    assert is_a_choice(message) is is_one


def test_what_the_timeline_is_told() -> None:
    message = wish(rule=german(prefer=("a",), never=("c",)))
    best = sim("a")
    rivals = [best, sim("b"), sim("c"), sim("d", sim_id=None)]
    assert told(message, best, rivals, NOW) == (
        "preferred for +49",
        {"b": "less preferred for +49", "c": "it must not write to +49"},
    )
    many = [sim(chr(n), sim_id=n) for n in range(100, 120)]
    assert len(told(message, best, many, NOW)[1]) == 8
    assert told(wish(sim="a"), best, rivals, NOW) == ("the message asks for it", {})
    rest = wish(pinned_sim_id=ord("a"))
    assert told(rest, best, rivals, NOW) == ("it has sent an earlier part", {})


# -- zones ---------------------------------------------------------------------

RULES = [
    Rule("+49"),
    Rule("+49151"),
    Rule("+1"),
    Rule("CA"),
    Rule("+1204"),
    Rule("short"),
    Rule("80888"),
]


@pytest.mark.parametrize(
    ("to", "zone", "place"),
    [
        ("+4915112345678", "+49151", "+49151"),
        ("+4917012345678", "+49", "+49"),
        ("+12042345678", "+1204 CA", "+1204"),
        ("+16045551234", "+1 CA", "CA"),
        ("+12025550123", "+1", "+1"),
        ("+33612345678", "+336", None),
        ("80888", "80888 short", "80888"),
        ("112", " short", "short"),
    ],
)
def test_zones(to: str, zone: str, place: str | None) -> None:
    zones = Zones(RULES, told_apart=("+336",))
    assert zones.zone(to) == zone
    rule = zones.rule(to)
    assert (rule.place if rule else None) == place


def test_without_countries_the_prefix_is_the_zone() -> None:
    assert Zones([Rule("+49")]).zone("80888") == ""
    assert Zones([]).zone(TO) == ""


PLACES = st.lists(
    st.sampled_from(["+1", "+1204", "CA", "US", "+49", "+4915", "DE", "short", "8"]),
    unique=True,
)


NUMBERS = st.sampled_from(
    ["+12042345678", "+16045551234", "+12025550123", TO, "+4917012345678", "80888"]
)


@given(PLACES, PLACES, NUMBERS, NUMBERS)
def test_numbers_of_one_zone_are_alike_to_every_rule_and_tariff(
    ruled: list[str], priced: list[str], one: str, other: str
) -> None:
    zones = Zones([Rule(place) for place in ruled], priced)
    if zones.zone(one) == zones.zone(other):
        assert zones.rule(one) == zones.rule(other)
        tariff = Zones([Rule(place) for place in priced])
        assert tariff.rule(one) == tariff.rule(other)
