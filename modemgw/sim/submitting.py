"""How a simulated modem sends: from SCA and TPDU to +CMGS or a refusal."""

import asyncio
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


def read_pdu(typed: bytes, length: int, wrong: int = 304) -> bytes:
    """Return SCA and TPDU from the hex behind the prompt; refuse what is wrong."""
    try:
        octets = bytes.fromhex(typed.translate(None, b"\r\n").decode("ascii"))
    except ValueError:
        raise cms(wrong) from None
    if not octets or len(octets) - 1 - octets[0] != length or length > MAX_TPDU:
        raise cms(wrong)
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
    loop = asyncio.get_running_loop()
    began = loop.time()
    modem.submits += 1
    nth, faults = modem.submits, modem.faults
    modem.moment("ctrl_z")
    if not modem.is_powered:  # pulled at that moment; the message had left
        _leave(modem, submit, octets)
        return
    if faults.reports_during_send:
        modem.submitting += 1
        modem.network.wake(modem)
    delay_s = modem.latency.draw(modem.network.random)
    late_s = delay_s + faults.late_result.get(nth, 0.0)
    try:
        card = _able_to_send(modem, submit)
    except Refused as refused:
        modem.later(late_s, modem.refuse, refused)
        return
    if nth in faults.lost_after_submit:
        modem.forget()
        return
    tp_mr = _next_tp_mr(modem, card)
    early = nth in faults.early_report
    cause = modem.network.submit(
        modem, card, submit, octets, tp_mr, after_s=late_s, early_report=early
    )
    if cause is not None:
        modem.later(late_s, modem.refuse, cms(cause))
        return
    modem.remember_sent(octets)
    late_s -= loop.time() - began  # what our own work took is no latency on top
    if nth in faults.silent_after_submit:
        modem.forget()
    elif nth in faults.reboot_after_submit:
        modem.later(late_s, modem.restart)
    else:
        modem.later(late_s, _say_accepted, modem, f"{name}: {tp_mr}", tp_mr)


def _say_accepted(modem: "SimModem", line: str, tp_mr: int) -> None:
    modem.moment("result")
    if modem.persona.references == "late" and modem.card is not None:
        modem.card.tp_mr = tp_mr
    modem.submitting = 0
    modem.complete((line,))
    modem.accepted_at = asyncio.get_running_loop().time()


def _next_tp_mr(modem: "SimModem", card: Card) -> int:
    """Count on, where this model does. Spec: 3GPP TS 23.040, 9.2.3.6."""
    if modem.faults.same_tp_mr is not None:
        return modem.faults.same_tp_mr
    match modem.persona.references:
        case "own":
            modem.own_tp_mr = (modem.own_tp_mr + 1) % 256
            return modem.own_tp_mr
        case "late":
            return (card.tp_mr + 1) % 256
        case _:
            return card.next_tp_mr()


def _leave(modem: "SimModem", submit: Submit, octets: bytes) -> None:
    """Send what was typed completely, though nobody will hear of it."""
    card = modem.card
    if card is not None and card.wants == "READY":
        tp_mr = _next_tp_mr(modem, card)
        if modem.network.submit(modem, card, submit, octets, tp_mr, after_s=0) is None:
            modem.remember_sent(octets)


def _able_to_send(modem: "SimModem", submit: Submit) -> Card:
    """Return the card, or refuse for everything that is known before sending."""
    card = modem.require_card("CMS")
    if not modem.is_served:
        raise cms(331)
    if submit.sca is None and not card.smsc:
        raise cms(330)
    faults = modem.faults
    if faults.full_refuses and card.sm.is_full:
        raise cms(322)
    code = faults.refuse_submit.get(modem.submits, faults.refuse_all)
    code = faults.refuse_number.get(submit.recipient.text, code)
    if code is not None:
        if code < FROM_EQUIPMENT:
            _next_tp_mr(modem, card)
        raise cms(code)
    return card
