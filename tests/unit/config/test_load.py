"""Files that load: defaults, units, references, what is doubtful."""

import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modemgw.config import load as loading
from modemgw.config import reference, show
from modemgw.config.load import load, parse
from modemgw.config.model import Card, Config, Sims
from modemgw.config.paths import MAX_SOCKET_PATH
from modemgw.config.paths import admin_socket as socket_of
from modemgw.config.values import Listen, show_window
from modemgw.errors import ConfigError
from modemgw.policy.pacing import Window

ROOT = Path(__file__).parents[3]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
# The example that programs outside of this repository are written against.
CONTRACT = """\
data_dir: ./data                # modemgw.db, the lock, the admin socket
country: DE                     # region for numbers written the national way
timezone: Europe/Berlin         # for quiet hours, billing days and people
http:
  listen: 127.0.0.1:8080        # the API, later the web pages; a list is allowed
  webhook_allow: [127.0.0.1:9000]   # loopback or link-local targets
discovery: off                  # on (default): use USB modems not listed below
modems:
  - name: front
    port: /dev/serial/by-path/…:1.2-port0      # or imei: "352099001761481"
sims:
  defaults: {pace: 10/min, reports: on}        # pace off = as fast as the modem
  cards:
    - name: red
      iccid: "8949…"            # a SIM keeps name, PIN, quota and history
      number: "+4915112345678"  # AT+CNUM is usually empty
      pin: {file: /etc/modemgw/pin-red}        # or {env: NAME}, or "1234"
      smsc: "+491710760000"     # only if the SIM's own is wrong
queue: {max: 1000000}
webhooks:
  - url: http://127.0.0.1:9000/hook            # declared by the admin: any target
    events: ["message.*"]
    secret: {file: /etc/modemgw/hook-secret}   # whsec_…
"""


def test_the_contract_loads() -> None:
    found = parse(CONTRACT, "m.yaml", path=Path("/srv/gw/m.yaml"))
    assert found.data_dir == Path("/srv/gw/data")
    assert found.database == Path("/srv/gw/data/modemgw.db")
    assert (found.country, found.timezone) == ("DE", "Europe/Berlin")
    assert found.http.listen == (Listen("127.0.0.1", 8080),)
    assert found.http.webhook_allow == ("127.0.0.1:9000",)
    assert found.discovery is False
    (modem,) = found.modems
    assert modem.port == "/dev/serial/by-path/…:1.2-port0"
    assert found.sims.defaults.pace == (Window(10, 60),)
    (card,) = found.sims.cards
    assert (card.name, card.number) == ("red", "+4915112345678")
    assert card.smsc == "+491710760000"
    assert card.pin is not None
    assert card.pin.file == Path("/etc/modemgw/pin-red")
    assert found.queue.max == 1_000_000
    (hook,) = found.webhooks
    assert (hook.url, hook.events) == ("http://127.0.0.1:9000/hook", ("message.*",))
    assert found.warnings == (
        "m.yaml:15:14: sims.cards[0].iccid: '8949…' is a placeholder: no card will"
        " match it",
    )


def test_a_file_of_one_key_has_every_default() -> None:
    found = parse("country: de\n", "m.yaml", path=Path("/srv/m.yaml"))
    assert found == Config(
        path=Path("/srv/m.yaml"),
        data_dir=Path("/srv/data"),
        country="DE",
        warnings=found.warnings,
    )
    assert found.discovery is True
    assert found.sims.defaults.pace == (Window(10, 60),)
    assert str(found.http.listen[0]) == "127.0.0.1:8080"


def test_below_etc_the_data_goes_where_services_keep_it() -> None:
    found = parse("country: DE\n", "m", path=Path("/etc/modemgw/modemgw.yaml"))
    assert found.data_dir == Path("/var/lib/modemgw")


