"""All commands: importing this file fills the table."""

from modemgw.sim.commands import (
    calls,
    card,
    general,
    identity,
    messages,
    phonebook,
    registration,
    setup,
    storage,
    ussd,
)
from modemgw.sim.commands.table import COMMANDS

__all__ = ["COMMANDS", "SUBJECTS"]

SUBJECTS = (
    general,
    identity,
    card,
    registration,
    setup,
    messages,
    storage,
    phonebook,
    ussd,
    calls,
)
