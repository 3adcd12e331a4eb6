"""`modemgw config`: what a person sees of a good and of a bad file."""

import json
import os
import socket

import pytest

from modemgw.cli.carets import with_lines
from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli


def test_a_good_file(cli: Cli) -> None:
    cli.config.write_text("modems: [{port: /dev/null}]\n")
    found = cli.on("config", "check")
    assert (found.code, found.err) == (0, "")
    assert found.out == f"{cli.config}: no mistakes\n"


def test_every_mistake_has_its_line(cli: Cli) -> None:
    cli.config.write_text("contry: DE\nqueue:\n  max: many\nlog: {level: loud}\n")
    found = cli.on("config", "check")
    assert (found.code, found.out) == (78, "")
    assert found.err.splitlines() == [
        f"{cli.config}:1:1: contry: unknown key; did you mean 'country'?",
        f"{cli.config}:3:8: queue.max: expected a whole number from 1 to 100000000,"
        " got 'many'",
        f"{cli.config}:4:14: log.level: 'loud' is none of the choices;"
        " expected one of: debug, info, warning, error",
    ]


def test_a_file_that_is_not_there(cli: Cli) -> None:
    cli.config.unlink()
    found = cli.on("config", "check")
    assert found.code == 78
    assert found.err == f"{cli.config}: cannot be read: no such file or directory\n"


@pytest.mark.parametrize("what", ["a pipe", "a directory", "a socket", "a device"])
def test_what_is_no_file_is_named_and_not_waited_for(cli: Cli, what: str) -> None:
    cli.config.unlink()
    place = cli.config
    with socket.socket(socket.AF_UNIX) as door:
        match what:
            case "a pipe":
                os.mkfifo(place)
            case "a directory":
                place.mkdir()
            case "a socket":
                door.bind(str(place))
            case _:
                place.symlink_to("/dev/zero")
        found = cli.on("config", "check")
    assert found.code == 78
    assert found.err == f"{place}: cannot be read: this is {what} and no plain file\n"


