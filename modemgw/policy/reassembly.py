"""Concatenated parts to one text: which set a part belongs to, and the joining.

The caller keeps the fragments (they outlive us) and asks two questions: where
does this new one go (`place`), and what do these say together (`join`).

References are small and senders reuse them, so a set of (sender, SIM, reference,
width, total) may hold several generations. A part goes to

    a generation that has it already, with the same octets, at about the same
    time                            -> Duplicate: the network sent it twice
    the generation nearest in time that lacks it, if it is near enough
                                    -> Join
    nowhere                         -> NewSet: the reference is used again

Near is measured by the service centre's time stamps where both have one: a
part that waited two days for a switched-off modem carries the old stamp.
Spec: 3GPP TS 23.040, 9.2.3.24.1.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.userdata import decode_payload

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS

# The same octets again are the same part, sent twice; later than this, the sender
# says the same again under a reference it has used before. A whole text is given
# less time: an alarm that repeats every few minutes must not be swallowed.
SAME_PART_MS: Final = 30 * MINUTE_MS
SAME_PART_OF_WHOLE_MS: Final = 5 * MINUTE_MS
SAME_SET_MS: Final = 6 * HOUR_MS  # between stamps of one text: senders pace their parts
SAME_SET_READ_MS: Final = 72 * HOUR_MS  # the same by our own clock, without stamps
PARTIAL_AFTER_MS: Final = HOUR_MS  # a set without a new part goes out incomplete

MAX_OPEN_PER_SENDER: Final = 50  # a person has one or two; more is a machine gone mad
MAX_OPEN: Final = 2_000  # sets of all senders together

GAP: Final = "[…]"  # stands in a text where parts are missing


@dataclass(frozen=True, slots=True)
class Fragment:
    """One received part. `message_id` is None until it has been placed."""

    id: int
    seq: int
    total: int
    read_at: int  # ms
    scts_ms: int | None
    deliver: Deliver
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The part is here already, as fragment `of`. Delete it from the modem."""

    of: int


@dataclass(frozen=True, slots=True)
class Join:
    """The part belongs to this message, complete or already out as partial."""

    message_id: int


@dataclass(frozen=True, slots=True)
class NewSet:
    """The part begins a message of its own."""


Placement = Duplicate | Join | NewSet


