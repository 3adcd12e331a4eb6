"""The card and its PIN: from AT+CPIN? to a card that is ready.

A PIN goes out once per card; modem/pins.py has the memory for that. Where the
family tells how many tries are left, the last one is never used up by us. What
only a person can do parks the modem, with a sentence that says what to do.
"""

import asyncio

from modemgw.at import codes, commands
from modemgw.errors import AtError, AtTimeout
from modemgw.modem.asking import Asker
from modemgw.modem.facts import Facts
from modemgw.modem.faults import Blocked
from modemgw.modem.model import ModemSettings
from modemgw.modem.pins import Tried

BUSY_PAUSE_S = 2.0
BUSY_TRIES = 20  # a SIM needs 5 to 30 s after its PIN
GONE_TRIES = 3  # A7670 says "SIM failure" once at boot and is ready a second later
ALL_TRIES = 3  # of a PIN that nobody got wrong. Spec: 3GPP TS 31.101, 9.5
LOOKS_TO_CYCLE = 10  # at a modem without a card, each half a minute after the other
RADIO_OFF_S, RADIO_ON_S = 3.0, 5.0
_SIM_GONE = frozenset({"SIM not inserted", "SIM failure", "SIM wrong"})
_READY = frozenset({"", "READY", "SIM PIN2", "SIM PUK2"})  # PIN2 guards no messages
_WRONG = frozenset({11, 12, 16})  # CME: still asked for, now the PUK, wrong

_SENT_ONCE = (
    "the configured PIN was sent once and the answer was lost: it is not sent again;"
    " take the PIN off the card in a phone, or change it there and here"
)
_REFUSED = "the SIM refused the configured PIN: it is not tried again"
_LAST_TRY = (
    "only {tries} more wrong PIN blocks the SIM: it is not tried by us; enter the"
    " right one in a phone once"
)


