"""What the configuration says of SIM cards."""

from typing import Annotated

import msgspec

from modemgw.config.balance import BalanceConfig
from modemgw.config.key import key
from modemgw.config.secret import Secret
from modemgw.config.tariff import TariffConfig
from modemgw.policy.pacing import WarmUp, Window

DEFAULT_PACE = (Window(10, 60),)  # an unpaced consumer SIM gets blocked


class SimDefaults(msgspec.Struct, frozen=True):
    """What holds for every SIM that does not say otherwise."""

    pace: Annotated[
        tuple[Window, ...],
        key(
            "How fast one SIM may send, in parts; several windows hold together. An "
            "unpaced consumer SIM gets blocked by its operator. off: as fast as the "
            "modem.",
            unit="10/min, a list such as [10/min, 200/day], or off",
            default="10/min",
        ),
    ] = DEFAULT_PACE
    jitter: Annotated[
        int,
        key(
            "Space parts evenly within the shortest window of the pace, give or take "
            "so much, instead of letting a few leave at once. 0: do not.",
            unit="per cent, 0 to 90, such as 40%",
            default="0",
        ),
    ] = 0
    warm_up: Annotated[
        WarmUp | None,
        key(
            "Begin slowly with a card that this gateway has not seen before, and allow "
            "more each day until the pace is reached.",
            unit="20/day over 14 days, or off",
            default="off",
        ),
    ] = None
    reports: Annotated[
        bool,
        key(
            "Ask the network for delivery reports.",
            unit="on or off",
            default="on",
        ),
    ] = True
    tariff: TariffConfig = TariffConfig()
    balance: BalanceConfig = BalanceConfig()


class Card(msgspec.Struct, frozen=True):
    """One SIM card: it keeps name, PIN, pace and history in whatever modem it sits."""

    name: Annotated[
        str,
        key(
            "Name in logs, lists and messages; unique.",
            unit="up to 32 of A-Z a-z 0-9 . _ -",
            default="required",
        ),
    ]
    iccid: Annotated[
        str,
        key(
            "The number printed on the card; `modemgw sims list --json` shows it.",
            unit="18 to 20 digits",
            default="required",
        ),
    ]
    number: Annotated[
        str | None,
        key(
            "The SIM's own number: most cards do not know it. Becomes `to` of what it "
            "receives.",
            unit="phone number",
            default="what the card says",
        ),
    ] = None
    pin: Annotated[
        Secret | None,
        key(
            "PIN of this SIM; never shown and never logged.",
            unit="4 to 8 digits, or {file: PATH}, {env: NAME}, {credential: NAME}",
            default="none",
        ),
    ] = None
    smsc: Annotated[
        str | None,
        key(
            "Service centre to use; only where the one on the SIM is wrong.",
            unit="phone number",
            default="the SIM's own",
        ),
    ] = None
    pace: Annotated[
        tuple[Window, ...] | None,
        key(
            "As `sims.defaults.pace`, for this SIM alone.",
            unit="10/min, a list, or off",
            default="sims.defaults.pace",
        ),
    ] = None
    jitter: Annotated[
        int | None,
        key(
            "As `sims.defaults.jitter`, for this SIM alone.",
            unit="per cent, 0 to 90",
            default="sims.defaults.jitter",
        ),
    ] = None
    warm_up: Annotated[
        WarmUp | bool | None,
        key(
            "As `sims.defaults.warm_up`, for this SIM alone; off for a card that was "
            "in use before.",
            unit="20/day over 14 days, or off",
            default="sims.defaults.warm_up",
        ),
    ] = None
    reports: Annotated[
        bool | None,
        key(
            "As `sims.defaults.reports`, for this SIM alone.",
            unit="on or off",
            default="sims.defaults.reports",
        ),
    ] = None
    tariff: Annotated[
        TariffConfig | None,
        key(
            "All of `sims.defaults.tariff`, for this SIM alone.",
            unit="the keys of sims.defaults.tariff",
            default="sims.defaults.tariff",
        ),
    ] = None
    pools: Annotated[
        tuple[str, ...],
        key(
            "Pools it belongs to, beside those that list it under `routing.pools`.",
            unit="list of names",
            default="[]",
        ),
    ] = ()
    weight: Annotated[
        int,
        key(
            "Its share of the messages that any SIM may carry: twice the weight, "
            "twice as many while there is little to do.",
            unit="1 to 100",
            default="1",
        ),
    ] = 1
    network_prefixes: Annotated[
        tuple[str, ...],
        key(
            "Beginnings of the numbers in its own network; it is preferred for them.",
            unit='list such as ["+49151", "+49160"]',
            default="[]",
        ),
    ] = ()
    balance: BalanceConfig = BalanceConfig()


class Sims(msgspec.Struct, frozen=True):
    """SIM cards; quotas, names and PINs belong to them, not to the modem."""

    currency: Annotated[
        str,
        key(
            "The one currency of all prices and caps, for people.",
            unit="ISO 4217 code such as EUR",
            default="none",
        ),
    ] = ""
    defaults: SimDefaults = SimDefaults()
    cards: tuple[Card, ...] = ()
    max_parts_per_hour: Annotated[
        int | None,
        key(
            "A fuse over all SIMs together: where so many parts have left within an "
            "hour, nothing more is sent for the next hour, or until `modemgw resume`. "
            "Messages are accepted and wait.",
            unit="parts",
            default="none",
        ),
    ] = None

    def card(self, iccid: str | None) -> Card | None:
        """Return what is configured for the card with this ICCID.

        A card may give its ICCID with or without the check digit at its end.
        """
        if iccid is None:
            return None
        found = iccid.upper().removesuffix("F")
        for card in self.cards:
            shorter, longer = sorted((card.iccid, found), key=len)
            if longer.startswith(shorter) and len(longer) - len(shorter) <= 1:
                return card
        return None

    def pace(self, card: Card | None) -> tuple[Window, ...]:
        """Return the windows that hold for `card`; empty: as fast as the modem."""
        own = None if card is None else card.pace
        return self.defaults.pace if own is None else own

    def balance(self, card: Card | None) -> BalanceConfig:
        """Return how the balance of `card` is asked for."""
        own = self.defaults.balance
        return own if card is None else card.balance.over(own)

    def jitter(self, card: Card | None) -> int:
        """Return by how many per cent the pauses between parts vary."""
        own = None if card is None else card.jitter
        return self.defaults.jitter if own is None else own

    def warm_up(self, card: Card | None) -> WarmUp | None:
        """Return how `card` begins while it is new."""
        own = None if card is None else card.warm_up
        found = self.defaults.warm_up if own is None else own
        return found if isinstance(found, WarmUp) else None

    def tariff(self, card: Card | None) -> TariffConfig:
        """Return what was agreed for `card`."""
        own = None if card is None else card.tariff
        return self.defaults.tariff if own is None else own

    def places(self) -> set[str]:
        """Return every destination that some tariff tells from others."""
        tariffs = [self.defaults.tariff, *(c.tariff for c in self.cards if c.tariff)]
        return set[str]().union(*(tariff.places() for tariff in tariffs))

    def reports(self, card: Card | None) -> bool:
        """Tell whether delivery reports are asked for with `card`."""
        own = None if card is None else card.reports
        return self.defaults.reports if own is None else own
