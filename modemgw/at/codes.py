"""What the +CMS and +CME numbers mean and what to do about them, as data.

The disposition says what a sender should do with the part; how often and how
long is the business of policy/retry.py, which is its only reader.

Spec: 3GPP TS 24.011, 8.2.5.4 (1-127); TS 23.040, 9.2.3.22 (128-255);
TS 27.005, 3.2.5 (300-511); TS 27.007, 9.2 (CME). 512 and above: vendors.
"""

from dataclasses import dataclass, replace
from enum import Enum

NO_NUMBER = -1  # Code.number where the modem gave neither number nor known words
DOUBT_AFTER_S = 25.0  # later than this a "timeout" code may follow a real submit
FIRST_VENDOR_CODE = 512  # from here on every family has its own
_UNKNOWN_ERROR = 500  # the catch-all of Huawei and Qualcomm
_TP_FCS = range(128, 256)
_MAX_DIGITS = 9  # more is noise, not a code
AT_ONCE_S = 2.0  # sooner than this the refusal came from the modem, not the network


class Disposition(Enum):
    """What to do with a part after this code."""

    RETRY_HERE = "retry_here"  # the same SIM again, after a pause
    TRY_OTHER_SIM = "try_other_sim"  # this SIM will not do it; another may
    COOL_DOWN = "cool_down"  # the SIM is at fault: pause it, use another
    REFUSE = "refuse"  # recipient or content: nobody can send this
    FIX_MODEM = "fix_modem"  # the modem must be set up again or recovered first
    IN_DOUBT = "in_doubt"  # the network may have taken it
    SENT = "sent"  # the network has it already


@dataclass(frozen=True, slots=True)
class Code:
    """One result code: number, sentence for people, disposition, API `reason`."""

    number: int
    sentence: str
    disposition: Disposition
    reason: str


_R, _S, _F = Disposition.RETRY_HERE, Disposition.TRY_OTHER_SIM, Disposition.COOL_DOWN
_P, _M, _U = Disposition.REFUSE, Disposition.FIX_MODEM, Disposition.IN_DOUBT
_OK = Disposition.SENT

_Row = tuple[int, str, Disposition, str]

