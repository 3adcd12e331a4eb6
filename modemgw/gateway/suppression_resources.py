"""The JSON of opt-outs."""

import msgspec

from modemgw.gateway.shapes import FieldIssue
from modemgw.gateway.views import instant
from modemgw.store.suppressions import SuppressionRow


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """A number that wants no more messages of the enforced classes.

    `number` is null where it was erased; it stays in force. `sim` is null where it
    holds for every SIM. `word` is the phrase that was understood, of a text.
    """

    id: str
    number: str | None
    sim: str | None
    source: str
    word: str | None
    note: str | None
    created_at: str


class SuppressionPage(msgspec.Struct, frozen=True):
    """Opt-outs, newest first."""

    data: list[Suppression]
    next_cursor: str | None
    has_more: bool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one number gets messages of the enforced classes."""

    number: str
    suppressed: bool
    entries: list[Suppression]


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that were asked for, in their order; `classes` are enforced."""

    classes: list[str]
    data: list[Standing]


class NotEntered(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of an import that could not be taken, and why."""

    index: int
    errors: list[FieldIssue]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an import; `blocked` messages waited and will not be sent."""

    added: int
    known: int
    blocked: int
    rejected: list[NotEntered]


def suppression(row: SuppressionRow) -> Suppression:
    """Render one entry."""
    return Suppression(
        id=row.public_id,
        number=row.number,
        sim=row.sim,
        source=row.source,
        word=row.word,
        note=row.note,
        created_at=instant(row.created_at),
    )
