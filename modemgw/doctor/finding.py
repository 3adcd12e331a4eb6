"""What a check says: a kind that is documented, and what was seen this time."""

import shlex
from dataclasses import dataclass
from enum import IntEnum

from modemgw.words import printable

Argv = tuple[str, ...]

MAX_TEXT = 400  # characters: what a device or a file says can be of any length


class Level(IntEnum):
    """How bad it is; the worst one makes the exit code."""

    OK = 0
    NOTE = 1  # good to know
    WARNING = 2  # works, and will not always
    PROBLEM = 3  # messages are lost, late or not sent

    @property
    def word(self) -> str:
        """The word for people and for JSON."""
        return self.name.lower()


class Skipped(Exception):
    """A check could not be made; str() says why, for people."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen. `type` are lines for a shell or for an editor.

    `fix` are commands that the doctor may run itself, one after the other; it is
    empty where a person has to decide.
    """

    kind: "Kind"
    what: str
    where: str
    type: tuple[str, ...]
    fix: tuple[Argv, ...] = ()

    @property
    def id(self) -> str:
        """The name of the kind, which never changes."""
        return self.kind.id

    @property
    def level(self) -> Level:
        """How bad it is."""
        return self.kind.level


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be found. `id` is stable: people and programs look for it.

    `means` and `why` are sentences. `todo` says what to do in general: lines that are
    a command each, or a sentence.
    """

    id: str
    level: Level
    means: str
    why: str
    todo: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Commands and sentences of `todo`."""
        return tuple(self.todo.splitlines())

    def seen(
        self,
        what: str,
        where: str = "",
        *,
        type: str | tuple[str, ...] = (),
        fix: tuple[Argv, ...] = (),
    ) -> Finding:
        """Say that it was seen. What to type: `type`, else the commands of `fix`."""
        lines = tuple(type.splitlines()) if isinstance(type, str) else type
        lines = lines or tuple(shlex.join(argv) for argv in fix) or self.lines
        return Finding(
            self, plain(what), plain(where), tuple(plain(one) for one in lines), fix
        )


def plain(text: str) -> str:
    """Make a text from a device or a file harmless for a terminal, and not too long."""
    cut = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
    return printable(cut)


def is_prose(line: str) -> bool:
    """Tell a sentence from something to be typed."""
    return line.endswith(".") and line[:1].isupper()
