"""Rules for texts that come in: whom a rule is for, and what its reply says.

No expressions: a rule names a first word, the begin of a text, or any text; who sent
it, and which SIM got it. A reply is a text with `{name}` fields from a fixed list;
nothing that a stranger wrote is put into it but the keyword that the rule lists.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modemgw.policy.phrases import fold, keyword
from modemgw.policy.places import Places

MATCHES = ("keyword", "prefix", "any")
FIELDS = ("from", "to", "sim", "keyword", "date", "time")
_FIELD = re.compile(r"\{([^{}]*)\}|[{}]")
_LEAST_LITERAL = 8  # characters of a reply by which it is known again


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as policy reads it; `place` is where it stands in the file, from 1."""

    place: int
    match: str
    words: tuple[str, ...] = ()  # folded; keywords, or begins of texts
    senders: Places = field(default_factory=lambda: Places(()))
    names: frozenset[str] = frozenset()  # senders that are no numbers, casefolded
    sims: frozenset[str] = frozenset()
    reply: str | None = None
    number: str | None = None  # to forward to
    webhook: str | None = None
    stop: bool = True  # no rule behind this one is looked at

    def fits(self, text: str, sender: str, sim: str | None) -> bool:
        """Say whether the rule is for a text of this sender at this SIM."""
        if self.sims and sim not in self.sims:
            return False
        if (self.senders or self.names) and not self._is_for(sender):
            return False
        if self.match == "any":
            return True
        if self.match == "keyword":
            found = keyword(text)
            return found is not None and fold(found) in self.words
        return fold(text).startswith(self.words)

    def _is_for(self, sender: str) -> bool:
        return sender.casefold() in self.names or self.senders.find(sender) is not None


def fitting(
    rules: Sequence[Rule], text: str, sender: str, sim: str | None
) -> list[Rule]:
    """Return the rules for a text, in order, up to the first that says stop."""
    found: list[Rule] = []
    for rule in rules:
        if rule.fits(text, sender, sim):
            found.append(rule)
            if rule.stop:
                break
    return found


def check_reply(text: str) -> str:
    """Return a reply as it is. Raises ValueError with a sentence."""
    if not text.strip():
        raise ValueError("a reply needs a text")
    for match in _FIELD.finditer(text):
        if match[1] is None:
            raise ValueError("a brace without its other half")
        if match[1] not in FIELDS:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise ValueError(f"{match[0]} is no field; there are {known}")
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of the fields; what they hold is not looked at again.

    >>> fill("{sim}: {from}", {"sim": "{from}", "from": "+49"})
    '{from}: +49'
    """
    return _FIELD.sub(lambda found: values.get(found[1] or "", found[0]), text)


class Echo:
    """Knows texts of our own again when they come back."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take replies with their fields; short ones cannot be told from people's."""
        parts = [tuple(filter(None, map(fold, _FIELD.sub("\0", t).split("\0"))))
                 for t in texts]  # fmt: skip
        self._known = [
            pieces for pieces in parts if sum(map(len, pieces)) >= _LEAST_LITERAL
        ]

    def knows(self, text: str) -> bool:
        """Say whether a text holds all pieces of one of ours, in their order."""
        folded = fold(text)
        return any(_holds(folded, pieces) for pieces in self._known)


def _holds(text: str, pieces: tuple[str, ...]) -> bool:
    at = 0
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True
