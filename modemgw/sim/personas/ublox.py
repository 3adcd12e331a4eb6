"""u-blox."""

from dataclasses import replace

from modemgw.sim.personas.model import Persona

SARA = Persona(
    name="ublox-sara",
    sentence="SARA-U2, LISA, LARA: five memories, +CIEV until AT+CMER=0",
    source=(
        "guide 11: u-blox LISA/SARA/TOBY/LARA",
        "guide 3.2: AT+UPINCNT 3,3,10,10",
        "guide 3.6: u-blox, Sierra",
        "guide 2.8: SARA-R4, AT+CMMS",
    ),
    manufacturer="u-blox",
    model="SARA-U201",
    revision="23.60",
    information=("{model}-03S-00", "", "{manufacturer}"),
    echo=True,
    cscs="IRA",
    memories=(("ME", "SM", "SR", "MT", "BM"), ("ME", "SM", "MT"), ("ME", "SM", "MT")),
    capacity={"SM": 30, "ME": 100, "SR": 50, "BM": 10},
    iccid_commands=("+CCID",),
    missing=frozenset({"+ICCID", "+CEREG"}),
    noise=("+CIEV: 2,3", "+UUSTS: 0,0", "+UCALLSTAT: 1,6"),
    noise_interval_s=60.0,
    noise_off={"+CMER=0": "+CIEV"},
    accepts=frozenset({"+UPSV", "+URAT", "+UMWI", "+USTS"}),
    says={"+UPINCNT": ("+UPINCNT: {pin},3,{puk},10",)},
    boot_urcs=("+PBREADY",),
    reset_commands=("+CPWROFF",),
    restart_s=10.0,
    vanishes=True,
    ports=2,
)

TOBY = replace(
    SARA,
    name="ublox-toby",
    sentence="TOBY-L2, TOBY-R2 (LTE): its ports answer 20 s after they are there",
    source=(
        "guide 11: u-blox LISA/SARA/TOBY/LARA",
        "guide 1.1: u-blox TOBY-L2, MM PORT_READY_DELAY",
    ),
    model="TOBY-L210",
    revision="15.90",
    information=("{model}-02S-00", "", "{manufacturer}"),
    missing=frozenset({"+ICCID"}),
    restart_s=25.0,
)

PERSONAS = (SARA, TOBY)
