"""How a simulated modem sends: from SCA and TPDU to +CMGS or a refusal."""

from typing import TYPE_CHECKING

from modemgw.errors import PduDecodeError
from modemgw.pdu.decode import decode
from modemgw.pdu.submit import Submit
from modemgw.sim.answers import Refused, cms
from modemgw.sim.card import Card

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

FROM_EQUIPMENT = 300  # codes below come from the network: TP-MR was used
MAX_TPDU = 164  # octets of the longest SMS-SUBMIT


def read_pdu(typed: bytes, length: int) -> bytes:
    """Return SCA and TPDU from the hex behind the prompt; Refused where wrong."""
    try:
        octets = bytes.fromhex(typed.translate(None, b"\r\n").decode("ascii"))
    except ValueError:
        raise cms(304) from None
    if not octets or len(octets) - 1 - octets[0] != length or length > MAX_TPDU:
        raise cms(304)
    return octets


def transmit(modem: "SimModem", octets: bytes, name: str) -> None:
    """Send SCA and TPDU; the command in flight is answered when it is done."""
    try:
        submit = decode(octets, has_sca=True, from_mobile=True)
    except PduDecodeError:
        submit = None
    if not isinstance(submit, Submit):
        modem.refuse(cms(304))
        return
    modem.submits += 1
    delay_s = modem.latency.draw(modem.network.random)
    try:
        card = _able_to_send(modem, submit)
    except Refused as refused:
        modem.later(delay_s, modem.refuse, refused)
        return
    nth, faults = modem.submits, modem.faults
    if nth in faults.lost_after_submit:
        modem.interpreter.forget()
        return
    late_s = delay_s + faults.late_result.get(nth, 0.0)
    tp_mr = card.next_tp_mr()
    early = nth in faults.early_report
    cause = modem.network.submit(
        modem, card, submit, octets, tp_mr, after_s=late_s, early_report=early
    )
    if cause is not None:
        modem.later(delay_s, modem.refuse, cms(cause))
        return
    modem.remember_sent(octets)
    if nth in faults.silent_after_submit:
        modem.interpreter.forget()
    elif nth in faults.reboot_after_submit:
        modem.later(late_s, modem.reboot)
    else:
        modem.later(late_s, modem.complete, (f"{name}: {tp_mr}",))


def _able_to_send(modem: "SimModem", submit: Submit) -> Card:
    """Return the card, or refuse for everything that is known before sending."""
    card = modem.require_card("CMS")
    if not modem.is_served:
        raise cms(331)
    if submit.sca is None and not card.smsc:
        raise cms(330)
    code = modem.faults.refuse_submit.get(modem.submits, modem.faults.refuse_all)
    if code is not None:
        if code < FROM_EQUIPMENT:
            card.next_tp_mr()
        raise cms(code)
    return card
