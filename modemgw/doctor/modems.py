"""What modems say of themselves, their card and their network."""

from collections import Counter
from collections.abc import Iterator, Sequence

from modemgw.doctor.answers import Said, ask
from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped

WEAK_DBM, FAIR_DBM = -101, -93  # RSSI, 27.007 8.5
WEAK_RSRP = -115  # LTE, 27.007 8.69
FILLING = 0.8  # of a memory
FEW_TRIES = 2  # of three
SENDABLE = frozenset({1, 5, 6, 7, 9, 10})  # <stat>, 27.007 7.2
ROAMING = frozenset({5, 7, 10})
DENIED = 3

ABSENT = Kind(
    "modem.absent",
    Level.PROBLEM,
    "A modem of the configuration is not there.",
    "Its SIM sends and receives nothing.",
    "lsusb\nPlug it in, and look at its supply.",
)
PARKED = Kind(
    "modem.parked",
    Level.PROBLEM,
    "A modem cannot be used until a person does something.",
    "Its SIM sends and receives nothing.",
    "modemgw modems journal NAME",
)
RECOVERING = Kind(
    "modem.recovering",
    Level.WARNING,
    "A modem stopped answering and is being brought back.",
    "Its SIM sends nothing until it answers again.",
    "modemgw modems journal NAME",
)
SILENT = Kind(
    "modem.silent",
    Level.PROBLEM,
    "A port of a modem is free, and nobody answers there.",
    "It is the wrong port, or the modem hangs.",
    "Unplug the modem and plug it in again.",
)
SETTING = Kind(
    "modem.setting_lost",
    Level.WARNING,
    "A modem does not keep a setting that it was given, such as the message format.",
    "Messages or reports may not be told of; another program may have changed it.",
    "modemgw modems restart NAME",
)
NO_SMS = Kind(
    "modem.no_sms",
    Level.PROBLEM,
    "A modem takes no commands for messages.",
    "It is made for data alone, whatever card is in it.",
    "Use another modem; docs/modems.md lists some.",
)
TWIN_IMEI = Kind(
    "modem.imei_twins",
    Level.WARNING,
    "Two modems have the same IMEI.",
    "They cannot be told apart, and some networks bar both.",
    "Name them by their ports below /dev/serial/by-path.",
)
NO_SIM = Kind(
    "sim.none",
    Level.PROBLEM,
    "A modem sees no SIM card.",
    "It can send nothing.",
    "Push the card in until it catches; its contacts face the board.",
)
PIN = Kind(
    "sim.pin_wanted",
    Level.PROBLEM,
    "A SIM waits for its PIN.",
    "It sends and receives nothing until it has it.",
    "Set `pin` under sims.cards, or switch the PIN off in a phone.",
)
PUK = Kind(
    "sim.puk",
    Level.PROBLEM,
    "A SIM is blocked: its PIN was wrong three times.",
    "Only the PUK of the operator opens it, and ten wrong ones end the card.",
    "Put it into a phone and enter the PUK.",
)
LAST_TRY = Kind(
    "sim.last_try",
    Level.PROBLEM,
    "One try is left for the PIN of a SIM.",
    "One more wrong PIN blocks it.",
    "Put it into a phone, enter the right PIN there, and set it under sims.cards.",
)
TRIES = Kind(
    "sim.pin_tries",
    Level.WARNING,
    "A wrong PIN was entered for a SIM.",
    "Three wrong ones block it.",
    "Check `pin` under sims.cards.",
)
NO_SMSC = Kind(
    "sim.no_smsc",
    Level.PROBLEM,
    "A SIM has no number of a message centre (SMSC).",
    "Nothing it is given to send leaves (+CMS ERROR: 330).",
    "Set `smsc` under sims.cards; the operator says the number.",
)
STORE_FULL = Kind(
    "sim.store_full",
    Level.PROBLEM,
    "The memory for received messages is full.",
    "The network keeps further messages back, and loses them after some days.",
    "modemgw modems restart NAME\nmodemgw modems journal NAME",
)
STORE_FILLING = Kind(
    "sim.store_filling",
    Level.WARNING,
    "The memory for received messages is filling up.",
    "When it is full, the network keeps further messages back.",
    "modemgw modems journal NAME",
)
NOT_REGISTERED = Kind(
    "network.none",
    Level.PROBLEM,
    "A modem has found no network.",
    "Its SIM sends and receives nothing.",
    "Check the antenna, the place, and whether the SIM is activated.",
)
DENIED_KIND = Kind(
    "network.denied",
    Level.PROBLEM,
    "The network refuses a SIM.",
    "It is blocked, not activated, not paid for, or may not be used in this modem.",
    "Ask the operator; try the card in a phone.",
)
ROAMS = Kind(
    "network.roaming",
    Level.NOTE,
    "A SIM is in a foreign network.",
    "Messages may cost more than at home.",
    "Is it meant? Otherwise check the antenna: the home network may be too weak.",
)
DATA_ONLY = Kind(
    "sim.data_only",
    Level.WARNING,
    "The network took a SIM in for data alone.",
    "Many networks then send and receive no messages for it.",
    "Ask the operator for SMS on this SIM; a modem with VoLTE may help.",
)
WEAK = Kind(
    "signal.weak",
    Level.WARNING,
    "The signal is so weak that sending often fails.",
    "Messages are slow, in doubt, or do not leave.",
    "Move the modem to a window, or fit an antenna outside.",
)
FAIR = Kind(
    "signal.fair",
    Level.NOTE,
    "The signal is not good.",
    "In bad weather or with many people around it may not be enough.",
    "Move the modem, or fit a better antenna.",
)


