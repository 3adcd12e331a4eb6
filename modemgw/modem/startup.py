"""From an open port to a modem that can send and receive.

Every line goes out by itself and nearly every refusal is survived: an unknown
modem that knows little more than AT+CMGF and AT+CMGS must still work. Only these
end a start: no answer at all, a SIM that wants what we do not have, and a module
without SMS. The order and the fallbacks are those of docs/modems.md.
"""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from modemgw.at import codes, commands, quirks
from modemgw.at.commands import Command
from modemgw.at.profile import CNMI_ACKNOWLEDGED, CNMI_POLLED, GENERIC, Profile
from modemgw.errors import AtError, AtTimeout, CmsError, PortLost
from modemgw.modem import status
from modemgw.modem.asking import Asker
from modemgw.modem.channel import AtChannel
from modemgw.modem.facts import Facts
from modemgw.modem.faults import Blocked
from modemgw.modem.memories import choose_memories
from modemgw.modem.model import ModemSettings, SimIdentity
from modemgw.modem.proving import prove
from modemgw.modem.unlock import BUSY_PAUSE_S, BUSY_TRIES, RADIO_OFF_S, Unlocking

T = TypeVar("T")

SILENCES = 3  # commands without an answer that one start survives
SMS_PAUSE_S = 1.0
SMS_TRIES = 5
_BUSY_CODES = frozenset({14, 302, 314, 515, 517, 532})


@dataclass(slots=True)
class Remembered:
    """What outlives a session: what worked before."""

    iccid_command: str | None = None


