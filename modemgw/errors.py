"""Every exception modemgw raises on purpose.

ModemgwError
├── ConfigError            the operator wrote something we cannot accept
├── PduError               the octets or the text cannot be a valid TPDU
│   ├── PduEncodeError     our caller's text or number
│   └── PduDecodeError     the network's octets; carries them
├── ModemError             one modem failed; the pool goes on without it
│   ├── PortLost           unplugged, bad descriptor, I/O error
│   ├── AtTimeout          no final result code; carries command and seconds
│   └── AtError            the modem said no; carries command and code
│       ├── CmeError       +CME ERROR, 27.007 9.2: the equipment refuses
│       └── CmsError       +CMS ERROR, 27.005 3.2.5: the message was refused
├── RequestError           a client's fault; carries code, HTTP status, field
│   ├── FieldError         one or more fields of the request are wrong
│   ├── NotFound           the thing named does not exist
│   ├── Conflict           the thing named is in a state that forbids this
│   ├── ModemRefused       the modem or the network said no, or nothing
│   ├── QuotaExceeded      later, or with another key
│   └── OptedOut           the recipient does not want messages
└── StoreError             the database cannot be read or written
    ├── SchemaMismatch     made by a newer modemgw, or not by modemgw
    ├── DiskFull           no room: intake and sending stop until there is
    └── Corrupt            the file is damaged; a person must restore it
"""

from collections.abc import Mapping
from dataclasses import dataclass


class ModemgwError(Exception):
    """Base class. Catch it only at the edges: main(), the API, an actor."""


class ConfigError(ModemgwError):
    """The configuration cannot be accepted.

    `problems` holds one line per mistake, each `file:line:column: path: why`,
    in file order; str() joins them with newlines.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PduError(ModemgwError):
    """The octets or the text cannot be a valid TPDU."""


class PduEncodeError(PduError):
    """Our caller gave a text, number or option that no TPDU can carry."""


class PduDecodeError(PduError):
    """The network or the modem gave octets that are no TPDU; `octets` has them."""

    def __init__(self, why: str, octets: bytes) -> None:
        super().__init__(why)
        self.octets = octets


class ModemError(ModemgwError):
    """A failure that belongs to exactly one modem."""


class PortLost(ModemError):
    """The device vanished, the descriptor went bad, or it stopped taking octets."""


class AtTimeout(ModemError):
    """No final result code within the command's deadline."""

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(f"no final result code for {command} within {seconds:g} s")
        self.command = command
        self.seconds = seconds


class AtError(ModemError):
    """The modem understood us and said no.

    `code` is the number from the final result code, or None where the modem
    answered a bare ERROR (AT+CMEE=0, or a firmware that has no codes). `text`
    is the final line as it came.
    """

    def __init__(self, command: str, code: int | None, text: str = "") -> None:
        super().__init__(f"{command} refused: {text or code}")
        self.command = command
        self.code = code
        self.text = text


class CmeError(AtError):
    """+CME ERROR: see 3GPP TS 27.007, section 9.2."""


class CmsError(AtError):
    """+CMS ERROR: see 3GPP TS 27.005, section 3.2.5."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field of a request: JSON pointer, machine code, sentence."""

    pointer: str
    code: str
    detail: str


class RequestError(ModemgwError):
    """The client asked for something we do not do; the request had no effect.

    `problem` is the last part of the problem type URI, `status` the HTTP
    status, `errors` the fields it is about, `retry_after` seconds where waiting
    helps.
    """

    problem = "bad-request"
    title = "Bad request"
    status = 400

    def __init__(
        self,
        detail: str,
        *,
        errors: tuple[FieldProblem, ...] = (),
        problem: str | None = None,
        title: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.problem = problem or type(self).problem
        self.title = title or type(self).title
        self.status = status or type(self).status
        self.retry_after = retry_after


class FieldError(RequestError):
    """One or more fields are wrong; `errors` says which and why."""

    problem = "invalid-field"
    title = "Invalid field"
    status = 422


class NotFound(RequestError):
    """The thing named in the path does not exist, or this key may not see it."""

    problem = "not-found"
    title = "Not found"
    status = 404


class Conflict(RequestError):
    """The thing exists and its state forbids what was asked."""

    problem = "conflict"
    title = "Conflict"
    status = 409


class ModemRefused(RequestError):
    """What was asked for went to a modem, and that or its network said no."""

    problem = "modem-refused"
    title = "The modem or the network refused"
    status = 502


class QuotaExceeded(RequestError):
    """Too much for now; `retry_after` says when to come back.

    `headers` tell of the limit, where HTTP is spoken.
    """

    problem = "quota-exceeded"
    title = "Quota exceeded"
    status = 429
    headers: Mapping[str, str] = {}


class OptedOut(RequestError):
    """The recipient asked for no more messages."""

    problem = "opted-out"
    title = "Recipient opted out"
    status = 422


class StoreError(ModemgwError):
    """The database cannot be read or written."""


class SchemaMismatch(StoreError):
    """The file was made by a newer modemgw, or is no modemgw database."""


class DiskFull(StoreError):
    """There is no room to commit. Nothing of the failed job was kept."""


class Corrupt(StoreError):
    """SQLite says the file is damaged. A person must restore a backup."""
