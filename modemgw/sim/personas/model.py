"""What kind of modem is simulated: everything that a data sheet would say, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Persona:
    """One model of modem. Faults say what goes wrong; this says what is normal.

    `source` names where that is known from: sections and families of the field
    guide, and the projects it quotes. `cnmi` are the ranges that AT+CNMI=? names,
    `cnmi_refused` the settings that are refused although they lie inside.
    `memories` are the lists for mem1, mem2 and mem3 of AT+CPMS, `first_index` the
    lowest slot where it is not 1. `missing` names commands this model does not
    have, and `unknown` is what it says to those; `says` are answers that only
    this model has, `refuses` final result codes for commands that start so.
    `noise` are unsolicited lines, one every `noise_interval_s` seconds in turn;
    `noise_off` names the commands that end it, and how the lines start that each
    of them ends ("" for all). `report_header`, `full_urc`, `iccid_format`,
    `imei_format`, the lines of ATI and the two notices are templates.

    A restart that the modem was told takes `restart_s`; where it `vanishes`, its
    port is gone meanwhile. `ussd_asked` are the codings it understands in AT+CUSD
    (text, packed, ucs2, hex), `ussd_coding` the one it answers in, `ussd_plain`
    the command that makes it speak text.

    `references` says who counts TP-MR: the "card" in EF_SMSS, as the standard
    wants; "late" too, but it is written only with the network's answer; or the
    modem on its "own", from 0 after each start, and the file never changes.
    """

    name: str = "generic"
    sentence: str = ""
    source: tuple[str, ...] = ()
    manufacturer: str = "modemgw"
    model: str = "SIM-1"
    revision: str = "1.0.0"
    echo: bool = False
    verbose: bool = True  # ATV1
    quiet: bool = False  # ATQ0
    cmee: int = 0
    cscs: str = "GSM"
    cnmi: tuple[tuple[int, ...], ...] = (
        (0, 1, 2),
        (0, 1, 2, 3),
        (0, 2),
        (0, 1, 2),
        (0, 1),
    )
    cnmi_refused: frozenset[str] = frozenset()
    csms: tuple[int, ...] = (0, 1)
    cpms_arguments: frozenset[int] = frozenset({1, 2, 3})
    memories: tuple[tuple[str, ...], ...] = (
        ("SM", "ME", "SR"),
        ("SM", "ME"),
        ("SM", "ME"),
    )
    default_memories: tuple[str, str, str] = ("SM", "SM", "SM")
    capacity: Mapping[str, int] = field(
        default_factory=lambda: {"SM": 30, "ME": 100, "SR": 50}
    )
    first_index: Mapping[str, int] = field(default_factory=dict)
    iccid_commands: tuple[str, ...] = ("+CCID", "+ICCID")
    class0: str = "route"  # or "store", "drop"
    empty_slot: str = "error"  # +CMS ERROR: 321; or "ok", as some answer
    unknown: str = "ERROR"
    missing: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()  # vendor's commands that do nothing here
    boot_urcs: tuple[str, ...] = ()
    boot_s: float = 0.0  # from power to the first answer
    report_memory: str = "SR"  # where stored status reports go, if it can be read
    bad_pdu: int = 304  # +CMS ERROR where the length of AT+CMGS is not that typed
    report_header: str = "+CDS: {length}"
    message_notice: str = '+CMTI: "{memory}",{index}'
    report_notice: str = '+CDSI: "{memory}",{index}'
    me_is_sm: bool = False  # both names show the card's memory
    full_urc: str = ""
    noise: tuple[str, ...] = ()
    noise_interval_s: float = 0.0
    noise_off: Mapping[str, str] = field(default_factory=dict)
    ack_timeout_s: float = 2.0  # AT+CNMA is owed within this under AT+CSMS=1
    information: tuple[str, ...] = (
        "Manufacturer: {manufacturer}",
        "Model: {model}",
        "Revision: {revision}",
        "IMEI: {imei}",
        "+GCAP: +CGSM,+DS,+ES",
    )
    imei_format: str = "{imei}"
    iccid_format: str = "{name}: {iccid}"
    says: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refuses: Mapping[str, str] = field(default_factory=dict)
    error_format: str = "+{kind} ERROR: {code}"
    line_end: str = "\r\n"  # of the vendor's lines (^…) that it says unasked
    reset_commands: tuple[str, ...] = ("^RESET", "+CRESET")
    restart_s: float = 0.0
    vanishes: bool = False
    deaf_without_radio: bool = False  # AT+CFUN=0 ends all talk
    ports: int = 1
    ussd_asked: frozenset[str] = frozenset({"text"})
    ussd_coding: str = "text"
    ussd_dcs: int | None = None  # what +CUSD claims; None: the truth
    ussd_plain: str = ""
    references: str = "card"  # "late", "own": see below
