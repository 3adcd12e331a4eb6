"""Makers with one family each: Option, Novatel, D-Link, Neoway."""

from modemgw.sim.personas.model import Persona

OPTION = Persona(
    name="option",
    sentence="Option GTM: slots from 0, the ICCID only by AT+CRSM, _OSIGQ lines",
    source=(
        "guide 11: Option (hso/GTM)",
        "guide 6.2: memory_start=0",
        "guide 3.2: AT_OERCN?",
    ),
    manufacturer="Option N.V.",
    model="GTM378",
    revision="2.10.8Hd (Date: Oct 08 2009, Time: 13:34:22)",
    echo=True,
    refuses={"+CNMI=2": "+CMS ERROR: 303"},
    memories=(("SM", "ME", "SR"), ("SM", "ME"), ("SM", "ME")),
    first_index={"SM": 0, "ME": 0, "SR": 0},
    iccid_commands=(),
    missing=frozenset({"+CCID", "+ICCID", "+CESQ", "+CEREG"}),
    noise=("_OSIGQ: 18,0", "_OSSYSI: 2", "_OUWCTI: 1"),
    noise_interval_s=15.0,
    noise_off={"_OSSYS=0": ""},
    accepts=frozenset({"_OSSYS", "_OWANCALL"}),
    says={"_OERCN?": ("_OERCN: {pin},{puk}",)},
    reset_commands=("_ORESET",),
    restart_s=15.0,
    vanishes=True,
)

NOVATEL = Persona(
    name="novatel",
    sentence="Novatel: routed reports are refused, AT+CNMA is not expected",
    source=(
        "guide 11: Novatel",
        "guide 3.4: MM and ofono disagree; ds 2 preferred",
        "guide 3.3: ofono on CNMA",
    ),
    manufacturer="Novatel Wireless Incorporated",
    model="Ovation MC950D",
    revision="V9.10.00.12",
    echo=True,
    cnmi=((0, 1, 2), (0, 1, 2, 3), (0, 2), (0, 2), (0, 1)),
    refuses={"+CNMI=2": "+CMS ERROR: 303", "+CNMA": "+CMS ERROR: 340"},
    iccid_commands=("+ICCID",),
    missing=frozenset({"+CCID", "+CESQ", "+CEREG"}),
    noise=("$NWRSSI: 60",),
    noise_interval_s=30.0,
    accepts=frozenset({"$NWRAT", "$NWDMAT"}),
    reset_commands=("$NWRESET",),
    restart_s=15.0,
    vanishes=True,
)

DWM156 = Persona(
    name="dlink-dwm156",
    sentence="D-Link DWM-156, Alcatel: reports lie in ME among the messages",
    source=(
        "guide 11: D-Link DWM-156/157, Alcatel/MediaTek sticks",
        "guide 6.3: gammu 156",
    ),
    manufacturer="D-Link",
    model="DWM-156",
    revision="MOLY.WR8.W1231.DC.WG.MP.V1",
    echo=True,
    cnmi=((0, 1, 2), (0, 1, 2, 3), (0, 2), (0, 2), (0, 1)),
    memories=(("ME", "SM"), ("ME", "SM"), ("ME", "SM")),
    default_memories=("ME", "ME", "ME"),
    capacity={"SM": 20, "ME": 100},
    report_memory="ME",
    missing=frozenset({"+ICCID", "+CESQ", "+CEREG"}),
    noise=("*RADIOPOWER: 1",),
    noise_interval_s=60.0,
    restart_s=15.0,
    vanishes=True,
)

M590 = Persona(
    name="neoway-m590",
    sentence="Neoway M590: SM and ME are the same, deaf while the radio is off",
    source=(
        "guide 11: Neoway M590",
        "guide 6.2: gammu 378",
        "guide 9.2: smstools on CFUN=0",
    ),
    manufacturer="NEOWAY",
    model="M590",
    revision="M590R1-04-0110",
    echo=True,
    memories=(("SM", "ME"), ("SM", "ME"), ("SM", "ME")),
    capacity={"SM": 30, "ME": 30},
    me_is_sm=True,
    deaf_without_radio=True,
    iccid_commands=("+CCID",),
    missing=frozenset({"+ICCID", "+CESQ", "+CEREG"}),
    boot_urcs=("MODEM:STARTUP", "+PBREADY"),
    reset_commands=(),
    restart_s=8.0,
)

PERSONAS = (OPTION, NOVATEL, DWM156, M590)