_CMS_ROWS: tuple[_Row, ...] = (
    # RP-Cause: the network answered. 24.011, 8.2.5.4
    (1, "unassigned number", _P, "recipient_unknown"),
    (8, "operator determined barring", _F, "sim_barred"),
    (10, "call barred", _P, "recipient_barred"),
    (11, "reserved", _S, "network_rejected"),
    (17, "network failure", _R, "no_service"),
    (21, "short message transfer rejected", _S, "network_rejected"),
    (22, "memory capacity exceeded", _R, "network_rejected"),
    (27, "destination out of order", _R, "recipient_absent"),
    (28, "unidentified subscriber", _P, "recipient_unknown"),
    (29, "facility rejected", _S, "network_rejected"),
    (30, "unknown subscriber", _P, "recipient_unknown"),
    (38, "network out of order", _R, "no_service"),
    (41, "temporary failure", _R, "no_service"),
    (42, "congestion", _R, "no_service"),
    (47, "resources unavailable", _R, "no_service"),
    (50, "requested facility not subscribed", _F, "sim_barred"),
    (69, "requested facility not implemented", _S, "network_rejected"),
    (81, "invalid short message transfer reference value", _R, "network_rejected"),
    (95, "semantically incorrect message", _P, "network_rejected"),
    (96, "invalid mandatory information", _P, "network_rejected"),
    (97, "message type non-existent or not implemented", _R, "network_rejected"),
    (98, "message not compatible with short message protocol state", _R, "no_service"),
    (99, "information element non-existent or not implemented", _R, "network_rejected"),
    (111, "protocol error", _R, "network_rejected"),
    (127, "interworking error", _R, "network_rejected"),
    # TP-FCS: the SMSC or the SIM answered. 23.040, 9.2.3.22
    (128, "telematic interworking not supported", _P, "network_rejected"),
    (129, "short message type 0 not supported", _P, "network_rejected"),
    (130, "cannot replace short message", _P, "network_rejected"),
    (143, "unspecified TP-PID error", _P, "network_rejected"),
    (144, "data coding scheme not supported", _P, "unencodable"),
    (145, "message class not supported", _P, "network_rejected"),
    (159, "unspecified TP-DCS error", _P, "unencodable"),
    (160, "command cannot be actioned", _P, "network_rejected"),
    (161, "command unsupported", _P, "network_rejected"),
    (175, "unspecified TP-Command error", _P, "network_rejected"),
    (176, "TPDU not supported", _P, "network_rejected"),
    (192, "service centre busy", _R, "no_service"),
    (193, "no service centre subscription", _F, "sim_barred"),
    (194, "service centre system failure", _R, "no_service"),
    (195, "invalid short message entity address", _P, "invalid_number"),
    (196, "destination barred", _P, "recipient_barred"),
    (197, "rejected as a duplicate", _OK, "unknown"),
    (198, "validity period format not supported", _P, "network_rejected"),
    (199, "validity period not supported", _P, "network_rejected"),
    (208, "SIM message storage full", _M, "modem_error"),
    (209, "no message storage on the SIM", _M, "modem_error"),
    (210, "error in the mobile station", _M, "modem_error"),
    (211, "memory capacity exceeded", _M, "modem_error"),
    (212, "SIM application toolkit busy", _R, "modem_error"),
    (213, "SIM data download error", _R, "modem_error"),
    (255, "unspecified error", _R, "network_rejected"),
    # The modem itself. 27.005, 3.2.5
    (300, "ME failure", _M, "modem_error"),
    (301, "SMS service of ME reserved", _R, "modem_error"),
    (302, "operation not allowed", _R, "modem_error"),
    (303, "operation not supported", _S, "modem_error"),
    (304, "invalid PDU mode parameter", _P, "modem_error"),
    (305, "invalid text mode parameter", _M, "modem_error"),
    (310, "SIM not inserted", _F, "sim_missing"),
    (311, "SIM PIN required", _M, "sim_missing"),
    (312, "PH-SIM PIN required", _F, "sim_missing"),
    (313, "SIM failure", _M, "sim_missing"),
    (314, "SIM busy", _R, "modem_error"),
    (315, "SIM wrong", _F, "sim_missing"),
    (316, "SIM PUK required", _F, "sim_missing"),
    (317, "SIM PIN2 required", _F, "sim_missing"),
    (318, "SIM PUK2 required", _F, "sim_missing"),
    (320, "memory failure", _M, "modem_error"),
    (321, "invalid memory index", _R, "modem_error"),
    (322, "memory full", _M, "modem_error"),
    (330, "SMSC address unknown", _F, "modem_error"),
    (331, "no network service", _S, "no_service"),
    (332, "network timeout", _R, "no_service"),
    (340, "no +CNMA acknowledgement expected", _R, "modem_error"),
    (500, "unknown error", _S, "unknown"),
    # Vendors; the same number differs by family, this is the safest reading.
    (512, "connection could not be established", _R, "no_service"),
    (513, "lower layer failure, acknowledgement lost", _U, "no_service"),
    (514, "congestion below the message layer", _R, "no_service"),
    (515, "initialisation or another command in progress", _R, "modem_error"),
    (517, "SIM toolkit facility not available", _R, "modem_error"),
    (521, "timer expired", _U, "no_service"),
    (522, "temporarily not allowed", _R, "modem_error"),
    (524, "SMS client unregistered", _M, "modem_error"),
    (527, "radio resources busy", _R, "no_service"),
    (528, "location update failed, emergency calls only", _R, "no_service"),
    (529, "network selection failed, or sending not allowed", _F, "sim_barred"),
    (531, "recipient not in the fixed dialling list of the SIM", _F, "sim_barred"),
    (532, "SIM not ready", _R, "modem_error"),
)

