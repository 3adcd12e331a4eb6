"""Kinds of modems and power hooks in a configuration file."""

import pytest

from modemgw.at.families import FAMILIES
from modemgw.at.quirks import named, profile_for
from modemgw.config.load import parse
from modemgw.errors import ConfigError

OWN = """\
profiles:
  - name: stick
    inherits: huawei
    models: [NS-100]
    quiet: []
    reports: stored
    pin_counter: "AT^CPIN? 3"
    codes: [{code: 530, means: "tired", then: cool_down}]
    boot_s: 45s
    late_sim_ok: off
  - name: simcom
    codes: [{code: 517, means: "busy"}]
modems:
  - {name: front, port: /dev/ttyUSB0, profile: stick}
  - {name: back, port: /dev/ttyUSB1, power: [/bin/cut, "{hub}", "{port}"]}
  - {name: other, port: /dev/ttyUSB2, power: off}
power: {cycle: helper}
"""


def test_a_profile_inherits_and_changes() -> None:
    profiles = parse(OWN, "m.yaml").all_profiles()
    stick, huawei = named("stick", profiles), named("huawei")
    assert stick and huawei
    assert stick.iccid == huawei.iccid and stick.cnmi == huawei.cnmi
    assert stick.quiet == () and stick.reports == "stored" and stick.boot_s == 45
    assert stick.pin_counter.field == 3 and not stick.late_sim_ok
    assert stick.makers == ()  # it is no maker's default
    assert profile_for("whoever", "ns-100b", profiles) is stick
    assert profile_for("huawei", "E173", profiles).name == "huawei"
    assert "configuration" in stick.source


def test_a_family_is_changed_by_its_name_and_keeps_its_modems() -> None:
    profiles = parse(OWN, "m.yaml").all_profiles()
    assert len(profiles) == len(FAMILIES) + 1
    simcom = profile_for("SIMCOM_Ltd", "SIMCOM_SIM800L", profiles)
    assert simcom is named("simcom", profiles)
    meant = simcom.meaning(517)
    assert meant is not None and meant.sentence == "busy"
    kept, before = simcom.meaning(521), named("simcom")
    assert before is not None and kept == before.meaning(521)


def test_what_cuts_the_power_of_which_modem() -> None:
    config = parse(OWN, "m.yaml")
    assert config.power_hook("front") == ("helper",)
    assert config.power_hook("back") == ("/bin/cut", "{hub}", "{port}")
    assert config.power_hook("other") is None
    assert config.power_hook(None) == ("helper",)
    assert parse("country: DE", "m.yaml").power_hook("front") is None
    assert parse("power: {helper: off}", "m.yaml").power.socket is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("profiles: [{models: [x]}]", "m.yaml:1:12: profiles[0]: needs a name"),
        (
            "profiles: [{name: a, inherits: huawai, models: [x]}]",
            "m.yaml:1:32: profiles[0].inherits: there is no profile 'huawai'; did you "
            "mean 'huawei'?",
        ),
        (
            "profiles:\n  - {name: a, models: [x], quiet: [ATD112]}",
            "m.yaml:2:36: profiles[0].quiet[0]: 'ATD112' sends, bills, locks or is "
            "kept for ever: not here",
        ),
        (
            "profiles: [{name: a, models: [x], init: ['AT+CMEE=1;+CPIN=1']}]",
            "m.yaml:1:42: profiles[0].init[0]: 'AT+CMEE=1;+CPIN=1' sends, bills, locks "
            "or is kept for ever: not here",
        ),
        (
            "profiles: [{name: a, models: [x], cnmi: ['9,9']}]",
            "m.yaml:1:42: profiles[0].cnmi[0]: expected a value of AT+CNMI such as "
            "'2,1,0,1,0', got '9,9'",
        ),
        (
            "profiles: [{name: a, models: [x], codes: [{code: 38, means: no}]}]",
            "m.yaml:1:50: profiles[0].codes[0].code: expected a whole number from 512 "
            "to 65535, got '38'",
        ),
        (
            "profiles: [{name: a, models: [x], ussd: morse}]",
            "m.yaml:1:41: profiles[0].ussd: 'morse' is none of the choices; expected "
            "one of: auto, text, packed, ucs2",
        ),
        (
            "profiles: [{name: a, models: [x], pin_counter: 'AT^CPIN?'}]",
            "m.yaml:1:48: profiles[0].pin_counter: expected a command and the number "
            "of a field (AT^CPIN? 3), got 'AT^CPIN?'",
        ),
        (
            "profiles: [{name: a, models: [x]}, {name: a}]",
            "m.yaml:1:43: profiles[1].name: 'a' is described twice",
        ),
        (
            "modems: [{port: /dev/a, profile: nokia}]",
            "m.yaml:1:34: modems[0].profile: there is no profile 'nokia'",
        ),
        (
            "power: {cycle: [uhubctl]}",
            "m.yaml:1:17: power.cycle[0]: expected the whole path of a program, got "
            "'uhubctl'",
        ),
        (
            "power: {cycle: [/bin/cut, '{tty}']}",
            "m.yaml:1:27: power.cycle[1]: {tty} is not known; use {hub}, {modem}, "
            "{port}, {usb}",
        ),
        (
            "power: {cycle: cut it}",
            "m.yaml:1:16: power.cycle: expected a list of words, helper or off, got "
            "'cut it'",
        ),
        (
            "power: {helper: socket}",
            "m.yaml:1:17: power.helper: expected the whole path of a socket or off, "
            "got 'socket'",
        ),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "m.yaml")
    assert caught.value.problems == [problem]


def test_a_profile_that_fits_nothing_is_a_warning() -> None:
    config = parse("profiles: [{name: a, inherits: zte}]", "m.yaml")
    assert any("fits no modem by itself" in text for text in config.warnings)
