"""Whose turn it is: which of the messages that wait in memory a free SIM takes.

Messages lie in lines: those of one API key, priority and wish, oldest first. Equal
wishes are judged alike, so only the head of a line is ever judged. A SIM looks

- at the highest priority first; but a lower one that has gone without for `SHARE`
  turns of this SIM has the next, if what is higher had the last;
- within a priority at the key whose turn it is, counted in segments: start-time
  fair queueing (Goyal, Vin, Cheng 1996). A key that was silent is served next and
  saves nothing up for its silence;
- within a key at the oldest message that it may take.

Each SIM keeps an order of its own over the lines, brought up to date when it asks,
and sets lines that it may not take (now, or ever) aside until they are to be judged
again. So a message for which nobody is there is looked at once, not at every turn.
"""

import heapq
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemgw.gateway.queue import Entry

LEVELS = 4  # priorities: 0 low to 3 urgent
_DOWNWARDS = range(LEVELS - 1, -1, -1)
SHARE = 10  # a priority that waits has one turn in so many
CLOCK_SLACK_MS = 1_000
LONGEST_LOOK_MS = (
    3_600_000  # nothing is set aside for as long: then the clock went back
)
OVERDUE = -1  # the stamp of a message that was met past its validity
NEWS = 1_000  # lines a SIM may miss, beyond those there are, before it begins anew


Judge = Callable[["Entry"], int]  # until when it is not for this SIM; 0: take it


class Flow:
    """All messages of one key at one priority: they share its turns."""

    __slots__ = ("level", "serial", "tag")

    def __init__(self, level: int, serial: int, tag: int) -> None:
        self.level = level
        self.serial = serial  # breaks ties
        self.tag = tag  # in segments of virtual time: when its next turn begins


class Line:
    """The messages of one flow with one wish, oldest first.

    `version` is the last announcement of it that counts; 0: it is empty and gone.
    """

    __slots__ = ("flow", "key", "live", "places", "version")

    def __init__(self, flow: Flow, key: tuple[int, int | None, Hashable]) -> None:
        self.flow = flow
        self.key = key
        self.places: list[tuple[int, int, Entry]] = []
        self.live = 0  # messages; the other places are void
        self.version = 0

    def is_for(self, entry: "Entry") -> bool:
        """Say at a glance whether a message belongs here; False: perhaps."""
        priority, key_id, wish = self.key
        is_same = wish is entry.wish and priority == entry.priority
        return is_same and key_id == entry.key_id

    def head(self) -> "Entry":
        """Return the oldest message; only for a line that is not gone."""
        places = self.places
        while places[0][2].stamp != places[0][1]:
            heapq.heappop(places)
        return places[0][2]

    def tidy(self) -> None:
        """Let go of void places once they are the most."""
        if len(self.places) > 2 * self.live + 16:
            self.places = [place for place in self.places if place[2].stamp == place[1]]
            heapq.heapify(self.places)


class _Level:
    """What one SIM may have to take at one priority."""

    __slots__ = ("flows", "lines")

    def __init__(self) -> None:
        self.flows: list[tuple[int, int, Flow]] = []  # by tag, maybe an older one
        self.lines: dict[Flow, list[tuple[int, int, Line]]] = {}  # by oldest message


