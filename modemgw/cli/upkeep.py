"""`modemgw sims balance`, `selftest`: what a SIM has, and whether it works."""

import time
from pathlib import Path
from typing import Any

import click

from modemgw.cli.main import FAILED
from modemgw.cli.options import config_option, json_option
from modemgw.cli.output import printable

PATIENCE_S = 200.0  # the network has two minutes, and a message may be on the air
STEP_S = 30  # of waiting for a self-test, per request
LONGEST_S = 4000.0  # selftest.within is an hour at most


@click.command("balance")
@click.argument("name")
@config_option
@json_option
def balance(name: str, config_path: Path, as_json: bool) -> int:
    """Ask the network now for the balance of the SIM NAME.

    The code and how its answer is read stand under `balance` in the configuration.
    The exit code is 1 where the answer could not be read.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = PATIENCE_S
    found = client.call("POST", f"{_path(name)}/balance")
    if as_json:
        show_json(found)
    else:
        click.echo(_money(found))
        if found["state"] != "read":
            click.echo(printable(f"{found['state']}: {found['why']}"), err=True)
    return 0 if found["state"] == "read" else FAILED


@click.command("selftest")
@click.argument("name")
@click.option("--to", "to_sim", metavar="NAME", help="Default: the next in service.")
@click.option("--paid", is_flag=True, help="Also where it may cost money.")
@config_option
@json_option
def selftest(
    name: str, to_sim: str | None, paid: bool, config_path: Path, as_json: bool
) -> int:
    """Send a text from the SIM NAME to another own SIM, and wait for it.

    The exit code is 0 where it arrived, and its report, too.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = STEP_S + 30.0
    wish: dict[str, Any] = {"paid": paid}
    if to_sim is not None:
        wish["to"] = to_sim
    found = client.call("POST", f"{_path(name)}/selftest?wait={STEP_S}", wish)
    end = time.monotonic() + LONGEST_S
    while found["state"] == "running" and time.monotonic() < end:
        found = client.get(f"/v1/selftests/{found['id']}", wait=STEP_S)
    if as_json:
        show_json(found)
    else:
        click.echo(_told(found))
    return 0 if found["state"] == "passed" else FAILED


def _path(name: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return f"/v1/sims/{quote(name, safe='')}"


def _money(found: dict[str, Any]) -> str:
    if found["amount"] is None:
        return "unknown"
    parts = [found["amount"], found["currency"] or ""]
    if found["state"] != "read":
        parts.append(f"(of {found['read_at']})")
    if found["sms_left"] is not None:
        parts.append(f"and {found['sms_left']} texts")
    if found["valid_until"] is not None:
        parts.append(f"until {found['valid_until']}")
    return printable(" ".join(part for part in parts if part))


def _told(found: dict[str, Any]) -> str:
    verdict = found["state"] + (f" ({found['leg']})" if found["leg"] else "")
    line = f"{found['sim']} to {found['to_sim']}: {verdict}: {printable(found['why'])}"
    spans = [
        f"{name} {found[key] / 1000:.1f} s"
        for name, key in (
            ("taken after", "submit_ms"),
            ("arrived after", "delivery_ms"),
            ("reported after", "report_ms"),
        )
        if found[key] is not None
    ]
    return "\n  ".join([line, *spans])
