"""What a new configuration changes, and what of it can be in force at once.

A pure comparison of two configurations: nothing is read and nothing is changed. What
waits for a restart keeps its old value in `Difference.config`, so that the program
never reads of a setting that is not in force, and tells of it again at each reload.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from modemgw.config.applies import Applies, applies
from modemgw.config.http import Tls
from modemgw.config.model import Config
from modemgw.config.secret import Secret
from modemgw.config.show import shown, written

MAX_SHOWN = 120  # characters of one value
# What tells the entries of a list apart; other lists are compared as one value.
_IDENTITY = {
    "modems": "name",
    "sims.cards": "iccid",
    "routing.pools": "name",
    "profiles": "name",
    "webhooks": "url",
    "alerts": "name",
    "admins": "name",
}
_NOT_KEYS = {"path", "warnings"}


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs. Values as in the file, secrets masked; None: absent."""

    key: str  # modems[front].port
    place: str  # where it stands in the new file: modems[0].port
    was: str | None
    now: str | None
    applies: Applies


@dataclass(frozen=True, slots=True)
class Difference:
    """What a reload has to do."""

    config: Config  # what is in force afterwards
    changes: tuple[Change, ...]
    added: tuple[str, ...] = ()  # names under `modems`, and so the next two
    removed: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()

    @property
    def applied(self) -> tuple[Change, ...]:
        """What is in force at once."""
        return tuple(c for c in self.changes if c.applies is not Applies.RESTART)

    @property
    def left(self) -> tuple[Change, ...]:
        """What waits for a restart."""
        return tuple(c for c in self.changes if c.applies is Applies.RESTART)


def difference(old: Config, new: Config) -> Difference:
    """Compare what is in force with what a file says now."""
    walk = _Walk()
    config = walk.struct(_Path("", "", ""), old, new)
    names = {one.name for one in old.modems}, {one.name for one in config.modems}
    stay = names[0] & names[1]
    reopened = walk.reopened & stay
    if _wants_reports(old) != _wants_reports(config):
        reopened = stay  # where reports go is set when a modem is opened
    order = [one.name for one in (*old.modems, *config.modems)]

    def listed(wanted: set[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in order if name in wanted))

    return Difference(
        config,
        tuple(walk.changes),
        added=listed(names[1] - names[0]),
        removed=listed(names[0] - names[1]),
        reopened=listed(reopened),
    )


def _wants_reports(config: Config) -> bool:
    sims = config.sims
    return sims.defaults.reports or any(card.reports for card in sims.cards)


@dataclass(frozen=True, slots=True)
class _Path:
    """One place, in the words of people, of the file, and of the table."""

    key: str
    place: str
    pattern: str

    def below(self, name: str) -> "_Path":
        word = name.removesuffix("_")
        dot = "." if self.key else ""
        return _Path(
            f"{self.key}{dot}{word}",
            f"{self.place}{dot}{word}",
            f"{self.pattern}{dot}{word}",
        )

    def entry(self, name: str, index: int | None) -> "_Path":
        place = self.place if index is None else f"{self.place}[{index}]"
        return _Path(f"{self.key}[{name}]", place, f"{self.pattern}[]")


@dataclass(slots=True)
class _Walk:
    changes: list[Change] = field(default_factory=list)
    reopened: set[str] = field(default_factory=set)
    modem: str = ""  # the entry of `modems` that is being compared

    def struct(self, path: _Path, old: Any, new: Any) -> Any:
        """Compare two sections; return what is in force of the new one."""
        kept: dict[str, object] = {}
        for name in new.__struct_fields__:
            if not path.key and name in _NOT_KEYS:
                continue
            before, after = getattr(old, name), getattr(new, name)
            if before != after:
                kept[name] = self.value(path.below(name), before, after)
        return msgspec.structs.replace(new, **kept) if kept else new

    def value(self, path: _Path, old: Any, new: Any) -> object:
        """Compare two values that differ; return the one that is in force."""
        if path.pattern in _IDENTITY:
            return self.entries(path, old, new)
        is_section = isinstance(new, msgspec.Struct) and not isinstance(new, Secret)
        if is_section and type(old) is type(new):
            return self.struct(path, old, new)
        when = _applies(path.pattern, old, new)
        self.note(path, old, new, when)
        return old if when is Applies.RESTART else new

    def entries(
        self, path: _Path, old: tuple[Any, ...], new: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Compare lists whose entries have an identity; their order is the new one."""
        field_name = _IDENTITY[path.pattern]
        before = _by(old, field_name)
        after = _by(new, field_name)
        for identity, entry in before.items():
            if identity not in after:
                gone = path.entry(_name(entry), None)
                self.note(gone, entry, None, applies(path.pattern))
        for index, (identity, entry) in enumerate(after.items()):
            here = path.entry(_name(entry), index)
            if identity not in before:
                self.note(here, None, entry, applies(path.pattern))
            elif before[identity] != entry:
                self.modem = entry.name if path.pattern == "modems" else ""
                self.struct(here, before[identity], entry)
                self.modem = ""
        return new

    def note(self, path: _Path, old: object, new: object, when: Applies) -> None:
        """Write one change down."""
        if when is Applies.MODEM and self.modem:
            self.reopened.add(self.modem)
        word = path.pattern.rpartition(".")[2]
        change = Change(path.key, path.place, _said(old, word), _said(new, word), when)
        self.changes.append(change)


def _by(entries: tuple[Any, ...], name: str) -> Mapping[object, Any]:
    """Return entries by what tells them apart; equal ones (none of ours) by place."""
    found: dict[object, Any] = {}
    for index, entry in enumerate(entries):
        identity: object = getattr(entry, name)
        found[(identity, index) if identity in found else identity] = entry
    return found


def _name(entry: Any) -> str:
    """Name an entry for people; a webhook by its URL without what is secret in it."""
    said = shown(entry.name if hasattr(entry, "name") else entry.url, "url")
    return str(said)


def _applies(pattern: str, old: object, new: object) -> Applies:
    if isinstance(old, Tls) and isinstance(new, Tls):
        return Applies.LIVE if old.mode == new.mode else Applies.RESTART
    return applies(pattern)


def _said(value: object, word: str) -> str | None:
    """Write a value as the file does, in one line."""
    if value is None:
        return None
    text = written(shown(value, word))
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
