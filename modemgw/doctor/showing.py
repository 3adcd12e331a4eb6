"""How findings are shown: worst first for people, everything for programs."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from modemgw.doctor.finding import Finding, Level, is_prose, plain
from modemgw.doctor.run import Result
from modemgw.words import counted

WIDTH = 80
SCHEMA = 1  # of the JSON; grows when something is taken away or changes its meaning
_MARKS = {Level.PROBLEM: "✗", Level.WARNING: "!", Level.NOTE: "·", Level.OK: "✓"}
_PLAIN = {Level.PROBLEM: "x", Level.WARNING: "!", Level.NOTE: "-", Level.OK: "+"}
_COLOURS = {Level.PROBLEM: "31", Level.WARNING: "33", Level.NOTE: "36", Level.OK: "32"}
_COUNTED = (Level.PROBLEM, Level.WARNING, Level.NOTE)

Json = dict[str, object]


def worst(results: Iterable[Result]) -> Level:
    """Return the worst of all findings."""
    return max((one.level for one in results), default=Level.OK)


def exit_code(results: Iterable[Result]) -> int:
    """Return 0 for nothing but notes, 1 for warnings, 2 for problems."""
    return max(0, worst(results) - Level.NOTE)


def ordered(results: Iterable[Result]) -> list[tuple[str, Finding]]:
    """Return the findings with their group: worst first, else as they were checked.

    Of equal ones, which two checks may see, the first is kept.
    """
    found: dict[tuple[str, str, str], tuple[str, Finding]] = {}
    for result in results:
        for one in result.findings:
            key = (one.id, one.where, one.what)
            found.setdefault(key, (result.check.group, one))
    return sorted(found.values(), key=lambda pair: -pair[1].level)


class Page:
    """Lines for a person. `colour` and `marks` only where the terminal takes them."""

    def __init__(self, *, colour: bool, marks: bool) -> None:
        self._colour = colour
        self._marks = _MARKS if marks else _PLAIN

    def lines(self, results: Sequence[Result], *, every: bool) -> Iterator[str]:
        """Yield the page; with `every` also what is well and what was not looked at."""
        found = ordered(results)
        for level in _COUNTED:
            yield from self._level(
                level, [(group, one) for group, one in found if one.level is level]
            )
        if every:
            yield from self._rest(results)
        yield self.summary(results, every=every)

    def _level(
        self, level: Level, found: Sequence[tuple[str, Finding]]
    ) -> Iterator[str]:
        if not found:
            return
        yield self._painted(f"{level.word.upper()}S", level)
        last = ""
        for group, alike in _alike(found):
            if group != last:
                yield f"  {group}"
                last = group
            yield from self._entry(alike)
        yield ""

    def _entry(self, alike: Sequence[Finding]) -> Iterator[str]:
        """Write what was seen in several places with one answer to it."""
        first = alike[0]
        mark = self._painted(self._marks[first.level], first.level)
        yield from _wrapped(f"  {mark} ", first.kind.means)
        for one in alike:
            where = f"  [{one.where}]" if one.where else ""
            yield from _wrapped("      ", f"{one.what}{where}")
        for line in first.type:
            # A command is not broken: it is copied from here.
            prose = is_prose(line)
            yield from _wrapped("      ", line) if prose else [f"      > {line}"]
        can = "   --fix does this" if first.fix else ""
        yield f"      {first.id}{can}"

    def _rest(self, results: Sequence[Result]) -> Iterator[str]:
        yield "CHECKED"
        for result in results:
            if result.skipped:
                said = f"not looked at: {plain(result.skipped)}"
                yield f"  ? {result.check.name}: {said}"
            elif result.level is Level.OK:
                mark = self._painted(self._marks[Level.OK], Level.OK)
                yield f"  {mark} {result.check.name}"
        yield ""

    def summary(self, results: Sequence[Result], *, every: bool = True) -> str:
        """Return one line that counts."""
        levels = [one.level for _, one in ordered(results)]
        counts = [
            counted(levels.count(level), level.word)
            for level in _COUNTED
            if levels.count(level)
        ]
        skipped = sum(bool(result.skipped) for result in results)
        said = ", ".join(counts) or "nothing found"
        more = f"; {counted(skipped, 'check')} not made" if skipped else ""
        hint = " (--all says why)" if skipped and not every else ""
        return f"{said}; {counted(len(results), 'check')}{more}{hint}"

    def _painted(self, text: str, level: Level) -> str:
        return f"\x1b[{_COLOURS[level]}m{text}\x1b[0m" if self._colour else text


def _alike(
    found: Iterable[tuple[str, Finding]],
) -> Iterator[tuple[str, list[Finding]]]:
    """Put together what is the same and asks for the same."""
    kept: dict[object, tuple[str, list[Finding]]] = {}
    for group, one in found:
        kept.setdefault((one.id, one.type, one.fix), (group, []))[1].append(one)
    yield from kept.values()


def _wrapped(first: str, text: str) -> Iterator[str]:
    """Break a sentence; what follows its first line is indented like it."""
    begin = first if first.isspace() else "    "
    width = WIDTH - len(begin)
    lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines):
        yield f"{begin if number else first}{line}"


def as_json(results: Sequence[Result], *, version: str, now_ms: int) -> Json:
    """Return everything as one object; docs/how-to/doctor.md describes it."""
    return {
        "schema": SCHEMA,
        "modemgw": version,
        "at_ms": now_ms,
        "level": worst(results).word,
        "findings": [finding(one, group) for group, one in ordered(results)],
        "checks": [
            {
                "name": result.check.name,
                "group": result.check.group,
                "level": result.level.word,
                "skipped": plain(result.skipped) or None,
            }
            for result in results
        ],
    }


def finding(one: Finding, group: str) -> Json:
    """Return one finding as an object."""
    return {
        "id": one.id,
        "level": one.level.word,
        "group": group,
        "means": one.kind.means,
        "why": one.kind.why,
        "what": one.what,
        "where": one.where or None,
        "type": list(one.type),
        "fix": [list(argv) for argv in one.fix] or None,
    }
