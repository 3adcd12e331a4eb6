"""One attempt to deliver a webhook: one POST to one checked address.

Whatever the other side does becomes an Answer; nothing but cancellation is raised.
"""

import asyncio
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from modemgw import __version__
from modemgw.clock import Clock
from modemgw.gateway.resolve import Found, TargetFinder
from modemgw.gateway.targets import Address, Refusal, Target, literal

log = logging.getLogger("modemgw.webhooks")

DEADLINE_S = 15.0  # for everything: DNS, connect, TLS, request, answer
CONNECT_S = 5.0  # for one address where another is left to try
ANSWER_OCTETS = 64 * 1024  # read to keep the connection; more is cut off
KEEP_ALIVE_S = 1.5  # shorter than common servers wait (2 s and up): no closing race
RETRY_AFTER_MAX_S = 24 * 3600  # an endpoint cannot silence us for longer
USER_AGENT = f"modemgw/{__version__}"

_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_GONE = 410
_PACED = (429, 503)  # the answers whose Retry-After is obeyed


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt."""

    status: int | None  # HTTP status, None where none came
    error: str | None = None  # sentence for people, None where it was delivered
    retry_after_s: float | None = None  # where the other side asked for it

    @property
    def delivered(self) -> bool:
        """Tell whether the other side took it: any 2xx."""
        return self.status in _SUCCESS

    @property
    def gone(self) -> bool:
        """Tell whether the other side wants nothing more, ever."""
        return self.status == _GONE


def open_session() -> aiohttp.ClientSession:
    """Open the one HTTP session of all webhooks; close it with `async with`."""
    return aiohttp.ClientSession(
        # The limits are those of the caller, who knows the endpoints.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # nobody reads it, and a small one can unpack big
        trust_env=False,  # a proxy would connect to what it resolves itself
        headers={"user-agent": USER_AGENT},
    )


class Sender:
    """Makes single attempts over one session."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        finder: TargetFinder,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._session = session
        self._finder = finder
        self._clock = clock
        self._tls = tls
        self._deadline_s = deadline_s

    async def post(
        self, url: str, body: bytes, headers: dict[str, str], *, trusted: bool
    ) -> Answer:
        """Send `body` to `url`; `trusted` endpoints may be anywhere."""
        answer: Answer | None = None
        try:
            async with asyncio.timeout(self._deadline_s):
                found = await self._finder.find(url, trusted=trusted)
                if isinstance(found, Refusal):
                    return Answer(None, found.detail)
                async with await self._open(found, body, headers) as reply:
                    answer = self._judge(reply)
                    await _drain(reply)
                return answer
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            # A status that came counts, however the rest of the answer ended.
            return answer or Answer(None, self._explain(exc))
        except Exception:
            log.exception("webhook attempt failed in an unexpected way")
            return answer or Answer(None, "internal error, see the log")

    async def _open(
        self, found: Found, body: bytes, headers: dict[str, str]
    ) -> aiohttp.ClientResponse:
        """Connect to the first address that takes a connection, and send there.

        The URL of the request names the address, so the HTTP client has nothing
        left to resolve; the Host header and the TLS server name stay the host.
        """
        target = found.target
        headers = {"content-type": "application/json", **headers}
        if literal(target.host) is None:
            headers["host"] = target.url.authority
        *others, last = found.addresses
        for address in others:
            # Nothing is sent before a connection stands, so the next may be tried.
            with suppress(aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                return await self._post(target, address, body, headers, CONNECT_S)
        return await self._post(target, last, body, headers, None)

    async def _post(
        self,
        target: Target,
        address: Address,
        body: bytes,
        headers: dict[str, str],
        connect_s: float | None,
    ) -> aiohttp.ClientResponse:
        return await self._session.post(
            target.url.with_host(str(address)),
            data=body,
            headers=headers,
            allow_redirects=False,
            ssl=self._tls or True,
            server_hostname=target.host if target.url.scheme == "https" else None,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s),
        )

    def _judge(self, reply: aiohttp.ClientResponse) -> Answer:
        status = reply.status
        if status in _SUCCESS:
            return Answer(status)
        wait = None
        if status in _PACED:
            wait = retry_after(
                reply.headers.get("retry-after", ""), self._clock.now_ms()
            )
        if status in _REDIRECT:
            return Answer(status, f"answered {status}; redirects are not followed")
        return Answer(status, f"answered {status}", wait)

    def _explain(self, exc: Exception) -> str:  # noqa: PLR0911 - one return per case
        """Say in one sentence why no answer came; without the URL and its secrets."""
        match exc:
            case TimeoutError():
                return f"no answer within {self._deadline_s:g} s"
            case aiohttp.ClientConnectorCertificateError():
                return "the TLS certificate is not trusted or not for this host"
            case aiohttp.ClientSSLError():
                return "TLS could not be agreed on"
            case aiohttp.ClientConnectorError():
                return f"no connection: {exc.os_error.strerror or 'refused'}"
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
                return "the connection was closed before an answer came"
            case aiohttp.ClientResponseError():
                return "the answer is not HTTP"
            case OSError():
                return f"connection lost: {exc.strerror or type(exc).__name__}"
            case _:
                return f"the request could not be made ({type(exc).__name__})"


async def _drain(reply: aiohttp.ClientResponse) -> None:
    """Read the answer away so that the connection can be used again."""
    left = ANSWER_OCTETS
    while left > 0:
        chunk = await reply.content.read(left)
        if not chunk:
            return
        left -= len(chunk)
    reply.close()  # it has more to say than we want to hear


def retry_after(value: str, now_ms: int) -> float | None:
    """Read a Retry-After header: seconds or a date; None where it is neither.

    At least one second, at most RETRY_AFTER_MAX_S.

    Spec: RFC 9110, 10.2.3.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:12])
    else:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        if date.tzinfo is None:  # written as "-0000": UTC with an unknown origin
            date = date.replace(tzinfo=UTC)
        seconds = (date - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds()
    return min(max(seconds, 1.0), RETRY_AFTER_MAX_S)
