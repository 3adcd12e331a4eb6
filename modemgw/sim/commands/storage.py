"""Stored messages: AT+CMGR, AT+CMGL, AT+CMGD."""

from typing import TYPE_CHECKING

from modemgw.sim.answers import Refused, cms
from modemgw.sim.commands.table import Answer, command, number
from modemgw.sim.line import Call, Form
from modemgw.sim.storage import STAT_WORDS, Stat
from modemgw.sim.textmode import record_lines

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

ALL = 4
_WORDS = {word: int(stat) for stat, word in STAT_WORDS.items()} | {"ALL": ALL}
# <delflag> of AT+CMGD: which messages go besides the one at the index.
_DELETED = {
    0: frozenset[Stat](),
    1: frozenset({Stat.REC_READ}),
    2: frozenset({Stat.REC_READ, Stat.STO_SENT}),
    3: frozenset({Stat.REC_READ, Stat.STO_SENT, Stat.STO_UNSENT}),
    4: frozenset(Stat),
}


@command("+CMGR", card="CMS")
def read(modem: "SimModem", call: Call) -> Answer:
    """Read one message of mem1; unread becomes read, unless asked not to."""
    if call.form is Form.TEST:
        return []
    storage = modem.storage(modem.settings.memories[0])
    arguments = call.arguments()
    index = number(arguments[0], storage.indices, cms(321))
    record = storage.slots.get(index)
    if record is None:
        if modem.persona.empty_slot == "ok":
            return []
        raise cms(321)
    lines = record_lines(modem, record)
    if record.stat is Stat.REC_UNREAD and arguments[1:2] != ["1"]:
        record.stat = Stat.REC_READ
    return lines


@command("+CMGL", card="CMS")
def listing(modem: "SimModem", call: Call) -> Answer:
    """List the messages of mem1 with one status, or all."""
    is_text = modem.settings.cmgf == 1
    if call.form is Form.TEST:
        if is_text:
            return ["+CMGL: (" + ",".join(f'"{word}"' for word in _WORDS) + ")"]
        return ["+CMGL: (0-4)"]
    arguments = call.arguments()
    if is_text:
        wanted = _WORDS.get(arguments[0].upper() or "REC UNREAD")
        if wanted is None:
            raise cms(305)
    else:
        wanted = number(arguments[0] or "0", range(5), cms(305))
    lines: list[str] = []
    for index, record in modem.storage(modem.settings.memories[0]).listed():
        if wanted in (ALL, record.stat):
            lines += record_lines(modem, record, index=index)
            if record.stat is Stat.REC_UNREAD and arguments[1:2] != ["1"]:
                record.stat = Stat.REC_READ
    return lines


@command("+CMGD", card="CMS")
def delete(modem: "SimModem", call: Call) -> Answer:
    """Delete one message of mem1, or all with certain statuses."""
    storage = modem.storage(modem.settings.memories[0])
    if call.form is Form.TEST:
        used = ",".join(str(index) for index, _ in storage.listed())
        return [f"+CMGD: ({used}),(0-4)"]
    modem.deletes += 1
    if modem.deletes <= modem.faults.ignore_deletes:
        raise Refused
    arguments = [*call.arguments(), "0"]
    flag = number(arguments[1] or "0", range(5), cms(305))
    if not flag:
        index = number(arguments[0], storage.indices, cms(321))
        storage.remove(index)
    else:
        doomed = _DELETED[flag]
        storage.keep(lambda record: record.stat not in doomed)
    modem.network.wake(modem)
    return []
