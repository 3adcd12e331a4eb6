"""Numbers that always behave the same way, for trying out an application.

+999 is assigned to nobody (ITU-T E.164, spare), so none of these can be a
person's. Numbers that are not listed are delivered after the report latency.
"""

from collections.abc import Mapping
from dataclasses import dataclass

UNASSIGNED = 1  # RP cause, 3GPP TS 24.011, 8.2.5.4
BETWEEN_S = 30.0  # two reports of one message
BUFFERED, DELIVERED, INCOMPATIBLE, EXPIRED = 0x22, 0x00, 0x41, 0x46  # TP-ST


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the network does with a message to one number.

    `refuse` is the RP cause of a refusal at once. `reports` are the status
    reports in order: seconds after the one before (None: the report latency),
    and TP-ST.
    """

    refuse: int | None = None
    reports: tuple[tuple[float | None, int], ...] = ((None, DELIVERED),)

    @classmethod
    def in_turn(cls, statuses: tuple[int, ...]) -> "Behaviour":
        """Return what reports these statuses, the first after the latency."""
        return cls(
            reports=tuple(
                (BETWEEN_S if at else None, status)
                for at, status in enumerate(statuses)
            )
        )


AT_ONCE_S = 0.005  # the report follows the acceptance, never the other way round

SANDBOX: Mapping[str, Behaviour] = {
    "999000001": Behaviour(reports=((AT_ONCE_S, DELIVERED),)),
    "999000002": Behaviour(reports=((None, INCOMPATIBLE),)),
    "999000003": Behaviour(reports=((None, BUFFERED), (30.0, DELIVERED))),
    "999000004": Behaviour(reports=()),
    "999000005": Behaviour(refuse=UNASSIGNED),
}
ANYBODY = Behaviour()


def digits(number: str) -> str:
    """Return the international digits of a number as dialled.

    >>> digits("+999000001"), digits("00999000001")
    ('999000001', '999000001')
    """
    return number.removeprefix("+").removeprefix("00")
