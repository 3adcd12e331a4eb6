"""YAML as it was written: raw text of every value and its line and column.

Values are never resolved by YAML's own rules, which read an unquoted
`+491701234567` as an integer without its plus, `no` as False and `12:30` as 750.
What has no place in a settings file is refused before anything is built from it:
anchors and aliases (and with them every "billion laughs"), merge keys, tags,
second documents, nesting without end. Only this file and grammar.py import yaml.
"""

import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import yaml

from modemgw.config.grammar import plainly
from modemgw.errors import ConfigError

T = TypeVar("T")

MAX_OCTETS = 1024 * 1024  # a thousand SIM cards take 150 KiB
MAX_DEPTH = 12  # ours is 4 deep
MAX_HOMES = 2  # of a key that stands in the wrong place; `name` is everywhere
_CURLY = frozenset("\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb")
# What no file, no database and no terminal takes: half a pair of UTF-16, and NUL.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_STRAIGHT = "; these are not the quotes of YAML, write \" or '"


class Problems:
    """Collects what is wrong with one file; nothing stops at the first mistake."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Hears how each value is read, and which keys may stand in each section.
        self.on_read: Callable[[str, Callable[[str], object]], None] = _unheard
        self.on_section: Callable[[str, tuple[str, ...]], None] = _unheard
        # The sections that each key is found in.
        self.homes: Callable[[], Mapping[str, Sequence[str]]] = dict
        self._errors: list[tuple[int, int, str]] = []
        self._warnings: list[tuple[int, int, str]] = []

    def belongs(self, key: str) -> str:
        """Say where a key belongs that stands in the wrong section, if anywhere."""
        homes = self.homes().get(key, ())
        if not 0 < len(homes) <= MAX_HOMES:
            return ""
        return f"; it belongs below {' or '.join(homes)}"

    def place(self, line: int, column: int) -> str:
        """Return `file:line:column` for a 0-based line and column."""
        return f"{self.name}:{line + 1}:{column + 1}"

    def error(self, line: int, column: int, why: str) -> None:
        """Remember a mistake."""
        self._errors.append((line, column, f"{self.place(line, column)}: {why}"))

    def warning(self, line: int, column: int, why: str) -> None:
        """Remember something that is allowed and probably not meant."""
        self._warnings.append((line, column, f"{self.place(line, column)}: {why}"))

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings in file order."""
        return _in_file_order(self._warnings)

    def errors(self) -> tuple[str, ...]:
        """Return the mistakes in file order."""
        return _in_file_order(self._errors)

    def raise_if_any(self) -> None:
        """Raise one ConfigError with every mistake, in file order."""
        if self._errors:
            raise ConfigError(list(self.errors()))


