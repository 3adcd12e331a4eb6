"""Where a webhook may go, as a table; and the addresses that hide in others."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import ConfigError
from modemgw.gateway.resolve import (
    THREADS,
    Found,
    Resolver,
    TargetFinder,
    UnknownHost,
)
from modemgw.gateway.targets import (
    Address,
    Refusal,
    Target,
    TargetGuard,
    embedded,
    literal,
    parse,
)

GUARD = TargetGuard()
ANY = "0.0.0.0"  # noqa: S104 - what a daemon may listen on


def find(
    url: str, *addresses: str, guard: TargetGuard = GUARD, trusted: bool = False
) -> Found | Refusal:
    """Ask where `url` leads when its name has `addresses`."""

    async def lookup(host: str) -> list[Address]:
        address = literal(host)
        return [address] if address else [ip_address(text) for text in addresses]

    return asyncio.run(TargetFinder(guard, lookup).find(url, trusted=trusted))


def code(found: Found | Refusal) -> str:
    return found.code if isinstance(found, Refusal) else "ok"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("ftp://10.0.0.5/", id="scheme"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("10.0.0.5/hook", id="no-scheme"),
        pytest.param("//10.0.0.5/hook", id="scheme-relative"),
        pytest.param("http:///hook", id="no-host"),
        pytest.param("http://", id="nothing"),
        pytest.param("", id="empty"),
        pytest.param("http://user@10.0.0.5/", id="user"),
        pytest.param("http://user:pw@10.0.0.5/", id="password"),
        pytest.param("http://:pw@10.0.0.5/", id="password-alone"),
        pytest.param("http://10.0.0.5:0/", id="port-zero"),
        pytest.param("http://10.0.0.5:65536/", id="port-too-high"),
        pytest.param("http://10.0.0.5:http/", id="port-a-word"),
        pytest.param("http://10.0.0.5/a b", id="space"),
        pytest.param("http://10.0.0.5/\r\nX-Evil: 1", id="header-injection"),
        pytest.param("http://10.0.0.5\\@evil.example/", id="backslash"),
        pytest.param("http://10.0.0.5/" + "a" * 2048, id="too-long"),
    ],
)
def test_what_is_no_webhook_url(url: str) -> None:
    refusal = GUARD.check_url(url)
    assert refusal is not None
    assert refusal.code == "invalid_url"
    assert "pw" not in refusal.detail


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://10.0.0.5/hooks/sms", id="rfc1918-10"),
        pytest.param("http://172.31.255.1:8080/", id="rfc1918-172"),
        pytest.param("https://192.168.1.20/", id="rfc1918-192"),
        pytest.param("http://[fd12:3456::1]:9000/x?y=z", id="ula"),
        pytest.param("http://93.184.216.34/", id="public"),
        pytest.param("http://[2606:2800:220:1::1]/", id="public-v6"),
        pytest.param("http://100.64.0.9/", id="carrier-grade-nat"),
        pytest.param("https://bücher.example/ä", id="idn"),
    ],
)
def test_the_normal_targets_of_a_lan_box_are_allowed(url: str) -> None:
    assert GUARD.check_url(url) is None


FORBIDDEN = [
    pytest.param("127.0.0.1", id="loopback"),
    pytest.param("127.255.1.9", id="loopback-net"),
    pytest.param("::1", id="loopback-v6"),
    pytest.param("0.0.0.0", id="unspecified"),  # noqa: S104 - not bound to
    pytest.param("0.1.2.3", id="this-network"),
    pytest.param("::", id="unspecified-v6"),
    pytest.param("169.254.1.1", id="link-local"),
    pytest.param("fe80::1", id="link-local-v6"),
    pytest.param("fe80::1%eth0", id="link-local-with-zone"),
    pytest.param("169.254.169.254", id="metadata"),
    pytest.param("fd00:ec2::254", id="metadata-v6"),
    pytest.param("100.100.100.200", id="metadata-alibaba"),
    pytest.param("224.0.0.1", id="multicast"),
    pytest.param("ff02::1", id="multicast-v6"),
    pytest.param("255.255.255.255", id="broadcast"),
    pytest.param("240.0.0.1", id="reserved"),
    pytest.param("::ffff:127.0.0.1", id="mapped-loopback"),
    pytest.param("::ffff:169.254.169.254", id="mapped-metadata"),
    pytest.param("::ffff:0.0.0.0", id="mapped-unspecified"),
    pytest.param("::127.0.0.1", id="compatible-loopback"),
    pytest.param("::ffff:0:127.0.0.1", id="translated-loopback"),
    pytest.param("2002:7f00:1::", id="6to4-loopback"),
    pytest.param("2002:a9fe:a9fe::1", id="6to4-metadata"),
    pytest.param("64:ff9b::127.0.0.1", id="nat64-loopback"),
    pytest.param("64:ff9b::a9fe:a9fe", id="nat64-metadata"),
    pytest.param("64:ff9b:1::127.0.0.1", id="local-nat64-loopback"),
    pytest.param("64:ff9b:1:7f00:0:100::", id="local-nat64-48-loopback"),
    pytest.param("2001:0:7f00:1::", id="teredo-server-loopback"),
    pytest.param("2001:0:a00:1:0:0:80ff:fffe", id="teredo-client-loopback"),
    pytest.param("2606:2800::5efe:127.0.0.1", id="isatap-loopback"),
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_forbidden_addresses_written_out(address: str) -> None:
    host = f"[{address.replace('%', '%25')}]" if ":" in address else address
    refusal = GUARD.check_url(f"http://{host}:9000/hook")
    assert refusal is not None
    assert refusal.code == "target_forbidden"


@pytest.mark.parametrize("address", FORBIDDEN)
def test_forbidden_addresses_behind_a_name(address: str) -> None:
    found = find("https://harmless.example/hook", address)
    assert isinstance(found, Refusal)
    assert found.code == "target_forbidden"
    assert "harmless.example" in found.detail


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "127.0.0.1.", "0"],
)
def test_odd_spellings_are_judged_by_what_the_resolver_says(host: str) -> None:
    async def ask() -> Found | Refusal:
        finder = TargetFinder(GUARD, Resolver())
        return await finder.find(f"http://{host}/", trusted=False)

    found = asyncio.run(ask())
    assert isinstance(found, Refusal)
    assert found.code in ("target_forbidden", "unknown_host")
    told_at_once = GUARD.check_url(f"http://{host}/")
    assert told_at_once is not None and told_at_once.code == "target_forbidden"


def test_wide_digits_are_the_digits() -> None:
    refusal = GUARD.check_url("http://①②⑦.0.0.1/")
    assert refusal is not None
    assert refusal.code == "target_forbidden"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "api.localhost"]
)
def test_localhost_is_known_without_the_dns(host: str) -> None:
    refusal = GUARD.check_url(f"http://{host}:9000/")
    assert refusal is not None
    assert "loopback" in refusal.detail


def test_of_a_name_with_several_addresses_only_the_allowed_ones_are_handed_out() -> (
    None
):
    found = find("http://both.example/", "127.0.0.1", "10.0.0.5", "::1")
    assert isinstance(found, Found)
    assert found.addresses == (IPv4Address("10.0.0.5"),)


def test_a_declared_endpoint_may_be_anywhere() -> None:
    for url in ("http://127.0.0.1:9000/", "http://169.254.169.254/", "http://[::1]/"):
        assert code(find(url, trusted=True)) == "ok"


@pytest.mark.parametrize(
    ("allow", "url", "answer"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9000/x", "ok"),
        ("127.0.0.1:9000", "http://name.example:9000/x", "ok"),
        ("127.0.0.1:9000", "http://[::ffff:127.0.0.1]:9000/x", "ok"),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/x", "target_forbidden"),
        ("127.0.0.1:9000", "http://127.0.0.2:9000/x", "target_forbidden"),
        ("[::1]:9000", "http://[::1]:9000/", "ok"),
        ("localhost:9000", "http://127.0.0.1:9000/", "ok"),
        ("localhost:9000", "http://localhost:9000/", "ok"),
        ("name.example:9000", "http://name.example:9000/", "ok"),
        ("name.example:9000", "http://127.0.0.1:9000/", "target_forbidden"),
        ("169.254.7.7:80", "http://169.254.7.7/", "ok"),
        ("169.254.169.254:80", "http://169.254.169.254/", "ok"),
        ("0.0.0.0:80", "http://0.0.0.0/", "target_forbidden"),
        ("224.0.0.1:80", "http://224.0.0.1/", "target_forbidden"),
    ],
)
def test_webhook_allow_opens_what_it_lists(allow: str, url: str, answer: str) -> None:
    assert code(find(url, "127.0.0.1", guard=TargetGuard([allow]))) == answer


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1:", ":9000", "a:b", "a:0"])
def test_a_wrong_entry_of_webhook_allow_is_named(entry: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.webhook_allow"):
        TargetGuard([entry])


@pytest.fixture
def own_address() -> Iterator[str]:
    """An address of this machine that is not loopback, as far as it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("no network interface")
        yield str(probe.getsockname()[0])


