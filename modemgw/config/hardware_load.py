"""Reads `profiles` and `power` of a configuration file; see config/load.py."""

import re
from collections.abc import Callable

import msgspec

from modemgw.at.codes import FIRST_VENDOR_CODE
from modemgw.at.families import FAMILIES
from modemgw.at.profile import REPORT_ROUTES, USSD_CODECS
from modemgw.config import values
from modemgw.config.hardware import REASONS, PowerConfig, ProfileConfig, VendorCode
from modemgw.config.off import is_off
from modemgw.config.positions import Section, Value, suggest

HELPER = "helper"  # instead of a command
MAX_CODE = 65_535
MAX_WORDS = 32
_COMMAND = re.compile(r"AT[\x20-\x7e]{0,200}", re.IGNORECASE)
# What bills, sends, locks or deletes has no place in a profile.
_DANGEROUS = re.compile(
    r"D|A$|\+CM[GS][SDW]|\+CMSS|\+CPIN|\+CLCK|\+CPWD|\+CPUC|\+EGMR|\^CARDLOCK|&W|\+IPR",
    re.IGNORECASE,
)
_NAMES = frozenset({"{modem}", "{usb}", "{hub}", "{port}"})
_WORDS = (
    *("makers", "models", "quiet", "noise", "init", "cnmi", "memories", "iccid"),
    *("booted", "reset"),
)
_SWITCHES = ("radio_off_ok", "late_sim_ok", "cmms_ok", "csms1_ok")


def profiles(top: Section) -> tuple[ProfileConfig, ...]:
    """Read the list of profiles; every mistake is reported at its place."""
    found: list[ProfileConfig] = []
    known = [family.name for family in FAMILIES]
    for entry in top.entries("profiles"):
        section = entry.section(ProfileConfig.__struct_fields__)
        if entry.is_mapping and section.get("name") is None:
            entry.fail("needs a name")
        profile = _profile(section, known)
        if profile.name in [other.name for other in found]:
            (section.get("name") or entry).fail(f"{profile.name!r} is described twice")
        found.append(profile)
        is_new = profile.name not in known
        known.append(profile.name)
        if is_new and entry.is_mapping and not (profile.makers or profile.models):
            entry.warn(
                "fits no modem by itself: give makers or models, or name it under "
                "modems[].profile"
            )
    return tuple(found)


def power(top: Section) -> PowerConfig:
    """Read the section `power`."""
    section = top.section("power", PowerConfig.__struct_fields__)
    if section is None:
        return PowerConfig()
    helper = section.read("helper", _path_or_off, PowerConfig().helper)
    return PowerConfig(helper=helper, cycle=hook(section, "cycle") or ())


def hook(section: Section, key: str) -> tuple[str, ...] | None:
    """Read a command as a list of words; (HELPER,), () for off, None: not given."""
    value = section.get(key)
    if value is None:
        return None
    if not value.is_list:
        found = value.read(_helper_or_off)
        return (HELPER,) if found == HELPER else ()
    words = [entry.read(_hook_word) for entry in value.entries()]
    argv = tuple(word for word in words if word is not None)
    if not words:
        value.fail("an empty list; write off for none")
    elif argv and not argv[0].startswith("/"):
        value.entries()[0].fail(
            f"expected the whole path of a program, got {argv[0]!r}"
        )
    return argv or None


