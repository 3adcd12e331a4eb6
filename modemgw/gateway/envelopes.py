"""Events as everybody outside gets them, and which of them somebody wants.

The data of an event is JSON text from the moment it is stored; an envelope is put
around it and nothing is decoded. This file does no I/O.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from modemgw.gateway.views import instant
from modemgw.store.stream import Pushed

Wants = Callable[[str], bool]


class Frame(NamedTuple):
    """One event, rendered once for everybody who listens."""

    id: int  # row id: the cursor
    event: str  # evt_…
    type: str
    json: bytes


def frame(row: Pushed) -> Frame:
    """Render the envelope of a webhook with the id that its header carries.

    >>> frame(Pushed(7, "evt_1", "test.ping", 1_795_341_600_000, '{"a":1}')).json
    b'{"id":"evt_1","type":"test.ping","timestamp":"2026-11-22T10:00:00Z","data":{"a":1}}'
    """
    head = (
        f'{{"id":"{row.public_id}","type":"{row.type}",'
        f'"timestamp":"{instant(row.at)}","data":'
    )
    octets = head.encode("ascii") + row.data.encode("utf-8") + b"}"
    return Frame(row.id, row.public_id, row.type, octets)


def wanting(patterns: Iterable[str]) -> Wants:
    """Return what tells whether a type is wanted: `message.sent`, `message.*`, `*`.

    >>> wants = wanting(["message.*", "sim.up"])
    >>> wants("message.sent"), wants("sim.up"), wants("sim.down")
    (True, True, False)
    """
    given = tuple(patterns)
    if "*" in given:
        return lambda _: True
    exact = frozenset(given)
    prefixes = tuple(one[:-1] for one in given if one.endswith(".*"))
    return lambda type: type in exact or type.startswith(prefixes)
