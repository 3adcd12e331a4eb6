"""Who takes a message, who leaves it to a better SIM, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.choosing import explain, is_a_choice, lost, told, won
from modemgw.policy.routing import (
    Later,
    Never,
    SimView,
    Take,
    Wish,
    forbidden,
    judge,
    why_never,
)
from modemgw.policy.zones import Rule, Zones
from tests.unit.policy.test_routing import NOW, sim

TO = "+4915112345678"


@dataclass(frozen=True)
class Rates:
    """A tariff as routing knows it."""

    cost_of: int | None = 90_000
    bundle: int = 0
    abroad: bool = True
    most: int = 99

    def price(self, to: str, *, used_in_bundle: int) -> int | None:
        return 0 if used_in_bundle < self.bundle else self.cost_of

    def cost(self, to: str, parts: int, *, used_in_bundle: int) -> int | None:
        return None if self.cost_of is None else parts * self.cost_of

    def refuses_place(self, to: str) -> str | None:
        return None if self.abroad or to.startswith("+49") else "not abroad"

    def allows(self, to: str, parts: int = 1, *, used_in_bundle: int = 0) -> str | None:
        return None if parts <= self.most else f"its quota has {self.most} parts left"


def wish(**changes: object) -> Wish:
    values: dict[str, object] = {"to": TO, "zone": "+49", **changes}
    return Wish(**values)  # type: ignore[arg-type]  # a test's shorthand


def german(**what: tuple[str, ...]) -> Rule:
    return Rule("+49", **what)


@pytest.mark.parametrize(
    ("message", "view", "why"),
    [
        pytest.param(
            wish(pool="a-team"),
            sim("b", pools=frozenset({"rest"})),
            "it is not in pool 'a-team'",
            id="pool",
        ),
        pytest.param(
            wish(pool="rest"), sim("b", pools=frozenset({"rest"})), None, id="in-pool"
        ),
        pytest.param(
            wish(sim="a", also=(("sim", "b"),)), sim("b"), None, id="also-this-sim"
        ),
        pytest.param(
            wish(sim="a", also=(("modem", "modem-b"),)), sim("b"), None, id="also-modem"
        ),
        pytest.param(
            wish(sim="a", also=(("pool", "rest"),)),
            sim("b", pools=frozenset({"rest"})),
            None,
            id="also-pool",
        ),
        pytest.param(
            wish(sim="a", also=(("sim", "c"),)),
            sim("b"),
            "the message asks for SIM 'a'",
            id="also-another",
        ),
        pytest.param(
            wish(pinned_sim_id=ord("b"), sim="a", rule=german(never=("b",))),
            sim("b", tariff=Rates(abroad=False)),
            None,
            id="the-rest-goes-where-the-beginning-went",
        ),
        pytest.param(
            wish(to="+33612345678"),
            sim("b", tariff=Rates(abroad=False)),
            "not abroad",
            id="tariff",
        ),
        pytest.param(
            wish(rule=german(only=("a", "rest"))),
            sim("b"),
            "to +49 only a or rest may write",
            id="only-others",
        ),
        pytest.param(
            wish(rule=german(only=("a", "rest"))),
            sim("b", pools=frozenset({"rest"})),
            None,
            id="only-its-pool",
        ),
        pytest.param(
            wish(rule=german(never=("rest",))),
            sim("b", pools=frozenset({"rest"})),
            "it must not write to +49",
            id="never",
        ),
    ],
)
def test_limits(message: Wish, view: SimView, why: str | None) -> None:
    assert why_never(message, view) == why
    verdict = judge(message, view, (), now_ms=NOW, waited_ms=0)
    assert isinstance(verdict, Take if why is None else Never)


BETTER_AND_WORSE = [
    pytest.param(
        wish(rule=german(prefer=("a", "b"))),
        sim("a"),
        sim("b"),
        ("preferred for +49", "less preferred for +49"),
        id="rule",
    ),
    pytest.param(
        wish(rule=german(prefer=("best",))),
        sim("a", pools=frozenset({"best"}), tariff=Rates(2)),
        sim("b", networks=("+49",), tariff=Rates(1)),
        ("preferred for +49", "less preferred for +49"),
        id="rule-before-network-and-price",
    ),
    pytest.param(
        wish(),
        sim("a", networks=("+4915", "+4916"), tariff=Rates(2)),
        sim("b", networks=("+4917",), tariff=Rates(1)),
        ("the number is in its own network", "the number is not in its network"),
        id="network-before-price",
    ),
    pytest.param(
        wish(last_sim_id=ord("b")),
        sim("a", tariff=Rates(50_000)),
        sim("b", tariff=Rates(90_000)),
        ("cheapest: 0.05 a part", "dearer: 0.09 a part"),
        id="price-before-correspondence",
    ),
    pytest.param(
        wish(),
        sim("a", tariff=Rates(90_000, bundle=500), used_in_bundle=499),
        sim("b", tariff=Rates(90_000, bundle=500), used_in_bundle=500),
        ("cheapest: 0 a part", "dearer: 0.09 a part"),
        id="bundle",
    ),
    pytest.param(
        wish(),
        sim("a", tariff=Rates(2_500_000)),
        sim("b", tariff=Rates(None)),
        ("cheapest: 2.5 a part", "dearer: price not known"),
        id="unknown-price-is-dearest",
    ),
    pytest.param(
        wish(last_sim_id=ord("a")),
        sim("a", health=2),
        sim("b"),
        (
            "in touch with this number last",
            "was not in touch with this number last",
        ),
        id="correspondence-before-health",
    ),
    pytest.param(
        wish(plain=True),
        sim("a"),
        sim("b", health=1, health_because="weak signal, -111 dBm"),
        ("free and rested longest", "weak signal, -111 dBm"),
        id="health-even-of-a-plain-one",
    ),
    pytest.param(
        wish(),
        sim("a"),
        sim("b", health=1),
        ("healthier than SIM b", "in poor health"),
        id="health",
    ),
]


@pytest.mark.parametrize(("message", "good", "bad", "phrases"), BETTER_AND_WORSE)
def test_the_better_takes_and_the_worse_waits_for_it(
    message: Wish, good: SimView, bad: SimView, phrases: tuple[str, str]
) -> None:
    both = (good, bad)
    taken = judge(message, good, both, now_ms=NOW, waited_ms=0)
    left = judge(message, bad, both, now_ms=NOW, waited_ms=4_000)
    assert isinstance(taken, Take)
    assert left == Later(NOW + 11_000, "SIM a is better for it")
    assert (won(message, good, [bad]), lost(message, bad, good)) == phrases
    choice = explain(message, both, NOW)
    assert (choice.sim, choice.because) == ("a", phrases[0])
    assert choice.others == {"b": phrases[1]}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ready": False}, id="not-ready"),
        pytest.param({"sim_id": None}, id="no-sim"),
        pytest.param({"paused": True}, id="paused"),
        pytest.param({"free_at": NOW + 15_001}, id="not-in-time"),
        pytest.param({"tariff": Rates(1, most=0)}, id="nothing-left"),
        pytest.param({"tariff": Rates(1, abroad=False)}, id="must-not"),
    ],
)
def test_nobody_waits_for_one_that_will_not_come(changes: dict[str, object]) -> None:
    better = sim("a", **{"tariff": Rates(1), **changes})
    worse = sim("b", tariff=Rates(2))
    abroad = wish(to="+33612345678")
    assert isinstance(
        judge(abroad, worse, [better, worse], now_ms=NOW, waited_ms=0), Take
    )


@pytest.mark.parametrize("changes", [{"busy": True}, {"free_at": NOW + 15_000}])
def test_one_that_will_be_there_in_time_is_waited_for(
    changes: dict[str, object],
) -> None:
    better, worse = sim("a", tariff=Rates(1), **changes), sim("b", tariff=Rates(2))
    assert isinstance(judge(wish(), worse, [better], now_ms=NOW, waited_ms=0), Later)
    assert isinstance(
        judge(wish(), worse, [better], now_ms=NOW, waited_ms=15_000), Take
    )
    urgent = wish(patience_ms=0)
    assert isinstance(judge(urgent, worse, [better], now_ms=NOW, waited_ms=0), Take)


def test_too_little_left_for_all_parts_may_change() -> None:
    short = sim("b", tariff=Rates(most=2))
    why = "its quota has 2 parts left"
    assert judge(wish(parts=3), short, (), now_ms=NOW, waited_ms=0) == Later(
        NOW + 60_000, why
    )
    assert explain(wish(parts=3), [short], NOW).others == {"b": why}
    rest = wish(parts=3, pinned_sim_id=ord("b"))
    assert isinstance(judge(rest, short, (), now_ms=NOW, waited_ms=0), Take)


REFUSED = wish(excluded=frozenset({ord("a")}))


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        pytest.param(sim("b"), Never, id="another-one-is-there"),
        pytest.param(sim("b", busy=True), Never, id="busy"),
        pytest.param(sim("b", free_at=NOW + 600_000), Never, id="there-soon"),
        pytest.param(sim("b", free_at=NOW + 600_001), Take, id="not-there-soon"),
        pytest.param(sim("b", ready=False), Take, id="not-ready"),
        pytest.param(sim("b", sim_id=ord("a")), Take, id="refused-it-too"),
        pytest.param(sim("b", tariff=Rates(most=0)), Take, id="no-quota-left"),
    ],
)
def test_a_sim_that_refused_it_is_the_last_resort(
    other: SimView, verdict: type[object]
) -> None:
    both = [sim("a"), other]
    found = judge(REFUSED, both[0], both, now_ms=NOW, waited_ms=0)
    assert isinstance(found, verdict)
    why = "it refused this message before"
    assert judge(REFUSED, both[0], (), now_ms=NOW, waited_ms=0) == Never(why)
    choice = explain(REFUSED, both, NOW)
    assert (choice.sim == "a") == (verdict is Take)


def test_the_last_resort_is_no_way_round_a_pin() -> None:
    message = replace(REFUSED, sim="b")
    found = judge(message, sim("a"), [sim("a")], now_ms=NOW, waited_ms=0)
    assert found == Never("the message asks for SIM 'b'")


def test_one_that_is_not_free_takes_nothing() -> None:
    paced = sim("a", free_at=NOW + 4_000)
    assert judge(wish(), paced, (), now_ms=NOW, waited_ms=0) == Later(
        NOW + 4_000, "its pace allows the next part in 4 s"
    )
    gone = sim("a", ready=False, why_not_ready="no network")
    assert judge(wish(), gone, (), now_ms=NOW, waited_ms=0) == Later(
        NOW + 60_000, "no network"
    )


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


# -- properties ------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")
POOLS = st.frozensets(st.sampled_from(["p", "q"]))
SIMS = st.lists(
    st.builds(
        sim,
        st.sampled_from(NAMES),
        ready=st.sampled_from([True, True, True, False]),
        busy=st.booleans(),
        paused=st.sampled_from([False, False, False, True]),
        free_at=st.sampled_from([0, 0, NOW, NOW + 5_000, NOW + 99_000]),
        last_used_at=st.sampled_from([0, NOW - 9, NOW + 9]),
        pools=POOLS,
        networks=st.sampled_from([(), ("+49151",), ("+49170",)]),
        tariff=st.one_of(
            st.none(),
            st.builds(
                Rates,
                st.sampled_from([None, 0, 1, 2]),
                bundle=st.sampled_from([0, 5]),
                most=st.sampled_from([0, 1, 9]),
            ),
        ),
        used_in_bundle=st.sampled_from([4, 5]),
        health=st.integers(0, 2),
        load=st.sampled_from([0, 800]),
        weight=st.integers(1, 3),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda view: view.name,
)
SOME = st.lists(st.sampled_from([*NAMES, "p", "q"]), max_size=2).map(tuple)
IDS = st.sampled_from([ord(name) for name in NAMES])
WISHES = st.builds(
    wish,
    sim=st.sampled_from([None, None, None, "a"]),
    modem=st.sampled_from([None, None, None, "modem-b"]),
    pool=st.sampled_from([None, None, "p"]),
    also=st.sampled_from([(), (("sim", "c"),), (("pool", "q"),)]),
    pinned_sim_id=st.one_of(st.none(), st.none(), IDS),
    excluded=st.frozensets(IDS, max_size=2),
    last_sim_id=st.one_of(st.none(), IDS),
    patience_ms=st.sampled_from([0, 15_000]),
    parts=st.sampled_from([1, 3]),
    rule=st.one_of(
        st.none(), st.builds(Rule, st.just("+49"), prefer=SOME, only=SOME, never=SOME)
    ),
    plain=st.booleans(),
)
WAITED = st.sampled_from([0, 3_000, 14_999, 15_000, 1 << 50])


def able(message: Wish, view: SimView, views: Sequence[SimView]) -> bool:
    return (
        view.ready
        and not view.paused
        and view.free_at <= NOW
        and forbidden(message, view, views, NOW) is None
        and (
            view.tariff is None
            or message.pinned_sim_id is not None
            or view.tariff.allows(TO, message.parts) is None
        )
    )


def verdicts(
    message: Wish, views: Sequence[SimView], waited_ms: int
) -> dict[str, Take | Later | Never]:
    return {
        view.name: judge(message, view, views, now_ms=NOW, waited_ms=waited_ms)
        for view in views
    }


@given(WISHES, SIMS, WAITED)
def test_no_sim_over_its_limits_or_outside_of_the_pins(
    message: Wish, views: list[SimView], waited_ms: int
) -> None:
    found = verdicts(message, views, waited_ms)
    for view in views:
        verdict = found[view.name]
        if isinstance(verdict, Take):
            assert able(message, view, views)
            if message.pinned_sim_id is not None:
                assert view.sim_id == message.pinned_sim_id
                continue
            if view.sim_id in message.excluded:  # the last resort
                others = [v for v in views if v.sim_id not in message.excluded]
                assert not any(able(message, other, views) for other in others)
            assert message.sim in (None, view.name) or message.also
        never = forbidden(message, view, views, NOW)
        assert isinstance(verdict, Never) == (never is not None)


@given(WISHES, SIMS, WAITED)
def test_nobody_is_left_with_a_message_that_some_sim_may_take(
    message: Wish, views: list[SimView], waited_ms: int
) -> None:
    found = verdicts(message, views, waited_ms)
    for view in views:
        verdict = found[view.name]
        if isinstance(verdict, Later) and able(message, view, views):
            left_ms = message.patience_ms - waited_ms
            assert left_ms > 0 and verdict.until_ms == NOW + left_ms
            better = [name for name in found if f"SIM {name} is" in verdict.because]
            rival = next(one for one in views if one.name == better[0])
            assert rival.ready and not rival.paused
            assert rival.free_at <= verdict.until_ms
            assert why_never(message, rival) is None
            # … and the better one does not wait for this one in its turn.
            back = judge(message, rival, [view], now_ms=NOW, waited_ms=waited_ms)
            assert isinstance(back, Take) or rival.free_at > NOW
    patient = verdicts(message, views, message.patience_ms)
    for view in views:
        assert isinstance(patient[view.name], Take) == able(message, view, views)


@given(WISHES, SIMS, WAITED)
def test_equal_wishes_have_equal_answers(
    message: Wish, views: list[SimView], waited_ms: int
) -> None:
    alike = replace(message, to=TO[:-1] + "9")
    assert alike == message and hash(alike) == hash(message)
    assert verdicts(alike, views, waited_ms) == verdicts(message, views, waited_ms)


@given(WISHES, SIMS, WAITED)
def test_explain_says_what_judge_decides(
    message: Wish, views: list[SimView], waited_ms: int
) -> None:
    found = verdicts(message, views, waited_ms)
    choice = explain(message, views, NOW, waited_ms=waited_ms)
    assert {*choice.others, *filter(None, [choice.sim])} == {v.name for v in views}
    assert choice.because and all(choice.others.values())
    for view in views:
        verdict = found[view.name]
        if isinstance(verdict, Never):
            assert choice.others[view.name] == verdict.because
    takers = [view for view in views if isinstance(found[view.name], Take)]
    assert (choice.sim is None) == (not takers)
    if choice.sim is None:
        in_time = [replace(v, free_at=min(v.free_at, NOW)) for v in views]
        assert (choice.at is None) == (
            not [v for v in in_time if able(message, v, views)]
        )
    else:
        assert isinstance(found[choice.sim], Take)
        chosen = next(view for view in views if view.name == choice.sim)
        assert not chosen.busy or all(view.busy for view in takers)
