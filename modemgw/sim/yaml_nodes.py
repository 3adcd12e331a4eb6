"""YAML read as nodes: every scalar stays the text that was written, with its place.

safe_load would turn an unquoted +4917… into a number and `no` into False; here a
getter decides what a text means, and a mistake is told with file, line and column.
All mistakes of a file are collected.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

import yaml

from modemgw.errors import ConfigError

T = TypeVar("T")
MAX_NAMED = 12  # more are not told at every mistake
_FLAGS = {
    "on": True,
    "true": True,
    "yes": True,
    "off": False,
    "false": False,
    "no": False,
}


class Problems:
    """The mistakes of one file, in the order they were found."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: list[tuple[int, int, str]] = []

    def add(self, node: yaml.Node, path: str, why: str) -> None:
        """Note one mistake."""
        mark = node.start_mark
        self._found.append((mark.line, mark.column, f"{path}: {why}"))

    def raise_any(self) -> None:
        """Raise ConfigError if there was any mistake."""
        if self._found:
            raise ConfigError(
                [
                    f"{self._name}:{line + 1}:{column + 1}: {text}"
                    for line, column, text in sorted(self._found)
                ]
            )


class Item:
    """One node and the path to it."""

    def __init__(self, node: yaml.Node, path: str, problems: Problems) -> None:
        self.node = node
        self.path = path
        self._problems = problems

    def wrong(self, why: str) -> None:
        """Note a mistake here."""
        self._problems.add(self.node, self.path or "file", why)

    @property
    def is_mapping(self) -> bool:
        """It has fields."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """It has items."""
        return isinstance(self.node, yaml.SequenceNode)

    def pairs(self) -> Iterator[tuple["Item", "Item"]]:
        """Keys and values of a mapping; nothing and a mistake where it is none."""
        if not isinstance(self.node, yaml.MappingNode):
            if not self._is_empty():
                self.wrong("expected a mapping")
            return
        seen: set[str] = set()
        for key, value in self.node.value:
            name = str(key.value)
            path = f"{self.path}.{name}" if self.path else name
            if name in seen:
                self._problems.add(key, path, "is there twice")
            seen.add(name)
            yield Item(key, path, self._problems), Item(value, path, self._problems)

    def fields(self, known: Mapping[str, object]) -> dict[str, "Item"]:
        """The fields of a mapping by name; unknown ones are mistakes."""
        found: dict[str, Item] = {}
        for key, value in self.pairs():
            name = str(key.node.value)
            if name in known:
                found[name] = value
                continue
            close = get_close_matches(name, list(known), 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            key.wrong(f"unknown key{hint}")
        return found

    def items(self) -> list["Item"]:
        """The items of a list; a single value counts as a list of one."""
        if isinstance(self.node, yaml.SequenceNode):
            return [
                Item(node, f"{self.path}[{at}]", self._problems)
                for at, node in enumerate(self.node.value)
            ]
        return [] if self._is_empty() else [self]

    def _is_empty(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and not self.node.value

    def text(self) -> str:
        """The text as written."""
        if isinstance(self.node, yaml.ScalarNode):
            return str(self.node.value)
        self.wrong("expected one value")
        return ""

    def read(self, meaning: Callable[[str], T], default: T, expected: str) -> T:
        """Give the text a meaning; a mistake where `meaning` raises ValueError."""
        text = self.text()
        try:
            return meaning(text)
        except ValueError:
            self.wrong(f"expected {expected}, got {text!r}")
            return default

    def whole(self) -> int:
        """A whole number."""
        return self.read(int, 0, "a whole number")

    def flag(self) -> bool:
        """On or off."""
        text = self.text().lower()
        if text not in _FLAGS:
            self.wrong(f"expected on or off, got {text!r}")
        return _FLAGS.get(text, False)

    def one_of(self, names: Mapping[str, T], default: T) -> T:
        """Something by its name."""
        text = self.text()
        if text not in names:
            close = get_close_matches(text, list(names), 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            known = ", ".join(names) if len(names) <= MAX_NAMED else "the names known"
            self.wrong(f"expected one of {known}, got {text!r}{hint}")
        return names.get(text, default)


def open_yaml(text: str, name: str) -> tuple[Item, Problems]:
    """Read a document; ConfigError where it is no YAML."""
    problems = Problems(name)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:  # nothing but comments
            node = yaml.compose("{}", Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise ConfigError([f"{place}: {error.problem}"]) from None
    except yaml.YAMLError as error:
        raise ConfigError([f"{name}: {error}"]) from None
    if node is None:
        raise ConfigError([f"{name}: empty"])
    return Item(node, "", problems), problems
