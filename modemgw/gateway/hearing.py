"""What a received message means, worked out in the transaction that makes it.

Its keyword and what it answers go into the message; an opt-out into the register;
what the rules ask for is planned as rows, to be carried out by answering.py. So a
crash at any point loses nothing and does nothing twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from modemgw import number
from modemgw.config.model import Config
from modemgw.gateway.admin_hearing import AdminHearing, Overheard, blank
from modemgw.gateway.suppressions import Mark, Suppressions
from modemgw.ids import IdSource
from modemgw.policy.answering import Rule, fill, fitting
from modemgw.policy.optout import Intent, Reading
from modemgw.policy.phrases import keyword
from modemgw.store import events, reactions, suppressions
from modemgw.store.fragments import NewInbound
from modemgw.store.inbound import RawRow
from modemgw.store.messages import MessageRow
from modemgw.store.reactions import NewReaction
from modemgw.store.writer import Connection


@dataclass(slots=True)
class Heard:
    """What one job changed, for memory to follow once it is on disk."""

    added: list[Mark] = field(default_factory=list)
    removed: list[Mark] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)  # messages blocked by an opt-out
    planned: bool = False
    masked: bool = False  # a PIN was taken out


class Hearing:
    """Knows the rules and the words of one configuration."""

    def __init__(self, config: Config, ids: IdSource, register: Suppressions) -> None:
        self._country = config.country
        self._zone = ZoneInfo(config.timezone)
        self._window_ms = int(config.inbound.in_reply_to * 1000)
        self._rules = config.inbound.compiled()
        self._opt_out = config.opt_out
        self._reader = config.opt_out.reader()
        self._ids = ids
        self._register = register
        self._admins, self._has_admins = (
            AdminHearing(config.admins),
            bool(config.admins),
        )

    def ear(self) -> "Ear":
        """Return what listens during one job."""
        return Ear(self, Heard())

    def mask(self, new: NewInbound) -> tuple[NewInbound, Overheard]:
        """Take out of a message what may be an administrator's PIN."""
        if not self._has_admins or not new.text:
            return new, Overheard()
        return self._admins.mask(new, self._dialled(new.peer))

    # -- what it says --------------------------------------------------------

    def meaning(self, db: Connection, found: MessageRow, row: RawRow) -> MessageRow:
        """Add the keyword and what is answered to a message; return it so."""
        more: dict[str, object] = {}
        if found.data is None and (word := keyword(found.text)) is not None:
            more["keyword"] = word
        if (answered := self._answered(db, found, row)) is not None:
            more["in_reply_to"] = answered
        if not more:
            return found
        reactions.set_meaning(db, found.id, more)
        return replace(found, options={**found.options, **more})

    def _answered(self, db: Connection, found: MessageRow, row: RawRow) -> str | None:
        """Return the message that this one answers; None where that is not sure."""
        if not self._window_ms or "waiting" in found.options:
            return None
        smsc = found.options.get("smsc_time")
        late = (
            isinstance(smsc, int) and smsc < row.read_at and "backlog" in found.options
        )
        at = smsc if late and isinstance(smsc, int) else row.read_at
        dialled = self._dialled(found.peer)
        for peer in dict.fromkeys((dialled or found.peer, found.peer)):
            sent = reactions.last_written_to(
                db, peer, since=at - self._window_ms, until=at
            )
            for public_id, sim_id in sent:
                if sim_id == row.sim_id:
                    return public_id
            if len({sim_id for _, sim_id in sent}) == 1:
                return sent[0][0]
        return None

    # -- what it makes us do -------------------------------------------------

    def act(
        self,
        db: Connection,
        found: MessageRow,
        row: RawRow,
        event_id: int,
        heard: Heard,
        overheard: Overheard,
    ) -> None:
        """Enter opt-outs and plan what the rules say, or an administrator."""
        text = found.text
        is_text = found.data is None and "port" not in found.options
        if not text or not is_text or "waiting" in found.options:
            return
        dialled = self._dialled(found.peer)
        asked = _Asked(db, found, row, dialled or found.peer, row.read_at)
        if self._admins.act(db, found, asked.peer, overheard, asked.now):
            heard.planned = True
            return
        taken = dialled is not None and self._consent(asked, text, heard)
        if "backlog" in found.options:
            return  # nobody waits for an answer any more
        for rule in fitting(self._rules, text, asked.peer, found.sim):
            self._follow(asked, rule, event_id, heard, silent=taken)

    def _consent(self, asked: "_Asked", text: str, heard: Heard) -> bool:
        """Do what STOP, START and HELP say; False: it is a text like any other."""
        reading = self._reader.read(text) if self._opt_out.read else None
        if reading is None:
            return False
        if reading.intent is Intent.STOP:
            self._stop(asked, reading, heard)
            return True
        if "backlog" in asked.found.options:
            return False  # who knows what was said since
        if reading.intent is Intent.START:
            return self._start(asked, reading, heard)
        if self._opt_out.help is None:
            return False
        self._plan(asked, heard, "help", asked.peer, self._opt_out.help)
        return True

    def _stop(self, asked: "_Asked", reading: Reading, heard: Heard) -> None:
        db, peer, now = asked.db, asked.peer, asked.now
        for_all = self._opt_out.scope == "all" or reading.all_numbers
        sim_id = None if for_all else asked.row.sim_id
        is_first = not suppressions.of_number(db, peer)
        if not suppressions.add(
            db,
            self._ids,
            peer,
            sim_id=sim_id,
            source="sms",
            now=now,
            word=reading.phrase,
        ):
            return
        heard.added.append((suppressions.hasher(db)(peer), sim_id))
        ended = self._register.block_waiting(db, peer, sim_id, now)
        heard.ended += ended
        self._tell(asked, "message.opt_out", reading, sim_id, blocked=len(ended))
        is_late = "backlog" in asked.found.options
        if is_first and self._opt_out.confirm is not None and not is_late:
            self._plan(asked, heard, "confirm", peer, self._opt_out.confirm)

    def _start(self, asked: "_Asked", reading: Reading, heard: Heard) -> bool:
        db = asked.db
        entries = [
            entry
            for entry in suppressions.of_number(db, asked.peer)
            if entry.sim_id is None
            or entry.sim_id == asked.row.sim_id
            or self._opt_out.scope == "all"
            or reading.all_numbers
        ]
        for entry in entries:
            heard.removed.append(suppressions.mark_of(db, entry.id))
            suppressions.remove(db, entry.id)
        if not entries:
            return False
        wide = any(entry.sim_id is None for entry in entries)
        self._tell(asked, "message.opt_in", reading, None if wide else asked.row.sim_id)
        if self._opt_out.welcome is not None:
            self._plan(asked, heard, "confirm", asked.peer, self._opt_out.welcome)
        return True

    def _tell(
        self,
        asked: "_Asked",
        type: str,
        reading: Reading,
        sim_id: int | None,
        **more: object,
    ) -> None:
        data: dict[str, object] = {
            "id": asked.found.public_id,
            "number": asked.peer,
            "sim": asked.found.sim,
            "scope": "all" if sim_id is None else "sim",
            "source": "sms",
            "word": reading.phrase,
            **more,
        }
        events.append(
            asked.db,
            type,
            at=asked.now,
            data=data,
            message_id=asked.found.id,
            push=True,
            ids=self._ids,
        )

    def _follow(
        self,
        asked: "_Asked",
        rule: Rule,
        event_id: int,
        heard: Heard,
        *,
        silent: bool,
    ) -> None:
        if rule.webhook is not None:
            forwarded = reactions.forward_event(
                asked.db, event_id, rule.webhook, asked.now
            )
            self._note(
                asked, "message.forwarded" if forwarded else "message.left", rule
            )
        if rule.number is not None:
            self._plan(asked, heard, "forward", rule.number, None, rule)
        if rule.reply is not None and not silent:
            self._plan(asked, heard, "reply", asked.peer, rule.reply, rule)

    def _note(self, asked: "_Asked", type: str, rule: Rule) -> None:
        why = "" if type == "message.forwarded" else "the endpoint is not in force"
        data: dict[str, object] = {"to": "webhook", "rule": rule.place}
        events.append(
            asked.db,
            type,
            at=asked.now,
            data={**data, "why": why} if why else data,
            message_id=asked.found.id,
            ids=self._ids,
        )

    def _plan(
        self,
        asked: "_Asked",
        heard: Heard,
        kind: str,
        target: str,
        text: str | None,
        rule: Rule | None = None,
    ) -> None:
        new = NewReaction(
            message_id=asked.found.id,
            kind=kind,
            target=target,
            peer=asked.peer,
            asked_at=asked.now,
            rule=rule.place if rule else None,
            text=None if text is None else fill(text, self._fields(asked)),
            sim=asked.found.sim,
        )
        if reactions.plan(asked.db, new):
            heard.planned = True

    def _fields(self, asked: "_Asked") -> Mapping[str, str]:
        found = asked.found
        local = datetime.fromtimestamp(asked.now / 1000, self._zone)
        word = found.options.get("keyword")
        return {
            "from": found.peer,
            "to": found.sim_number or "",
            "sim": found.sim or "",
            "keyword": word if isinstance(word, str) else "",
            "date": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
        }

    def _dialled(self, peer: str) -> str | None:
        """Return a sender as it is dialled; None for one that is no number."""
        try:
            return number.parse(peer, self._country).text
        except number.InvalidNumber:
            return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One message that came in, and who wrote it."""

    db: Connection
    found: MessageRow
    row: RawRow
    peer: str  # as it is dialled; a name stays as it is
    now: int


@dataclass(frozen=True, slots=True)
class Ear:
    """Listens during one job; `heard` is what memory takes over behind it."""

    hearing: Hearing
    heard: Heard
    is_deaf: bool = False
    overheard: list[Overheard] = field(default_factory=list)  # of the last one masked

    def meaning(self, db: Connection, found: MessageRow, row: RawRow) -> MessageRow:
        """See Hearing.meaning."""
        return found if self.is_deaf else self.hearing.meaning(db, found, row)

    def mask(self, new: NewInbound) -> NewInbound:
        """See Hearing.mask; to be called right before a message is stored."""
        new, overheard = self.hearing.mask(new)
        self.overheard[:] = [overheard]
        return new

    def deaf(self) -> "Ear":
        """Return what still takes PINs out, and understands nothing."""
        return Ear(self.hearing, Heard(), is_deaf=True)

    def act(
        self, db: Connection, found: MessageRow, row: RawRow, event_id: int
    ) -> None:
        """See Hearing.act."""
        overheard = self.overheard.pop() if self.overheard else Overheard()
        if overheard.was_masked:
            blank(db, found)
            self.heard.masked = True
        if not self.is_deaf:
            self.hearing.act(db, found, row, event_id, self.heard, overheard)


OnHeard = Callable[[Heard], None]
