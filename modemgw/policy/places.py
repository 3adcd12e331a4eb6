"""Sets of destinations: number prefixes, countries, short codes.

Written as `+49151` (a prefix), `DE` (a country), `80888` (a short code or the
beginning of one) or `short` (every short code). Of several that fit a number the
narrowest counts: the longest prefix; a country that shares its calling code with
others (`CA`) is narrower than the code alone (`+1`).
"""

from dataclasses import dataclass, field

from modemgw.number import calling_code, region_of

SHORT = "short"  # the word for every short code
_BY_CODE, _BY_COUNTRY = 0, 1  # of two as long, the country is the narrower


@dataclass(frozen=True)
class Places:
    """Destinations, each with a value; equal where they were written alike."""

    entries: tuple[tuple[str, int], ...]  # (place, value)
    _prefixes: dict[str, int] = field(init=False, repr=False, compare=False)
    _countries: dict[str, int] = field(init=False, repr=False, compare=False)
    _longest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the entries by kind, once."""
        words = {place: value for place, value in self.entries if place.isalpha()}
        prefixes = {p: value for p, value in self.entries if p not in words}
        set_once = object.__setattr__
        set_once(self, "_countries", words)
        set_once(self, "_prefixes", prefixes)
        set_once(self, "_longest", max(map(len, prefixes), default=0))

    def __bool__(self) -> bool:
        """Tell whether anything was written."""
        return bool(self.entries)

    def find(self, to: str) -> tuple[tuple[int, int], int] | None:
        """Return how narrow the best entry for `to` is, and its value."""
        best: tuple[tuple[int, int], int] | None = None
        for length in range(min(len(to), self._longest), 0, -1):
            value = self._prefixes.get(to[:length])
            if value is not None:
                best = ((length, _BY_CODE), value)
                break
        if self._countries:
            place = region_of(to) if to.startswith("+") else SHORT
            if place is not None and place in self._countries:
                width = len(calling_code(place)) if place != SHORT else 0
                rank = (width, _BY_COUNTRY)
                if best is None or rank > best[0]:
                    best = (rank, self._countries[place])
        return best

    def value(self, to: str) -> int | None:
        """Return the value of the narrowest entry that fits, None where none does."""
        found = self.find(to)
        return None if found is None else found[1]


def places(*entries: str) -> Places:
    """Make a set without values.

    >>> places("DE", "+4321").find("+4321123") is not None
    True
    """
    return Places(tuple((entry, 0) for entry in entries))
