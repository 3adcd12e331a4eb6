"""Who is meant and who asks: names of the gateway, and addresses behind proxies."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from msgspec import structs
from multidict import CIMultiDict

from modemgw.api.auth import FREE_FAILURES, FailureGuard
from modemgw.api.hosts import MOST, Hosts
from modemgw.api.patience import FIRST_S, LONGEST_S, OVER_S, Patience
from modemgw.api.peers import PROXIES, Proxies, origin
from modemgw.api.problems import HttpError
from modemgw.config.http import Tls
from modemgw.config.model import Config, Http, Listen
from tests.api.desk import TO, Desk, at_desk

PROXY = "172.17.0.2"


@pytest.mark.parametrize(
    ("host", "is_right"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8080", True),
        ("192.168.1.7:8080", True),
        ("[::1]:8080", True),
        ("[fe80::1%25eth0]", True),
        ("localhost:8080", True),
        ("LOCALHOST", True),
        ("box", True),
        ("box:80", True),
        ("box.fritz.lan", True),
        ("Box.Local:8080", True),
        ("box.local.", True),
        ("sms.example.org", True),
        ("deep.er.home.lan", True),
        ("gw.lan:8080", True),  # it listens there
        ("evil.com", False),
        ("evil.com:8080", False),
        ("127.0.0.1.evil.com", False),
        ("localhost.evil.com", False),
        ("notlocal", False),
        ("sms.example.org.evil.com", False),
        ("home.lan", False),
        ("evilhome.lan", False),
        ("", False),
        ("[", False),
        ("[evil.com]", False),
        ("a" * 5000, False),
    ],
)
def test_names_are_ours_or_not(host: str, is_right: bool) -> None:
    hosts = Hosts(["sms.example.org", "*.home.lan", "gw.lan"], "box.fritz.lan")
    for _ in range(2):
        if is_right:
            hosts.check(host)
        else:
            with pytest.raises(HttpError) as caught:
                hosts.check(host)
            assert caught.value.status == 421
            assert "http.hosts" in caught.value.detail
            assert len(caught.value.detail) < 400


def test_names_are_remembered_in_bounded_memory() -> None:
    hosts = Hosts([], "box")
    for port in range(MOST * 2):
        hosts.check(f"box:{port}")
    assert len(hosts._right) == MOST
    Hosts(["*"], "box").check("anything.at.all")
    hosts.check(None)  # HTTP/1.0


def test_what_is_listened_to_is_known() -> None:
    http = Http(listen=(Listen("gw.lan", 80),), hosts=("a.b",))
    assert http.known_hosts == ("a.b", "gw.lan")


def test_a_foreign_name_gets_nothing_not_even_a_probe(tmp_path: Path) -> None:
    """DNS rebinding: a page of evil.com reaches us, and its browser says so."""

    async def story(desk: Desk) -> None:
        for method, path in (
            ("GET", "/healthz"),
            ("GET", "/v1/messages"),
            ("POST", "/v1/messages"),
            ("POST", "/oauth/token"),
            ("GET", "/nowhere"),
        ):
            answer = await desk.ask(
                method, path, {"to": TO, "text": "x"}, headers={"Host": "evil.com"}
            )
            assert (answer.status, answer.problem) == (421, "wrong-host"), path
        assert await desk.queued() == 0
        own = await desk.get("/v1/messages", headers={"Host": "pi.local:8080"})
        assert own.status == 200

    at_desk(tmp_path, story)


def test_no_page_of_another_origin_may_read_or_ask(tmp_path: Path) -> None:
    """No CORS: browsers keep answers from pages, and their preflight fails."""

    async def story(desk: Desk) -> None:
        origin = {"Origin": "https://evil.com"}
        asked = {"Access-Control-Request-Method": "POST"}
        for path in ("/v1/messages", "/healthz", "/oauth/token"):
            flight = await desk.ask("OPTIONS", path, headers={**origin, **asked})
            assert flight.status in (204, 405)  # without a word about origins
            answer = await desk.get(path, headers=origin)
            for one in (flight, answer):
                assert not [
                    name for name in one.headers if "access-control" in name.lower()
                ]

    at_desk(tmp_path, story)


# -- proxies -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (PROXY, [], PROXY),
        (PROXY, ["10.0.0.7"], "10.0.0.7"),
        (PROXY, ["10.0.0.7:5000"], "10.0.0.7"),
        (PROXY, ["[2001:db8::7]:5000"], "2001:db8::7"),
        (PROXY, ["2001:db8::7"], "2001:db8::7"),
        (PROXY, ["::ffff:10.0.0.7"], "10.0.0.7"),
        (PROXY, ["1.1.1.1, 10.0.0.7"], "10.0.0.7"),  # the client wrote the first
        (PROXY, ["1.1.1.1", "10.0.0.7"], "10.0.0.7"),
        (PROXY, ["10.0.0.7, 172.17.0.9"], "10.0.0.7"),  # through two of ours
        (PROXY, ["172.17.0.9"], "172.17.0.9"),
        (PROXY, ["junk"], PROXY),
        (PROXY, ["1.1.1.1, junk"], PROXY),
        (PROXY, ["1.1.1.1, junk, 172.17.0.9"], "172.17.0.9"),
        (PROXY, [""], PROXY),
        (PROXY, [",".join(["172.17.0.9"] * 5000)], "172.17.0.9"),
        ("10.0.0.8", ["127.0.0.1"], "10.0.0.8"),  # no proxy of ours: it lies
        ("::ffff:172.17.0.2", ["10.0.0.7"], "10.0.0.7"),
    ],
)
def test_who_asks_behind_a_proxy(peer: str, forwarded: list[str], client: str) -> None:
    headers = [("X-Forwarded-For", one) for one in forwarded]
    request = make_mocked_request("GET", "/", headers=_multi(headers)).clone(
        remote=peer
    )
    assert Proxies(["172.17.0.0/16"]).client(request) == client


@pytest.mark.parametrize(
    ("peer", "said", "begin"),
    [
        (PROXY, ["https"], "https"),
        (PROXY, ["HTTPS"], "https"),
        (PROXY, ["http, https"], "https"),  # the client wrote the first
        (PROXY, ["https", "http"], "http"),
        (PROXY, [], "http"),
        (PROXY, ["javascript"], "http"),
        ("10.0.0.8", ["https"], "http"),  # no proxy of ours: it lies
    ],
)
def test_links_begin_as_the_client_sees_the_gateway(
    peer: str, said: list[str], begin: str
) -> None:
    app = web.Application()
    app[PROXIES] = Proxies(["172.17.0.0/16"])
    headers = _multi([("X-Forwarded-Proto", one) for one in said] + [("Host", "sms")])
    request = make_mocked_request("GET", "/", headers=headers, app=app)
    assert origin(request.clone(remote=peer)) == f"{begin}://sms"


def _multi(pairs: list[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict(pairs)


def behind(config: Config) -> Config:
    http = Http(tls=Tls("proxy"), proxies=("127.0.0.0/8",))
    return structs.replace(config, http=http)


def test_a_key_of_a_network_behind_a_proxy(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        wish = {"name": "k", "scopes": ["reader"], "cidrs": ["10.0.0.0/8"]}
        key = (await desk.post("/v1/keys", wish, admin=True)).json["key"]
        for forwarded, status in (
            ("10.1.1.1", 200),
            ("11.1.1.1", 403),
            ("10.1.1.1, 11.1.1.1", 403),
            ("10.1.1.1", 200),
        ):
            answer = await desk.get(
                "/v1/messages", key=key, headers={"X-Forwarded-For": forwarded}
            )
            assert answer.status == status, forwarded

    at_desk(tmp_path, story, configure=behind)


def test_without_a_proxy_nobody_chooses_an_address(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        wish = {"name": "k", "scopes": ["reader"], "cidrs": ["10.0.0.0/8"]}
        key = (await desk.post("/v1/keys", wish, admin=True)).json["key"]
        answer = await desk.get(
            "/v1/messages", key=key, headers={"X-Forwarded-For": "10.1.1.1"}
        )
        assert answer.status == 403

    at_desk(tmp_path, story)


def test_behind_a_proxy_one_guesser_slows_only_himself(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async def guess(address: str, number: int) -> int:
            answer = await desk.get(
                "/v1/messages",
                key=f"mgw_{number:08}_x",
                headers={"X-Forwarded-For": address},
            )
            if answer.status == 429:
                assert answer.headers["RateLimit"].startswith('"failures";r=0;t=')
                assert answer.headers["RateLimit-Policy"] == '"failures";q=10;w=600'
            return answer.status

        statuses = [await guess("10.0.0.66", n) for n in range(FREE_FAILURES + 2)]
        assert statuses[-1] == 429
        assert await guess("10.0.0.7", 0) == 401
        # An IPv6 network of /64 is one guesser; one of IPv4 in its guise is IPv4.
        statuses = [
            await guess(f"2001:db8::{n:x}", n) for n in range(FREE_FAILURES + 2)
        ]
        assert statuses[-1] == 429
        assert await guess("2001:db8:0:1::1", 0) == 401

    at_desk(tmp_path, story, configure=behind)


class _Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def now_ms(self) -> int:
        return int(self.now * 1000)


def test_mapped_addresses_are_not_one_attacker() -> None:
    guard = FailureGuard(_Clock())
    for _ in range(FREE_FAILURES):
        guard.failed("::ffff:10.0.0.66")
    assert guard.pause_left("10.0.0.66") > 0
    assert guard.pause_left("::ffff:10.0.0.7") == 0


def test_patience_grows_while_the_disk_says_no() -> None:
    clock = _Clock()
    patience = Patience(clock)
    assert patience.refused() == FIRST_S
    clock.now = 20.0
    assert patience.refused() == 20.0
    clock.now = 90.0
    assert patience.refused() == LONGEST_S
    clock.now += OVER_S + 1
    assert patience.refused() == FIRST_S
