"""`modemgw modems at, transcript, journal, restart`: a look into one modem."""

import re
import sys
from pathlib import Path
from typing import Any

import click

from modemgw.cli.main import FAILED
from modemgw.cli.options import config_option, json_option
from modemgw.words import printable

SLACK_S = 60.0  # a message on the air is waited for, and the step found again
SEEN = (
    "a command line is seen by everybody on this machine and kept by the shell:"
    " leave COMMAND out where it holds a PIN, and type it here"
)
_PIN = re.compile(r"(?i)[+^](?:CPIN|CLCK|CPWD)2?=(?!\?)")
HINT = "AT commands, one a line; an empty line or Ctrl-D ends"


@click.command("at")
@click.argument("name")
@click.argument("command", nargs=-1)
@click.option(
    "--unsafe", is_flag=True, help="Let through what bills, bricks or breaks."
)
@click.option(
    "--timeout",
    default=20,
    show_default=True,
    type=click.IntRange(1, 180),
    help="Seconds to wait for an answer.",
)
@config_option
@json_option
def at(
    name: str,
    command: tuple[str, ...],
    unsafe: bool,
    timeout: int,
    config_path: Path,
    as_json: bool,
) -> int:
    """Type AT commands at the modem NAME, between its messages.

    Each COMMAND is one line. Without any they are read from standard input.
    What costs money, locks the SIM or breaks the gateway is refused with the
    reason. Everything is logged. What holds a PIN or PUK belongs on standard
    input: everybody on the machine can read a command line.
    """
    from modemgw.cli.client import Refused, connect  # noqa: PLC0415 (help stays quick)

    client = connect(config_path)
    client.timeout_s = timeout + SLACK_S
    is_talk = not command and sys.stdin.isatty()
    if is_talk:
        click.echo(HINT, err=True)
    if any(_PIN.search(line) for line in command):
        click.echo(SEEN, err=True)
    failed = False
    for line in command or _typed(is_talk):
        try:
            wish = {"command": line, "unsafe": unsafe, "timeout": timeout}
            said = client.call("POST", f"{_path(name)}/at", wish)
        except Refused as exc:
            if not is_talk:
                raise
            click.echo(str(exc), err=True)
            continue
        failed = failed or said["final"] != "OK"
        _show(said, as_json=as_json)
    return FAILED if failed and not is_talk else 0


@click.command("transcript")
@click.argument("name")
@click.option("--lines", default=200, show_default=True, type=click.IntRange(1, 1000))
@config_option
@json_option
def transcript(name: str, lines: int, config_path: Path, as_json: bool) -> None:
    """Show the last lines between us and the modem NAME; texts are masked."""
    _list(config_path, f"{_path(name)}/transcript", lines, "direction", as_json)


@click.command("journal")
@click.argument("name")
@click.option("--lines", default=100, show_default=True, type=click.IntRange(1, 300))
@config_option
@json_option
def journal(name: str, lines: int, config_path: Path, as_json: bool) -> None:
    """Show what happened to the modem NAME: phases, faults, recovery, acts."""
    _list(config_path, f"{_path(name)}/journal", lines, "kind", as_json)


@click.command("restart")
@click.argument("name")
@config_option
def restart(name: str, config_path: Path) -> None:
    """Set the modem NAME up again, once nothing is on the air."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = SLACK_S
    client.call("POST", f"{_path(name)}/restart")
    click.echo(f"{name} is being set up again", err=True)


def _list(config_path: Path, path: str, lines: int, second: str, as_json: bool) -> None:
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    found = connect(config_path).get(path, limit=lines)
    if as_json:
        show_json(found)
        return
    for entry in found["data"]:
        text = printable(entry["text"])
        click.echo(f"{entry['at']}  {entry[second]:<6}  {text}".rstrip())


def _show(said: dict[str, Any], *, as_json: bool) -> None:
    from modemgw.cli.output import show_json  # noqa: PLC0415

    if as_json:
        show_json(said)
        return
    for line in said["lines"]:
        click.echo(printable(line))
    if said["final"] is None:
        click.echo(f"no answer within {said['seconds']:g} s", err=True)
    else:
        click.echo(printable(said["final"]))


def _typed(is_talk: bool) -> Any:
    while True:
        if is_talk:
            click.echo("> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line or (is_talk and not line.strip()):
            return
        if line.strip():
            yield line.strip()


def _path(name: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return f"/v1/modems/{quote(name, safe='')}"
