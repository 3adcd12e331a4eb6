"""Siemens and Cinterion."""

from dataclasses import replace

from modemgw.sim.personas.model import Persona

_SPIC = {"^SPIC": ("^SPIC: {pin}",)}

TC35 = Persona(
    name="siemens-tc35",
    sentence="TC35, MC35: <bfr> of AT+CNMI must be 1, +CIEV until AT+CMER=0",
    source=(
        "guide 11: Siemens TC35/MC35/MC55/MC75",
        "guide 3.4: Siemens TC35 (Kannel, smstools)",
        "guide 3.6: AT^SCID",
    ),
    manufacturer="SIEMENS",
    model="TC35i",
    revision="REVISION 02.10",
    information=("{manufacturer}", "{model}", "{revision}"),
    echo=True,
    cnmi=((0, 1, 2, 3), (0, 1, 2, 3), (0, 2, 3), (0, 1, 2), (1,)),
    memories=(("SM", "ME", "MT"), ("SM", "ME", "MT"), ("SM", "MT")),
    default_memories=("SM", "SM", "SM"),
    capacity={"SM": 20, "ME": 25, "SR": 10},
    iccid_commands=("^SCID",),
    iccid_format="^SCID: {iccid}",
    missing=frozenset({"+CCID", "+ICCID", "+CESQ", "+CEREG"}),
    noise=("+CIEV: signal,99", "^SBC: Undervoltage"),
    noise_interval_s=30.0,
    noise_off={"+CMER=0": "+CIEV", "^SBC=0": "^SBC"},
    accepts=frozenset({"^SIND", "^SSYNC", "^SCKS", "^SBC", "^SSMSS", "\\Q"}),
    says=_SPIC,
    boot_urcs=("^SYSSTART",),
    reset_commands=("^SMSO",),
    restart_s=5.0,
)

MC75 = replace(
    TC35,
    name="siemens-mc75",
    sentence="MC75, MC55: only 2,1,0,2,1 and its like, never ME to receive into",
    source=(
        "guide 11: Siemens TC35/MC35/MC55/MC75",
        "guide 3.4: gammu 1207",
        "guide 6.2: gammu 1207, mem3",
    ),
    model="MC75i",
    revision="REVISION 04.001",
    cnmi=((0, 1, 2, 3), (0, 1), (0, 2, 3), (0, 2), (1,)),
    memories=(("SM", "ME", "MT", "SR"), ("SM", "ME", "MT"), ("SM", "MT")),
)

BGS5 = replace(
    MC75,
    name="cinterion-bgs5",
    sentence="BGS2, BGS5, EHS: reports by +CDSI in SR, +CTZU until AT+CTZU=0",
    source=(
        "guide 11: Cinterion BGS2/BGS5/EHS/PLS",
        "guide 3.4: gammu 759",
        "guide 2.8: EHS6 manual, AT+CMMS",
    ),
    manufacturer="Cinterion",
    model="BGS5",
    revision="REVISION 02.000",
    cnmi=((0, 1, 2), (0, 1), (0, 1, 2, 3), (0, 2), (0, 1)),
    memories=(("SM", "ME", "MT", "SR"), ("SM", "ME", "MT"), ("SM", "ME", "MT")),
    capacity={"SM": 20, "ME": 100, "SR": 30},
    noise=('+CTZU: "26/11/22,10:00:00",+4', '+CIEV: "signal",4'),
    noise_off={"+CMER=0": "+CIEV", "+CTZU=0": "+CTZU"},
    reset_commands=("^SMSO",),
)

PLS8 = replace(
    BGS5,
    name="cinterion-pls8",
    sentence="PLS8, PLS62 (LTE): no status reports at all",
    source=(
        "guide 11: Cinterion BGS2/BGS5/EHS/PLS",
        "guide 3.4: Cinterion LTE, MM",
        "guide 1.1: Cinterion PLS8",
    ),
    model="PLS8-E",
    revision="REVISION 03.011",
    cnmi=((0, 1, 2), (0, 1), (0, 2), (0,), (1,)),
    memories=(("SM", "ME", "MT"), ("SM", "ME", "MT"), ("SM", "ME", "MT")),
    missing=frozenset({"+CCID", "+ICCID"}),
    restart_s=15.0,
    vanishes=True,
    ports=2,
)

PERSONAS = (TC35, MC75, BGS5, PLS8)