class Unlocking:
    """One start's dealings with the card's lock; remembers the ICCID command."""

    def __init__(
        self,
        asker: Asker,
        settings: ModemSettings,
        facts: Facts,
        iccid_command: str | None,
    ) -> None:
        self.iccid_command = iccid_command  # that worked at last
        self.found: str | None = None  # the ICCID of the card that is ready
        self._asker = asker
        self._settings = settings
        self._facts = facts
        self._entered: str | None = None  # a PIN that was answered OK

    async def run(self) -> None:
        """Wait for the card, give it its PIN; raises Blocked where a person must."""
        for attempt in range(BUSY_TRIES):
            state = await self._state()
            if state in _READY:
                await self._settings.pins.accepted(await self._proved(), self._entered)
                return
            if state == "SIM PIN":
                await self._enter_pin()
            elif state in ("SIM PUK", "SIM PUK REQUIRED"):
                raise self._blocked(
                    "the SIM is blocked and wants its PUK: unblock it in a phone", state
                )
            elif state.startswith("PH-"):
                raise self._blocked(
                    f"this modem is locked to another operator ({state})", state
                )
            elif state in _SIM_GONE and attempt >= GONE_TRIES:
                raise self._blocked(self._no_sim(state), state)
            else:  # busy, NOT READY: it needs time
                await asyncio.sleep(BUSY_PAUSE_S)
        raise self._blocked("the SIM does not become ready", "")

    async def iccid(self) -> str | None:
        """Ask for the ICCID in the ways of the family, the known one first."""
        order = self._facts.profile.iccid
        if self.iccid_command is not None:
            order = (self.iccid_command, *order)
        for text in dict.fromkeys(order):
            iccid = await self._asker.ask(commands.iccid(text))
            if iccid is not None:
                self.iccid_command = text
                return iccid
        return None

    def _no_sim(self, state: str) -> str:
        why = f"no usable SIM: {state}"
        if not self._facts.profile.late_sim_ok:
            why += "; this kind sees a card put in later only after a power cycle"
        return why

    async def _cycle_radio(self) -> None:
        """Switch the radio off and on: some modems look for a card only then."""
        if self._facts.profile.radio_off_ok:
            await self._asker.does(commands.RADIO_OFF)
            await asyncio.sleep(RADIO_OFF_S)
            await self._asker.does(commands.RADIO_ON)
            await asyncio.sleep(RADIO_ON_S)

    async def _state(self) -> str:
        """Return what AT+CPIN? says, a refusal in its words, '' for ready."""
        try:
            return await self._asker.channel.run(commands.PIN_STATE)
        except AtError as exc:
            code = codes.refusal(exc.code, exc.text)
            words = code.sentence.removesuffix(" required")
            if code.number == codes.NO_NUMBER or words in ("operation not supported",):
                return ""  # it has no AT+CPIN; whatever follows will tell
            return words

    async def _enter_pin(self) -> None:
        iccid = await self.iccid()
        pin = self._settings.pin(iccid)
        if pin is None:
            raise self._blocked(
                "the SIM wants a PIN and none is configured for it", "SIM PIN"
            )
        if self._entered:  # it said OK and needs time; it is not told again
            await asyncio.sleep(BUSY_PAUSE_S)
            return
        tries = await self._tries_left()
        if tries is not None and tries <= 1:
            raise self._blocked(_LAST_TRY.format(tries=tries), "SIM PIN", is_last=True)
        why = await self._why_not(iccid, pin, tries)
        if why is not None:
            raise self._blocked(why, "SIM PIN")
        # Written down before it goes out: whatever happens now, never a second
        # time, until the SIM itself says that it is ready.
        cards, pins = self._names(iccid), self._settings.pins
        again = await pins.tried(cards, pin) is not Tried.NEVER
        if not await pins.latch(cards, pin):
            raise self._blocked("the database cannot take down that a PIN is tried", "")
        if again:  # a counter may lie: one reprieve, and then never again
            await pins.refused(cards, pin)
        try:
            await self._asker.channel.run(commands.enter_pin(pin))
        except AtTimeout:
            await self._asker.channel.resync()
        except AtError as exc:
            if codes.refusal(exc.code, exc.text).number in _WRONG:
                await pins.refused(cards, pin)
        else:
            self._entered = pin

    async def _tries_left(self) -> int | None:
        return await self._asker.ask(commands.pin_tries(self._facts.profile))

    async def _why_not(
        self, iccid: str | None, pin: str, tries: int | None
    ) -> str | None:
        """Return why this PIN must not go out; None where it may."""
        match await self._settings.pins.tried(self._suspects(iccid), pin):
            case Tried.REFUSED:
                return _REFUSED
            case Tried.UNKNOWN:
                # All tries left: whatever went out then was not a wrong PIN.
                return None if tries is not None and tries >= ALL_TRIES else _SENT_ONCE
            case Tried.NOT_READABLE:
                return "the database cannot say whether the PIN was tried before"
            case Tried.NEVER:
                return None

    # A failed PIN is known by its card, and by its modem in case of doubt.

    def _names(self, iccid: str | None) -> tuple[str, ...]:
        """Return the names under which a PIN is written down."""
        return (iccid or self._unread, self._anyone)

    def _suspects(self, iccid: str | None) -> tuple[str, ...]:
        """Return the names under which it may have been."""
        return (iccid, self._unread) if iccid is not None else (self._anyone,)

    async def _proved(self) -> tuple[str, ...]:
        """Return the names of which a ready card proves that the PIN was right."""
        iccid = self.found = await self.iccid()
        if self._entered:
            return (self._unread, self._anyone, *([iccid] if iccid else []))
        return (iccid,) if iccid else ()

    @property
    def _unread(self) -> str:
        return f"an unread card in {self._facts.imei}"

    @property
    def _anyone(self) -> str:
        return f"any card in {self._facts.imei}"

    def _blocked(self, why: str, state: str, *, is_last: bool = False) -> Blocked:
        looks = 0

        async def recheck() -> bool:
            nonlocal looks
            looks += 1
            if state in _SIM_GONE and looks % LOOKS_TO_CYCLE == 0:
                await self._cycle_radio()
            now = await self._state()
            if state != "SIM PIN" or now != state:
                return now != state
            tries = await self._tries_left()
            if is_last:
                return tries is None or tries > 1
            iccid = await self.iccid()
            pin = self._settings.pin(iccid)  # the configuration may have changed
            return pin is not None and await self._why_not(iccid, pin, tries) is None

        return Blocked(why, recheck)
