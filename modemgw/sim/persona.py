"""Every persona by its name."""

from collections.abc import Mapping

from modemgw.sim.personas import (
    generic,
    huawei,
    others,
    quectel,
    siemens,
    sierra,
    simcom,
    telit,
    ublox,
    zte,
)
from modemgw.sim.personas.generic import GENERIC, STUBBORN
from modemgw.sim.personas.model import Persona

__all__ = ["ALIASES", "GENERIC", "NAMES", "PERSONAS", "STUBBORN", "Persona"]

_MAKERS = (
    *(generic, huawei, zte, simcom, quectel, sierra, telit, ublox, siemens),
    others,
)

PERSONAS: Mapping[str, Persona] = {
    persona.name: persona for maker in _MAKERS for persona in maker.PERSONAS
}
ALIASES: Mapping[str, str] = {"huawei": "huawei-e3372"}
NAMES: Mapping[str, Persona] = {  # what may be written in a scenario
    **PERSONAS,
    **{alias: PERSONAS[name] for alias, name in ALIASES.items()},
}
