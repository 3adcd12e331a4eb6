"""Which SIM may take a message, and which waits for a better one."""

from dataclasses import replace

import pytest

from modemgw.policy.choosing import explain, lost, won
from modemgw.policy.routing import (
    Later,
    Never,
    SimView,
    Take,
    Wish,
    judge,
    why_never,
)
from tests.unit.policy.test_routing import NOW, sim
from tests.unit.policy.wishes import Rates, german, wish


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
            wish(sim="", plain=True),
            sim("b"),
            "the message asks for SIM ''",
            id="a-name-that-nobody-has",
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