def named(names: tuple[str, ...]) -> Callable[[str], str]:
    """Return a reader of the name of a profile."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"there is no profile {text!r}{suggest(text, names)}")
        return text

    return read


def _profile(section: Section, known: list[str]) -> ProfileConfig:
    lists = {name: _words(section.get(name), _READERS[name]) for name in _WORDS}
    switches = {name: section.read(name, values.boolean, None) for name in _SWITCHES}
    plain = ProfileConfig(
        name=section.read("name", values.name, ""),
        inherits=section.read("inherits", named(tuple(known)), None),
        reports=section.read("reports", values.one_of(*REPORT_ROUTES), None),
        pin_counter=section.read("pin_counter", _counter, None),
        ussd=section.read("ussd", values.one_of(*USSD_CODECS), None),
        ussd_plain=section.read("ussd_plain", _command, None),
        codes=_codes(section),
        boot_s=section.read("boot_s", values.duration, None),
        gap_s=section.read("gap_s", values.duration, None),
    )
    return msgspec.structs.replace(plain, **lists, **switches)


def _words(
    value: Value | None, convert: Callable[[str], str]
) -> tuple[str, ...] | None:
    if value is None:
        return None
    entries = value.entries()
    if len(entries) > MAX_WORDS:
        value.fail(f"more than {MAX_WORDS} entries")
    found = [entry.read(convert) for entry in entries]
    return tuple(dict.fromkeys(text for text in found if text is not None))


def _codes(section: Section) -> tuple[VendorCode, ...]:
    then = values.one_of(*(disposition.value for disposition in REASONS))
    found = []
    for entry in section.entries("codes"):
        below = entry.section(VendorCode.__struct_fields__)
        for needed in ("code", "means"):
            if entry.is_mapping and below.get(needed) is None:
                entry.fail(f"needs {needed}")
        number = values.integer(FIRST_VENDOR_CODE, MAX_CODE)
        found.append(
            VendorCode(
                code=below.read("code", number, FIRST_VENDOR_CODE),
                means=below.read("means", _phrase, ""),
                then=below.read("then", then, "retry_here"),
            )
        )
    return tuple(found)


def _command(text: str) -> str:
    """An AT command line without CR; nothing that sends, bills or locks."""
    if not _COMMAND.fullmatch(text.strip()):
        raise ValueError(f"expected an AT command, got {text!r}")
    if any(_DANGEROUS.match(part) for part in text.strip()[2:].split(";")):
        raise ValueError(f"{text!r} sends, bills, locks or is kept for ever: not here")
    return text.strip()


def _phrase(text: str) -> str:
    if not text.isprintable() or not 1 <= len(text) <= 100:  # noqa: PLR2004
        raise ValueError(f"expected 1 to 100 printable characters, got {text!r}")
    return text


def _small_phrase(text: str) -> str:
    return _phrase(text).lower()


def _routing(text: str) -> str:
    wanted = text.replace(" ", "")
    if not re.fullmatch(r"[0-3](,[0-3]){1,4}", wanted):
        raise ValueError(
            f"expected a value of AT+CNMI such as '2,1,0,1,0', got {text!r}"
        )
    return wanted


def _memory(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise ValueError(f"expected a memory such as SM or ME, got {text!r}")
    return text


def _counter(text: str) -> str:
    command, blank, field = text.strip().rpartition(" ")
    if not blank or not re.fullmatch(r"\d", field):
        raise ValueError(
            f"expected a command and the number of a field (AT^CPIN? 3), got {text!r}"
        )
    return f"{_command(command)} {field}"


def _path_or_off(text: str) -> str:
    if is_off(text):
        return "off"
    if not text.startswith("/"):
        raise ValueError(f"expected the whole path of a socket or off, got {text!r}")
    return text


def _helper_or_off(text: str) -> str:
    if is_off(text):
        return ""
    if text != HELPER:
        raise ValueError(f"expected a list of words, helper or off, got {text!r}")
    return text


def _hook_word(text: str) -> str:
    unknown = set(re.findall(r"\{\w*\}", text)) - _NAMES
    if unknown:
        raise ValueError(
            f"{sorted(unknown)[0]} is not known; use {', '.join(sorted(_NAMES))}"
        )
    if not text or not text.isprintable():
        raise ValueError(f"expected a word of a command, got {text!r}")
    return text


_READERS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("makers", "models"), _small_phrase),
    **dict.fromkeys(("quiet", "init", "iccid", "reset"), _command),
    **dict.fromkeys(("noise", "booted"), _phrase),
    "cnmi": _routing,
    "memories": _memory,
}
