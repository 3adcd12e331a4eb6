"""The JSON resource of what the file says about the choice of a SIM."""

import msgspec

from modemgw.gateway.routing import Traits


class RoutingOfSim(msgspec.Struct, frozen=True, kw_only=True):
    """Which pools a SIM is in, its share among equals, its own network."""

    pools: list[str]
    weight: int
    network_prefixes: list[str]


def routing(traits: Traits) -> RoutingOfSim:
    """Render what the file says of one SIM."""
    return RoutingOfSim(
        pools=sorted(traits.pools),
        weight=traits.weight,
        network_prefixes=list(traits.networks),
    )
