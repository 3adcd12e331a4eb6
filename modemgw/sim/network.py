"""The network between the simulated modems: a service centre and its subscribers.

It takes what modems submit, delivers to the modems whose number was dialled,
sends status reports, brings messages from outside, and keeps what a modem cannot
take now until it can. Everything random comes from one seed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from modemgw.clock import Clock, SystemClock
from modemgw.pdu.address import Address
from modemgw.pdu.dcs import Dcs
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.report import StatusReport
from modemgw.pdu.segment import Segments, segment
from modemgw.pdu.submit import Submit
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Udh
from modemgw.pdu.userdata import UserData
from modemgw.sim.card import Card
from modemgw.sim.identity import iccid_of, imsi_of, number_of
from modemgw.sim.journal import Journal
from modemgw.sim.latency import Latency
from modemgw.sim.sandbox import ANYBODY, DELIVERED, EXPIRED, SANDBOX, Behaviour, digits
from modemgw.sim.storage import Storage

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

SPARE_CARDS = 9_000  # numbers of cards that no modem has at the start
RETRY_S = 30.0  # after a modem did not acknowledge; a real SMSC takes minutes
NO_CREDIT = 21  # short message transfer rejected: what prepaid networks answer


@dataclass(slots=True)
class Arrival:
    """One TPDU on its way to a modem. `acknowledge` is called once it is taken.

    `deliver` is what the octets say, None for reports and for raw octets.
    """

    octets: bytes  # SCA and TPDU
    is_report: bool = False
    deliver: Deliver | None = None
    acknowledge: Callable[[], None] = lambda: None

    @property
    def tpdu_length(self) -> int:
        """Octets without the SCA."""
        return len(self.octets) - 1 - self.octets[0]


@dataclass(slots=True)
class _Subscriber:
    """A SIM as the network knows it: where it is, and what waits for it."""

    card: Card
    modem: "SimModem | None" = None
    waiting: deque[Arrival] = field(default_factory=deque)


class Network:
    """One service centre that all modems of a run share.

    `lost_messages` and `lost_reports` are probabilities: a lost message is
    accepted and never heard of again, a lost report leaves the message
    delivered. `submitted` counts the TPDUs that were accepted.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        latency: Latency | float = 0.2,
        report_latency: Latency | float = 1.0,
        lost_messages: float = 0.0,
        lost_reports: float = 0.0,
        journal: Path | None = None,
        name: str = "Sim Mobile",
    ) -> None:
        self.clock = clock or SystemClock()
        self.random = Random(seed)  # noqa: S311 - a simulation must be repeatable
        self.latency = Latency.of(latency)
        self.report_latency = Latency.of(report_latency)
        self.lost_messages = lost_messages
        self.lost_reports = lost_reports
        self.name = name
        self.submitted = 0
        self._journal = Journal(journal) if journal is not None else None
        self._subscribers: dict[str, _Subscriber] = {}  # by IMSI
        self._numbers: dict[str, str] = {}  # digits -> IMSI
        self.clock_offset_ms = 0  # of the service centre, against the clock
        self._concat_ref = 0
        self._cards = 0  # made by another_card

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def now_ms(self) -> int:
        """Return the time of the service centre."""
        return self.clock.now_ms() + self.clock_offset_ms

    # --- modems

    def attach(self, modem: "SimModem") -> None:
        """Note where a SIM is, and bring what waits for it if it can be reached."""
        if (card := modem.card) is None:
            return
        subscriber = self._subscriber(card)
        subscriber.modem = modem
        if subscriber.waiting:
            asyncio.get_running_loop().call_soon(self._offer, subscriber)

    def another_card(self, modem: "SimModem") -> Card:
        """Make a card that nobody has, of the size that this modem's has."""
        self._cards += 1
        index = SPARE_CARDS + self._cards
        size = modem.card.sm if modem.card is not None else Storage("SM", 30)
        return Card(
            iccid_of(index),
            imsi_of(index),
            number_of(index),
            sm=Storage("SM", size.capacity, size.first),
        )

    wake = attach  # room was made, or an acknowledgement came

    def _subscriber(self, card: Card) -> _Subscriber:
        known = self._subscribers.get(card.imsi)
        if known is None:
            known = self._subscribers[card.imsi] = _Subscriber(card)
            self._numbers[digits(card.number)] = card.imsi
        return known

    def again(self, modem: "SimModem", arrival: Arrival) -> None:
        """Bring something once more that was not acknowledged in time."""
        if modem.card is not None:
            subscriber = self._subscriber(modem.card)
            subscriber.waiting.appendleft(arrival)
            asyncio.get_running_loop().call_later(RETRY_S, self._offer, subscriber)

    def _post(self, subscriber: _Subscriber, arrival: Arrival) -> None:
        subscriber.waiting.append(arrival)
        self._offer(subscriber)

    def _offer(self, subscriber: _Subscriber) -> None:
        modem, waiting = subscriber.modem, subscriber.waiting
        while waiting and modem is not None and modem.card is subscriber.card:
            arrival = waiting.popleft()  # first: taking may lead back here
            if not modem.take(arrival):
                waiting.appendleft(arrival)
                return

    # --- what modems submit

    def submit(
        self,
        modem: "SimModem",
        card: Card,
        submit: Submit,
        octets: bytes,
        tp_mr: int,
        *,
        after_s: float,
        early_report: bool = False,
    ) -> int | None:
        """Take a message, or return the RP cause why not.

        The message counts as accepted `after_s` from now, when the modem says
        so; `early_report` lets its report overtake that answer.
        """
        recipient = digits(submit.recipient.text)
        behaviour = SANDBOX.get(recipient, ANYBODY)
        cause = behaviour.refuse
        if cause is None and not card.charge():
            cause = NO_CREDIT
        is_lost = bool(self.lost_messages) and self.random.random() < self.lost_messages
        self._note(modem, card, submit, octets, tp_mr, after_s, cause, is_lost)
        if cause is not None:
            return cause
        if behaviour is ANYBODY and modem.faults.report_statuses:
            behaviour = Behaviour.in_turn(modem.faults.report_statuses)
        self.submitted += 1
        if not is_lost:
            loop = asyncio.get_running_loop()
            told = submit.recipient
            if national := modem.faults.national_reports:
                told = without_country(told, national)
            item = _Accepted(self._subscriber(card), submit, tp_mr, told)
            if early_report:
                self._report(item, DELIVERED)
            elif (imsi := self._numbers.get(recipient)) is not None:
                wait_s = after_s + self.report_latency.draw(self.random)
                loop.call_later(wait_s, self._deliver, item, self._subscribers[imsi])
            elif submit.report_requested:
                loop.call_later(after_s, self._follow, item, behaviour, 0)
        return None

    def _note(
        self,
        modem: "SimModem",
        card: Card,
        submit: Submit,
        octets: bytes,
        tp_mr: int,
        after_s: float,
        cause: int | None,
        is_lost: bool,
    ) -> None:
        if self._journal is None:
            return
        outcome = "lost" if is_lost else "accepted"
        self._journal.note(
            submit,
            octets,
            at=self.now_ms(),
            modem=modem.name,
            imsi=card.imsi,
            number=card.number,
            tp_mr=tp_mr,
            latency_s=after_s,
            idle_s=modem.idle_s(),
            outcome=outcome if cause is None else f"refused {cause}",
        )

    def _follow(self, item: "_Accepted", behaviour: Behaviour, nth: int) -> None:
        """Wait for the nth report of this number's behaviour."""
        if not nth:
            item.accepted_ms = self.now_ms()
        if nth < len(behaviour.reports):
            wait_s, status = behaviour.reports[nth]
            if wait_s is None:
                wait_s = self.report_latency.draw(self.random)
            asyncio.get_running_loop().call_later(
                wait_s, self._reported, item, behaviour, nth, status
            )

    def _reported(
        self, item: "_Accepted", behaviour: Behaviour, nth: int, status: int
    ) -> None:
        self._report(item, status)
        self._follow(item, behaviour, nth + 1)

    def _report(self, item: "_Accepted", status: int) -> None:
        if not item.submit.report_requested:
            return
        if self.lost_reports and self.random.random() < self.lost_reports:
            return
        now_ms = self.now_ms()
        report = StatusReport(
            item.tp_mr,
            item.told,
            Timestamp.from_unix(item.accepted_ms or now_ms),
            Timestamp.from_unix(now_ms),
            status,
            sca=Address.dialled(item.sender.card.smsc),
        )
        self._post(item.sender, Arrival(report.encode(), is_report=True))

    # --- what modems receive

    def _deliver(self, item: "_Accepted", recipient: _Subscriber) -> None:
        """Bring a message from one SIM to another; the report follows the receipt."""
        item.accepted_ms = now_ms = self.now_ms()
        deliver = Deliver(
            Address.dialled(item.sender.card.number),
            Timestamp.from_unix(now_ms),
            item.submit.user_data,
            item.submit.pid,
            sca=Address.dialled(recipient.card.smsc),
        )
        arrival = Arrival(
            deliver.encode(),
            deliver=deliver,
            acknowledge=lambda: self._report(item, DELIVERED),
        )
        self._post(recipient, arrival)
        if arrival in recipient.waiting and (left_s := self._validity_s(item.submit)):
            asyncio.get_running_loop().call_later(
                left_s, self._expire, item, recipient, arrival
            )

    def _validity_s(self, submit: Submit) -> float | None:
        """Return how long a message may wait, None where it says nothing."""
        if submit.validity is None:
            return None
        if submit.validity.period is not None:
            return submit.validity.period.total_seconds()
        until = submit.validity.until
        if until is None or until.unix_ms is None:
            return None
        return max(0.001, (until.unix_ms - self.now_ms()) / 1000)

    def _expire(
        self, item: "_Accepted", recipient: _Subscriber, arrival: Arrival
    ) -> None:
        if arrival in recipient.waiting:
            recipient.waiting.remove(arrival)
            self._report(item, EXPIRED)

    def inbound(
        self,
        modem: "SimModem",
        sender: str,
        text: str | Segments,
        *,
        message_class: int | None = None,
        concat_ref: int | None = None,
        order: Sequence[int] | None = None,
        ago: timedelta = timedelta(),
        pid: int = 0,
    ) -> None:
        """Bring a message from outside to the SIM in this modem, in as many parts.

        `order` names the parts to bring (from 1): in another order, twice, or
        not all of them. `ago` makes the service centre's time stamp older.
        A sender that is no number is an alphanumeric one.
        """
        if modem.card is None:
            return
        segments = segment(text) if isinstance(text, str) else text
        if concat_ref is None:
            self._concat_ref = concat_ref = (self._concat_ref + 1) % 256
        scts = Timestamp.from_unix(self.now_ms() - ago // timedelta(milliseconds=1))
        for seq in order or range(1, len(segments) + 1):
            elements = segments.elements
            if len(segments) > 1:
                concat = Concat(concat_ref, len(segments), seq, segments.wide)
                elements = (concat.element(), *elements)
            deliver = Deliver(
                address(sender),
                scts,
                UserData(
                    Dcs.of(segments.alphabet, message_class),
                    segments.parts[seq - 1].payload,
                    Udh(elements) if elements else None,
                ),
                pid,
                sca=Address.dialled(modem.card.smsc),
            )
            arrival = Arrival(deliver.encode(), deliver=deliver)
            self._post(self._subscriber(modem.card), arrival)

    def inbound_octets(
        self, modem: "SimModem", octets: bytes, *, is_report: bool = False
    ) -> None:
        """Bring SCA and TPDU as they are, however damaged."""
        if modem.card is not None:
            self._post(self._subscriber(modem.card), Arrival(octets, is_report))


@dataclass(slots=True)
class _Accepted:
    """A message that the service centre has taken."""

    sender: _Subscriber
    submit: Submit
    tp_mr: int
    told: Address  # the recipient as reports name it
    accepted_ms: int = 0


def address(sender: str) -> Address:
    """Return the address of a sender: a number as dialled, or a name."""
    if sender.removeprefix("+").isdecimal():
        return Address.dialled(sender)
    return Address.alphanumeric(sender)


def without_country(recipient: Address, code: str) -> Address:
    """Return the address as it is dialled within its country."""
    if not recipient.text.startswith(code):
        return recipient
    return Address.dialled("0" + recipient.text.removeprefix(code))
