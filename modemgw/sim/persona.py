"""What kind of modem is simulated: everything that a data sheet would say, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Persona:
    """One model of modem. Faults say what goes wrong; this says what is normal.

    `cnmi` are the ranges that AT+CNMI=? names, `cnmi_refused` the settings that
    are refused although they lie inside. `memories` are the lists for mem1, mem2
    and mem3 of AT+CPMS, `first_index` the lowest slot where it is not 1.
    `missing` names commands this model does not have, and `unknown` is what it
    says to those. `noise` are unsolicited lines, one every `noise_interval_s`
    seconds in turn, until `noise_off` is sent. `report_header`, `full_urc` and
    the two notices are templates.
    """

    name: str = "generic"
    manufacturer: str = "modemgw"
    model: str = "SIM-1"
    revision: str = "1.0.0"
    echo: bool = False
    verbose: bool = True  # ATV1
    quiet: bool = False  # ATQ0
    cmee: int = 0
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
    report_header: str = "+CDS: {length}"
    message_notice: str = '+CMTI: "{memory}",{index}'
    report_notice: str = '+CDSI: "{memory}",{index}'
    me_is_sm: bool = False  # both names show the card's memory
    full_urc: str = ""
    noise: tuple[str, ...] = ()
    noise_interval_s: float = 0.0
    noise_off: str = ""
    ack_timeout_s: float = 2.0  # AT+CNMA is owed within this under AT+CSMS=1


GENERIC = Persona()

# Legal in every point, and unlike the generic one wherever the standard leaves a
# choice: what a gateway meets that was only tried against one modem.
STUBBORN = Persona(
    name="stubborn",
    manufacturer="Stubborn Devices",
    model="SD-404",
    revision="4.04",
    echo=True,
    cmee=2,
    cnmi_refused=frozenset({"2,1,0,1,0", "2,1,0,1,1"}),
    cpms_arguments=frozenset({3}),
    first_index={"ME": 0},
    default_memories=("ME", "ME", "SM"),
    iccid_commands=(),
    missing=frozenset({"+CMMS", "+CNUM", "+CESQ"}),
    unknown="COMMAND NOT SUPPORT",
)

# Spec: the family table of the vendor's sticks as ModemManager, Gammu and
# chan_dongle know it (PCUI port, firmware 21.x and 22.x).
HUAWEI = Persona(
    name="huawei",
    manufacturer="huawei",
    model="E3372",
    revision="21.180.01.00.00",
    echo=True,
    csms=(0, 1),
    first_index={"ME": 0},
    default_memories=("ME", "ME", "ME"),
    capacity={"SM": 20, "ME": 23, "SR": 10},
    iccid_commands=("^ICCID",),
    missing=frozenset({"+CMMS", "+CCID", "+ICCID"}),
    unknown="COMMAND NOT SUPPORT",
    full_urc='^SMMEMFULL: "{memory}"',
    noise=("^RSSI: 23", '^HCSQ: "LTE",47,37,101,16'),
    noise_interval_s=5.0,
    noise_off="^CURC=0",
    accepts=frozenset({"^CURC", "^PORTSEL", "^USSDMODE", "^CVOICE", "^DSCI"}),
)

SIM800 = Persona(
    name="sim800",
    manufacturer="SIMCOM_Ltd",
    model="SIMCOM_SIM800L",
    revision="Revision:1418B05SIM800L24",
    echo=True,
    cnmi=((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 1), (0, 1)),
    iccid_commands=("+CCID",),
    memories=(("SM", "ME"), ("SM", "ME"), ("SM", "ME")),
    missing=frozenset({"+CESQ", "+CEREG", "+ICCID"}),
    boot_urcs=("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready"),
    full_urc="+SMS FULL",
)

PERSONAS: Mapping[str, Persona] = {
    persona.name: persona for persona in (GENERIC, STUBBORN, HUAWEI, SIM800)
}