@pytest.mark.parametrize("command", ["check", "show"])
def test_the_file_may_be_given_by_itself(
    cli: Cli, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEMGW_CONFIG", str(cli.config.with_name("other.yaml")))
    monkeypatch.setattr("modemgw.cli.options.PLACES", ())
    by_itself = cli("config", command, str(cli.config))
    assert by_itself == cli.on("config", command)
    assert by_itself.code == 0
    both = cli("config", command, str(cli.config), "--config", "a.yaml")
    assert both.code == 2 and "not both" in both.err
    gone = cli("config", command, str(cli.config.parent / "gone.yaml"))
    assert gone.code == 78 and "gone.yaml: cannot be read" in gone.err


def test_doubtful_things_and_missing_secrets_are_warnings(cli: Cli) -> None:
    cli.config.write_text(
        "discovery: off\nmodems: [{port: /dev/null, pin: {env: NONE}}]"
    )
    found = cli.on("config", "check")
    assert found.code == 0
    assert found.err == (
        f"warning: {cli.config}:2:33: modems[0].pin: {{env: NONE}}:"
        " this environment variable is not set\n"
    )


def test_run_refuses_to_start_without_its_secrets(cli: Cli) -> None:
    cli.config.write_text(
        "modems:\n  - {port: /dev/a, pin: {env: GONE}}\n"
        "webhooks:\n  - {url: 'http://a/', secret: {file: gone}}\n"
    )
    found = cli.on("run")
    assert found.code == 78
    assert found.err.splitlines() == [
        f"{cli.config}:2:25: modems[0].pin: {{env: GONE}}:"
        " this environment variable is not set",
        f"{cli.config}:4:32: webhooks[0].secret: {{file: {cli.config.parent}/gone}}:"
        " cannot be read: no such file or directory",
    ]


def test_run_refuses_a_bad_file(cli: Cli) -> None:
    cli.config.write_text("country: Nowhere\n")
    assert cli.on("run").code == 78


def test_show_masks_and_fills_in(cli: Cli) -> None:
    cli.config.write_text("modems: [{port: /dev/a, pin: 4711}]\n")
    shown = cli.on("config", "show")
    assert "4711" not in shown.out
    assert "pace:\n    - 10/min" in shown.out
    as_json = json.loads(cli.on("config", "show", "--json").out)
    assert as_json["modems"] == [{"name": "modem1", "port": "/dev/a", "pin": "****"}]
    assert as_json["discovery"] is True


def test_where_each_value_comes_from(cli: Cli) -> None:
    cli.config.write_text("country: DE\nmodems:\n  - {port: /dev/a, pin: '1234'}\n")
    lines = cli.on("config", "show", "--origin").out.splitlines()
    assert f"{cli.config}:1:10: country = DE" in lines
    assert f"{cli.config}:3:25: modems[0].pin = ****" in lines
    assert "default: discovery = on" in lines
    found = json.loads(cli.on("config", "show", "--origin", "--json").out)
    assert found["country"] == {"value": "DE", "at": f"{cli.config}:1:10"}
    assert found["queue.max"] == {"value": 1_000_000, "at": None}


def test_the_schema(cli: Cli) -> None:
    found = cli("config", "schema")
    assert json.loads(found.out)["properties"]["modems"]


def test_a_line_and_a_caret(cli: Cli) -> None:
    cli.config.write_text("queue:\n  max: many\nmodems: [{port: /dev/a, pin: 12}]\n")
    said = cli.on("config", "check").err
    assert with_lines(said).splitlines() == [
        said.splitlines()[0],
        "    2 |   max: many",
        "      |        ^",
        said.splitlines()[1],  # nothing of a PIN
    ]
    gone = f"{cli.config.parent}/gone.yaml:1:1: x"
    assert with_lines(f"nothing\n{gone}") == f"nothing\n{gone}"


def test_a_reload(cli: Cli) -> None:
    change = {"key": "queue.max", "was": "1", "now": "2", "place": "m.yaml:1:2"}
    gone = {"key": "webhooks[x]", "was": "{}", "now": None, "place": None}
    new = {"key": "modems[a]", "was": None, "now": "{}", "place": "m.yaml:3:3"}
    done = {
        "file": "m.yaml",
        "applied": [change, gone, new],
        "needs_restart": [{**change, "key": "http.listen"}],
        "modems": {"added": ["a"], "removed": [], "reopened": ["b"]},
        "warnings": ["doubtful"],
    }
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock", {"POST /v1/reload": (200, done)}):
        found = cli.on("reload")
    assert (found.code, found.err) == (0, "warning: doubtful\n")
    assert found.out.splitlines() == [
        "m.yaml:1:2: queue.max: 1 -> 2",
        "webhooks[x]: removed",
        "m.yaml:3:3: modems[a]: added",
        "modem a: added",
        "modem b: reopened",
        "m.yaml:1:2: http.listen: 1 -> 2 (needs a restart)",
    ]
    none = {**done, "applied": [], "needs_restart": [], "modems": {}, "warnings": []}
    (cli.data / "modemgw.sock").unlink(missing_ok=True)
    with fake_daemon(cli.data / "modemgw.sock", {"POST /v1/reload": (200, none)}):
        assert cli.on("reload").out == "m.yaml: nothing has changed\n"
        assert json.loads(cli.on("reload", "--json").out) == none
    away = cli.on("reload")
    assert (away.code, "and data_dir has changed" in away.err) == (69, True)
    told = {"pointer": "", "code": "config", "detail": "m.yaml:1:1: pin: not there"}
    problem = {"type": "/problems/config-invalid", "detail": "x", "errors": [told]}
    (cli.data / "modemgw.sock").unlink(missing_ok=True)
    with fake_daemon(cli.data / "modemgw.sock", {"POST /v1/reload": (422, problem)}):
        found = cli.on("reload")
    assert (found.code, found.err) == (78, "m.yaml:1:1: pin: not there\n")
    cli.config.write_text("queue: {max: many}\n")
    assert cli.on("reload").code == 78
