"""What a file may say about kinds of modems and about their power."""

from pathlib import Path
from typing import Annotated

import msgspec

from modemgw.at.codes import Code, Disposition
from modemgw.at.families import FAMILIES
from modemgw.at.profile import GENERIC, PinCounter, Profile
from modemgw.config.key import key

HELPER_SOCKET = "/run/modemgw-power/socket"
_INHERITED = "as in the family"
_FIELDS = (  # taken over as they are, where given
    *("makers", "models", "quiet", "noise", "init", "cnmi", "memories", "reports"),
    *("iccid", "ussd", "ussd_plain", "booted", "reset", "boot_s", "gap_s"),
    *("radio_off_ok", "late_sim_ok", "cmms_ok", "csms1_ok"),
)
REASONS = {  # of API.md, by what is done
    Disposition.RETRY_HERE: "modem_error",
    Disposition.TRY_OTHER_SIM: "network_rejected",
    Disposition.COOL_DOWN: "sim_barred",
    Disposition.REFUSE: "network_rejected",
    Disposition.FIX_MODEM: "modem_error",
    Disposition.IN_DOUBT: "no_service",
}


class VendorCode(msgspec.Struct, frozen=True):
    """What a +CMS ERROR from 512 means at this kind of modem."""

    code: Annotated[int, key("The number.", unit="512 to 65535", default="required")]
    means: Annotated[str, key("In words, for people.", unit="text", default="required")]
    then: Annotated[
        str,
        key(
            "What is done with the message.",
            unit="retry_here, try_other_sim, cool_down, refuse, fix_modem or in_doubt",
            default="retry_here",
        ),
    ] = "retry_here"

    def code_of(self) -> Code:
        """Return it as the tables have it."""
        then = Disposition(self.then)
        return Code(self.code, self.means, then, REASONS[then])


_Words = tuple[str, ...] | None


