"""A modem at the wire: bytes in, bytes out, time from the running loop.

It has no idea who talks to it. What it is stands in `persona`, what goes wrong in
`faults`; what it answers lives in modemgw.sim.commands.
"""

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from modemgw.sim.acts import ACTS
from modemgw.sim.answers import Refused, cme, cms
from modemgw.sim.balances import DEFAULT
from modemgw.sim.calls import Calls
from modemgw.sim.card import PIN_TRIES, Card
from modemgw.sim.faults import NO_FAULTS, Faults
from modemgw.sim.interpreter import Body, Interpreter
from modemgw.sim.latency import Latency
from modemgw.sim.network import Arrival, Network
from modemgw.sim.personas.generic import GENERIC
from modemgw.sim.personas.model import Persona
from modemgw.sim.plugging import PULL_S, Socket
from modemgw.sim.receiving import Receiver
from modemgw.sim.settings import Settings
from modemgw.sim.storage import Combined, Storage
from modemgw.sim.stored import fill

SERVED = frozenset({1, 5, 6, 7})  # <stat> of +CREG with which SMS works
MAX_SENT = 100_000  # TPDUs kept for whoever looks at them
WITH_CELL = 2  # AT+CREG=2: with location area and cell
_LOCKED = {"SIM PIN": 1, "SIM PUK": 2}  # offsets of CME 11, 12 and CMS 311, 316


