"""The settings of one simulated modem: what ATZ restores and a power cut loses."""

from dataclasses import dataclass, field
from typing import Self

from modemgw.sim.personas.model import Persona


@dataclass(slots=True)
class Settings:
    """Everything that an AT command sets and a restart forgets."""

    echo: bool
    verbose: bool
    quiet: bool
    cmee: int
    cmgf: int = 0
    cnmi: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    csms: int = 0
    cmms: int = 0
    cscs: str = "GSM"
    csdh: int = 0
    csmp: tuple[int, int, int, int] = (17, 167, 0, 0)  # fo, vp, pid, dcs
    clip: int = 0
    crc: int = 0
    cusd: int = 0
    cops_format: int = 0
    phonebook: str = "SM"
    registers: dict[str, int] = field(default_factory=dict)  # S3, S4 …
    reporting: dict[str, int] = field(default_factory=dict)  # +CREG, +CEREG … -> n
    memories: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, persona: Persona) -> Self:
        """Return what this model has behind its factory gate."""
        return cls(
            echo=persona.echo,
            verbose=persona.verbose,
            quiet=persona.quiet,
            cmee=persona.cmee,
            csms=persona.csms[0],
            cscs=persona.cscs,
            memories=list(persona.default_memories),
        )