def modems(box: Box) -> Iterator[Finding]:
    """Ask every modem: through the gateway, else at ports that nobody holds."""
    if box.config is None and not box.view.is_there:
        raise Skipped("there is no configuration to go by")
    said, why_not = ask(box)
    for one in said:
        yield from judged(one)
    yield from _twins(said)
    if not said and why_not:
        raise Skipped(why_not)


def judged(said: Said) -> Iterator[Finding]:
    """Say what is wrong with one modem."""
    yield from _service(said)
    if said.is_silent or said.phase in ("absent", "recovering", "starting"):
        return
    yield from _card(said)
    yield from _memories(said)
    if not said.is_locked:
        yield from _network(said)


def _service(said: Said) -> Iterator[Finding]:
    name, journal = said.name, f"modemgw modems journal {said.name}"
    if said.is_silent:
        yield SILENT.seen(said.why or "nobody answers", name)
    elif said.phase == "absent":
        yield ABSENT.seen(said.why or "it is not there", name)
    elif said.phase == "recovering":
        yield RECOVERING.seen(said.why or "it did not answer", name, type=journal)
    elif said.phase == "parked" and not said.is_locked:
        yield PARKED.seen(said.why or "it waits for a person", name, type=journal)
    for setting in said.lost:
        again = f"modemgw modems restart {name}"
        yield SETTING.seen(f"{setting} is not as it was set", name, type=again)
    if said.takes_sms is False:
        yield NO_SMS.seen("AT+CMGF is refused", name)


def _card(said: Said) -> Iterator[Finding]:
    state = (said.pin_state or "").upper()
    why = said.why.lower()
    if state == "NONE":
        yield NO_SIM.seen("no card answers", said.name)
    elif "PUK" in state or "puk" in why:
        yield PUK.seen("it wants the PUK", said.name)
    elif state in ("SIM PIN", "PH-SIM PIN") or said.is_locked:
        yield PIN.seen(said.why or "it wants its PIN", said.name)
    if said.pin_tries == 1:
        yield LAST_TRY.seen("one try is left", said.name)
    elif said.pin_tries == FEW_TRIES:
        yield TRIES.seen(f"{FEW_TRIES} of 3 tries are left", said.name)
    if said.smsc == "":
        hint = 'smsc: "+…"  # of its entry below sims.cards'
        yield NO_SMSC.seen("AT+CSCA? is empty", said.name, type=hint)


def _memories(said: Said) -> Iterator[Finding]:
    for memory in dict.fromkeys(said.memories):
        if memory.total <= 0:
            continue
        what = f"{memory.name or 'the memory'} holds {memory.used} of {memory.total}"
        if memory.used >= memory.total:
            again = f"modemgw modems restart {said.name}"
            yield STORE_FULL.seen(what, said.name, type=again)
        elif memory.used >= FILLING * memory.total:
            journal = f"modemgw modems journal {said.name}"
            yield STORE_FILLING.seen(what, said.name, type=journal)


def _network(said: Said) -> Iterator[Finding]:
    states = {one for one in (said.creg, said.cereg) if one is not None}
    if states:
        yield from _registration(said, states)
    elif said.registration == "denied":
        yield DENIED_KIND.seen("registration was denied", said.name)
    elif said.registration == "roaming":
        yield ROAMS.seen("it is in a foreign network", said.name)
    elif said.registration in ("none", "searching", "unknown", "emergency only"):
        yield NOT_REGISTERED.seen(f"registration: {said.registration}", said.name)
    if said.rsrp_dbm is not None and said.rsrp_dbm < WEAK_RSRP:
        yield WEAK.seen(f"RSRP {said.rsrp_dbm} dBm", said.name)
    elif said.signal_dbm is not None and said.signal_dbm <= FAIR_DBM:
        kind = WEAK if said.signal_dbm <= WEAK_DBM else FAIR
        yield kind.seen(f"{said.signal_dbm} dBm", said.name)


def _registration(said: Said, states: set[int]) -> Iterator[Finding]:
    if not states & SENDABLE:
        if DENIED in states:
            yield DENIED_KIND.seen("registration was denied", said.name)
        else:
            antenna = "" if said.signal_dbm is not None else ", and there is no signal"
            what = f"not registered (+CREG: {said.creg}, +CEREG: {said.cereg}){antenna}"
            yield NOT_REGISTERED.seen(what, said.name)
        return
    if said.creg is not None and said.creg not in SENDABLE:
        what = f"packets yes, circuits no (+CREG: {said.creg}, +CEREG: {said.cereg})"
        yield DATA_ONLY.seen(what, said.name)
    best = said.creg if said.creg in SENDABLE else said.cereg
    if best in ROAMING:
        yield ROAMS.seen("it is in a foreign network", said.name)


def _twins(said: Sequence[Said]) -> Iterator[Finding]:
    count = Counter(one.imei for one in said if one.imei)
    for imei, times in count.items():
        if times > 1:
            names = ", ".join(one.name for one in said if one.imei == imei)
            yield TWIN_IMEI.seen(f"IMEI {imei[:8]}…: {names}", names)


CHECKS = (
    Check(
        "modems",
        "modems",
        modems,
        (
            *(ABSENT, PARKED, RECOVERING, SILENT, SETTING, NO_SMS, TWIN_IMEI, NO_SIM),
            *(PIN, PUK, LAST_TRY, TRIES, NO_SMSC, STORE_FULL, STORE_FILLING),
            *(NOT_REGISTERED, DENIED_KIND, ROAMS, DATA_ONLY, WEAK, FAIR),
        ),
        deadline_s=60.0,
    ),
)