class _Asker:
    """One SIM, what it has seen of the lines, and the turns it took."""

    def __init__(self) -> None:
        self.facts: object = None  # what its order was made for; None: make it anew
        self.news: list[tuple[int, Line]] = []
        self.levels: list[_Level] = []
        self.aside: list[tuple[int, int, Line]] = []  # by when to judge them again
        self.turn = 0
        self.served = [0] * LEVELS  # the last turn of each priority
        self.last = 0  # the priority of the last turn
        self.look_at = 0  # when it was promised to be asked again

    def begin(self, facts: object, lines: Iterable[Line]) -> None:
        """Forget what was found about lines and messages, not whose turn it was."""
        self.facts = facts
        self.news = [(line.version, line) for line in lines]
        self.levels = [_Level() for _ in range(LEVELS)]
        self.aside = []

    def hear(self, news: tuple[int, Line], limit: int) -> None:
        """Take note of a line; one that has not asked for long begins anew then."""
        if self.facts is not None:
            self.news.append(news)
            if len(self.news) > limit:
                self.forget()

    def forget(self) -> None:
        """Begin anew at the next turn."""
        self.facts = None
        self.news.clear()

    def is_due(self, level: int) -> bool:
        """Say whether a lower priority has gone without for long enough."""
        return self.turn + 1 - self.served[level] >= SHARE

    def catch_up(self, now: int) -> None:
        """Sort in what was announced, and what is to be judged again."""
        if self.news:
            for version, line in self.news:
                if line.version == version:
                    self._sort_in(version, line)
            self.news.clear()
        aside = self.aside
        while aside and aside[0][0] <= now:
            _, version, line = heapq.heappop(aside)
            if line.version == version:
                self._sort_in(version, line)

    def _sort_in(self, version: int, line: Line) -> None:
        level = self.levels[line.flow.level]
        lines = level.lines.get(line.flow)
        if lines is None:
            lines = level.lines[line.flow] = []
            flow = line.flow
            heapq.heappush(level.flows, (flow.tag, flow.serial, flow))
        heapq.heappush(lines, (line.head().message_id, version, line))