class ProfileConfig(msgspec.Struct, frozen=True):
    """A kind of modem: a new one, or another word on a family that is known."""

    name: Annotated[
        str,
        key(
            "That of a family replaces what is said here and keeps the rest; "
            "`modemgw modems profiles` lists them.",
            unit="up to 32 of A-Z a-z 0-9 . _ -",
            default="required",
        ),
    ]
    inherits: Annotated[
        str | None,
        key(
            "Take everything else from this one.",
            unit="name of a profile",
            default="the family of the same name, else generic",
        ),
    ] = None
    makers: Annotated[
        _Words,
        key(
            "Take modems whose AT+CGMI contains one of these.",
            unit="list of words",
            default="none for a new name",
        ),
    ] = None
    models: Annotated[
        _Words,
        key(
            "Take modems where a word of AT+CGMM begins with one of these; a model "
            "counts before a maker.",
            unit="list of words",
            default="none for a new name",
        ),
    ] = None
    quiet: Annotated[
        _Words,
        key("Silence its noise.", unit="list of AT commands", default=_INHERITED),
    ] = None
    noise: Annotated[
        _Words,
        key(
            "Beginnings of lines that mean nothing and belong to no answer.",
            unit="list of words",
            default=_INHERITED,
        ),
    ] = None
    init: Annotated[
        _Words,
        key(
            "Say these before messages are set up; refusals are survived.",
            unit="list of AT commands",
            default=_INHERITED,
        ),
    ] = None
    cnmi: Annotated[
        _Words,
        key(
            "Values of AT+CNMI to try, best first; what the modem does not offer "
            "comes last.",
            unit='list such as ["2,1,0,1,0", "1,1,0,2,0"]',
            default=_INHERITED,
        ),
    ] = None
    memories: Annotated[
        _Words,
        key(
            "Memories for what arrives, best first.",
            unit="list such as [ME, SM]",
            default=_INHERITED,
        ),
    ] = None
    reports: Annotated[
        str | None,
        key(
            "How status reports shall come: routed (+CDS), stored (+CDSI), any (as "
            "in `cnmi`), none.",
            unit="routed, stored, any or none",
            default=_INHERITED,
        ),
    ] = None
    iccid: Annotated[
        _Words,
        key(
            "Ways to ask for the ICCID, the best first.",
            unit="list of AT commands",
            default=_INHERITED,
        ),
    ] = None
    pin_counter: Annotated[
        str | None,
        key(
            "How to ask for the tries left for the PIN, and which field of the answer "
            "it is, from 0.",
            unit="AT command and a number, such as AT^CPIN? 3",
            default=_INHERITED,
        ),
    ] = None
    ussd: Annotated[
        str | None,
        key(
            "How USSD is written: text, packed (7 bits in hex), ucs2 (hex), or auto "
            "(tried in turn).",
            unit="auto, text, packed or ucs2",
            default=_INHERITED,
        ),
    ] = None
    ussd_plain: Annotated[
        str | None,
        key(
            "Makes USSD plain text; said at each start where `ussd` is text.",
            unit="AT command",
            default=_INHERITED,
        ),
    ] = None
    codes: Annotated[
        tuple[VendorCode, ...],
        key(
            "What its own errors mean; others stay as in the family.",
            unit="list, below",
            default="[]",
        ),
    ] = ()
    booted: Annotated[
        _Words,
        key(
            "Lines that always mean that it has restarted.",
            unit="list of words",
            default=_INHERITED,
        ),
    ] = None
    reset: Annotated[
        _Words,
        key(
            "Commands that restart it, tried in turn; an empty list for none.",
            unit="list of AT commands",
            default=_INHERITED,
        ),
    ] = None
    boot_s: Annotated[
        float | None,
        key(
            "How long a restart takes, until it answers again.",
            unit="duration such as 30s",
            default=_INHERITED,
        ),
    ] = None
    gap_s: Annotated[
        float | None,
        key(
            "Pause between an answer and the next command, for modems that lose what "
            "comes sooner.",
            unit="duration such as 0.1s",
            default=_INHERITED,
        ),
    ] = None
    radio_off_ok: Annotated[
        bool | None,
        key(
            "It may be told AT+CFUN=0 without going deaf.",
            unit="on or off",
            default=_INHERITED,
        ),
    ] = None
    late_sim_ok: Annotated[
        bool | None,
        key(
            "It sees a card that is put in later.",
            unit="on or off",
            default=_INHERITED,
        ),
    ] = None
    cmms_ok: Annotated[
        bool | None,
        key("AT+CMMS may be tried.", unit="on or off", default=_INHERITED),
    ] = None
    csms1_ok: Annotated[
        bool | None,
        key(
            "AT+CNMA is wanted where AT+CSMS=1 cannot be left.",
            unit="on or off",
            default=_INHERITED,
        ),
    ] = None

    def profile_of(self, known: tuple[Profile, ...]) -> Profile:
        """Return the profile that this comes to among those that are `known`."""
        base = _named(self.inherits or self.name, known) or GENERIC
        found = {name: getattr(self, name) for name in _FIELDS}
        given = {name: value for name, value in found.items() if value is not None}
        if self.name != base.name:  # a modem is taken for what names it
            given = {"makers": (), "models": (), **given}
        if self.pin_counter is not None:
            command, _, field = self.pin_counter.rpartition(" ")
            given["pin_counter"] = PinCounter(command.strip(), int(field))
        own = {entry.code for entry in self.codes}
        kept = tuple(code for code in base.codes if code.number not in own)
        given["codes"] = (*(entry.code_of() for entry in self.codes), *kept)
        given |= {"name": self.name, "source": f"the configuration, from {base.name}"}
        return _changed(base, given)


class PowerConfig(msgspec.Struct, frozen=True):
    """What may be done to a modem that does not answer any more."""

    helper: Annotated[
        str,
        key(
            "Socket of the power helper, which may take a modem off the bus and "
            "back; used where it exists. off: never.",
            unit="path or off",
            default=HELPER_SOCKET,
        ),
    ] = HELPER_SOCKET
    cycle: Annotated[
        tuple[str, ...],
        key(
            "Cuts the power of a modem for some seconds. A list of words, run "
            "without a shell; {modem}, {usb} (1-1.3), {hub} (1-1) and {port} (3) are "
            "put in. helper: the power helper does it with uhubctl.",
            unit="list of words, helper or off",
            default="off",
        ),
    ] = ()

    @property
    def socket(self) -> Path | None:
        """The helper's socket, None where it shall not be used."""
        return None if self.helper == "off" else Path(self.helper)


def all_profiles(own: tuple[ProfileConfig, ...]) -> tuple[Profile, ...]:
    """Return the profiles of the file in its order, then the families."""
    known = FAMILIES
    made: list[Profile] = []
    for entry in own:
        profile = entry.profile_of((*made, *known))
        made = [other for other in made if other.name != profile.name] + [profile]
    names = {profile.name for profile in made}
    return (*made, *(family for family in known if family.name not in names))


def _named(name: str, known: tuple[Profile, ...]) -> Profile | None:
    return next((profile for profile in known if profile.name == name), None)


def _changed(base: Profile, given: dict[str, object]) -> Profile:
    values = {name: getattr(base, name) for name in Profile.__dataclass_fields__}
    return Profile(**{**values, **given})