@dataclass(frozen=True, slots=True)
class Joined:
    """What a set says. `missing` lists the absent parts, 1-based.

    `text` is None where every part is 8-bit data, `data` None where one is not.
    `encoding` is the alphabet that carried most of it: ucs2, gsm7 or 8bit.
    """

    text: str | None
    data: bytes | None
    encoding: str
    missing: tuple[int, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every part is there."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class OpenSet:
    """An incomplete message: enough of it to decide who must go first."""

    message_id: int
    sender: str
    newest_at: int  # ms, when its last part was read


def place(known: Sequence[Fragment], new: Fragment) -> Placement:
    """Say where `new` goes among the placed fragments of the same set key.

    `known` may hold other sets too (only what matches in reference, width and
    total counts) and need not be in order.
    """
    alike = [
        fragment
        for fragment in known
        if fragment.message_id is not None and _key(fragment) == _key(new)
    ]
    seqs = {(fragment.message_id, fragment.seq) for fragment in alike}
    found = Counter(message_id for message_id, _ in seqs)
    for fragment in alike:
        is_whole = found[fragment.message_id] == new.total
        limit = SAME_PART_OF_WHOLE_MS if is_whole else SAME_PART_MS
        if (
            fragment.seq == new.seq
            and _content(fragment) == _content(new)
            and _distance(fragment, new) <= limit
        ):
            return Duplicate(fragment.id)
    taken = {fragment.message_id for fragment in alike if fragment.seq == new.seq}
    nearest = min(
        (
            (_distance(fragment, new), -fragment.id, fragment.message_id)
            for fragment in alike
            if fragment.message_id not in taken and _is_near(fragment, new)
        ),
        default=None,
    )
    if nearest is None or nearest[2] is None:
        return NewSet()
    return Join(nearest[2])


def join(fragments: Iterable[Fragment], *, gap: str = GAP) -> Joined:
    """Join the fragments of one message, in whatever order they came.

    Neighbouring parts in one alphabet are joined before they are read as text,
    so a surrogate pair or an escape cut in two becomes one character. `gap`
    stands where parts are missing. There must be at least one fragment.
    """
    parts: dict[int, Fragment] = {}
    for fragment in sorted(fragments, key=lambda fragment: fragment.id):
        parts.setdefault(fragment.seq, fragment)
    total = max(fragment.total for fragment in parts.values())
    missing = tuple(seq for seq in range(1, total + 1) if seq not in parts)
    ordered = [parts[seq].deliver for seq in sorted(parts)]
    if all(deliver.dcs.alphabet is Alphabet.DATA for deliver in ordered):
        data = b"".join(deliver.user_payload for deliver in ordered)
        return Joined(None, data, Alphabet.DATA.value, missing)
    used = Counter(deliver.encoding for deliver in ordered)
    text = "".join(_runs(parts, total, gap))
    return Joined(text, None, used.most_common(1)[0][0], missing)


def overflow(
    open_sets: Iterable[OpenSet],
    *,
    per_sender: int = MAX_OPEN_PER_SENDER,
    in_all: int = MAX_OPEN,
) -> tuple[int, ...]:
    """Return the message ids that must go out incomplete now, oldest first.

    A hostile sender can begin a set with every SMS. Its own sets are closed
    before anybody else's.
    """
    kept: Counter[str] = Counter()
    excess: list[OpenSet] = []
    left: list[OpenSet] = []
    for candidate in sorted(open_sets, key=_newest_first):
        kept[candidate.sender] += 1
        (excess if kept[candidate.sender] > per_sender else left).append(candidate)
    excess += left[in_all:]
    excess.sort(key=_newest_first, reverse=True)
    return tuple(candidate.message_id for candidate in excess)


def _newest_first(candidate: OpenSet) -> tuple[int, int]:
    return -candidate.newest_at, -candidate.message_id


def _key(fragment: Fragment) -> tuple[object, ...]:
    concat = fragment.deliver.concat
    ref = (concat.ref, concat.wide) if concat is not None else None
    return ref, fragment.total, fragment.deliver.sender.text


def _content(fragment: Fragment) -> tuple[object, ...]:
    return fragment.deliver.dcs, fragment.deliver.user_payload


def _distance(one: Fragment, other: Fragment) -> int:
    """How far apart two parts are in ms, by the network's clock if it is known."""
    if one.scts_ms is not None and other.scts_ms is not None:
        return abs(one.scts_ms - other.scts_ms)
    return abs(one.read_at - other.read_at)


def _is_near(one: Fragment, other: Fragment) -> bool:
    stamped = one.scts_ms is not None and other.scts_ms is not None
    return _distance(one, other) <= (SAME_SET_MS if stamped else SAME_SET_READ_MS)


def _runs(parts: dict[int, Fragment], total: int, gap: str) -> Iterator[str]:
    """Yield the text of each run of like-coded neighbours, and the gaps."""

    def coding(seq: int) -> tuple[Alphabet, int, int] | None:
        """Say how part `seq` reads; None where it is missing or no text."""
        if seq not in parts:
            return None
        deliver = parts[seq].deliver
        if deliver.dcs.alphabet is Alphabet.DATA:
            return None
        udh = deliver.udh
        tables = (udh.locking, udh.shift) if udh is not None else (0, 0)
        return deliver.dcs.alphabet, *tables

    for code, seqs in groupby(range(1, total + 1), key=coding):
        if code is None:
            yield gap
            continue
        alphabet, locking, shift = code
        payload = b"".join(parts[seq].deliver.user_payload for seq in seqs)
        yield decode_payload(alphabet, payload, locking=locking, shift=shift) or ""