_CME_ROWS: tuple[_Row, ...] = (
    (0, "phone failure", _R, "modem_error"),
    (1, "no connection to phone", _R, "modem_error"),
    (2, "phone-adaptor link reserved", _R, "modem_error"),
    (3, "operation not allowed", _R, "modem_error"),
    (4, "operation not supported", _S, "modem_error"),
    (5, "PH-SIM PIN required", _F, "sim_missing"),
    (6, "PH-FSIM PIN required", _F, "sim_missing"),
    (7, "PH-FSIM PUK required", _F, "sim_missing"),
    (10, "SIM not inserted", _F, "sim_missing"),
    (11, "SIM PIN required", _M, "sim_missing"),
    (12, "SIM PUK required", _F, "sim_missing"),
    (13, "SIM failure", _M, "sim_missing"),
    (14, "SIM busy", _R, "modem_error"),
    (15, "SIM wrong", _F, "sim_missing"),
    (16, "incorrect password", _F, "sim_missing"),
    (17, "SIM PIN2 required", _F, "sim_missing"),
    (18, "SIM PUK2 required", _F, "sim_missing"),
    (20, "memory full", _M, "modem_error"),
    (21, "invalid index", _R, "modem_error"),
    (22, "not found", _R, "modem_error"),
    (23, "memory failure", _M, "modem_error"),
    (24, "text string too long", _P, "too_long"),
    (25, "invalid characters in text string", _P, "modem_error"),
    (26, "dial string too long", _P, "invalid_number"),
    (27, "invalid characters in dial string", _P, "invalid_number"),
    (30, "no network service", _S, "no_service"),
    (31, "network timeout", _R, "no_service"),
    (32, "network not allowed, emergency calls only", _S, "no_service"),
    *(
        (n, f"{lock} personalisation {key} required", _F, "sim_missing")
        for n, lock, key in (
            (40, "network", "PIN"),
            (41, "network", "PUK"),
            (42, "network subset", "PIN"),
            (43, "network subset", "PUK"),
            (44, "service provider", "PIN"),
            (45, "service provider", "PUK"),
            (46, "corporate", "PIN"),
            (47, "corporate", "PUK"),
        )
    ),
    (48, "hidden key required", _F, "sim_missing"),
    (50, "incorrect parameters", _P, "modem_error"),
    (100, "unknown", _R, "unknown"),
    (103, "illegal MS", _F, "sim_barred"),
    (106, "illegal ME", _F, "sim_barred"),
    (107, "GPRS services not allowed", _F, "sim_barred"),
    (111, "PLMN not allowed", _F, "sim_barred"),
    (112, "location area not allowed", _F, "sim_barred"),
    (113, "roaming not allowed in this location area", _F, "sim_barred"),
    (256, "operation temporarily not allowed", _R, "modem_error"),
    (257, "call barred", _F, "sim_barred"),
    (258, "phone is busy", _R, "modem_error"),
    (259, "user abort", _R, "modem_error"),
    (260, "invalid dial string", _P, "invalid_number"),
    (261, "supplementary service not executed", _R, "modem_error"),
    (262, "SIM blocked", _F, "sim_missing"),
    (263, "invalid block", _P, "modem_error"),
    (515, "please wait, initialisation or another command in progress", _R, "unknown"),
    (772, "SIM powered down", _M, "sim_missing"),
)

CMS: dict[int, Code] = {row[0]: Code(*row) for row in _CMS_ROWS}
CME: dict[int, Code] = {row[0]: Code(*row) for row in _CME_ROWS}

# Codes that say "no answer from the network": in doubt when they come late.
# A network's own refusal (RP-ERROR, below 300) stays a refusal however late.
_TIMEOUTS = {332, 500, 514, NO_NUMBER}
_CME_TIMEOUTS = {0, 31, 100, NO_NUMBER}

