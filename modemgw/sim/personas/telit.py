"""Telit."""

from dataclasses import replace

from modemgw.sim.personas.model import Persona

HE910 = Persona(
    name="telit-he910",
    sentence="HE910, UC864: AT#CCID, #QSS until AT#QSS=0, character set IRA",
    source=(
        "guide 11: Telit HE910/LE910/UC864",
        "guide 3.4: Telit (kb), gammu 272",
        "guide 3.6: Telit",
        "guide 3.2: AT#PCT",
        "guide 1.1: AT#PORTCFG",
    ),
    manufacturer="Telit",
    model="HE910-D",
    revision="12.00.006",
    information=("{model}",),
    echo=True,
    cscs="IRA",
    capacity={"SM": 30, "ME": 99, "SR": 20},
    iccid_commands=("#CCID", "+CCID"),
    iccid_format="{name}: {iccid}",
    missing=frozenset({"+ICCID", "+CESQ", "+CEREG"}),
    noise=("#QSS: 3", "#STN: 33", "SRING: 1"),
    noise_interval_s=60.0,
    noise_off={"#QSS=0": "#QSS", "#STIA=0": "#STN"},
    accepts=frozenset({"#QSS", "#STIA", "#CAT", "#SMSMODE"}),
    says={
        "#PCT": ("#PCT: {pin}",),
        "#PORTCFG?": ("#PORTCFG: 0,0",),
        "#CGMI": ("#CGMI: {manufacturer}",),
    },
    boot_urcs=("#QSS: 3",),
    reset_commands=("#REBOOT", "#ENHRST"),
    restart_s=15.0,
    vanishes=True,
    ports=2,
)

LE910 = replace(
    HE910,
    name="telit-le910",
    sentence="LE910 (LTE): as HE910, at the ports of its own",
    source=("guide 11: Telit HE910/LE910/UC864", "guide 1.1: Telit LE910C1"),
    model="LE910C1-EU",
    revision="25.20.004",
    missing=frozenset({"+ICCID"}),
    says={**HE910.says, "#PORTCFG?": ("#PORTCFG: 8,8",)},
)

PERSONAS = (HE910, LE910)
