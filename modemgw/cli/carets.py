"""Shows the line that a mistake is in, for people who look at a terminal."""

import re
from pathlib import Path

_PLACED = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+): (?P<why>.*)")
# Lines that may hold what is never shown: the value may be the mistake.
_SECRET = re.compile(r"(?i)\b(pin|secret|password|token)\b|://[^/\s]*@|not shown")
MAX_WIDTH = 160  # characters; a longer line is shown around its mistake


def with_lines(problems: str) -> str:
    """Put the line of the file and a caret below each `file:line:column: …`."""
    return "\n".join(_with_line(problem) for problem in problems.splitlines())


def _with_line(problem: str) -> str:
    found = _PLACED.match(problem)
    if found is None:
        return problem
    line, column = int(found["line"]), int(found["column"])
    text = _line(Path(found["file"]), line)
    if text is None or _SECRET.search(text) or _SECRET.search(found["why"]):
        return problem
    begin = max(0, column - MAX_WIDTH // 2)
    shown = "".join(c if c.isprintable() else " " for c in text)
    shown = shown[begin : begin + MAX_WIDTH]
    number = f"{line:5} | "
    caret = " " * (len(number) - 2) + "| " + " " * (column - 1 - begin) + "^"
    return f"{problem}\n{number}{shown}\n{caret}"


def _line(path: Path, number: int) -> str | None:
    try:
        with path.open("rb") as stream:
            lines = stream.read(1 << 20).decode("utf-8-sig", "replace").split("\n")
    except OSError:
        return None
    return lines[number - 1].rstrip("\r") if number <= len(lines) else None
