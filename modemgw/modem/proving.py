"""Reads the settings back after they were made: what a modem says OK to, it may
not keep.

What it will not tell stays unproved and is no fault. Where messages arrive in
another memory than was asked for, that memory is believed.
"""

from modemgw.at import commands
from modemgw.at.answers import Storage
from modemgw.modem.asking import Asker
from modemgw.modem.facts import Facts, Memories
from modemgw.modem.memories import all_of
from modemgw.modem.model import Proof

_ARRIVING = 2  # the third memory of AT+CPMS


async def prove(asker: Asker, facts: Facts) -> tuple[Proof, ...]:
    """Return a proof for each setting that messages depend on."""
    return (
        await _mode(asker),
        await _service(asker, facts),
        await _memories(asker, facts.memories),
        _routing(facts),
    )


async def _mode(asker: Asker) -> Proof:
    said = await asker.ask(commands.PDU_MODE_STATE)
    if said == 1 and await asker.does(commands.PDU_MODE):
        said = await asker.ask(commands.PDU_MODE_STATE)
    return _proof("AT+CMGF", "0", None if said is None else str(said))


async def _service(asker: Asker, facts: Facts) -> Proof:
    said = facts.service
    if said:  # it was changed, or cannot be left
        said = await asker.ask(commands.SERVICE)
    wanted = "1" if facts.must_acknowledge else "0"
    return _proof("AT+CSMS", wanted, None if said is None else str(said))


async def _memories(asker: Asker, memories: Memories) -> Proof:
    if memories.arriving is None or memories.arity == 0:
        return Proof("AT+CPMS", "", None, None)
    wanted = [memories.reading, memories.writing, memories.arriving]
    storages = await asker.ask(commands.STORAGES) or ()
    said = [storage.name for storage in storages]
    if len(said) > _ARRIVING and said[_ARRIVING] not in (None, memories.arriving):
        # Set with fewer arguments, or not followed: a stick that says ME, ME and
        # delivers to SM is deaf once the card is full.
        names = [name or "" for name in wanted]
        again: tuple[Storage, ...] = ()
        if await asker.does(commands.use_storages(*names)):
            again = await asker.ask(commands.STORAGES) or ()
            said = [storage.name for storage in again] or said
        if said[_ARRIVING:] and said[_ARRIVING] != memories.arriving:
            memories.arriving = said[_ARRIVING]
            memories.all = all_of(memories)
    named = wanted[: len(said)]
    told = ",".join(name or "?" for name in said) if any(said) else None
    return _proof("AT+CPMS", ",".join(name or "?" for name in named or wanted), told)


def _routing(facts: Facts) -> Proof:
    said = facts.cnmi.replace(" ", "") if facts.cnmi else None
    if facts.cnmi_set is None:
        return Proof("AT+CNMI", "", said, None)
    return Proof("AT+CNMI", facts.cnmi_set, said, None if said is None else True)


def _proof(setting: str, wanted: str, said: str | None) -> Proof:
    return Proof(setting, wanted, said, None if said is None else said == wanted)