def test_sections_without_anything_below_them_are_as_if_absent() -> None:
    text = "country: DE\nhttp:\nmodems:\nsims:\n  cards:\nqueue:\nwebhooks:\nlog:\n"
    found, plain = parse(text, "m.yaml"), parse("country: DE\n", "m.yaml")
    assert show.plain(found) == show.plain(plain)


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        pytest.param("country: NO", "country", "NO", id="norway"),
        pytest.param("discovery: OFF", "discovery", False, id="off"),
        pytest.param("discovery: 'no'", "discovery", False, id="quoted-no"),
        pytest.param("queue: {max: 2_000}", "queue.max", 2000, id="underscore"),
        pytest.param(
            "http: {listen: '[::1]:0'}", "http.listen", (Listen("::1", 0),), id="ipv6"
        ),
        pytest.param(
            "http: {listen: [localhost:80, gw.lan:8080]}",
            "http.listen",
            (Listen("localhost", 80), Listen("gw.lan", 8080)),
            id="names",
        ),
        pytest.param(
            "sims: {defaults: {pace: off}}", "sims.defaults.pace", (), id="pace-off"
        ),
        pytest.param(
            "sims: {defaults: {pace: [10/min, 200 per day, 5/30s]}}",
            "sims.defaults.pace",
            (Window(10, 60), Window(200, 86_400), Window(5, 30)),
            id="windows",
        ),
        pytest.param(
            "webhooks: [{url: 'https://a.example/'}]",
            "webhooks.0.events",
            ("*",),
            id="all-events",
        ),
        pytest.param(
            "modems: [{port: sim/modem0}]",
            "modems.0.port",
            "/srv/sim/modem0",
            id="port-beside-the-file",
        ),
        pytest.param(
            "modems: [{imei: 35 2099-001761-481}]",
            "modems.0.imei",
            "352099001761481",
            id="imei-as-printed",
        ),
        pytest.param("data_dir: /x", "data_dir", Path("/x"), id="absolute"),
        pytest.param("log: {level: Debug}", "log.level", "debug", id="level"),
    ],
)
def test_a_value(text: str, path: str, value: object) -> None:
    found: Any = parse(text, "m.yaml", path=Path("/srv/m.yaml"))
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)
    assert found == value


@pytest.mark.parametrize(
    "number", ["+491701234567", "0170 1234567", '"+49 170 1234567"']
)
def test_a_number_needs_no_quotes(number: str) -> None:
    text = f"country: DE\nsims: {{cards: [{{name: a, iccid: '{'89' * 9}', "
    found = parse(text + f"number: {number}}}]}}", "m.yaml")
    assert found.sims.cards[0].number == "+491701234567"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param(
            "discovery: off\n",
            "m.yaml:1:12: discovery: no modems are listed: nothing will be sent",
            id="nothing-to-send-with",
        ),
        pytest.param(
            "discovery: off\nmodems: []\n",
            "m.yaml:2:9: modems: no modems are listed: nothing will be sent",
            id="nothing-listed",
        ),
        pytest.param(
            "modems: [{port: /a}]\nhttp: {listen: 0.0.0.0:8080}\n",
            "m.yaml:2:16: http.listen: others can reach this: keys and texts cross in"
            " the clear",
            id="open-to-the-network",
        ),
    ],
)
def test_what_is_doubtful_is_a_warning(text: str, warning: str) -> None:
    assert parse(text, "m.yaml").warnings == (warning,)


def test_secrets_are_found_where_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pin").write_text("4711\n")
    monkeypatch.setenv("HOOK", SECRET)
    text = (
        "modems: [{port: /dev/a, pin: {file: pin}}, {port: /dev/b, pin: 0815}]\n"
        "webhooks: [{url: 'http://a/', secret: {env: HOOK}}]\n"
    )
    found = parse(text, "m.yaml", path=tmp_path / "m.yaml")
    assert [s.reveal() for s in loading.secrets(found)] == ["4711", "0815", SECRET]
    assert found.pin("modem2", None) == "0815"
    assert found.pin("modem3", None) is None
    shown = f"{found!r} {found.modems[1].pin}"
    assert "0815" not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{file: gone}", "{file: DIR/gone}: cannot be read: no such file or directory"),
        ("{file: bad}", "{file: DIR/bad}: expected a PIN of 4 to 8 digits (not shown)"),
        ("{file: raw}", "{file: DIR/raw}: is not a text file"),
        (
            "{file: pipe}",
            "{file: DIR/pipe}: cannot be read: this is a pipe and no plain file",
        ),
        ("{env: GONE}", "{env: GONE}: this environment variable is not set"),
    ],
)
def test_a_secret_that_is_not_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, written: str, why: str
) -> None:
    (tmp_path / "bad").write_text("SECRET7")
    (tmp_path / "raw").write_bytes(b"\xff\xfe")
    os.mkfifo(tmp_path / "pipe")
    text = f"modems: [{{port: /dev/a, pin: {written}}}]\n"
    found = parse(text, "m.yaml", path=tmp_path / "m.yaml")
    with pytest.raises(ConfigError) as caught:
        loading.require_secrets(found)
    expected = f"m.yaml:1:30: modems[0].pin: {why}".replace("DIR", str(tmp_path))
    assert str(caught.value) == expected
    assert found.pin("modem1", None) is None
    assert ("PIN not available", expected) in [
        (record.message, getattr(record, "why", "")) for record in caplog.records
    ]


