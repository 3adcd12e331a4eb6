"""SIMCom."""

from modemgw.sim.personas.model import Persona

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

PERSONAS = (SIM800,)
