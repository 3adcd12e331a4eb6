"""`modemgw sims ussd`: talk USSD through a SIM, menus included."""

import sys
from pathlib import Path
from typing import Any

import click

from modemgw.cli.main import FAILED
from modemgw.cli.options import config_option, json_option
from modemgw.cli.secrets import STDIN, read_secret

PATIENCE_S = 200.0  # the network has two minutes, and a message may be on the air


@click.command("ussd")
@click.argument("name")
@click.argument("code")
@config_option
@json_option
def ussd(name: str, code: str, config_path: Path, as_json: bool) -> int:
    """Send the USSD code CODE, such as '*100#', through the SIM NAME.

    With - the code is read from standard input, unseen at a terminal: a voucher is
    money, and everybody on the machine can read a command line.

    Where the network answers with a menu and you sit at a terminal, you are asked
    for the reply; an empty one ends the session. Without a terminal the session
    is ended and the exit code is 1.
    """
    from urllib.parse import quote  # noqa: PLC0415 (help stays quick)

    from modemgw.cli.client import connect  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = PATIENCE_S
    if code == str(STDIN):
        code = read_secret(STDIN, "USSD code", str)
    path = f"/v1/sims/{quote(name, safe='')}/ussd"
    said = client.call("POST", path, {"code": code})
    while True:
        _show(said, as_json=as_json)
        if said["state"] != "reply":
            break
        session = f"{path}/{said['session']}"
        reply = _ask() if sys.stdin.isatty() else ""
        if not reply:
            client.call("DELETE", session)
            click.echo("no reply: the session is ended", err=True)
            break
        said = client.call("POST", session, {"text": reply})
    return 0 if said["state"] == "done" else FAILED


def _ask() -> str:
    text: str = click.prompt("Reply", default="", show_default=False, err=True)
    return text.strip()


def _show(said: dict[str, Any], *, as_json: bool) -> None:
    from modemgw.cli.output import harmless, show_json  # noqa: PLC0415

    if as_json:
        show_json(said)
        return
    if said["text"]:
        click.echo(harmless(said["text"]))
    if said["state"] != "done" and not (said["state"] == "reply" and said["text"]):
        click.echo(said["why"], err=True)