def test_a_card_is_known_with_and_without_its_check_digit() -> None:
    sims = Sims(cards=(Card(name="red", iccid="8949022512345678901", reports=False),))
    assert sims.card("8949022512345678901") is sims.cards[0]
    assert sims.card("8949022512345678901F") is sims.cards[0]
    assert sims.card("894902251234567890") is sims.cards[0]
    assert sims.card("8949022512345678902") is None
    assert sims.card(None) is None
    assert sims.pace(sims.cards[0]) == (Window(10, 60),)
    assert sims.pace(None) == (Window(10, 60),)
    assert sims.reports(sims.cards[0]) is False
    assert sims.reports(None) is True


def test_the_pin_of_a_card_comes_before_that_of_the_modem() -> None:
    text = (
        "modems: [{name: front, port: /dev/a, pin: 1111}]\n"
        f"sims: {{cards: [{{name: red, iccid: '{'89' * 9}', pin: 2222}}]}}\n"
    )
    found = parse(text, "m.yaml")
    assert found.pin("front", "89" * 9) == "2222"
    assert found.pin("front", "8900000000000000000") == "1111"


def test_utf_8_with_a_byte_order_mark_loads(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbfcountry: DE\n")
    assert load(path).country == "DE"


def test_the_example_has_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    example = load(ROOT / "config.example.yaml")
    assert example.warnings == ()
    shown = msgspec.json.encode(show.plain(example)).decode()
    for path, struct in reference._structs(Config, ""):
        for name in reference.names(struct):
            assert f'"{name}":' in shown, f"{path}.{name} is not in the example"


def test_what_is_shown_loads_again() -> None:
    example = load(ROOT / "config.example.yaml")
    again = parse(show.as_yaml(example), "again.yaml", path=example.path)
    assert show.plain(again) == show.plain(example)


def test_shown_secrets_are_masked() -> None:
    text = (
        "modems: [{port: /dev/a, pin: 4711}]\n"
        f"webhooks: [{{url: 'http://me:hunter2@a/', secret: {SECRET}}}]\n"
    )
    shown = show.as_yaml(parse(text, "m.yaml"))
    assert "4711" not in shown
    assert "hunter2" not in shown
    assert "whsec" not in shown
    assert "http://me:****@a/" in shown


def test_the_reference_is_that_of_the_program() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert written == reference.reference(), "python -m modemgw.config.reference"
    for path, struct in reference._structs(Config, ""):
        for name in reference.names(struct):
            assert f"**`{name}`**" in written, path


def test_each_default_of_the_reference_is_the_default() -> None:
    """The words beside each key are loaded, and have to change nothing."""
    plain = show.plain(parse("country: DE\n", "m.yaml"))
    for path, struct in reference._structs(Config, ""):
        if "[]" in path:
            continue
        for name, text in reference.defaults(struct).items():
            if " " in text or text in {"none", "required"}:
                continue
            inner = f"{name}: {text}"
            for section in reversed(path.split(".") if path else []):
                inner = f"{section}: {{{inner}}}"
            found = parse(f"country: DE\n{inner}\n", "m.yaml")
            assert show.plain(found) == plain, inner


def admin_socket(data_dir: Path) -> Path:
    return socket_of(Config(path=None, data_dir=data_dir))


@pytest.mark.parametrize(
    "text", ["10/min", "200/day", "1/s", "100/hour", "5/30s", "3/2day", "7/90s"]
)
def test_a_window_is_shown_as_it_was_written(text: str) -> None:
    found = parse(f"sims: {{defaults: {{pace: {text}}}}}", "m.yaml")
    assert show_window(found.sims.defaults.pace[0]) == text


def test_the_admin_socket_lies_beside_the_data(tmp_path: Path) -> None:
    assert admin_socket(Path("/srv/gw")) == Path("/srv/gw/modemgw.sock")


def test_where_the_path_is_too_long_the_runtime_directory_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("modemgw.config.paths.SYSTEM_RUNTIME_DIR", tmp_path / "none")
    long = Path("/srv") / ("x" * 100)
    found = admin_socket(long)
    assert found.parent == tmp_path
    assert re.fullmatch(r"modemgw-[0-9a-f]{16}\.sock", found.name)
    assert found == admin_socket(long)
    assert found != admin_socket(long / "y")
    fits = Path("/" + "x" * (MAX_SOCKET_PATH - len("//modemgw.sock")))
    assert admin_socket(fits).parent == fits


def test_without_a_runtime_directory_one_of_our_own_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("modemgw.config.paths.SYSTEM_RUNTIME_DIR", tmp_path / "none")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    found = admin_socket(Path("/srv") / ("x" * 100))
    assert found.parent.stat().st_mode & 0o777 == 0o700
    found.parent.chmod(0o777)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        admin_socket(Path("/srv") / ("x" * 100))
