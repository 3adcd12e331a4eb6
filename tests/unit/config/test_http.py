"""TLS, proxies and names, as the file says them."""

from pathlib import Path

import pytest

from modemgw.config.http import Tls
from modemgw.config.load import parse
from modemgw.config.model import Config
from modemgw.config.show import as_yaml
from modemgw.errors import ConfigError

HEAD = "modems: [{port: /a}]\n"


def read(text: str) -> Config:
    return parse(HEAD + text, "m.yaml", path=Path("/etc/modemgw/modemgw.yaml"))


@pytest.mark.parametrize(
    ("written", "tls"),
    [
        ("off", Tls()),
        ("no", Tls()),
        ("self", Tls("self")),
        ("SELF", Tls("self")),
        (
            "{cert: c.pem, key: /k.pem}",
            Tls("files", Path("/etc/modemgw/c.pem"), Path("/k.pem")),
        ),
    ],
)
def test_tls(written: str, tls: Tls) -> None:
    found = read(f"http: {{tls: {written}}}\n")
    assert found.http.tls == tls
    assert parse(as_yaml(found), "again").http.tls == tls
    assert found.http.trusted == ()


@pytest.mark.parametrize("tls", ["self", "proxy", "{cert: /c, key: /k}"])
def test_nothing_crosses_in_the_clear_then(tls: str) -> None:
    proxies = ", proxies: [10.0.0.2]" if tls == "proxy" else ""
    text = f"http: {{listen: 0.0.0.0:8080, tls: {tls}{proxies}}}\n"
    assert read(text).warnings == ()
    assert "in the clear" in read("http: {listen: 0.0.0.0:8080}\n").warnings[0]


def test_proxies_and_hosts() -> None:
    text = (
        "http:\n  tls: proxy\n  proxies: [127.0.0.1, 172.17.0.0/16, '::1']\n"
        "  hosts: [SMS.Example.org., '*.lan', '*']\n"
    )
    http = read(text).http
    assert http.trusted == ("127.0.0.1/32", "172.17.0.0/16", "::1/128")
    assert http.hosts == ("sms.example.org", "*.lan", "*")


def test_proxies_without_their_mode_are_not_trusted() -> None:
    found = read("http: {proxies: [10.0.0.1]}\n")
    assert found.http.trusted == ()
    (warning,) = found.warnings
    assert warning.startswith("m.yaml:2:17: http.proxies: is used with `tls: proxy`")


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("{tls: on}", "2:13: http.tls", "expected off, self, proxy or {cert"),
        ("{tls: {cert: /c}}", "2:13: http.tls", "needs a key"),
        ("{tls: {key: /k}}", "2:13: http.tls", "needs a cert"),
        ("{tls: {cert: /c, key: /k, x: 1}}", "2:33: http.tls.x", "unknown key"),
        ("{tls: []}", "2:13: http.tls", "expected one value"),
        ("{tls: proxy}", "2:13: http.tls", "name the proxies"),
        ("{proxies: [10.0.0.1/8]}", "2:18: http.proxies[0]", "host bits"),
        ("{proxies: [x]}", "2:18: http.proxies[0]", "expected a network"),
        ("{hosts: ['a b']}", "2:16: http.hosts[0]", "expected a host name"),
        ("{hosts: ['a:80']}", "2:16: http.hosts[0]", "without a port"),
        ("{hosts: ['a.*']}", "2:16: http.hosts[0]", "expected a host name"),
    ],
)
def test_mistakes(text: str, place: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(f"http: {text}\n")
    first = caught.value.problems[0]
    assert place in first
    assert why in first


def test_the_fuse() -> None:
    assert read("").sims.max_parts_per_hour is None
    assert read("sims: {max_parts_per_hour: 600}\n").sims.max_parts_per_hour == 600
    with pytest.raises(ConfigError, match="whole number from 1"):
        read("sims: {max_parts_per_hour: 0}\n")
