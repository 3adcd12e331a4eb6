"""What a route is: path, scope, handler and what its documentation says.

There is one table of routes. The application, the check of scopes and the
OpenAPI document are all made from it, so a route without a scope cannot exist.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any

import msgspec
from aiohttp import web

from modemgw.gateway.gateway import Gateway
from modemgw.gateway.key_rules import NATIVE
from modemgw.gateway.model import Caller

PUBLIC = ""  # no key needed
ANY_KEY = "*"  # a valid key, whatever its scopes
BEFORE = web.RequestKey("before", object)  # a resource as it was before the act
AFTER = web.RequestKey("after", object)  # and as it is, where the answer is not it
REQUEST_ID = web.RequestKey("request_id", str)


def pattern(path: str, paths: Iterable[str]) -> str:
    """Write a path for the router so that it takes nothing another one is for.

    >>> pattern("/v1/messages/{id}", ["/v1/messages/batch", "/v1/messages/{id}"])
    '/v1/messages/{id:(?!(?:batch)$)[^{}/]+}'
    """
    stem, _, last = path.rpartition("/")
    if not last.startswith("{"):
        return path
    words = {other.rpartition("/")[2] for other in paths if _stem(other) == stem}
    taken = "|".join(sorted(re.escape(word) for word in words if word[:1] != "{"))
    name = last.strip("{}")
    return f"{stem}/{{{name}:(?!(?:{taken})$)[^{{}}/]+}}" if taken else path


def _stem(path: str) -> str:
    return path.rpartition("/")[0]


class Call(msgspec.Struct, frozen=True):
    """One request, after its key was checked."""

    request: web.Request
    gateway: Gateway
    caller: Caller

    @property
    def id(self) -> str:
        """The id in the path."""
        return self.request.match_info["id"]


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Example:
    """One request that the documentation shows; a test makes each of them.

    What came of it is in examples.json, which that test writes and reads.
    """

    summary: str
    body: Any = None  # as JSON; of a form: its fields
    query: str = ""
    status: int = 0  # of the answer; 0: the first that the route names


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method on one path."""

    method: str
    path: str
    scope: str
    handler: Handler
    summary: str
    answers: Mapping[int, type | UnionType | None]  # status -> body, None: no body
    body: type | None = None
    query: type[msgspec.Struct] | None = None
    errors: tuple[int, ...] = ()  # beyond those that every route of its kind has
    headers: tuple[str, ...] = field(default=())  # request headers it understands
    surface: str = NATIVE  # which door it is, for keys that open only some
    form: type | None = None  # a body of application/x-www-form-urlencoded
    media: str = ""  # type of every answer; "": JSON, and problems of RFC 9457
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # in the path
    takes_ticket: bool = False  # `?ticket=` instead of a key
    audit: str = ""  # the name of the act in the audit log, where it succeeds
    also: Mapping[str, Any] = field(default_factory=dict)  # into its documentation
    examples: Mapping[str, Example] = field(default_factory=dict)

    @property
    def shown(self) -> Mapping[str, Example]:
        """Its examples; a route with nothing to fill in has one of its own accord."""
        if self.examples:
            return self.examples
        known = () if self.query is None else self.query.__struct_fields__
        query = "?limit=2" if "limit" in known else ""
        return {"usual": Example(self.summary, {} if self.body else None, query)}
