"""Whose fault a refusal is, told by holding refusals against each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.codes import CME, CMS, Code, Disposition, cme, cms
from modemgw.policy.blame import (
    ALONE_IN_A_ROW,
    LONGEST_RUN,
    MEMORY_MS,
    MOST_RECIPIENTS,
    STUBBORN_MS,
    SWEEP_MS,
    Around,
    Cause,
    Culprit,
    Fault,
    Finding,
    Ledger,
    Suspect,
    suspect,
)

A, B, C, D = 1, 2, 3, 4
NET = "Net One"
HOUR = 3_600_000


class Case:
    """A ledger, a clock, and four SIMs; those in `sisters` share a network."""

    def __init__(self, *sims: int, sisters: bool = True) -> None:
        self.ledger = Ledger()
        self.now = 1_000_000_000_000
        self.sims = sims or (A, B, C, D)
        self.sisters = sisters

    def refused(self, sim: int, to: str, number: int = 21) -> Finding:
        self.now += 1000
        others = tuple(other for other in self.sims if other != sim)
        around = Around(
            NET if self.sisters else f"net {sim}",
            others if self.sisters else (),
            len(others),
        )
        return self.ledger.refused(sim, to, cms(number), self.now, around)

    def sent(self, sim: int, to: str) -> list[Fault]:
        self.now += 1000
        net = NET if self.sisters else f"net {sim}"
        return self.ledger.accepted(sim, to, net, self.now)


@pytest.mark.parametrize(
    ("number", "who"),
    [
        (1, Suspect.NUMBER),
        (195, Suspect.NUMBER),
        (196, Suspect.NUMBER),
        (10, Suspect.UNKNOWN_NUMBER),
        (28, Suspect.UNKNOWN_NUMBER),
        (30, Suspect.UNKNOWN_NUMBER),
        (21, Suspect.EITHER),
        (29, Suspect.EITHER),
        (69, Suspect.EITHER),
        (230, Suspect.EITHER),
        (8, Suspect.BARRED),
        (531, Suspect.BARRED),
        (50, Suspect.SIM),
        (193, Suspect.SIM),
        (310, Suspect.SIM),
        (330, Suspect.SIM),
        (38, Suspect.NETWORK),
        (41, Suspect.NETWORK),
        (42, Suspect.NETWORK),
        (331, Suspect.NETWORK),
        (27, Suspect.NOBODY),
        (95, Suspect.NOBODY),
        (144, Suspect.NOBODY),
        (300, Suspect.NOBODY),
        (302, Suspect.NOBODY),
        (500, Suspect.NOBODY),
    ],
)
def test_who_comes_to_mind(number: int, who: Suspect) -> None:
    assert suspect(cms(number)) is who


@pytest.mark.parametrize(
    ("number", "who"),
    [
        (10, Suspect.SIM),  # not inserted: no recipient, as the CMS code is
        (13, Suspect.NOBODY),
        (30, Suspect.NETWORK),
        (103, Suspect.SIM),
        (257, Suspect.BARRED),
        (27, Suspect.NUMBER),
    ],
)
def test_who_comes_to_mind_at_a_code_of_the_equipment(
    number: int, who: Suspect
) -> None:
    assert suspect(cme(number)) is who


@pytest.mark.parametrize("code", [*CMS.values(), *CME.values()], ids=str)
def test_only_the_sims_own_codes_make_one_suspect_it_at_once(code: Code) -> None:
    if suspect(code) is Suspect.SIM:
        assert code.disposition is Disposition.COOL_DOWN
    if code.disposition in (Disposition.FIX_MODEM, Disposition.IN_DOUBT):
        assert suspect(code) is Suspect.NOBODY


def test_a_recipient_that_two_sims_are_refused_is_the_recipient() -> None:
    case = Case()
    assert case.refused(A, "x").culprit is Culprit.UNKNOWN
    assert case.refused(B, "x").culprit is Culprit.RECIPIENT
    assert case.ledger.against(A) == case.ledger.against(B) == 0


def test_a_recipient_known_to_be_bad_is_given_up_at_the_first_refusal() -> None:
    case = Case()
    case.refused(A, "x")
    case.refused(B, "x")
    assert case.refused(C, "x").culprit is Culprit.RECIPIENT
    case.sent(D, "x")  # and then it is not
    assert case.refused(A, "x").culprit is Culprit.UNKNOWN


@pytest.mark.parametrize("number", [21, 8, 30, 10])
def test_one_bad_recipient_tried_everywhere_and_often_speaks_against_no_sim(
    number: int,
) -> None:
    case = Case()
    for _ in range(20):
        for sim in case.sims:
            assert case.refused(sim, "x", number).culprit in (
                Culprit.UNKNOWN,
                Culprit.RECIPIENT,
            )
    assert case.sent(A, "y") == []


def test_a_sim_without_credit_is_found_at_its_third_refusal() -> None:
    case = Case()
    for to in ("x", "y"):
        assert case.refused(A, to).culprit is Culprit.UNKNOWN
        assert case.sent(B, to) == []
    found = case.refused(A, "z")
    assert (found.culprit, found.cause) == (Culprit.SIM, Cause.REFUSED)


def test_the_same_for_three_messages_to_one_number_that_others_reach() -> None:
    case = Case()
    for _ in range(2):
        assert case.refused(A, "x").culprit is Culprit.UNKNOWN
        case.sent(B, "x")
    assert case.refused(A, "x").culprit is Culprit.SIM


def test_a_success_in_between_clears_a_sim() -> None:
    case = Case()
    for n in range(20):
        assert case.refused(A, f"x{n}").culprit is Culprit.UNKNOWN
        assert case.refused(A, f"y{n}").culprit is Culprit.UNKNOWN
        case.sent(A, f"z{n}")


def test_a_barred_sim_is_found_when_another_gets_through() -> None:
    case = Case()
    assert case.refused(A, "x", 8).culprit is Culprit.UNKNOWN
    (fault,) = case.sent(B, "x")
    assert (fault.sim_id, fault.cause) == (A, Cause.BARRED)
    assert fault.sentence == "operator determined barring"


def test_a_barred_sim_alone_is_found_at_its_second_recipient() -> None:
    case = Case(A)
    for _ in range(4):
        assert case.refused(A, "x", 8).culprit is Culprit.UNKNOWN
    assert case.refused(A, "y", 8).cause is Cause.BARRED


@pytest.mark.parametrize(
    ("number", "cause"), [(50, Cause.BARRED), (193, Cause.BARRED), (310, Cause.CARD)]
)
def test_what_a_sim_says_of_itself_counts_at_once(number: int, cause: Cause) -> None:
    found = Case().refused(A, "x", number)
    assert (found.culprit, found.cause) == (Culprit.SIM, cause)


def test_an_unknown_subscriber_wants_a_second_opinion() -> None:
    case = Case()
    assert case.refused(A, "x", 30).second_opinion
    assert not case.refused(A, "y", 1).second_opinion


def test_a_sim_that_no_longer_exists_is_found_by_second_opinions() -> None:
    case = Case()
    case.refused(A, "x", 30)
    assert case.sent(B, "x") == []
    case.refused(A, "y", 30)
    assert [fault.sim_id for fault in case.sent(B, "y")] == [A]


def test_unassigned_numbers_in_a_row_want_a_second_opinion_too() -> None:
    case = Case()
    opinions = [case.refused(A, f"x{n}", 1).second_opinion for n in range(5)]
    assert opinions == [False, False, False, True, True]


def test_the_only_sim_is_not_benched_for_a_bad_list_of_recipients() -> None:
    case = Case(A)
    for n in range(30):
        assert case.refused(A, f"x{n}", 1).culprit is Culprit.UNKNOWN
    case = Case(A)
    found = [case.refused(A, f"x{n}", 30).culprit for n in range(ALONE_IN_A_ROW)]
    assert found == [Culprit.UNKNOWN] * (ALONE_IN_A_ROW - 1) + [Culprit.SIM]


def test_the_only_sim_is_benched_at_the_third_recipient_that_is_rejected() -> None:
    case = Case(A)
    found = [case.refused(A, to).culprit for to in ("x", "x", "x", "y", "z")]
    assert found == [Culprit.UNKNOWN] * 4 + [Culprit.SIM]


def test_all_sims_of_an_operator_at_once_are_the_network() -> None:
    case = Case(A, B)
    assert case.refused(A, "x", 38).culprit is Culprit.UNKNOWN
    assert case.refused(B, "x", 38).culprit is Culprit.UNKNOWN  # one recipient
    assert case.refused(A, "y", 38).culprit is Culprit.NETWORK
    assert case.refused(B, "z", 38).culprit is Culprit.NETWORK


def test_one_sim_of_the_operator_that_gets_through_says_it_is_not() -> None:
    case = Case(A, B)
    case.refused(B, "x", 38)
    case.sent(B, "y")
    for to in ("x", "y", "z"):
        assert case.refused(A, to, 38).culprit is Culprit.UNKNOWN


def test_all_without_credit_are_held_back_together() -> None:
    """Rejections everywhere, of everybody: no SIM is worse than the other."""
    case = Case(A, B)
    case.refused(A, "x")
    assert case.refused(B, "x").culprit is Culprit.RECIPIENT  # so it looks at first
    found = []
    for to in ("y", "z", "u"):
        found += [case.refused(A, to).culprit, case.refused(B, to).culprit]
    assert Culprit.RECIPIENT not in found
    assert Culprit.SIM not in found
    assert found[-1] is Culprit.NETWORK


def test_all_barred_are_benched_each() -> None:
    case = Case(A, B)
    found: list[Finding] = []
    for to in ("x", "y", "z"):
        found += [case.refused(A, to, 8), case.refused(B, to, 8)]
    assert [one.cause for one in found[-2:]] == [Cause.BARRED, Cause.BARRED]


def test_a_sim_alone_in_its_network_is_not_benched_for_an_outage() -> None:
    case = Case(A, B, sisters=False)
    assert case.refused(A, "x", 38).culprit is Culprit.UNKNOWN
    case.sent(B, "x")
    assert case.refused(A, "y", 38).culprit is Culprit.UNKNOWN
    assert case.refused(A, "z", 38).culprit is Culprit.NETWORK


def test_a_sim_that_alone_finds_no_network_for_long_is_at_fault() -> None:
    case = Case(A, B)
    for n in range(3):
        assert case.refused(A, f"x{n}", 331).culprit is Culprit.UNKNOWN
        assert case.sent(B, f"x{n}") == []
    case.now += STUBBORN_MS
    assert case.refused(A, "y", 331).culprit is Culprit.UNKNOWN
    (fault,) = case.sent(B, "y")
    assert (fault.sim_id, fault.cause) == (A, Cause.UNREACHABLE)


def test_what_a_sister_reaches_when_the_network_is_back_says_nothing() -> None:
    case = Case(A, B)
    recipients = [f"x{n}" for n in range(9)]
    for to in recipients:
        case.refused(A, to, 38)
    case.now += STUBBORN_MS
    case.refused(A, "y", 38)
    for to in [*recipients, "y"]:
        case.now += 15_000
        assert case.sent(B, to) == []


def test_what_is_long_ago_says_nothing() -> None:
    case = Case()
    for to in ("x", "y"):
        case.refused(A, to)
        case.sent(B, to)
    case.now += MEMORY_MS + SWEEP_MS
    assert case.refused(A, "z").culprit is Culprit.UNKNOWN
    assert case.ledger.against(A) == 1


def test_a_clock_that_was_set_back_leaves_nothing_behind() -> None:
    case = Case()
    for to in ("x", "y"):
        case.refused(A, to)
    case.now -= 48 * HOUR
    assert case.refused(A, "z").culprit is Culprit.UNKNOWN
    assert case.ledger.against(A) == 1


@pytest.mark.parametrize("jump_ms", [MEMORY_MS + SWEEP_MS, -48 * HOUR])
def test_a_bad_recipient_gets_another_chance(jump_ms: int) -> None:
    case = Case()
    case.refused(A, "x")
    case.refused(B, "x")
    case.now += jump_ms
    assert case.refused(C, "x").culprit is Culprit.UNKNOWN


def test_what_the_modem_refuses_is_held_against_nobody() -> None:
    case = Case()
    for _ in range(20):
        assert case.refused(A, "x", 302) == Finding()
    assert case.ledger.is_empty


def test_what_others_got_through_is_counted() -> None:
    case = Case()
    case.refused(A, "x")
    case.refused(A, "y")
    case.sent(B, "x")
    assert (case.ledger.against(A), case.ledger.proven(A)) == (2, 1)


def test_one_sim_has_no_endless_record() -> None:
    case = Case(A)
    for n in range(3 * LONGEST_RUN):
        case.refused(A, f"x{n}", 1)
    assert case.ledger.against(A) == LONGEST_RUN


def test_the_ledger_is_empty_again_after_successes() -> None:
    case = Case()
    case.refused(A, "x")
    assert not case.ledger.is_empty
    case.sent(B, "x")
    case.sent(A, "y")
    assert case.ledger.is_empty


def test_a_campaign_to_bad_numbers_does_not_fill_the_memory() -> None:
    case = Case()
    for n in range(3 * MOST_RECIPIENTS):
        case.refused(n % 60 + 1, f"x{n}", 1)
    held = case.ledger
    assert len(held._open) <= MOST_RECIPIENTS
    assert sum(len(each) for each in held._open.values()) <= 60 * LONGEST_RUN
    assert all(len(run) <= LONGEST_RUN for run in held._runs.values())
    assert {id(r) for run in held._runs.values() for r in run} >= {
        id(r) for each in held._open.values() for r in each
    }


NUMBERS = st.sampled_from([1, 8, 10, 21, 30, 38, 41, 195, 331])
STEPS = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.sampled_from("xyz"), st.none() | NUMBERS),
    max_size=60,
)


@given(STEPS, st.booleans())
def test_nobody_but_a_sim_with_refusals_since_its_last_success_is_at_fault(
    steps: list[tuple[int, str, int | None]], sisters: bool
) -> None:
    case = Case(A, B, C, sisters=sisters)
    since: dict[int, int] = {A: 0, B: 0, C: 0}
    for sim, to, number in steps:
        if number is None:
            since[sim] = 0
            for fault in case.sent(sim, to):
                assert since[fault.sim_id] > 0
                assert fault.sim_id != sim
        else:
            since[sim] += 1
            found = case.refused(sim, to, number)
            if found.culprit is Culprit.SIM:
                assert since[sim] > 1
                assert found.cause is not None
            if found.culprit is Culprit.NETWORK:
                assert sisters is False or all(since.values())


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), NUMBERS), max_size=60))
def test_one_recipient_that_nobody_reaches_never_speaks_against_a_sim(
    steps: list[tuple[int, int]],
) -> None:
    case = Case(A, B, C)
    for sim, number in steps:
        found = case.refused(sim, "x", number)
        assert found.culprit not in (Culprit.SIM, Culprit.NETWORK)
