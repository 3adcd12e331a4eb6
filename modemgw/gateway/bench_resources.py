"""The JSON resources of diagnosis and USSD."""

import msgspec

from modemgw.gateway.ussd import Said
from modemgw.gateway.views import instant
from modemgw.modem.console import Reply
from modemgw.modem.journal import Entry, TapeLine


class TranscriptLine(msgspec.Struct, frozen=True):
    """One line of the wire: `>` to the modem, `<` from it, `=` a remark."""

    at: str
    direction: str
    text: str


class Transcript(msgspec.Struct, frozen=True):
    """The last lines between us and one modem, oldest first, texts masked."""

    data: list[TranscriptLine]


class JournalEntry(msgspec.Struct, frozen=True):
    """One thing that happened; `kind` is phase, fault, rung, act or notice."""

    at: str
    kind: str
    text: str


class Journal(msgspec.Struct, frozen=True):
    """What happened to one modem last, oldest first."""

    data: list[JournalEntry]


class ConsoleReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a modem answered; `final` is null where no result code came in time."""

    command: str
    lines: list[str]
    final: str | None
    seconds: float


class UssdAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the network said.

    `state` is done, reply (it wants one: POST it to the session), ended,
    other_client, unsupported or timeout; `why` says so in words.
    """

    session: str
    sim: str
    state: str
    text: str | None
    why: str


def transcript(lines: list[TapeLine]) -> Transcript:
    """Render the tape of a modem."""
    return Transcript(
        [TranscriptLine(instant(one.at_ms), one.direction, one.text) for one in lines]
    )


def journal(entries: list[Entry]) -> Journal:
    """Render the journal of a modem."""
    return Journal([JournalEntry(instant(e.at_ms), e.kind, e.text) for e in entries])


def console_reply(command: str, reply: Reply) -> ConsoleReply:
    """Render the answer to a command that a person typed."""
    return ConsoleReply(
        command=command,
        lines=list(reply.lines),
        final=reply.final,
        seconds=round(reply.seconds, 3),
    )


def ussd_answer(said: Said) -> UssdAnswer:
    """Render what came of a USSD request."""
    return UssdAnswer(
        session=said.session,
        sim=said.sim,
        state=said.state,
        text=said.text,
        why=said.why,
    )
