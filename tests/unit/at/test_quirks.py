"""The table of modem families, and the order of choices made from it."""

import re

import pytest

from modemgw.at.quirks import (
    CNMI_ORDER,
    GENERIC,
    PROFILES,
    Profile,
    ordered_routings,
    profile_for,
)

EVERYTHING = (
    *(frozenset({0, 1, 2, 3}), frozenset({0, 1, 2, 3}), frozenset({0, 2})),
    *(frozenset({0, 1, 2}), frozenset({0, 1})),
)


@pytest.mark.parametrize(
    ("maker", "model", "name"),
    [
        ("huawei", "E3372", "huawei"),
        ("HUAWEI TECHNOLOGIES CO., LTD", "E173", "huawei"),
        ("ZTE INCORPORATED", "MF190", "zte"),
        ("SIMCOM_Ltd", "SIMCOM_SIM800L", "simcom"),
        ("SIMCOM INCORPORATED", "SIM7600E", "simcom-lte"),
        ("INCORPORATED", "A7670E", "simcom-lte"),
        ("Quectel", "EC25", "quectel"),
        ("Wavecom Modem", "Q2303", "wavecom"),
        (None, "M590", "neoway"),
        ("Cinterion", "BGS5", "cinterion"),
        ("QUALCOMM INCORPORATED", None, "generic"),
        (None, None, "generic"),
    ],
)
def test_who_is_who(maker: str | None, model: str | None, name: str) -> None:
    assert profile_for(maker, model).name == name


@pytest.mark.parametrize("profile", (GENERIC, *PROFILES), ids=lambda p: p.name)
def test_every_profile_is_usable(profile: Profile) -> None:
    assert all(re.fullmatch(r"[0-3](,[0-3]){1,4}", value) for value in profile.cnmi)
    assert all(text.startswith("AT") for text in (*profile.quiet, *profile.iccid))
    assert profile.memories
    assert len({p.name for p in PROFILES}) == len(PROFILES)


def test_everything_offered_keeps_the_order() -> None:
    assert ordered_routings(GENERIC, EVERYTHING, reports=True) == CNMI_ORDER


def test_what_is_not_offered_comes_last_and_is_not_left_out() -> None:
    only_mode_1 = (frozenset({0, 1}), *EVERYTHING[1:])
    order = ordered_routings(GENERIC, only_mode_1, reports=True)
    assert order[0] == "1,1,0,1,0"
    assert sorted(order) == sorted(CNMI_ORDER)


def test_a_modem_that_says_nothing_gets_the_order_as_it_is() -> None:
    assert ordered_routings(GENERIC, (), reports=True) == CNMI_ORDER


def test_mc75i_gets_bfr_1_and_stored_reports() -> None:
    mc75i = (
        *(frozenset({0, 1, 2, 3}), frozenset({0, 1}), frozenset({0, 2, 3})),
        *(frozenset({0, 2}), frozenset({1})),
    )
    assert ordered_routings(GENERIC, mc75i, reports=True)[0] == "2,1,0,2,1"


def test_a_modem_with_two_arguments_gets_two() -> None:
    two = (frozenset({0, 1, 2}), frozenset({0, 1}))
    assert ordered_routings(GENERIC, two, reports=True)[0] == "2,1"


def test_without_reports_none_are_asked_for() -> None:
    assert ordered_routings(GENERIC, EVERYTHING, reports=False)[0] == "2,1,0,0,0"
