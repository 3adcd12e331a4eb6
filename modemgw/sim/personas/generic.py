"""Modems of no maker: one without peculiarities, and one that has all legal ones."""

from modemgw.sim.personas.model import Persona

GENERIC = Persona(
    sentence="a modem without peculiarities, echo off",
    source=("TS 27.005", "TS 27.007", "guide 14"),
)

# Legal in every point, and unlike the generic one wherever the standard leaves a
# choice: what a gateway meets that was only tried against one modem.
STUBBORN = Persona(
    name="stubborn",
    sentence="legal and unlike the generic one wherever the standard leaves a choice",
    source=("TS 27.005", "guide 2.2", "guide 3.4", "guide 6.2"),
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

PERSONAS = (GENERIC, STUBBORN)
