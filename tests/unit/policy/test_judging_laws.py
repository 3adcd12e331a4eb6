"""Laws of routing that hold for every message and every set of SIMs."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.choosing import explain
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
from modemgw.policy.zones import Rule
from tests.unit.policy.test_routing import NOW, sim
from tests.unit.policy.wishes import TO, Rates, wish

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
def test_a_glance_says_what_a_closer_look_says(
    message: Wish, views: list[SimView], waited_ms: int
) -> None:
    looked_at = replace(message)
    object.__setattr__(looked_at, "is_open", False)
    assert verdicts(message, views, waited_ms) == verdicts(looked_at, views, waited_ms)


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
        in_time = [v._replace(free_at=min(v.free_at, NOW)) for v in views]
        assert (choice.at is None) == (
            not [v for v in in_time if able(message, v, views)]
        )
    else:
        assert isinstance(found[choice.sim], Take)
        chosen = next(view for view in views if view.name == choice.sim)
        assert not chosen.busy or all(view.busy for view in takers)