class SimModem:
    """One modem with its card, on one network.

    `write` is set by the wire and takes what the modem says. `sent` keeps SCA and
    TPDU of every message that went to the network, `submits` counts all that
    reached their TPDU, refused ones too. `socket` is where it is plugged in.
    """

    def __init__(
        self,
        network: Network,
        *,
        imei: str,
        iccid: str,
        imsi: str,
        number: str,
        name: str = "",
        pin: str | None = None,
        pin_tries: int = PIN_TRIES,
        stat: int = 1,
        credit: int | None = None,
        balance: str = DEFAULT,
        persona: Persona = GENERIC,
        faults: Faults = NO_FAULTS,
        latency: Latency | float | None = None,
    ) -> None:
        self.network = network
        self.name = name or imei
        self.imei = imei
        self.persona = persona
        self.faults = faults
        self.latency = network.latency if latency is None else Latency.of(latency)
        self.card: Card | None = Card(
            iccid,
            imsi,
            number,
            pin=pin,
            pin_tries=pin_tries,
            credit=credit,
            balance=balance,
            sm=self._storage("SM"),
        )
        self.socket: Socket | None = None
        self.sent: list[bytes] = []
        self.submits = 0
        self.submitting = 0  # TPDUs whose result is awaited
        self.accepted_at: float | None = None  # when +CMGS was said last; loop time
        self.own_tp_mr = 255  # Persona.references
        self.deletes = 0  # AT+CMGD seen, for Faults.ignore_deletes
        self.me = self._storage("ME")
        self.sr = self._storage("SR")
        self.bm = self._storage("BM")  # cell broadcasts: there are none
        self.radio = 1  # AT+CFUN
        self.acks = 0  # AT+CNMA seen, for Faults.lost_acks
        self.lagging: Counter[str] = Counter()  # Faults.count_lag_s, by memory
        self.sibling_heard = False  # for Faults.sibling_freeze
        self.stat = stat  # <stat> of +CREG while the radio is on
        self.csq = 23
        self.clock_offset_ms = 0  # AT+CCLK
        self.ussd_menu = False  # a USSD session waits for a reply
        self.ussd_plain = False  # Persona.ussd_plain was sent
        self.silenced: set[str] = set()  # commands of Persona.noise_off that were sent
        self.profile: Settings | None = None  # AT&W
        self.settings = Settings.of(persona)
        self.receiver = Receiver(self)
        self.calls = Calls(self)
        self.ports = [Interpreter(self, at) for at in range(persona.ports)]
        self.interpreter = self.ports[0]  # the port whose command is being answered
        self._engaged: Interpreter | None = None  # the port whose command is pending
        self._moments: Counter[str] = Counter()
        self.is_powered = False
        self._is_booting = False
        self._epoch = 0
        fill(self)
        self.power_on()

    @property
    def write(self) -> Callable[[bytes], None]:
        """Return what takes the octets of the first port."""
        return self.ports[0].write

    @write.setter
    def write(self, write: Callable[[bytes], None]) -> None:
        self.ports[0].write = write

    # --- power and registration

    def power_on(self) -> None:
        """Start the modem: settings as saved, the card locked where it has a PIN."""
        self.is_powered = True
        self._epoch += 1
        self.settings = copy.deepcopy(self.profile or Settings.of(self.persona))
        self.radio = 1
        self.ussd_menu = self.ussd_plain = False
        self.silenced.clear()
        self.receiver.reset()
        self.calls.reset()
        self.sibling_heard = False
        self.submitting = 0
        self.own_tp_mr = 255
        self.lagging.clear()
        self._engaged = None
        for port in self.ports:
            port.reset(stuck=self.faults.stuck_prompt and port is self.ports[0])
        if self.card is not None:
            self.card.unlocked = False
        self._is_booting = self.persona.boot_s > 0
        if self._is_booting:
            self.later(self.persona.boot_s, self._booted)
        else:
            self._booted()

    def _booted(self) -> None:
        self._is_booting = False
        for line in self.persona.boot_urcs:
            self.urc(line)
        for lines, interval_s in (
            (self.persona.noise, self.persona.noise_interval_s),
            (self.faults.noise, self.faults.noise_interval_s),
        ):
            if lines and interval_s > 0:
                can_end = lines is self.persona.noise
                self.later(interval_s, self._noise, lines, interval_s, 0, can_end)
        self.network.attach(self)

    def power_off(self) -> None:
        """Cut the power: whatever was at work is gone, nothing is said."""
        self.is_powered = False
        self._epoch += 1

    def reboot(self) -> None:
        """Restart, as after a brown-out or AT+CFUN=1,1."""
        self.power_off()
        self.power_on()

    def start_later(self, delay_s: float) -> None:
        """Be without power for a while, as a modem that is plugged in later."""
        self.power_off()
        asyncio.get_running_loop().call_later(delay_s, self._restarting, self._epoch)

    def restart(self) -> None:
        """Restart and take the time that this model needs; USB sticks vanish."""
        restart_s = self.persona.restart_s
        if restart_s <= 0:
            self.reboot()
            return
        self.power_off()
        loop, epoch = asyncio.get_running_loop(), self._epoch
        if self.persona.vanishes:
            loop.call_later(min(PULL_S, restart_s / 2), self._vanish, epoch)
        loop.call_later(restart_s, self._restarting, epoch)

    def _vanish(self, epoch: int) -> None:
        if epoch == self._epoch and self.socket is not None:
            self.socket.take_away(self)

    def _restarting(self, epoch: int) -> None:
        if epoch == self._epoch:  # otherwise pulled or started by hand meanwhile
            if self.socket is not None:
                self.socket.bring_back(self)
            self.power_on()

    def insert(self, card: Card | None) -> None:
        """Change the SIM (None: take it out); the modem restarts."""
        self.power_off()
        self.card = card
        self.power_on()

    @property
    def registration(self) -> int:
        """The <stat> that AT+CREG? shows now."""
        return self.stat if self.radio == 1 and self.card_wants() == "READY" else 0

    @property
    def is_served(self) -> bool:
        """The network can reach it and it can reach the network."""
        return self.is_powered and not self._is_booting and self.registration in SERVED

    def register(self, stat: int) -> None:
        """Change the registration, with the unsolicited lines that were asked for."""
        self.stat = stat
        self.announce_registration()

    def announce_registration(self) -> None:
        """Say the registration where asked for, and fetch what waits."""
        for name, level in self.settings.reporting.items():
            if level:
                self.urc(f"{name}: {self.registration}{self.cell(level)}")
        self.network.attach(self)

    def cell(self, level: int) -> str:
        """Location area, cell and radio technology as +CREG appends them."""
        shown = level >= WITH_CELL and self.registration in SERVED
        return ',"00C8","0001A2B3",7' if shown else ""

    # --- the card and the memories

    def card_wants(self) -> str:
        """What AT+CPIN? would say; "" without a card."""
        return self.card.wants if self.card is not None else ""

    def require_card(self, kind: str) -> Card:
        """Return the card, or refuse because it is not there or still locked."""
        if self.card is not None and self.card.wants == "READY":
            return self.card
        code = _LOCKED.get(self.card_wants(), 0)
        raise cms((310, 311, 316)[code]) if kind == "CMS" else cme(10 + code)

    def storage(self, name: str) -> Storage | Combined:
        """Return a memory by its name in AT+CPMS."""
        if name == "SM" or (name == "ME" and self.persona.me_is_sm):
            return self.require_card("CMS").sm
        if name == "MT":
            return Combined(self.me, self.require_card("CMS").sm)
        return {"SR": self.sr, "BM": self.bm}.get(name, self.me)

    def _storage(self, name: str) -> Storage:
        return Storage(
            name,
            self.persona.capacity.get(name, 50),
            self.persona.first_index.get(name, 1),
        )

    # --- the network's side

    @property
    def is_sending(self) -> bool:
        """A TPDU is at the network and its result was not said."""
        return self.submitting > 0

    def idle_s(self) -> float | None:
        """Return how long ago +CMGS was said last; None: never."""
        if self.accepted_at is None:
            return None
        return asyncio.get_running_loop().time() - self.accepted_at

    def take(self, arrival: Arrival) -> bool:
        """Receive one TPDU; False where it must wait at the network."""
        return self.is_served and self.receiver.take(arrival)

    def remember_sent(self, octets: bytes) -> None:
        """Add to `sent`; a modem that runs for weeks forgets the oldest half."""
        if len(self.sent) >= MAX_SENT:
            del self.sent[: MAX_SENT // 2]
        self.sent.append(octets)

    # --- the wire's side

    def data_received(self, data: bytes) -> None:
        """Take octets from whoever holds the other end of the first port."""
        self.ports[0].data_received(data)

    @property
    def listens(self) -> bool:
        """It has power and has started."""
        return self.is_powered and not self._is_booting

    def urc(self, *lines: str) -> None:
        """Say something unasked: one line, or a header and its PDU."""
        if self.is_powered:
            self.ports[0].urc(*lines)

    def engage(self) -> None:
        """Begin what takes time; Refused while another port does such a thing."""
        if self._engaged not in (None, self.interpreter):
            raise cms(302)
        self._engaged = self.interpreter

    def _disengage(self) -> Interpreter:
        engaged, self._engaged = self._engaged or self.ports[0], None
        self.interpreter = engaged
        return engaged

    def ask(self, body: Body) -> None:
        """Show the prompt of the command in flight."""
        self.engage()
        self.interpreter.ask(body)

    def complete(self, info: Sequence[str] = ()) -> None:
        """Give the answer of the command in flight."""
        self._disengage().complete(info)

    def refuse(self, refused: Refused) -> None:
        """Refuse the command in flight."""
        self._disengage().refuse(refused)

    def forget(self) -> None:
        """End the command in flight without a word."""
        self._disengage().forget()

    # --- time and trouble

    def now_ms(self) -> int:
        """Return the time of the modem's own clock."""
        return self.network.clock.now_ms() + self.clock_offset_ms

    def later(self, delay_s: float, act: Callable[..., None], *args: Any) -> None:
        """Do something after a while, unless the power was cut meanwhile."""
        asyncio.get_running_loop().call_later(
            delay_s, self._due, self._epoch, act, args
        )

    def _due(self, epoch: int, act: Callable[..., None], args: tuple[Any, ...]) -> None:
        if epoch == self._epoch:
            act(*args)

    def _noise(
        self, lines: Sequence[str], interval_s: float, turn: int, can_end: bool
    ) -> None:
        if can_end:
            lines = [line for line in lines if not self._is_silenced(line)]
            if not lines:
                return
        self.urc(lines[turn % len(lines)])
        self.later(interval_s, self._noise, lines, interval_s, turn + 1, can_end)

    def set_faults(self, **changes: Any) -> None:
        """Replace single fields of the faults while the modem runs."""
        self.faults = replace(self.faults, **changes)

    def _is_silenced(self, line: str) -> bool:
        return any(
            line.startswith(start)
            for command, start in self.persona.noise_off.items()
            if command in self.silenced
        )

    def lift_faults(self) -> None:
        """Let nothing go wrong any more."""
        self.faults = NO_FAULTS

    def moment(self, when: str) -> None:
        """Let happen what Faults.moments wants at this moment."""
        self._moments[when] += 1
        for moment in self.faults.moments:
            if moment.when == when and (
                not moment.nth or self._moments[when] in moment.nth
            ):
                ACTS[moment.do](self, moment.what)
