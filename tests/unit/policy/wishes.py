"""Wishes and rules that tests of routing are made of."""

from dataclasses import dataclass

from modemgw.policy.routing import (
    Wish,
)
from modemgw.policy.zones import Rule

TO = "+4915112345678"


@dataclass(frozen=True)
class Rates:
    """A tariff as routing knows it."""

    cost_of: int | None = 90_000
    bundle: int = 0
    abroad: bool = True
    most: int = 99

    def price(self, to: str, *, used_in_bundle: int) -> int | None:
        return 0 if used_in_bundle < self.bundle else self.cost_of

    def cost(self, to: str, parts: int, *, used_in_bundle: int) -> int | None:
        return None if self.cost_of is None else parts * self.cost_of

    def refuses_place(self, to: str) -> str | None:
        return None if self.abroad or to.startswith("+49") else "not abroad"

    def allows(self, to: str, parts: int = 1, *, used_in_bundle: int = 0) -> str | None:
        return None if parts <= self.most else f"its quota has {self.most} parts left"


def wish(**changes: object) -> Wish:
    values: dict[str, object] = {"to": TO, "zone": "+49", **changes}
    return Wish(**values)  # type: ignore[arg-type]  # a test's shorthand


def german(**what: tuple[str, ...]) -> Rule:
    return Rule("+49", **what)
