"""Values that cost nothing to keep immutable.

Python makes a frozen dataclass field by field through `object.__setattr__`: that takes
five times as long as setting them, and a message makes dozens of values on its way.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Make a dataclass with slots and a hash, frozen for the type checker alone.

    For what is made for each message; elsewhere `@dataclass(frozen=True, slots=True)`.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
