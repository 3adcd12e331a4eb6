"""What a key may beyond its scopes: from where, by which door, what and whereto.

Checked where everything passes: networks and doors when the caller is made out,
the rest when a message is accepted. A key without rules has no object of these,
and costs one comparison.
"""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from modemgw.config.http import SURFACES, network
from modemgw.config.places import place
from modemgw.errors import FieldError, FieldProblem, RequestError
from modemgw.policy.message import CLASSES
from modemgw.policy.places import places
from modemgw.store.keys import Rules
from modemgw.store.outbound import JsonDict

NATIVE = "native"

Wrong = Callable[[str, str, str], None]  # pointer, code, detail


class KeyRestricted(FieldError):
    """The key is valid and its own rules forbid this; `errors` say which."""

    problem = "key-restricted"
    title = "The rules of the key forbid this"
    status = 403


class KeyRules:
    """The rules of one key, ready to be asked."""

    def __init__(self, rules: Rules) -> None:
        self._networks = tuple(ip_network(text) for text in rules.cidrs)
        self._surfaces = frozenset(rules.surfaces)
        self._sims = rules.sims
        self._classes = frozenset(rules.classes)
        self._places = places(*rules.destinations)
        self._written = ", ".join(rules.destinations)

    def admits(self, address: str) -> bool:
        """Tell whether the key may be used from this address."""
        if not self._networks:
            return True
        found = address_of(address)
        return found is not None and any(found in network for network in self._networks)

    def serves(self, surface: str) -> bool:
        """Tell whether the key opens this door."""
        return not self._surfaces or surface in self._surfaces

    def check(self, klass: str, to: str, options: JsonDict) -> None:
        """Refuse a message that the key may not send, with KeyRestricted.

        Where the key names SIMs, `options` get them, so that no other SIM takes
        the message by whatever route.
        """
        problems: list[FieldProblem] = []

        def wrong(pointer: str, code: str, detail: str) -> None:
            problems.append(FieldProblem(pointer, code, detail))

        if self._classes and klass not in self._classes:
            may = " or ".join(sorted(self._classes))
            wrong("/class", "class_not_allowed", f"this key sends {may} only")
        if self._places and self._places.find(to) is None:
            why = f"this key may write to {self._written} only"
            wrong("/to", "destination_not_allowed", why)
        if self._sims:
            self._check_sims(options, wrong)
            options["sims"] = list(self._sims)
        if problems:
            raise KeyRestricted(problems[0].detail, errors=tuple(problems))

    def _check_sims(self, options: JsonDict, wrong: Wrong) -> None:
        why = f"this key may use SIM {' or '.join(self._sims)} only"
        if options.get("sim", self._sims[0]) not in self._sims:
            wrong("/route/sim", "sim_not_allowed", why)
        steps = options.get("fallback")
        for index, (_, kind, name) in enumerate(
            steps if isinstance(steps, list) else ()
        ):
            if kind == "sim" and name not in self._sims:
                wrong(f"/fallback/{index}/sim", "sim_not_allowed", why)


def compiled(rules: Rules) -> KeyRules | None:
    """Return the rules ready to be asked, None where there are none."""
    return None if rules == Rules() else KeyRules(rules)


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Read the address of a peer; one of IPv4 in the guise of IPv6 is IPv4.

    >>> str(address_of("::ffff:10.0.0.7")), str(address_of("fe80::1%eth0"))
    ('10.0.0.7', 'fe80::1')
    """
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def read_rules(
    *,
    cidrs: Sequence[str] = (),
    surfaces: Sequence[str] = (),
    sims: Sequence[str] = (),
    classes: Sequence[str] = (),
    destinations: Sequence[str] = (),
    known_sims: Callable[[str], str | None] | None = None,
) -> Rules:
    """Check rules as people write them. Raises FieldError with each mistake.

    `known_sims` gives the name of a SIM; without it every name is taken.
    """
    problems: list[FieldProblem] = []

    def each(
        field: str, written: Iterable[str], read: Callable[[str], str]
    ) -> tuple[str, ...]:
        found: list[str] = []
        for index, text in enumerate(written):
            try:
                found.append(read(text))
            except ValueError as exc:
                problem = FieldProblem(f"/{field}/{index}", "invalid_value", str(exc))
                problems.append(problem)
        return tuple(dict.fromkeys(found))

    def sim(text: str) -> str:
        name = text if known_sims is None else known_sims(text)
        if not name:
            raise ValueError(f"there is no SIM {text!r}")
        return name

    rules = Rules(
        cidrs=each("cidrs", cidrs, network),
        surfaces=each("surfaces", surfaces, _one_of(SURFACES)),
        sims=each("sims", sims, sim),
        classes=each("classes", classes, _one_of(CLASSES)),
        destinations=each("destinations", destinations, place),
    )
    if problems:
        raise FieldError(problems[0].detail, errors=tuple(problems))
    return rules


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, got {text!r}")
        return text

    return read


def refused_from(name: str, address: str) -> RequestError:
    """Make the error for a key that is used from outside of its networks."""
    return KeyRestricted(f"the key {name!r} may not be used from {address}")
