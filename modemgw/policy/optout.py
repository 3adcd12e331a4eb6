"""Reads whether somebody wants no more messages, wants them again, or wants help.

Only a text that is such a phrase as a whole counts: "Please stop by at 5" opts
nobody out. A signature below it is cut off, but only where it shows that it is one:
a line that begins with dashes or "Sent from", or a name behind an empty line.

What becomes of it (which classes, which numbers) is not decided here.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from modemgw.policy import optout_words as table
from modemgw.policy.phrases import fold

MAX_PHRASE = 120  # characters; the longest of the table has 30
MAX_NAME_WORDS = 3
MAX_NAME = 40  # characters
LANGUAGES = tuple(table.STOP)
_DASHES = re.compile(r"\s*(--|—|–|__|==|\*\*)")  # noqa: RUF001 - people write all of them


class Intent(Enum):
    """What somebody wants."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Reading:
    """An intent, and the phrase of the table that said so.

    `all_numbers`: said of every number we have, not of the one it was sent to.
    """

    intent: Intent
    phrase: str
    all_numbers: bool = False


class Reader:
    """Knows the phrases of some languages, and those that an operator adds."""

    def __init__(
        self,
        languages: Collection[str] = LANGUAGES,
        *,
        stop: Iterable[str] = (),
        start: Iterable[str] = (),
        help: Iterable[str] = (),
    ) -> None:
        """Take the phrases of `languages` (keys of the table), and further ones."""
        self._known: dict[str, Reading] = {}
        # The first one counts: where a phrase says two things, the careful one.
        self._learn(Intent.STOP, table.STOP_ALL, languages, (), all_numbers=True)
        self._learn(Intent.STOP, table.STOP, languages, stop)
        self._learn(Intent.START, table.START, languages, start)
        self._learn(Intent.HELP, table.HELP, languages, help)

    def _learn(
        self,
        intent: Intent,
        phrases: Mapping[str, tuple[str, ...]],
        languages: Collection[str],
        more: Iterable[str],
        *,
        all_numbers: bool = False,
    ) -> None:
        listed = [one for language in languages for one in phrases.get(language, ())]
        for phrase in (*more, *listed):
            folded = fold(phrase)
            if folded:
                reading = Reading(intent, folded, all_numbers)
                self._known.setdefault(folded, reading)

    def read(self, text: str | None) -> Reading | None:
        """Return what a text says as a whole; None: it is a text like any other."""
        body = _without_signature(text or "")
        if not 0 < len(body) <= MAX_PHRASE:
            return None
        folded = fold(body)
        return next(filter(None, map(self._known.get, _bare(folded))), None)


def _bare(folded: str) -> Iterator[str]:
    """Yield a text, then what is left without courtesy at its ends, step by step.

    What is courtesy in one language may be half of a phrase in another ("nem
    kérem" without "kérem"), so each step is one to try. A word that is only
    repeated is said once.
    """
    steps, seen = [folded], {folded}
    for text in steps:  # grows while it runs: a step for each pair of ends at most
        words = text.split()
        yield words[0] if len(set(words)) == 1 else text
        for polite in _COURTESY:
            shorter = {text.removeprefix(f"{polite} "), text.removesuffix(f" {polite}")}
            steps.extend(sorted(shorter - seen))
            seen |= shorter


_COURTESY = tuple(sorted(set(map(fold, table.COURTESY)), key=len, reverse=True))
_SIGNATURES = tuple(map(fold, table.SIGNATURES))


def _without_signature(text: str) -> str:
    lines = text.strip().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for at, line in enumerate(lines[1:], start=1):
        if _DASHES.match(line) or fold(line).startswith(_SIGNATURES):
            lines = lines[:at]
            break
        if not line.strip() and _is_name(lines[at + 1 :]):
            lines = lines[:at]
            break
    return "\n".join(lines).strip()


def _is_name(lines: list[str]) -> bool:
    """Tell a name that stands alone: up to three words with capital letters."""
    rest = " ".join(lines).strip()
    words = re.findall(r"[^\W\d_]+", rest)
    return (
        len(rest) <= MAX_NAME
        and 0 < len(words) <= MAX_NAME_WORDS
        and not re.search(r"[\d?!:;]", rest)
        and all(word.istitle() for word in words)
    )
