"""How long the simulated network takes: a constant, or spread around one."""

import math
import re
from dataclasses import dataclass
from random import Random
from typing import Self

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|min|m|h|d)")
_LOGNORMAL = re.compile(r"lognormal\((.+?)(?:, ?(\d+(?:\.\d+)?))?\)")
_UNIFORM = re.compile(r"uniform\((.+?), ?(.+?)\)")
DEFAULT_SIGMA = 0.5  # of the logarithm: one in twenty takes 2.3 times the median


def seconds(text: str) -> float:
    """Read a duration with its unit; ValueError where there is none.

    >>> seconds("200ms"), seconds("1.5 s"), seconds("2min")
    (0.2, 1.5, 120.0)
    """
    if found := _DURATION.fullmatch(text.strip()):
        return float(found.group(1)) * _UNITS[found.group(2)]
    raise ValueError(f"expected a duration such as 200ms or 5s, got {text!r}")


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds around a median; sigma 0 is always the median.

    `jitter_s` is added or taken away evenly, up to so much.
    """

    median_s: float
    sigma: float = 0.0
    jitter_s: float = 0.0

    @classmethod
    def of(cls, value: "Latency | float") -> "Latency":
        """Take plain seconds for a constant."""
        return value if isinstance(value, Latency) else cls(value)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `200ms`, `lognormal(2s)`, `lognormal(2s, 0.5)`, `uniform(1s, 3s)`."""
        if found := _UNIFORM.fullmatch(text.strip()):
            least_s, most_s = sorted((seconds(found.group(1)), seconds(found.group(2))))
            return cls((least_s + most_s) / 2, jitter_s=(most_s - least_s) / 2)
        if found := _LOGNORMAL.fullmatch(text.strip()):
            return cls(seconds(found.group(1)), float(found.group(2) or DEFAULT_SIGMA))
        return cls(seconds(text))

    def draw(self, random: Random) -> float:
        """Return the seconds of one occasion."""
        if self.jitter_s:
            return self.median_s + random.uniform(-self.jitter_s, self.jitter_s)
        if not self.sigma:
            return self.median_s
        return self.median_s * math.exp(self.sigma * random.gauss(0.0, 1.0))