def test_our_own_port_is_refused_on_every_address_of_this_machine(
    own_address: str,
) -> None:
    for listen in (ANY, "::", own_address, "box.local"):
        guard = TargetGuard(own=[(listen, 8080)])
        assert guard.check_url(f"http://{own_address}:8081/") is None
        refusal = guard.check_url(f"http://{own_address}:8080/v1/messages")
        assert refusal is not None
        assert "this gateway" in refusal.detail
        assert guard.check_url("http://192.0.2.7:8080/") is None
    opened = TargetGuard([f"{own_address}:8080"], own=[(ANY, 8080)])
    assert opened.check_url(f"http://{own_address}:8080/") is None


def test_ports_become_known_after_the_guard_is_made(own_address: str) -> None:
    guard = TargetGuard()
    assert guard.check_url(f"http://{own_address}:8080/") is None
    guard.listening([(own_address, 8080)])
    assert guard.check_url(f"http://{own_address}:8080/") is not None


@given(st.ip_addresses(v=4))
def test_no_ipv6_form_of_a_forbidden_address_is_allowed(address: IPv4Address) -> None:
    forbidden = GUARD.check_url(f"http://{address}/") is not None
    low = int(address)
    for form in (
        IPv6Address(0xFFFF << 32 | low),
        IPv6Address(0x2002 << 112 | low << 80),
        IPv6Address(0x64FF9B << 96 | low),
    ):
        assert address in embedded(form)
        if forbidden:
            assert GUARD.check_url(f"http://[{form}]/") is not None


