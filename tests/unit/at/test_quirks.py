"""The table of modem families, and the order of choices made from it."""

import re

import pytest

from modemgw.at import codes
from modemgw.at.codes import Code, Disposition
from modemgw.at.families import FAMILIES
from modemgw.at.profile import (
    CNMI_ORDER,
    GENERIC,
    REPORT_ROUTES,
    USSD_CODECS,
    Profile,
)
from modemgw.at.quirks import named, ordered_routings, profile_for

EVERYTHING = (
    *(frozenset({0, 1, 2, 3}), frozenset({0, 1, 2, 3}), frozenset({0, 2})),
    *(frozenset({0, 1, 2}), frozenset({0, 1})),
)


@pytest.mark.parametrize(
    ("maker", "model", "name"),
    [
        ("huawei", "E3372", "huawei-e3372"),
        ("huawei", "E3372h-607", "huawei-e3372"),
        ("Huawei", "MU709s-2", "huawei-mu"),
        ("HUAWEI TECHNOLOGIES CO., LTD", "E173", "huawei"),
        ("ZTE INCORPORATED", "MF190", "zte"),
        ("SIMCOM_Ltd", "SIMCOM_SIM800L", "simcom"),
        ("SIMCOM INCORPORATED", "SIM7600E", "simcom-lte"),
        ("INCORPORATED", "A7670E", "simcom-lte"),
        ("Quectel", "EC25", "quectel"),
        ("Quectel", "EM350", "quectel"),
        ("Quectel_Ltd", "Quectel_M35", "quectel-2g"),
        (None, "Quectel_Ltd Quectel_M95 Revision: M95AR01", "quectel-2g"),
        ("Sierra Wireless, Incorporated", "MC7455", "sierra"),
        ("Telit", "LE910C1-EU", "telit"),
        ("u-blox", "SARA-U201", "u-blox"),
        ("SIEMENS", "TC35i", "cinterion"),
        ("Option N.V.", "GTM378", "option"),
        ("Novatel Wireless Inc", "MC545", "novatel"),
        ("D-Link,Inc", "DWM-157", "mediatek"),
        ("Teltonika", "TRM250", "teltonika"),
        ("Wavecom Modem", "Q2303", "wavecom"),
        (None, "M590", "neoway"),
        ("Cinterion", "BGS5", "cinterion"),
        ("QUALCOMM INCORPORATED", None, "generic"),
        (None, None, "generic"),
    ],
)
def test_who_is_who(maker: str | None, model: str | None, name: str) -> None:
    assert profile_for(maker, model).name == name


@pytest.mark.parametrize("profile", FAMILIES, ids=lambda p: p.name)
def test_every_profile_is_usable(profile: Profile) -> None:
    assert all(re.fullmatch(r"[0-3](,[0-3]){1,4}", value) for value in profile.cnmi)
    asked = (*profile.quiet, *profile.init, *profile.iccid, *profile.reset)
    assert all(text.startswith("AT") for text in asked)
    assert profile.pin_counter.command.startswith("AT")
    assert profile.memories
    assert profile.source, "each entry names its source"
    assert profile.reports in REPORT_ROUTES
    assert profile.ussd in USSD_CODECS
    assert all(code.number >= codes.FIRST_VENDOR_CODE for code in profile.codes)
    assert not profile.booted or not set(profile.booted) & set(profile.noise)
    assert all(text == text.lower() for text in (*profile.makers, *profile.models))


def test_names_are_unique_and_the_last_takes_whoever_is_left() -> None:
    assert len({p.name for p in FAMILIES}) == len(FAMILIES)
    assert FAMILIES[-1] is GENERIC
    assert named("neoway") and named("nokia") is None


def test_the_same_number_means_what_the_family_means_by_it() -> None:
    simcom, wavecom = named("simcom"), named("wavecom")
    assert simcom and wavecom
    text = "+CMS ERROR: 517"
    assert codes.refusal(517, text).disposition is Disposition.RETRY_HERE
    meant = codes.refusal(517, text, vendor=simcom.codes)
    assert meant.disposition is Disposition.REFUSE
    lost = codes.refusal(513, "+CMS ERROR: 513", vendor=wavecom.codes)
    assert lost.disposition is Disposition.IN_DOUBT
    assert codes.refusal(38, "+CMS ERROR: 38", vendor=simcom.codes).number == 38


def test_a_vendors_timeout_that_comes_late_stays_a_doubt() -> None:
    own = (Code(514, "congestion", Disposition.RETRY_HERE, "no_service"),)
    late = codes.cms(514, seconds_after_submit=40, vendor=own)
    assert late.disposition is Disposition.IN_DOUBT


@pytest.mark.parametrize(
    ("name", "reports", "best"),
    [
        ("quectel", True, "2,1,0,1,0"),
        ("teltonika", True, "2,1,0,2,0"),
        ("teltonika", False, "2,1,0,0,0"),
        ("novatel", True, "1,1,0,2,0"),
        ("zte", True, "1,1,0,1,0"),
        ("huawei-mu", True, "1,1,0,1,0"),
    ],
)
def test_how_reports_come_is_the_choice_of_the_family(
    name: str, reports: bool, best: str
) -> None:
    family = named(name)
    assert family is not None
    assert ordered_routings(family, EVERYTHING, reports=reports)[0] == best


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
