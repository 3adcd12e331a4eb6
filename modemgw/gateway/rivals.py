"""The other SIMs, for who decides about one; nearly nobody has to look at them."""

from collections.abc import Mapping, Sequence
from typing import overload

from modemgw.gateway.lane import Lane
from modemgw.policy.routing import SimView


class Rivals(Sequence[SimView]):
    """Every lane as routing sees it, looked at only where somebody asks."""

    def __init__(self, lanes: Mapping[str, Lane], now: int) -> None:
        self._lanes = lanes
        self._now = now
        self._views: list[SimView] | None = None

    @property
    def _all(self) -> list[SimView]:
        if self._views is None:
            self._views = [lane.view(self._now) for lane in self._lanes.values()]
        return self._views

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lanes)

    @overload
    def __getitem__(self, index: int) -> SimView: ...
    @overload
    def __getitem__(self, index: slice) -> list[SimView]: ...
    def __getitem__(self, index: int | slice) -> SimView | list[SimView]:
        """Return one of them, or some."""
        return self._all[index]