class Turns:
    """All messages that may be sent now, and who is next for which SIM."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, int | None, Hashable], Line] = {}
        self._flows: dict[tuple[int, int | None], Flow] = {}
        self._now = [0] * LEVELS  # virtual time: the latest turn that has begun
        self._askers: dict[str, _Asker] = {}
        self._serial = 0
        self._looks: list[int] = []  # instants at which SIMs are to be asked again
        self._asked_at = 0
        self._recent: Line | None = None  # what was put in last
        self.overdue: list[Entry] = []  # met at the head of a line, past their validity

    def __len__(self) -> int:
        """Return how many lines there are."""
        return len(self._lines)

    def put(self, entry: "Entry") -> None:
        """Let a message wait; its stamp says which of its places counts."""
        line = self._recent  # of a campaign or a customer: nearly always the same
        if line is None or not line.live or not line.is_for(entry):
            key = (entry.priority, entry.key_id, entry.wish)
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = Line(self._flow(entry), key)
            self._recent = line
        entry.line = line
        line.live += 1
        places = line.places
        is_first = not places or entry.message_id < places[0][0]
        heapq.heappush(places, (entry.message_id, entry.stamp, entry))
        if is_first or not line.version:
            self._announce(line)

    def drop(self, entry: "Entry") -> None:
        """Forget a message that waits; its stamp is void already."""
        line = entry.line
        if line is None:
            return
        entry.line = None
        line.live -= 1
        if line.live:
            line.tidy()
        else:
            line.version = 0
            line.places.clear()
            del self._lines[line.key]

    def take(self, who: str, facts: object, now: int, judge: Judge) -> "Entry | None":
        """Return the message that is next for this SIM and count its turn.

        The caller takes it out with `drop`. `who` is the SIM's place; where `facts`
        are other ones than the last time, everything is judged anew.
        """
        if now < self._asked_at - CLOCK_SLACK_MS:  # the clock went back
            self.reconsider()
        self._asked_at = now
        asker = self._askers.get(who)
        if asker is None:
            asker = self._askers[who] = _Asker()
        if asker.facts != facts:
            asker.begin(facts, self._lines.values())
        if asker.news or asker.aside:
            asker.catch_up(now)
        levels = asker.levels
        for top in _DOWNWARDS:
            if levels[top].flows:
                found = self._peek(asker, top, now, judge)
                if found is not None:
                    break
        else:
            self._remember_to_look(asker)
            return None
        # Never twice in a row, and not before a first alert.
        if asker.last >= top and any([levels[n].flows for n in range(top)]):
            found = self._lower(asker, top, now, judge) or found
        self._count(asker, found)
        return found

    def reconsider(self) -> None:
        """Have everything judged anew: a SIM came, went, or is another one now."""
        for asker in self._askers.values():
            asker.forget()

    def next_look_at(self) -> int | None:
        """Return when a message set aside is to be judged again."""
        return self._looks[0] if self._looks else None

    def looks_due(self, now: int) -> bool:
        """Say whether SIMs are to be asked again, and take note that they are."""
        due = False
        while self._looks and not now < self._looks[0] <= now + LONGEST_LOOK_MS:
            heapq.heappop(self._looks)
            due = True
        return due

    # -- inside --------------------------------------------------------------

    def _flow(self, entry: "Entry") -> Flow:
        key = (entry.priority, entry.key_id)
        flow = self._flows.get(key)
        if flow is None:
            start = self._now[entry.priority]
            flow = self._flows[key] = Flow(entry.priority, len(self._flows), start)
        return flow

    def _announce(self, line: Line) -> None:
        self._serial += 1
        line.version = self._serial
        news = (line.version, line)
        limit = NEWS + 4 * len(self._lines)
        for asker in self._askers.values():
            asker.hear(news, limit)

    def _lower(self, asker: _Asker, top: int, now: int, judge: Judge) -> "Entry | None":
        levels = asker.levels
        due = [n for n in range(top) if levels[n].flows and asker.is_due(n)]
        for level in sorted(due, key=lambda level: (asker.served[level], -level)):
            found = self._peek(asker, level, now, judge)
            if found is not None:
                return found
        return None

    def _peek(
        self, asker: _Asker, number: int, now: int, judge: Judge
    ) -> "Entry | None":
        level = asker.levels[number]
        flows = level.flows
        while flows:
            tag, serial, flow = flows[0]
            if tag != flow.tag:
                heapq.heapreplace(flows, (flow.tag, serial, flow))
                if flows[0][2] is not flow:
                    continue
            found = self._first(asker, level.lines[flow], now, judge)
            if found is not None:
                return found
            heapq.heappop(flows)
            del level.lines[flow]
        return None

    def _first(
        self,
        asker: _Asker,
        lines: list[tuple[int, int, Line]],
        now: int,
        judge: Judge,
    ) -> "Entry | None":
        while lines:
            message_id, version, line = lines[0]
            if version != line.version:
                heapq.heappop(lines)
                continue
            entry = line.head()
            if entry.message_id != message_id:
                heapq.heapreplace(lines, (entry.message_id, version, line))
                if lines[0][1] != version:  # another line, or a void place of this one
                    continue
            if entry.expires_at <= now:
                self._set_overdue(entry)
            elif (until := judge(entry)) > now:
                heapq.heappop(lines)
                heapq.heappush(asker.aside, (until, version, line))
            else:
                return entry
        return None

    def _set_overdue(self, entry: "Entry") -> None:
        """Take a message out of the way that has expired; its owner ends it."""
        entry.stamp = OVERDUE
        self.drop(entry)
        self.overdue.append(entry)

    def _count(self, asker: _Asker, entry: "Entry") -> None:
        asker.last = level = entry.priority
        asker.turn = asker.served[level] = asker.turn + 1
        flow = self._flows[level, entry.key_id]
        begun = flow.tag
        if begun < self._now[level]:
            begun = self._now[level]
        else:
            self._now[level] = begun
        flow.tag = begun + entry.segments

    def _remember_to_look(self, asker: _Asker) -> None:
        while asker.aside and asker.aside[0][1] != asker.aside[0][2].version:
            heapq.heappop(asker.aside)
        if not asker.aside:
            return
        until = asker.aside[0][0]
        if until != asker.look_at:
            asker.look_at = until
            heapq.heappush(self._looks, until)
