"""`modemgw config`: what a person sees of a good and of a bad file."""

import json

from tests.cli.conftest import Cli


def test_a_good_file(cli: Cli) -> None:
    cli.config.write_text("modems: [{port: /dev/ttyUSB2}]\n")
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


def test_doubtful_things_and_missing_secrets_are_warnings(cli: Cli) -> None:
    cli.config.write_text("discovery: off\nmodems: [{port: /dev/a, pin: {env: NONE}}]")
    found = cli.on("config", "check")
    assert found.code == 0
    assert found.err == (
        f"warning: {cli.config}:2:30: modems[0].pin: {{env: NONE}}:"
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
