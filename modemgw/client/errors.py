"""What can go wrong between a program and the gateway.

ClientError
├── Unreachable    no answer: nobody there, the connection broke, it took too long
├── Untrusted      its certificate is not signed by whom we trust
├── Refused        the gateway said no; carries its problem document
├── BadAnswer      what came is not the answer of a gateway
├── StillWaiting   wait() ran out of time; carries the message as it was last
└── NotGenuine     a webhook whose signature, time or body cannot be trusted
"""

from typing import TYPE_CHECKING

from modemgw.errors import FieldProblem, ModemgwError

if TYPE_CHECKING:
    from modemgw.client.models import Message


class ClientError(ModemgwError):
    """Base class of everything that the client raises."""


class Unreachable(ClientError):
    """No answer. `sent`: the request may have reached the gateway all the same.

    The error of the operating system is `__cause__`.
    """

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Untrusted(ClientError):
    """Over https somebody else answered, or `ca` is missing or not the right one."""


class Refused(ClientError):
    """The gateway answered, and said no.

    `problem` is the type of the problem (docs/problems.md), "" where something
    else than the gateway answered. `errors` names the wrong fields: `pointer` is
    `/to` for a field of the body, `?since` for a parameter, `@Name` for a header.
    `retry_after` is in seconds, None where waiting was not said to help.
    `document` is the whole problem document.
    """

    def __init__(
        self,
        status: int,
        document: dict[str, object],
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.document = document
        self.problem = _text(document.get("type")).rpartition("/")[2]
        self.title = _text(document.get("title"))
        self.detail = _text(document.get("detail"))
        self.errors = _fields(document.get("errors"))
        self.request_id = _text(document.get("request_id")) or request_id
        self.retry_after = retry_after
        super().__init__(self._sentence())

    @property
    def pointer(self) -> str | None:
        """Where the first wrong field is, None where no field is to blame."""
        return self.errors[0].pointer if self.errors else None

    def _sentence(self) -> str:
        """Say it for people: one line, and one more for each wrong field."""
        lead = self.detail or self.title or f"HTTP {self.status}"
        lines = [f"{field.pointer}: {field.detail}" for field in self.errors]
        if len(lines) == 1 and lines[0].endswith(f": {lead}"):
            return lines[0]
        return "\n  ".join([lead, *lines])


class BadAnswer(ClientError):
    """An answer that is not the gateway's: a redirect, no JSON, without an end."""


class StillWaiting(ClientError, TimeoutError):
    """The message did not get there in time; `message` is how it was last."""

    def __init__(self, message: "Message", seconds: float) -> None:
        super().__init__(f"{message.id} is {message.state} after {seconds:g} s")
        self.message = message


class NotGenuine(ClientError):
    """A webhook that was not signed by the gateway, or long ago."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _fields(value: object) -> tuple[FieldProblem, ...]:
    found = []
    for issue in value if isinstance(value, list) else ():
        if not isinstance(issue, dict):
            continue
        where = _text(issue.get("pointer"))
        if not where and (parameter := _text(issue.get("parameter"))):
            where = f"?{parameter.removeprefix('?')}"
        if not where and (header := _text(issue.get("header"))):
            where = f"@{header.removeprefix('@')}"
        code, detail = _text(issue.get("code")), _text(issue.get("detail"))
        found.append(FieldProblem(where, code, detail))
    return tuple(found)
