"""How a simulated modem receives: routed to the wire, stored, or kept away.

The rules of AT+CNMI and AT+CSMS. Spec: 3GPP TS 27.005, 3.4.1 and 3.2.1.
"""

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from modemgw.sim import textmode
from modemgw.sim.network import Arrival
from modemgw.sim.storage import Record, Stat

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

MAX_BUFFERED = 40  # unsolicited results that AT+CNMI mode 0 keeps
ROUTED, BY_CLASS_3 = 2, 3  # <mt>
STORED_REPORTS = 2  # <ds>
CLASS_3, CLASS_2 = 3, 2


class Receiver:
    """Takes TPDUs from the network and does with them what AT+CNMI says."""

    def __init__(self, modem: "SimModem") -> None:
        self._modem = modem
        self._buffer: deque[tuple[str, ...]] = deque(maxlen=MAX_BUFFERED)
        self._owed: Arrival | None = None  # AT+CNMA is awaited for this
        self._owed_count = 0

    def reset(self) -> None:
        """Forget the volatile part after a restart."""
        self._buffer.clear()
        if self._owed is not None:
            owed, self._owed = self._owed, None
            self._modem.network.again(self._modem, owed)

    @property
    def owes_acknowledgement(self) -> bool:
        """AT+CNMA is expected."""
        return self._owed is not None

    def take(self, arrival: Arrival) -> bool:
        """Receive one TPDU; False where the network must keep it for later."""
        if arrival.is_report:
            return self._take_report(arrival)
        mt = self._modem.settings.cnmi[1]
        if mt and self._is_routed(arrival, mt):
            return self._route(arrival, textmode.deliver_lines(self._modem, arrival))
        if self._is_flash(arrival) and self._modem.persona.class0 == "drop":
            arrival.acknowledge()
            return True
        is_class_2 = arrival.deliver is not None and (
            arrival.deliver.message_class == CLASS_2
        )
        memory = "SM" if is_class_2 else self._modem.settings.memories[2]
        notice = self._modem.persona.message_notice if mt else ""
        return self._store(arrival, memory, notice)

    def _take_report(self, arrival: Arrival) -> bool:
        faults, ds = self._modem.faults, self._modem.settings.cnmi[3]
        if faults.reports_during_send and not self._modem.is_sending:
            return False
        if padding := faults.report_padding:
            arrival = replace(arrival, octets=arrival.octets + b"\xff" * padding)
        if ds == STORED_REPORTS:
            persona = self._modem.persona
            memory = persona.report_memory
            if memory not in persona.memories[0]:  # it could never be read
                memory = self._modem.settings.memories[2]
            return self._store(arrival, memory, persona.report_notice)
        if ds:
            return self._route(arrival, textmode.report_lines(self._modem, arrival))
        arrival.acknowledge()  # nobody wants it: acknowledged and dropped
        return True

    def _is_flash(self, arrival: Arrival) -> bool:
        return arrival.deliver is not None and arrival.deliver.message_class == 0

    def _is_routed(self, arrival: Arrival, mt: int) -> bool:
        if self._is_flash(arrival):
            return self._modem.persona.class0 == "route"
        message_class = arrival.deliver and arrival.deliver.message_class
        if mt == BY_CLASS_3:
            return message_class == CLASS_3
        return mt == ROUTED and message_class != CLASS_2

    def _route(self, arrival: Arrival, lines: tuple[str, ...]) -> bool:
        if self._modem.settings.csms != 1:
            self._say(lines)
            arrival.acknowledge()
            return True
        if self._owed is not None:
            return False
        self._owed = arrival
        self._owed_count += 1
        self._say(lines)
        self._modem.later(
            self._modem.persona.ack_timeout_s, self._not_acknowledged, self._owed_count
        )
        return True

    def acknowledge(self, *, accepted: bool = True) -> None:
        """AT+CNMA came: tell the network, unless it gets lost."""
        self._modem.acks += 1
        if self._modem.acks <= self._modem.faults.lost_acks:
            return
        if self._owed is not None:
            owed, self._owed = self._owed, None
            if accepted:
                owed.acknowledge()
                self._modem.network.wake(self._modem)
            else:
                self._modem.network.again(self._modem, owed)

    def _not_acknowledged(self, count: int) -> None:
        """Nobody sent AT+CNMA in time: routing ends, as TS 27.005, 3.4.4 says."""
        if self._owed is None or count != self._owed_count:
            return
        owed, self._owed = self._owed, None
        mode, _, bm, _, bfr = self._modem.settings.cnmi
        self._modem.settings.cnmi = (mode, 0, bm, 0, bfr)
        self._modem.network.again(self._modem, owed)

    def _store(self, arrival: Arrival, memory: str, notice: str) -> bool:
        storage = self._modem.storage(memory)
        index = storage.put(Record(Stat.REC_UNREAD, arrival.octets))
        if index is None:
            if self._modem.persona.full_urc:
                self._modem.urc(self._modem.persona.full_urc.format(memory=memory))
            return False
        if lag_s := self._modem.faults.count_lag_s:
            self._modem.lagging[memory] += 1
            self._modem.later(lag_s, self._caught_up, memory)
        if notice:
            self._say((notice.format(memory=memory, index=index),))
        arrival.acknowledge()
        return True

    def _caught_up(self, memory: str) -> None:
        self._modem.lagging[memory] -= 1

    def _say(self, lines: tuple[str, ...]) -> None:
        if self._modem.settings.cnmi[0] == 0:
            self._buffer.append(lines)
        else:
            self._modem.urc(*lines)

    def set_cnmi(self, cnmi: tuple[int, int, int, int, int]) -> None:
        """Change AT+CNMI; the buffer is flushed or cleared as <bfr> says."""
        self._modem.settings.cnmi = cnmi
        mode, bfr = cnmi[0], cnmi[4]
        if mode and not bfr:
            for lines in self._buffer:
                self._modem.urc(*lines)
        if mode:
            self._buffer.clear()