@given(st.text(max_size=40))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    assert isinstance(parse("http://" + text), Target | Refusal)
    GUARD.check_url(text)


def test_a_name_is_asked_for_once_however_many_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def getaddrinfo(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("10.0.0.5", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def ask() -> None:
        resolver = Resolver()
        answers = await asyncio.gather(*(resolver("a.example") for _ in range(20)))
        assert answers == [[IPv4Address("10.0.0.5")]] * 20
        assert asked == ["a.example"]
        await resolver("a.example")  # every attempt after that asks again
        assert len(asked) == 2

    asyncio.run(ask())


def test_a_dns_that_never_answers_is_given_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hang, asked = threading.Event(), []

    def getaddrinfo(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        hang.wait()
        return [(socket.AF_INET, 1, 6, "", ("10.0.0.5", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def ask() -> None:
        resolver = Resolver(deadline_s=0.01)
        names = [f"dead{number}.example" for number in range(THREADS)]
        answers = await asyncio.gather(
            *(resolver(name) for name in (*names, *names)), return_exceptions=True
        )
        assert {str(answer)[:13] for answer in answers} == {"no DNS answer"}
        with pytest.raises(UnknownHost, match="the DNS does not answer"):
            await resolver("one-more.example")
        assert asked == names, "a name that hangs is not asked for again"
        hang.set()
        await asyncio.gather(*resolver._asked.values())
        assert await resolver("one-more.example") == [IPv4Address("10.0.0.5")]

    asyncio.run(ask())


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(socket.gaierror(-2, "Name or service not known"), id="no-name"),
        pytest.param(UnicodeError("label too long"), id="label-too-long"),
    ],
)
def test_a_name_without_an_address_says_so(
    monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def ask() -> None:
        resolver = Resolver()
        with pytest.raises(UnknownHost, match="does not resolve"):
            await resolver("nowhere.example")

    asyncio.run(ask())
