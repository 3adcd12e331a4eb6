"""Says what is wrong with a text that is no YAML, in words of a settings file."""

import re
from collections.abc import Sequence
from contextlib import suppress

import yaml

_NO_SPACE = re.compile(r"\s*(?:- )?[a-z_]+:(?=[^\s/])")

# What YAML's grammar says, and what it means in a settings file.
_PLAIN = {
    "mapping values are not allowed": (
        "a second ':' in this line; put the value into quotes"
    ),
    "could not find expected ':'": "expected ':' and a value behind the key",
    "expected <block end>": "this line is not indented like the ones it belongs to",
    "scanning a quoted scalar": "this quote is not closed",
    "while parsing a flow": (
        "a bracket is not closed (opened in line {opened}), or a comma is missing"
    ),
    "cannot start any token": "{character!r} cannot begin a value; put it into quotes",
    "scanning an alias": "'*' begins an alias; put the value into quotes",
    "scanning an anchor": "'&' begins an anchor; put the value into quotes",
}


def plainly(
    exc: yaml.MarkedYAMLError, text: str, line: int, column: int
) -> tuple[int, int, str]:
    """Return line, column (from 0) and why, in words of a settings file."""
    glued = _without_space(text.splitlines(), line)
    if glued is not None and "quoted" not in f"{exc.context}":
        return *glued, "a space is missing behind the ':'"
    return line, column, _why(exc, text, line, column)


def _why(exc: yaml.MarkedYAMLError, text: str, line: int, column: int) -> str:
    lines = text.splitlines() or [""]
    written = lines[min(line, len(lines) - 1)]
    said = f"{exc.context or ''}, {exc.problem or 'not readable'}"
    indent = written[: len(written) - len(written.lstrip())]
    if "'\\t'" in said or "\t" in indent:
        return "a tab; indent with spaces only"
    if "mapping values" in said and ":" not in written[:column]:
        return "the line before has no ':'; expected 'key: value'"
    opened = _unclosed(text, line)
    for phrase, plain in _PLAIN.items():
        if phrase in said:
            return plain.format(opened=opened, character=written[column : column + 1])
    return f"not readable as YAML: {exc.problem}"


def _unclosed(text: str, line: int) -> int:
    """Return the line (from 1) of the last bracket that is open where YAML gave up."""
    opened: list[int] = []
    with suppress(yaml.YAMLError, ValueError, OverflowError):
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(
                token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken
            ):
                opened.append(token.start_mark.line + 1)
            elif opened and isinstance(
                token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken
            ):
                opened.pop()
    return opened[-1] if opened else line + 1


def _without_space(lines: Sequence[str], line: int) -> tuple[int, int] | None:
    """Find `key:value` at or above a line that YAML could not make sense of."""
    for at in range(min(line, len(lines) - 1), max(line - 2, -1), -1):
        if found := _NO_SPACE.match(lines[at]):
            return at, found.end() - 1
    return None
