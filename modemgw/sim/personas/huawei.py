"""Huawei."""

from modemgw.sim.personas.model import Persona

HUAWEI = Persona(
    name="huawei-e3372",
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
    noise_off={"^CURC=0": ""},
    accepts=frozenset({"^CURC", "^PORTSEL", "^USSDMODE", "^CVOICE", "^DSCI"}),
)

PERSONAS = (HUAWEI,)