def _in_file_order(found: Iterable[tuple[int, int, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for *_, text in sorted(found, key=lambda f: f[:2])))


class Value:
    """One value of the file: its path (`sims.cards[0].pin`), text and place."""

    def __init__(self, problems: Problems, path: str, node: yaml.Node) -> None:
        self.path = path
        self._problems = problems
        self._node = node

    @property
    def place(self) -> str:
        """`file:line:column` where the value begins."""
        mark = self._node.start_mark
        return self._problems.place(mark.line, mark.column)

    @property
    def is_empty(self) -> bool:
        """True for a key without a value (or an unquoted null)."""
        return isinstance(self._node, yaml.ScalarNode) and (
            self._node.style is None and self._node.value in {"", "~", "null"}
        )

    @property
    def is_mapping(self) -> bool:
        """True where keys stand below."""
        return isinstance(self._node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """True where entries stand below."""
        return isinstance(self._node, yaml.SequenceNode)

    def fail(self, why: str) -> None:
        """Report a mistake in this value."""
        mark = self._node.start_mark
        self._problems.error(mark.line, mark.column, f"{self.path}: {why}")

    def warn(self, why: str) -> None:
        """Report something doubtful about this value."""
        mark = self._node.start_mark
        path = f"{self.path}: " if self.path else ""
        self._problems.warning(mark.line, mark.column, f"{path}{why}")

    def read(self, convert: Callable[[str], T]) -> T | None:
        """Convert the text of a scalar; a ValueError becomes a reported mistake."""
        self._problems.on_read(self.path, convert)
        if not isinstance(self._node, yaml.ScalarNode):
            kind = "a list" if self.is_list else "keys below it"
            self.fail(f"expected one value, got {kind}")
        elif self.is_empty:
            self.fail("has no value; give one, or leave out the key for its default")
        else:
            text = self._node.value
            if bad := _NO_TEXT.search(text):
                self.fail(f"{bad[0]!r} is no character of a text")
                return None
            try:
                return convert(text)
            except ValueError as exc:
                curly = self._node.style is None and text[:1] in _CURLY
                self.fail(f"{exc}{_STRAIGHT if curly else ''}")
        return None

    def entries(self) -> "list[Value]":
        """Return the entries of a list; none for an empty value."""
        if self.is_empty:
            return []
        if not isinstance(self._node, yaml.SequenceNode):
            self.fail("expected a list (lines that begin with '- ', or [a, b])")
            return []
        return [
            Value(self._problems, f"{self.path}[{index}]", node)
            for index, node in enumerate(self._node.value)
        ]

    def places(self) -> dict[str, str]:
        """Return the place of every value below, by its path."""
        marks = (
            (path, node.start_mark) for path, node in _below(self.path, self._node)
        )
        return {p: self._problems.place(mark.line, mark.column) for p, mark in marks}

    def spans(self) -> dict[str, tuple[int, int]]:
        """Return where in the text every value below begins and ends, by its path."""
        return {
            path: (node.start_mark.index, node.end_mark.index)
            for path, node in _below(self.path, self._node)
        }

    def section(self, known: Iterable[str]) -> "Section":
        """Return the keys below; none for an empty value."""
        node, known = self._node, tuple(known)
        self._problems.on_section(self.path, known)
        if not self.is_empty and not isinstance(node, yaml.MappingNode):
            self.fail(f"expected keys below it: {', '.join(known)}")
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        return Section(self._problems, self, pairs, known)


def _unheard(path: str, what: object) -> None:
    """Nobody wants to know how values are read."""


def _below(path: str, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """Yield a value and all that stand below it, each with its path."""
    yield path, node
    if isinstance(node, yaml.MappingNode):
        for key, below in node.value:
            yield from _below(f"{path}.{key.value}".lstrip("."), below)
    elif isinstance(node, yaml.SequenceNode):
        for index, below in enumerate(node.value):
            yield from _below(f"{path}[{index}]", below)


class Section:
    """The keys of one mapping. Unknown and repeated ones are reported at once."""

    def __init__(
        self,
        problems: Problems,
        value: Value,
        pairs: list[tuple[yaml.Node, yaml.Node]],
        known: tuple[str, ...],
    ) -> None:
        self.value = value
        self._values: dict[str, Value] = {}
        first: dict[str, int] = {}
        for key_node, node in pairs:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            path = f"{value.path}.{key}" if value.path else key
            here = Value(problems, path, key_node)
            if not isinstance(key_node, yaml.ScalarNode) or not key:
                Value(problems, value.path or "file", key_node).fail("expected a key")
            elif key == "<<":
                here.fail("merge keys are not supported; write the values out")
            elif key in first:
                here.fail(f"repeated key; it was given in line {first[key]} already")
            elif key not in known:
                here.fail(f"unknown key{problems.belongs(key) or suggest(key, known)}")
            else:
                self._values[key] = Value(problems, path, node)
            first.setdefault(key, key_node.start_mark.line + 1)

    def get(self, key: str) -> Value | None:
        """Return what was written for `key`, None where nothing was."""
        return self._values.get(key)

    def read(self, key: str, convert: Callable[[str], T], default: T) -> T:
        """Return the converted value of `key`, or `default`.

        A mistake is reported and gives the default too, so that reading goes on.
        """
        value = self._values.get(key)
        found = None if value is None else value.read(convert)
        return default if found is None else found

    def entries(self, key: str) -> list[Value]:
        """Return the entries of the list at `key`; none where it is absent."""
        value = self._values.get(key)
        return [] if value is None else value.entries()

    def section(self, key: str, known: Iterable[str]) -> "Section | None":
        """Return the mapping at `key`, None where it is absent."""
        value = self._values.get(key)
        return None if value is None else value.section(known)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'port'?`, or the choices, for a message about `word`."""
    choices = list(known)
    close = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; expected one of: {', '.join(choices)}" if len(choices) < 16 else ""  # noqa: PLR2004


def open_text(text: str, problems: Problems) -> Value:
    """Compose the file into its top value; raise ConfigError where it is no YAML."""
    try:
        _refuse_what_we_do_not_read(text, problems)
        problems.raise_if_any()
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        in_quotes = "quoted scalar" in (exc.context or "")
        mark = (exc.context_mark if in_quotes else None) or exc.problem_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problems.error(*plainly(exc, text, line, column))
    except yaml.reader.ReaderError as exc:
        before = text[: exc.position]
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        character = exc.character
        shown = chr(character) if isinstance(character, int) else character
        problems.error(line, column, f"the character {shown!r} is not allowed")
    problems.raise_if_any()
    if isinstance(node, yaml.MappingNode):
        return Value(problems, "", node)
    if node is None:
        problems.error(0, 0, "the file is empty; see config.example.yaml")
    else:
        problems.error(node.start_mark.line, 0, "expected lines of 'key: value'")
    raise ConfigError(list(problems.errors()))


def _refuse_what_we_do_not_read(text: str, problems: Problems) -> None:
    """Walk the events, which are built without recursion and without expansion."""
    depth = documents = 0
    for event in _events(text, problems):
        mark = event.start_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        if isinstance(event, yaml.AliasEvent):
            problems.error(
                line,
                column,
                f"aliases (*{event.anchor}) are not supported; repeat it, or put a "
                "text into quotes",
            )
        elif isinstance(event, yaml.NodeEvent) and event.anchor:
            problems.error(
                line, column, f"anchors (&{event.anchor}) are not supported; remove it"
            )
        elif tag := getattr(event, "tag", None):
            problems.error(line, column, f"tags ({tag}) are not supported; remove it")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:  # noqa: PLR2004
                problems.error(
                    line, column, "a second document begins; everything is one document"
                )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            problems.error(line, column, f"nested more than {MAX_DEPTH} deep")
            return


def _events(text: str, problems: Problems) -> Iterator[yaml.Event]:
    loader = yaml.SafeLoader(text)
    while True:
        try:
            if not loader.check_event():
                return
            event = loader.get_event()  # type: ignore[no-untyped-call] # in the stubs
        except (ValueError, OverflowError):
            # PyYAML lets chr() fail on "\\UFFFFFFFF".
            mark = loader.get_mark()
            problems.error(mark.line, mark.column, "this escape is no character")
            return
        yield event


def write_yaml(settings: object) -> str:
    """Write plain values as YAML in the order given; texts are quoted where needed."""
    stream = io.StringIO()
    yaml.dump(
        settings,
        stream,
        Dumper=_Quoting,
        sort_keys=False,
        allow_unicode=True,
        width=88,
    )
    return stream.getvalue()


class _Quoting(yaml.SafeDumper):
    """Writes `on` and `off`, and quotes whatever begins like a number."""

    def represent_bool(self, data: bool) -> yaml.ScalarNode:
        word = "on" if data else "off"
        return self.represent_scalar("tag:yaml.org,2002:bool", word)

    def represent_str(self, data: str) -> yaml.ScalarNode:
        if data == "off":
            return self.represent_bool(False)
        style = '"' if data[:1] in "+0123456789" and data.strip("+").isdigit() else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Quoting.add_representer(bool, _Quoting.represent_bool)
_Quoting.add_representer(str, _Quoting.represent_str)
