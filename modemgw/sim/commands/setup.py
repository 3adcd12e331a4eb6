"""The settings of the message service: format, service, storage, indications."""

from typing import TYPE_CHECKING

from modemgw.sim.answers import Refused, cms
from modemgw.sim.commands.table import BAD_OPERATION, PENDING, Answer, command, number
from modemgw.sim.line import Call, Form
from modemgw.sim.textmode import show, understood

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

_CNMI_FIELDS = 5


@command("+CMGF")
def message_format(modem: "SimModem", call: Call) -> Answer:
    """Choose PDU mode (0) or text mode (1)."""
    if call.form is Form.TEST:
        return ["+CMGF: (0,1)"]
    if call.form is Form.READ:
        return [f"+CMGF: {modem.settings.cmgf}"]
    modem.settings.cmgf = number(call.text or "0", (0, 1), BAD_OPERATION)
    return []


@command("+CSMS", card="CMS")
def service(modem: "SimModem", call: Call) -> Answer:
    """Choose phase 2 (0) or phase 2+ (1), where AT+CNMA is owed."""
    if call.form is Form.TEST:
        return [f"+CSMS: ({','.join(map(str, modem.persona.csms))})"]
    if call.form is Form.READ:
        return [f"+CSMS: {modem.settings.csms},1,1,1"]
    modem.settings.csms = number(call.text, modem.persona.csms, BAD_OPERATION)
    return ["+CSMS: 1,1,1"]


@command("+CNMI", card="CMS")
def indications(modem: "SimModem", call: Call) -> Answer:
    """Choose how new messages and reports are announced."""
    current = modem.settings.cnmi
    if call.form is Form.TEST:
        ranges = (f"({','.join(map(str, r))})" for r in modem.persona.cnmi)
        return [f"+CNMI: {','.join(ranges)}"]
    if call.form is Form.READ:
        return [f"+CNMI: {','.join(map(str, current))}"]
    given = [text for text in call.arguments() if call.text]
    if len(given) > _CNMI_FIELDS:
        raise BAD_OPERATION
    wanted = list(current)
    for at, text in enumerate(given):
        if text:
            wanted[at] = number(text, modem.persona.cnmi[at], BAD_OPERATION)
    if ",".join(map(str, wanted)) in modem.persona.cnmi_refused:
        raise BAD_OPERATION
    mode, mt, bm, ds, bfr = wanted
    modem.receiver.set_cnmi((mode, mt, bm, ds, bfr))
    return []


@command("+CPMS", card="CMS")
def memories(modem: "SimModem", call: Call) -> Answer:
    """Choose the memories to read, to write and to receive into."""
    offered = modem.persona.memories
    if call.form is Form.TEST:
        lists = (f"({','.join(_quoted(names))})" for names in offered)
        return [f"+CPMS: {','.join(lists)}"]
    if call.form is Form.READ:
        pairs = (f'"{name}",{_counts(modem, name)}' for name in modem.settings.memories)
        return [f"+CPMS: {','.join(pairs)}"]
    given = call.arguments()
    if len(given) not in modem.persona.cpms_arguments:
        raise Refused
    chosen = list(modem.settings.memories)
    for at, name in enumerate(given):
        if name.upper() not in offered[at]:
            raise BAD_OPERATION
        chosen[at] = name.upper()
    modem.settings.memories = chosen
    return ["+CPMS: " + ",".join(_counts(modem, name) for name in chosen)]


def _quoted(names: tuple[str, ...]) -> list[str]:
    return [f'"{name}"' for name in names]


def _counts(modem: "SimModem", name: str) -> str:
    storage = modem.storage(name)
    used = max(0, len(storage.slots) - modem.lagging[name])
    return f"{used},{storage.capacity}"


@command("+CSCA", card="CMS")
def service_centre(modem: "SimModem", call: Call) -> Answer:
    """Read or set the number of the service centre."""
    card = modem.require_card("CMS")
    charset = modem.settings.cscs
    if call.form is Form.TEST:
        return []
    if call.form is Form.READ:
        kind = 145 if card.smsc.startswith("+") else 129
        return [f'+CSCA: "{show(card.smsc, charset)}",{kind}']
    given = call.arguments()
    centre = understood(given[0], charset)
    if len(given) > 1 and given[1] == "145" and not centre.startswith("+"):
        centre = "+" + centre
    if not centre.removeprefix("+").isdecimal():
        raise cms(304)
    card.smsc = centre
    return []


@command("+CSMP")
def text_parameters(modem: "SimModem", call: Call) -> Answer:
    """Set first octet, validity, protocol and coding for text mode."""
    if call.form is Form.TEST:
        return []
    if call.form is Form.READ:
        return ["+CSMP: {},{},{},{}".format(*modem.settings.csmp)]
    values = list(modem.settings.csmp)
    for at, text in enumerate(call.arguments()[:4]):
        if text:
            values[at] = number(text, range(256), cms(305))
    modem.settings.csmp = (values[0], values[1], values[2], values[3])
    return []


@command("+CSDH")
def text_headers(modem: "SimModem", call: Call) -> Answer:
    """Show long headers in text mode."""
    if call.form is Form.TEST:
        return ["+CSDH: (0,1)"]
    if call.form is Form.READ:
        return [f"+CSDH: {modem.settings.csdh}"]
    modem.settings.csdh = number(call.text or "0", (0, 1), BAD_OPERATION)
    return []


@command("+CMMS")
def more_messages(modem: "SimModem", call: Call) -> Answer:
    """Keep the link open between messages; here only remembered."""
    if call.form is Form.TEST:
        return ["+CMMS: (0-2)"]
    if call.form is Form.READ:
        return [f"+CMMS: {modem.settings.cmms}"]
    modem.settings.cmms = number(call.text, (0, 1, 2), BAD_OPERATION)
    return []


@command("+CGSMS")
def bearer(modem: "SimModem", call: Call) -> Answer:
    """Circuit or packet switched; only remembered as the default."""
    if call.form is Form.TEST:
        return ["+CGSMS: (0-3)"]
    if call.form is Form.READ:
        return ["+CGSMS: 3"]
    number(call.text, (0, 1, 2, 3), BAD_OPERATION)
    return []


@command("+CNMA")
def acknowledge(modem: "SimModem", call: Call) -> Answer:
    """Acknowledge a routed message under AT+CSMS=1."""
    if call.form is Form.TEST:
        return ["+CNMA: (0-2)"]
    if not modem.receiver.owes_acknowledgement:
        raise cms(340)
    arguments = call.arguments()
    if call.form is Form.RUN or arguments[0] in ("", "0") or len(arguments) == 1:
        modem.receiver.acknowledge(accepted=arguments[0] != "2")
        return []
    # With a length an RP-ACK or RP-ERROR follows behind a prompt.
    modem.ask(lambda body, sent: _with_pdu(modem, arguments[0], sent))
    return PENDING


def _with_pdu(modem: "SimModem", kind: str, sent: bool) -> None:
    if sent:
        modem.receiver.acknowledge(accepted=kind != "2")
    modem.complete()
