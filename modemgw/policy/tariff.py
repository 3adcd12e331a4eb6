"""What a part costs on one SIM, and where that SIM may send.

Money is in micro-units of the currency: 50_000 is 0.05. A `Tariff` may carry what
is left of quotas and bundles at the moment (`left`), so that a message is refused
that the SIM could begin and not finish.
"""

from dataclasses import dataclass, field

from modemgw.policy.places import Places
from modemgw.words import counted

MICRO = 1_000_000  # micro-units of one unit of a currency


@dataclass(frozen=True, slots=True)
class Bundle:
    """Parts that are paid for in advance, per period.

    Used up, a part costs `then_price` (None: as in the price list), or with
    `then_stop` no part it covers goes out any more.
    """

    parts: int
    then_stop: bool = False
    then_price: int | None = None
    covers: Places = field(default_factory=lambda: Places(()))  # empty: everything


@dataclass(frozen=True, slots=True)
class Left:
    """What a SIM may still send now; None: without a limit."""

    parts: int | None = None  # until a quota is reached
    covered: int | None = None  # until a bundle that then stops is used up
    money: int | None = None  # until a spending cap is reached


UNLIMITED = Left()


@dataclass(frozen=True, slots=True)
class Tariff:
    """The contract of one SIM."""

    prices: Places = field(default_factory=lambda: Places(()))
    price_else: int | None = None  # of a part that no place in `prices` fits
    allowed: Places = field(default_factory=lambda: Places(()))  # empty: everywhere
    refused: Places = field(default_factory=lambda: Places(()))
    bundle: Bundle | None = None
    left: Left = UNLIMITED

    @property
    def dearest(self) -> int:
        """Return the highest price that a part may have, 0 where none is known."""
        then = self.bundle.then_price if self.bundle is not None else None
        listed = (value for _, value in self.prices.entries)
        return max(self.price_else or 0, then or 0, *listed, 0)

    def covers(self, to: str) -> bool:
        """Tell whether a part to `to` counts against the bundle."""
        bundle = self.bundle
        if bundle is None:
            return False
        return not bundle.covers or bundle.covers.find(to) is not None

    def price(self, to: str, *, used_in_bundle: int) -> int | None:
        """Return what one part to `to` costs, in micro-units; None: not known."""
        bundle = self.bundle
        if bundle is not None and self.covers(to):
            if used_in_bundle < bundle.parts:
                return 0
            if bundle.then_price is not None:
                return bundle.then_price
        listed = self.prices.value(to)
        return self.price_else if listed is None else listed

    def cost(self, to: str, parts: int, *, used_in_bundle: int) -> int | None:
        """Return what `parts` parts cost together; None: not known."""
        bundle = self.bundle
        first = self.price(to, used_in_bundle=used_in_bundle)
        if bundle is None or not self.covers(to) or used_in_bundle >= bundle.parts:
            return None if first is None else first * parts
        beyond = max(0, used_in_bundle + parts - bundle.parts)
        if not beyond:
            return 0
        later = self.price(to, used_in_bundle=bundle.parts)
        return None if later is None else later * beyond

    def refuses_place(self, to: str) -> str | None:
        """Say why this SIM never sends to `to`, or None if it may.

        Where a number is both allowed and refused, the narrower entry decides; of
        two as narrow the refusal.
        """
        refused = self.refused.find(to) if self.refused else None
        allowed = self.allowed.find(to) if self.allowed else None
        if refused is not None and (allowed is None or allowed[0] <= refused[0]):
            return "its configuration refuses this destination"
        if self.allowed and allowed is None:
            return "its configuration does not allow this destination"
        return None

    def allows(self, to: str, parts: int = 1, *, used_in_bundle: int = 0) -> str | None:
        """Say why this SIM may not send `parts` parts to `to` now, or None if it may.

        The sentence is for people and names no number.
        """
        if (why := self.refuses_place(to)) is not None:
            return why
        left = self.left
        if left.parts is not None and parts > left.parts:
            return f"its quota has {counted(left.parts, 'part')} left"
        if left.covered is not None and parts > left.covered and self.covers(to):
            parts_left = counted(left.covered, "part")
            return f"its bundle has {parts_left} left, and then it stops"
        if left.money is not None:
            cost = self.cost(to, parts, used_in_bundle=used_in_bundle)
            if cost is None:
                return "its price for this destination is not known, and it has a cap"
            if cost > left.money:
                return "its spending cap leaves too little for this message"
        return None
