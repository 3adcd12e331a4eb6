# ruff: noqa: RUF001 - many languages
"""Whether a text may be answered without a person: what keeps two machines apart.

Each answer costs money and may be answered in turn by another machine. So there is
an answer only to somebody who can be a person, to a text that a person may have
written, so many an hour to one number and to all, and none where answers come back
faster than people read. Time comes in as an argument; what was answered is given.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from modemgw.number import MAX_SHORT_CODE
from modemgw.policy.correlate import same_recipient
from modemgw.policy.phrases import fold, words_of
from modemgw.policy.selftest import token_in

HOUR_MS = 3_600_000
QUICK_MS = 45_000  # from our answer to the next text: few people read and type faster
QUICK_TURNS = 3  # so many in a row are a machine
MUTE_MS = 6 * HOUR_MS  # how long a machine gets no answer
FORWARD_HEAD = "SMS from"  # how our own forwarded texts begin
MACHINE = "its texts come as fast as ours: a machine answers us"


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer that was given: to whom, when the question came, when it was sent.

    `muted`: there was none, for this number was found to be a machine.
    """

    peer: str
    asked_at: int
    at: int
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How many answers go out in an hour, and to whom."""

    per_number: int = 3
    in_all: int = 60
    short_codes: bool = False


@dataclass(slots=True)
class Ledger:
    """The answers of the last hours, newest last; made again from the disk at start."""

    limits: Limits
    _given: deque[Answered] = field(default_factory=deque)

    def load(self, given: Iterable[Answered]) -> None:
        """Take what was given before, oldest first."""
        self._given = deque(given)

    def note(self, one: Answered) -> None:
        """Count an answer, or that somebody was found to be a machine."""
        if not (one.muted and self.is_muted(one.peer)):  # once: it must not grow
            self._given.append(one)

    def is_muted(self, peer: str) -> bool:
        """Say whether a number was found to be a machine lately."""
        return any(one.muted and one.peer == peer for one in self._given)

    def why_not(self, peer: str, asked_at: int, now: int) -> str | None:
        """Say why this number gets no answer now, or None."""
        while self._given and self._given[0].at < now - MUTE_MS:
            self._given.popleft()
        hour = [one for one in self._given if one.at > now - HOUR_MS and not one.muted]
        if len(hour) >= self.limits.in_all:
            return f"{self.limits.in_all} answers went out within the hour"
        mine = [one for one in self._given if one.peer == peer]
        if any(one.muted for one in mine) or _is_machine(mine, asked_at):
            return MACHINE
        if sum(one.at > now - HOUR_MS for one in mine) >= self.limits.per_number:
            return f"it got {self.limits.per_number} answers within the hour"
        return None


def _is_machine(mine: list[Answered], asked_at: int) -> bool:
    """Tell ping-pong: text and answer in turn, each at once behind the other."""
    asked = [*(one.asked_at for one in mine[1:]), asked_at]
    gaps = [then - one.at for one, then in zip(mine, asked, strict=False)]
    last = gaps[-QUICK_TURNS:]
    return len(last) == QUICK_TURNS and all(0 <= gap <= QUICK_MS for gap in last)


def who_is_no_person(sender: str, own: Iterable[str], limits: Limits) -> str | None:
    """Say why a sender is never answered, or None. `sender` as it is dialled."""
    digits = sender.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return "the sender is a name and no number"
    if len(digits) <= MAX_SHORT_CODE and not limits.short_codes:
        return "the sender is a short code"
    if any(same_recipient(number, sender) for number in own):
        return "the sender is a SIM of ours"
    return None


def what_is_no_question(text: str) -> str | None:
    """Say why a text is never answered, or None."""
    if not words_of(text):
        return "there is no word in it"
    if token_in(text) is not None:
        return "it is a self-test"
    folded = f" {fold(text)} "
    if (why := is_forwarded(text)) is not None:
        return why
    if any(f" {phrase}" in folded for phrase in _AUTOMATIC):
        return "it looks like an automatic answer"
    return None


def is_forwarded(text: str) -> str | None:
    """Say that a text was forwarded already, by us or by one like us; else None."""
    is_one = fold(text).startswith(fold(FORWARD_HEAD) + " ")
    return "it is a forwarded text" if is_one else None


# Folded when loaded. What machines write, and people hardly ever.
_AUTOMATIC = tuple(
    fold(phrase)
    for phrase in (
        *("out of office", "out of the office", "automatic reply", "auto reply"),
        *("auto response", "autoresponder", "automated message", "autoreply"),
        *("automated response", "automatic response", "auto-response"),
        *("automatically generated", "this is an automated", "do not reply"),
        *("please do not respond", "cannot receive replies", "not monitored"),
        *("does not accept replies", "unattended mailbox", "i'm driving"),
        *("i am driving", "do not disturb while driving", "will see your message"),
        *("you have been unsubscribed", "you are unsubscribed", "you have opted out"),
        *("successfully been unsubscribed", "successfully unsubscribed"),
        *("you will receive no further", "you will not receive any more"),
        *("you will no longer receive", "no more messages will be sent"),
        *("reply stop", "text stop", "send stop", "stop to opt out", "stop to end"),
        *("reply start", "stop to unsubscribe", "msg data rates", "msg&data rates"),
        *("abwesenheitsnotiz", "automatische antwort", "nicht im büro"),
        *("außer haus", "automatisch generiert", "automatisch erstellt"),
        *("nicht auf diese sms", "antworten sie nicht", "wurden abgemeldet"),
        *("erfolgreich abgemeldet", "keine weiteren nachrichten", "ich fahre gerade"),
        *("bin gerade am fahren", "réponse automatique", "absent du bureau"),
        *("absence du bureau", "message automatique", "ne pas répondre"),
        *("vous êtes désabonné", "vous êtes désinscrit", "je conduis"),
        *("respuesta automática", "fuera de la oficina", "mensaje automático"),
        *("no responda a este", "ha sido dado de baja", "estoy conduciendo"),
        *("risposta automatica", "fuori ufficio", "messaggio automatico"),
        *("non rispondere a questo", "sei stato disiscritto", "sto guidando"),
        *("automatisch antwoord", "automatisch bericht", "niet op kantoor"),
        *("bent afgemeld", "bent uitgeschreven", "ik ben aan het rijden"),
        *("automatyczna odpowiedź", "poza biurem", "wiadomość automatyczna"),
        *("resposta automática", "mensagem automática", "fora do escritório"),
        *("otomatik yanıt", "otomatik mesaj", "ofis dışında", "automatická odpověď"),
        *("automatisk svar", "autosvar", "automatiskt svar", "automaattinen vastaus"),
        *("automatikus válasz", "răspuns automat", "αυτόματη απάντηση"),
        *("автоответ", "автоматический ответ", "автоматична відповідь"),
        *("رد تلقائي", "رسالة تلقائية"),
    )
)