class Startup:
    """One run of the init sequence over one channel."""

    def __init__(
        self,
        channel: AtChannel,
        settings: ModemSettings,
        remembered: Remembered,
        *,
        radio_cycle: bool = False,
        afresh: bool = False,
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._remembered = remembered
        self._radio_cycle = radio_cycle
        self._afresh = afresh  # back to its defaults first: it has failed before
        self._asker = Asker(channel, silences=SILENCES)
        self.ask, self.does = self._asker.ask, self._asker.does
        self.facts = Facts()
        self._unlocking = Unlocking(
            self._asker, settings, self.facts, remembered.iccid_command
        )

    async def run(self) -> Facts:
        """Do it all; raises ModemError, Blocked among them."""
        await self._channel.resync()
        if self._afresh:  # a locked card may refuse it, and that is survived
            await self.does(commands.DEFAULTS)
        if not await self.does(commands.CLEAN):  # no chains: one by one then
            await self.does(commands.ECHO_OFF)
            await self.does(commands.VERBOSE)
        if not await self.does(commands.NUMERIC_ERRORS):
            await self.does(commands.VERBOSE_ERRORS)
        await self._identify()
        await self._switch_on()
        await self._unlocking.run()
        await self._read_sim()
        await self._set_up_messages()
        await self._join_network()
        self.facts.are_doubted = True  # until read back: it may restart meanwhile
        return self.facts

    async def _identify(self) -> None:
        facts = self.facts
        facts.manufacturer = await self.ask(commands.MANUFACTURER)
        facts.model = await self.ask(commands.MODEL)
        facts.revision = await self.ask(commands.REVISION)
        if facts.manufacturer is None and facts.model is None:
            facts.model = await self.ask(commands.INFORMATION)
        facts.imei = await self.ask(commands.IMEI) or await self.ask(
            commands.IMEI_OTHER
        )
        self._recognise()
        facts.profile = self._profile()
        self._channel.noise = (*facts.profile.noise, *facts.profile.booted)
        if facts.profile.name != GENERIC.name:  # else what helped so far is kept
            self._channel.turn.gap_s = facts.profile.gap_s
        for text in facts.profile.quiet:
            await self.does(commands.plain(text))

    def _profile(self) -> Profile:
        settings, facts = self._settings, self.facts
        if settings.profile is not None:
            wanted = quirks.named(settings.profile, settings.profiles())
            if wanted is not None:
                return wanted
        return quirks.profile_for(facts.manufacturer, facts.model, settings.profiles())

    async def _switch_on(self) -> None:
        if self._radio_cycle and self.facts.profile.radio_off_ok:
            if not await self.does(commands.RADIO_OFF):
                await self.does(commands.RADIO_FLIGHT)
            await asyncio.sleep(RADIO_OFF_S)
        elif await self.ask(commands.RADIO) in (1, None):
            return
        await self.does(commands.RADIO_ON)

    # --- the SIM

    async def _read_sim(self) -> None:
        await self._patiently(commands.STORAGES)
        imsi = await self._patiently(commands.IMSI)
        iccid = self._unlocking.found or await self._unlocking.iccid()
        self._remembered.iccid_command = self._unlocking.iccid_command
        number = await self.ask(commands.OWN_NUMBER)
        self.facts.sim = SimIdentity(iccid, imsi, number, None)
        self._recognise()

    def _recognise(self) -> None:
        """Leave a port where another modem than the one meant has answered."""
        wrong = self._settings.recognise(self.facts.imei, self.facts.sim)
        if wrong is not None:
            raise PortLost(wrong)

    async def _patiently(self, command: Command[T]) -> T | None:
        """Ask again while the SIM's services are not up yet."""
        for _ in range(BUSY_TRIES):
            try:
                return await self._channel.run(command)
            except AtTimeout:
                return await self.ask(command)
            except AtError as exc:
                if codes.refusal(exc.code, exc.text).number not in _BUSY_CODES:
                    return None
            await asyncio.sleep(BUSY_PAUSE_S)
        return None

    # --- messages

    async def _set_up_messages(self) -> None:
        facts = self.facts
        await self.does(commands.CHARSET_GSM)
        profile = facts.profile
        plain = (profile.ussd_plain,) if profile.ussd == "text" else ()
        for text in (*profile.init, *filter(None, plain)):
            await self.does(commands.plain(text))
        await self._pdu_mode()
        facts.service = await self.ask(commands.SERVICE)
        if facts.service:  # 0 or silent is what we want
            facts.must_acknowledge = not await self.does(commands.SERVICE_0)
        facts.memories = await choose_memories(self._asker, facts.profile)
        await self._route()
        facts.proof = await prove(self._asker, facts)
        await self._centre()

    async def _pdu_mode(self) -> None:
        for _ in range(SMS_TRIES):
            try:
                return await self._channel.run(commands.PDU_MODE)
            except AtError as exc:
                busy = codes.refusal(exc.code, exc.text).number in _BUSY_CODES
                if not (busy or isinstance(exc, CmsError)):
                    break
            await asyncio.sleep(SMS_PAUSE_S)

        async def recheck() -> bool:
            return await self.does(commands.PDU_MODE)

        raise Blocked(
            "this module cannot do SMS: it refuses PDU mode (AT+CMGF=0)", recheck
        )

    async def _route(self) -> None:
        """Choose how arrivals are told; polling is what remains without."""
        facts = self.facts
        offered = await self.ask(commands.ROUTING_VALUES) or ()
        order = quirks.ordered_routings(
            facts.profile, offered, reports=self._settings.reports
        )
        if facts.must_acknowledge and facts.profile.csms1_ok:
            order += CNMI_ACKNOWLEDGED
        if self._settings.reports:
            order += CNMI_POLLED
        for values in order:
            if not await self.does(commands.route(values)):
                continue
            facts.cnmi = await self.ask(commands.ROUTING) or None
            if facts.cnmi is None or routed_alike(facts.cnmi, values):
                facts.cnmi_set = values
                return

    async def _centre(self) -> None:
        sim = self.facts.sim or SimIdentity()
        wanted = self._settings.smsc(sim.iccid)
        centre = await self.ask(commands.CENTRE)
        if wanted is not None and wanted != centre:
            await self.does(commands.set_centre(wanted))
            centre = await self.ask(commands.CENTRE) or wanted
        self.facts.sim = SimIdentity(sim.iccid, sim.imsi, sim.number, centre)

    # --- network

    async def _join_network(self) -> None:
        for which, levels in (("CREG", (2, 1)), ("CEREG", (2, 1))):
            for level in levels:
                command = commands.report_registration(which, level)
                if await self.does(command):
                    self.facts.levels[which.lower()] = level
                    break
        await self.does(commands.OPERATOR_LONG)
        await status.poll(self._asker, self.facts)


def routed_alike(said: str, wanted: str) -> bool:
    """Tell whether AT+CNMI? shows what was set, in <mt> and <ds> at least."""
    have, want = said.replace(" ", "").split(","), wanted.split(",")
    return have[1:2] == want[1:2] and have[3:4] == want[3:4][: len(have[3:4])]
