"""Message storages of a card or a modem: numbered slots with a capacity."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Stat(IntEnum):
    """The status of a stored message. Spec: 3GPP TS 27.005, 3.1 <stat>."""

    REC_UNREAD = 0
    REC_READ = 1
    STO_UNSENT = 2
    STO_SENT = 3


STAT_WORDS = {
    Stat.REC_UNREAD: "REC UNREAD",
    Stat.REC_READ: "REC READ",
    Stat.STO_UNSENT: "STO UNSENT",
    Stat.STO_SENT: "STO SENT",
}


@dataclass(slots=True)
class Record:
    """One stored message: SCA and TPDU as they stand in the memory."""

    stat: Stat
    octets: bytes

    @property
    def tpdu_length(self) -> int:
        """Octets without the SCA: the <length> of every listing."""
        return max(0, len(self.octets) - 1 - self.octets[0]) if self.octets else 0


@dataclass(slots=True)
class Storage:
    """One memory (SM, ME, SR). A new message takes the lowest free slot."""

    name: str
    capacity: int
    first: int = 1
    slots: dict[int, Record] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Nothing more fits."""
        return len(self.slots) >= self.capacity

    @property
    def indices(self) -> range:
        """Every legal index, used or not."""
        return range(self.first, self.first + self.capacity)

    def put(self, record: Record) -> int | None:
        """Store a record and return its index; None where the memory is full."""
        if self.is_full:
            return None
        index = next(i for i in self.indices if i not in self.slots)
        self.slots[index] = record
        return index

    def remove(self, index: int) -> None:
        """Empty a slot."""
        self.slots.pop(index, None)

    def keep(self, stays: Callable[[Record], bool]) -> None:
        """Empty all slots but those of the records that stay."""
        self.slots = {at: record for at, record in self.slots.items() if stays(record)}

    def listed(self) -> Iterator[tuple[int, Record]]:
        """Every used slot in the order of the indices."""
        for index in sorted(self.slots):
            yield index, self.slots[index]


@dataclass(frozen=True, slots=True)
class Combined:
    """MT: the memory of the modem and that of the card under one set of indices."""

    me: Storage
    sm: Storage

    @property
    def _offset(self) -> int:
        return self.me.first + self.me.capacity - self.sm.first

    @property
    def capacity(self) -> int:
        """All slots."""
        return self.me.capacity + self.sm.capacity

    @property
    def is_full(self) -> bool:
        """Nothing more fits."""
        return self.me.is_full and self.sm.is_full

    @property
    def indices(self) -> range:
        """Every legal index, used or not."""
        return range(self.me.first, self.me.first + self.capacity)

    @property
    def slots(self) -> Mapping[int, Record]:
        """Every record by its index here."""
        return {
            **self.me.slots,
            **{at + self._offset: record for at, record in self.sm.slots.items()},
        }

    def put(self, record: Record) -> int | None:
        """Store a record in the modem, or on the card where that is full."""
        if (index := self.me.put(record)) is not None:
            return index
        index = self.sm.put(record)
        return None if index is None else index + self._offset

    def remove(self, index: int) -> None:
        """Empty a slot."""
        if index in self.me.indices:
            self.me.remove(index)
        else:
            self.sm.remove(index - self._offset)

    def keep(self, stays: Callable[[Record], bool]) -> None:
        """Empty all slots but those of the records that stay."""
        self.me.keep(stays)
        self.sm.keep(stays)

    def listed(self) -> Iterator[tuple[int, Record]]:
        """Every used slot in the order of the indices."""
        yield from sorted(self.slots.items())
