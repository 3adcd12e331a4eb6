"""Which SIM may take a message, and the sentence for each that may not."""

import pytest

from modemgw.policy.choosing import explain
from modemgw.policy.routing import SimView, Wish, because, why_never, why_not

NOW = 1_795_341_600_000


def sim(name: str, **changes: object) -> SimView:
    values: dict[str, object] = {
        "sim_id": ord(name[0]),
        "name": name,
        "modem": f"modem-{name}",
        "ready": True,
    }
    values.update(changes)
    return SimView(**values)  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("wish", "view", "why"),
    [
        pytest.param(Wish(), sim("a"), None, id="any"),
        pytest.param(Wish(sim="a"), sim("a"), None, id="asked-for"),
        pytest.param(
            Wish(sim="b"), sim("a"), "the message asks for SIM 'b'", id="other-sim"
        ),
        pytest.param(
            Wish(modem="x"), sim("a"), "the message asks for modem 'x'", id="modem"
        ),
        pytest.param(
            Wish(pinned_sim_id=1),
            sim("a"),
            "another SIM has sent a part of this message",
            id="pinned-elsewhere",
        ),
        pytest.param(
            Wish(excluded=frozenset({ord("a")})),
            sim("a"),
            "it refused this message before",
            id="refused-before",
        ),
        pytest.param(
            Wish(),
            sim("a", ready=False, why_not_ready="the SIM wants a PIN"),
            "the SIM wants a PIN",
            id="not-ready",
        ),
        pytest.param(
            Wish(), sim("a", ready=False), "not ready", id="not-ready-and-silent"
        ),
        pytest.param(Wish(), sim("a", sim_id=None), "not ready", id="no-sim"),
        pytest.param(Wish(), sim("a", paused=True), "paused by the admin", id="paused"),
        pytest.param(
            Wish(),
            sim("a", free_at=NOW + 4_500),
            "its pace allows the next part in 5 s",
            id="paced",
        ),
    ],
)
def test_why_not(wish: Wish, view: SimView, why: str | None) -> None:
    assert why_not(wish, view, NOW) == why


def test_what_passes_with_time_is_no_never() -> None:
    assert why_never(Wish(), sim("a", ready=False, free_at=NOW + 1)) is None


def test_the_sim_that_rested_longest_sends() -> None:
    choice = explain(
        Wish(),
        [
            sim("a", last_used_at=3),
            sim("b", last_used_at=1),
            sim("c", last_used_at=0, busy=True),
            sim("d", ready=False, why_not_ready="searching"),
        ],
        NOW,
    )
    assert choice.sim == "b"
    assert choice.because == "free and rested longest"
    assert choice.others == {"a": "used more recently", "c": "busy", "d": "searching"}


def test_nobody_can() -> None:
    choice = explain(Wish(sim="z"), [sim("a")], NOW)
    assert (choice.sim, choice.because) == (None, "no SIM may take it")
    assert choice.others == {"a": "the message asks for SIM 'z'"}


@pytest.mark.parametrize(
    ("wish", "busy", "phrase"),
    [
        (Wish(pinned_sim_id=1), False, "it has sent an earlier part"),
        (Wish(sim="a"), False, "the message asks for it"),
        (Wish(), True, "the first to become free"),
        (Wish(), False, "free and rested longest"),
    ],
)
def test_because(wish: Wish, busy: bool, phrase: str) -> None:
    assert because(wish, busy=busy) == phrase
