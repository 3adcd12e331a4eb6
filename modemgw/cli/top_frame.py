"""What `modemgw top` draws: a pure function of what is known, and of the terminal.

Any size is fine, down to a line of a few cells: columns go that matter less, then
what is below the table, then rows of the table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from modemgw.cli.cells import GAP, clean, cut, masked, pad, width_of
from modemgw.cli.status_text import age, hour, left
from modemgw.words import counted

Json = Mapping[str, Any]

HEAD, TITLE, WARN, PLAIN, DIM, KEYS = "head", "title", "warn", "plain", "dim", "keys"
MOST_TROUBLES = 3
MOST_EVENTS = 8
SORTS = ("trouble", "name", "signal", "rate")
MOST_WHY = 26  # cells kept for why, where there is something to say
SMALL = 8  # lines: below that only the head and the table


class Line(NamedTuple):
    """One line and how it is to look."""

    style: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """What is known, and what the person at the keys wants to see."""

    status: Json | None  # as last heard; None: nothing yet
    trouble: str = ""  # why there is no news, "" where there is
    sort: str = SORTS[0]
    skip: int = 0  # rows scrolled away
    asks: str = ""  # a question that y or n answers
    said: str = ""  # what became of the last key


@dataclass(frozen=True, slots=True)
class _Column:
    """`keep`: the lower, the longer it stays when there is little room."""

    title: str
    keep: int
    most: int
    cell: Callable[[Json, Json], str]
    right: bool = False


def frame(view: View, width: int, height: int) -> list[Line]:
    """Return at most `height` lines of at most `width` cells."""
    width, height = max(width, 1), max(height, 1)
    if view.status is None:
        found = [Line(HEAD, "modemgw top"), Line(WARN, view.trouble or "asking …")]
        return _fit([*found, Line(KEYS, "q quit")], width, height)
    status = view.status
    top = [_head(status, view.trouble, width)]
    rows = _rows(status, view.sort)
    foot = [Line(KEYS, _keys(view))]
    if height < SMALL:
        table = _table(rows, view.skip, width, height - len(top))
        return _fit([*top, *table], width, height)
    top += _troubles(status, width)
    foot = [Line(DIM, _hour(status)), *foot]
    free = height - len(top) - len(foot)
    events = _events(status, min(MOST_EVENTS, max(0, free - 2 - min(len(rows), 8))))
    table = _table(rows, view.skip, width, free - len(events))
    blank = [Line(PLAIN, "")] * (free - len(events) - len(table))
    return _fit([*top, *table, *blank, *events, *foot], width, height)


def last_row(status: Json | None) -> int:
    """Return how far one can scroll."""
    return 0 if status is None else max(0, len(_rows(status, SORTS[0])) - 1)


def _fit(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    return [Line(style, cut(text, width)) for style, text in lines[:height]]


def _head(status: Json, trouble: str, width: int) -> Line:
    level = "no answer" if trouble else status["level"]
    clock = clean(status["time"])[11:19]
    states = status["queue"]["states"]
    waits = (
        "queue ?"
        if states is None
        else ", ".join(f"{n} {state}" for state, n in states.items() if n)
        or "queue empty"
    )
    up = age(status["started_at"], status["time"])
    words = ["modemgw", level.upper(), waits, f"up {up}"]
    if status["paused_by"]:
        words.insert(2, "PAUSED")
    said = GAP.join(words)
    room = width - len(clock) - 1
    text = pad(said, room) + " " + clock if room > len("modemgw  DEGRADED") else said
    return Line(HEAD if level == "well" else WARN, text)


def _troubles(status: Json, width: int) -> list[Line]:
    found = status["troubles"]
    shown = [
        Line(WARN, cut(f"! {clean(one['what'])}", width))
        for one in found[:MOST_TROUBLES]
    ]
    more = len(found) - len(shown)
    if more:
        shown[-1] = Line(WARN, f"! and {more + 1} more: modemgw status")
    return shown


# -- the table ----------------------------------------------------------------


def _rows(status: Json, sort: str) -> list[tuple[Json, Json]]:
    """Return (modem, its SIM) pairs; a SIM in no modem is beside none."""
    sims = {sim["name"]: sim for sim in status["sims"]}
    rows = [(modem, sims.pop(modem["sim"], {})) for modem in status["modems"]]
    rows += [({}, sim) for sim in sims.values()]
    return sorted(rows, key=_ORDER[sort])


def _name(row: tuple[Json, Json]) -> tuple[str, str]:
    modem, sim = row
    return (modem.get("name", "\uffff"), sim.get("name", ""))


def _rank(row: tuple[Json, Json]) -> int:
    modem, sim = row
    if not modem:
        return 2
    well = modem["phase"] == "ready" and sim.get("state") in ("ready", "paced")
    return 1 if well else 0


_ORDER: dict[str, Callable[[tuple[Json, Json]], Any]] = {
    "trouble": lambda row: (_rank(row), _name(row)),
    "name": _name,
    "signal": lambda row: (row[0].get("signal_dbm") or 0, _name(row)),
    "rate": lambda row: (-row[1].get("per_minute", 0), _name(row)),
}


def _state(modem: Json, sim: Json) -> str:
    if not modem:
        return "absent"
    if modem["busy_ms"] is not None:
        return f"sends {modem['busy_ms'] / 1000:.1f} s"
    if modem["phase"] == "ready" and sim.get("state") not in (None, "ready"):
        return str(sim["state"])
    return str(modem["phase"])


def _signal(modem: Json, sim: Json) -> str:
    dbm = modem.get("signal_dbm")
    if dbm is None:
        return ""
    bars = max(1, min(5, (dbm + 113) // 11 + 1))
    return f"{dbm} {'#' * bars:<5}"


def _why(modem: Json, sim: Json) -> str:
    if not modem:
        return str(sim.get("why") or "")
    if modem["phase"] != "ready":
        return str(modem["why"])
    return "" if sim.get("state") == "ready" else str(sim.get("why") or "")


_COLUMNS = (
    _Column("MODEM", 0, 14, lambda modem, sim: modem.get("name") or "-"),
    _Column("STATE", 1, 11, _state),
    _Column("SIM", 2, 12, lambda modem, sim: sim.get("name") or "-"),
    _Column("NETWORK", 6, 12, lambda m, s: m.get("operator") or ""),
    _Column("SIGNAL", 3, 10, _signal),
    _Column(
        *("/MIN", 4, 6),
        lambda modem, sim: f"{sim['per_minute']:g}" if sim else "",
        right=True,
    ),
    _Column(
        *("TODAY", 5, 7),
        lambda modem, sim: str(sim["today"]) if sim.get("today") is not None else "",
        right=True,
    ),
    _Column("LEFT", 7, 18, lambda modem, sim: left(sim) if sim else ""),
    _Column("WHY", 8, 60, _why),
)


def _table(
    rows: Sequence[tuple[Json, Json]], skip: int, width: int, height: int
) -> list[Line]:
    if height < 1:
        return []
    room = max(0, height - 1)
    skip = max(0, min(skip, len(rows) - room))
    shown = rows[skip : skip + room]
    cells = {
        column: [cut(clean(column.cell(*row)), column.most) for row in rows]
        for column in _COLUMNS
    }
    filled = [c for c in _COLUMNS if c.keep < 3 or any(cells[c])]  # noqa: PLR2004
    widths = _widths(filled, cells, width)
    lines = [Line(TITLE, _line(widths, {c: c.title for c in widths}))]
    for index, row in enumerate(shown, skip):
        style = WARN if _rank(row) == 0 else DIM if not row[0] else PLAIN
        lines.append(Line(style, _line(widths, {c: cells[c][index] for c in widths})))
    if skip + room < len(rows) and room > 1:
        rest = len(rows) - skip - room + 1
        lines[-1] = Line(DIM, f"… {rest} more (arrows)")
    return lines


def _widths(
    filled: Sequence[_Column], cells: Mapping[_Column, Sequence[str]], width: int
) -> dict[_Column, int]:
    """Choose columns that fit, what matters most first; keep their order."""
    wanted = {c: max(len(c.title), *map(width_of, cells[c]), 0) for c in filled}
    taken: dict[_Column, int] = {}
    why = filled[-1] if filled[-1].title == "WHY" and width >= MOST_WHY * 2 else None
    free = width - (min(wanted[why], MOST_WHY) + len(GAP) if why else 0)
    for column in sorted(filled, key=lambda one: one.keep):
        need = wanted[column] + (len(GAP) if taken else 0)
        if column is not why and column.title != "WHY" and need <= free:
            taken[column] = wanted[column]
            free -= need
    if not taken:
        taken[filled[0]] = width
    if why is not None:
        used = sum(taken.values()) + len(GAP) * len(taken)
        taken[why] = min(wanted[why], width - used)  # what is for reading is cut
    return {column: taken[column] for column in filled if column in taken}


def _line(widths: Mapping[_Column, int], cells: Mapping[_Column, str]) -> str:
    parts = [pad(cells[c], width, right=c.right) for c, width in widths.items()]
    return GAP.join(parts).rstrip()


# -- below it -----------------------------------------------------------------


def _hour(status: Json) -> str:
    outcomes = status["last_hour"]["outcomes"]
    told = ", ".join(f"{count} {name}" for name, count in outcomes.items()) or "nothing"
    pending = status["webhooks"]["pending"]
    pushes = f"; {counted(pending, 'event')} for webhooks" if pending else ""
    return f"{hour(status).lower()}: {told}{pushes}"


def _events(status: Json, most: int) -> list[Line]:
    if most < 1:
        return []
    return [Line(DIM, event_line(one)) for one in reversed(status["recent"][:most])]


def event_line(event: Json) -> str:
    """Write an event in one line, with its number masked."""
    data = event["data"]
    words = [clean(event["at"])[11:19], f"{clean(event['type']):<18}"]
    words += [clean(data[key]) for key in ("sim", "modem") if data.get(key)]
    for key, arrow in (("to", ">"), ("from", "<"), ("number", "")):
        if data.get(key):
            words.append(f"{arrow}{masked(data[key])}")
    reason = data.get("reason")
    why = reason.get("detail") if isinstance(reason, dict) else data.get("why")
    if why:
        words.append(clean(why))
    return " ".join(words)


def _keys(view: View) -> str:
    if view.asks:
        return f"{view.asks} y/n"
    if view.said or view.trouble:
        return clean(view.said or view.trouble)
    paused = view.status is not None and view.status["paused_by"]
    pause = "p resume" if paused else "p pause"
    return f"q quit  {pause}  s sort: {view.sort}  arrows scroll"
