"""The other SIMs, for who decides about one; nearly nobody has to look at them."""

from collections.abc import Mapping, Sequence
from typing import overload

from modemgw.gateway.lane import Lane
from modemgw.policy.routing import SimView


class Rivals(Sequence[SimView]):
    """Every lane as routing sees it; each is looked at where somebody comes to it."""

    def __init__(self, lanes: Mapping[str, Lane], now: int) -> None:
        self._lanes = lanes
        self._now = now
        self._left = iter(lanes.values())
        self._views: list[SimView] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._lanes)

    @overload
    def __getitem__(self, index: int) -> SimView: ...
    @overload
    def __getitem__(self, index: slice) -> list[SimView]: ...
    def __getitem__(self, index: int | slice) -> SimView | list[SimView]:
        """Return one of them, or some."""
        views = self._views
        if isinstance(index, slice) or index < 0:
            return list(self)[index]
        while index >= len(views):
            lane = next(self._left, None)
            if lane is None:
                raise IndexError(index)
            views.append(lane.view(self._now))
        return views[index]