_CMS_WORDS: dict[str, int] = {
    **{code.sentence.lower(): code.number for code in reversed(CMS.values())},
    "unassigned (unallocated) number": 1,
    "sms service of me reserved": 301,
    "(u)sim not inserted": 310,
    "(u)sim busy": 314,
    "smsc address unknown": 330,
    "no cnma acknowledgement expected": 340,
    "unknown": 500,
    "temporary out of order": 41,
    "sms transfer rejected": 21,
    "invalid pdu mode": 304,
}
_CME_WORDS: dict[str, int] = {
    **{code.sentence.lower(): code.number for code in CME.values()},
    "(u)sim not inserted": 10,
    "sim not ready": 14,
    "(u)sim busy": 14,
    "invalid parameters": 50,
    "incorrect parameters": 50,
    "unknown error": 100,
    "network not allowed - emergency calls only": 32,
    "no network": 30,
}


def cms(
    code: int | None,
    text: str = "",
    *,
    seconds_after_submit: float = 0,
    vendor: tuple[Code, ...] = (),
) -> Code:
    """Look up a +CMS ERROR, by number or by its words.

    `text` is the final line as it came or what stands behind the colon; `vendor`
    is what its family means by numbers from FIRST_VENDOR_CODE. Codes
    that only say that no answer came from the network become IN_DOUBT when they
    come DOUBT_AFTER_S or more after the Ctrl-Z: the answer may have been lost
    on its way, not the message.
    """
    number = _number(code, text, _CMS_WORDS)
    own = (meant for meant in vendor if meant.number == number)
    found = next(own, None) or CMS.get(number) or _unknown_cms(number, text)
    if (
        number == _UNKNOWN_ERROR and seconds_after_submit < AT_ONCE_S
    ):  # the modem's own refusal
        found = replace(found, disposition=_R, reason="modem_error")
    if number in _TIMEOUTS and seconds_after_submit >= DOUBT_AFTER_S:
        return replace(found, disposition=_U)
    return found


def cme(code: int | None, text: str = "", *, seconds_after_submit: float = 0) -> Code:
    """Look up a +CME ERROR, by number or by its words; see `cms`."""
    number = _number(code, text, _CME_WORDS)
    found = CME.get(number)
    if found is None:
        sentence = f"unknown equipment error: {_said(number, text)}"
        found = Code(number, sentence, _R, "unknown")
    if number in _CME_TIMEOUTS and seconds_after_submit >= DOUBT_AFTER_S:
        return replace(found, disposition=_U)
    return found


def refusal(
    code: int | None,
    text: str,
    *,
    seconds_after_submit: float = 0,
    vendor: tuple[Code, ...] = (),
) -> Code:
    """Look up the final line of a refused submit, whichever table it belongs to."""
    if text.startswith("+CME ERROR"):
        return cme(code, text, seconds_after_submit=seconds_after_submit)
    return cms(code, text, seconds_after_submit=seconds_after_submit, vendor=vendor)


def _unknown_cms(number: int, text: str) -> Code:
    sentence = f"unknown message error: {_said(number, text)}"
    if number == NO_NUMBER:
        return Code(number, sentence, _R, "modem_error")
    if number in _TP_FCS:  # TP-FCS, reserved or application specific
        return Code(number, sentence, _S, "network_rejected")
    # 24.011: a reserved RP-Cause counts as 41, temporary failure.
    from_network = number < _TP_FCS.start
    return Code(number, sentence, _R, "network_rejected" if from_network else "unknown")


def _number(code: int | None, text: str, words: dict[str, int]) -> int:
    if code is not None:
        return code
    tail = _tail(text)
    return int(tail) if _is_number(tail) else words.get(tail.lower(), NO_NUMBER)


def _tail(text: str) -> str:
    return text.partition("ERROR")[2].lstrip(": ").strip() if "ERROR" in text else text


def _is_number(tail: str) -> bool:
    return tail.isascii() and tail.isdigit() and len(tail) <= _MAX_DIGITS


def _said(number: int, text: str) -> str:
    return str(number) if number != NO_NUMBER else _tail(text) or text or "no code"
