"""Registration, signal and operator: asked now and then, corrected by URCs."""

from modemgw.at import answers, commands
from modemgw.at.parser import Urc
from modemgw.modem.asking import Asker
from modemgw.modem.facts import Facts


async def poll(asker: Asker, facts: Facts) -> None:
    """Ask for everything that changes by itself, one command at a time."""
    before = facts.registration
    neither = not (facts.answers_creg or facts.answers_cereg)  # perhaps it can now
    if facts.answers_creg or neither:
        facts.answers_creg = await _registration(asker, facts, "creg")
    if facts.answers_cereg or neither:
        facts.answers_cereg = await _registration(asker, facts, "cereg")
    facts.signal_dbm = await asker.ask(commands.SIGNAL)
    if facts.is_registered and (facts.operator is None or before != facts.registration):
        facts.operator = await asker.ask(commands.OPERATOR)


async def _registration(asker: Asker, facts: Facts, which: str) -> bool:
    is_creg = which == "creg"
    command = commands.REGISTRATION if is_creg else commands.REGISTRATION_EPS
    level, stat = await asker.ask(command) or (None, None)
    if level is not None and facts.levels.setdefault(which, level) != level:
        facts.levels[which] = level
        facts.are_doubted = True  # back to its default: it restarted without a word
    if is_creg:
        facts.creg = stat if stat is not None else facts.creg
    else:
        facts.cereg = stat if stat is not None else facts.cereg
    return stat is not None or (facts.creg if is_creg else facts.cereg) is not None


def hear(urc: Urc, facts: Facts) -> bool:
    """Take registration from a URC; tell whether it was one."""
    if urc.text.startswith("+CREG:"):
        stat = answers.unasked_registration_of(urc.text)
        facts.creg = stat if stat is not None else facts.creg
        return True
    if urc.text.startswith("+CEREG:"):
        stat = answers.unasked_registration_of(urc.text)
        facts.cereg = stat if stat is not None else facts.cereg
        return True
    return False
