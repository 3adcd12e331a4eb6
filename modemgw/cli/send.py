"""`modemgw send`: a message through the running daemon."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from modemgw.cli.main import FAILED, TRY_LATER
from modemgw.cli.options import config_option, json_option

Json = dict[str, Any]

POLL_S = 0.25  # while waiting; a report takes seconds
BAD = {"undelivered", "failed", "expired", "blocked", "canceled"}
# Not known, and not for as long as anybody would wait here.
OPEN = {"in_doubt", "no_report"}


@click.command()
@config_option
@click.option(
    "--to",
    multiple=True,
    required=True,
    metavar="NUMBER",
    help="Recipient; may be given several times.",
)
@click.option("--text", required=True, help="The text; - reads it from standard input.")
@click.option("--wait", is_flag=True, help="Wait until it is delivered, or cannot be.")
@click.option(
    "--timeout",
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="How long --wait waits.",
)
@click.option("--sim", help="Name of the SIM that has to carry it.")
@click.option("--pool", help="Name of the pool whose SIMs may carry it.")
@click.option(
    "--sticky", is_flag=True, help="Prefer the SIM in touch with the number last."
)
@click.option(
    "--class",
    "klass",
    default="transactional",
    show_default=True,
    type=click.Choice(["alert", "otp", "transactional", "marketing"]),
    help="What it is: sets how long it stays valid.",
)
@click.option("--reference", help="Your own reference; shown with the message.")
@click.option(
    "--idempotency-key",
    metavar="TEXT",
    help="Makes it safe to repeat: for a day, the same key is the same message.",
)
@click.option("--no-report", is_flag=True, help="Ask for no delivery report.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check it, count parts, say which SIM; send nothing.",
)
@json_option
def send(
    config_path: Path,
    to: tuple[str, ...],
    text: str,
    wait: bool,
    timeout: float,
    dry_run: bool,
    idempotency_key: str | None,
    as_json: bool,
    **wishes: Any,
) -> int:
    """Send a text through the running gateway.

    Prints the id, the state and the recipient of each message. With --wait the
    exit code tells what became of it: 0 delivered (or sent, with --no-report), 1
    it failed, 75 not known yet.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.messages import routing_lines  # noqa: PLC0415
    from modemgw.cli.output import printable, show_json  # noqa: PLC0415

    client = connect(config_path)
    body = _body(_text(text), **wishes)
    path = "/v1/messages?dry_run=true" if dry_run else "/v1/messages"
    found = [
        client.call(
            "POST",
            path,
            {"to": one, **body},
            idempotency_key=_promise(idempotency_key, one),
        )
        for one in to
    ]
    enough = {"delivered", "sent"} if wishes["no_report"] else {"delivered"}
    if wait and not dry_run:
        found = _wait(client.get, found, enough | BAD | OPEN, timeout)
    for message in found:
        if as_json:
            show_json(message)
        else:
            click.echo(_line(message))
            for line in routing_lines(message.get("routing")):
                click.echo(printable(line))
    return _exit_code(found, enough) if wait and not dry_run else 0


def _text(given: str) -> str:
    if given != "-":
        return given
    return sys.stdin.read().removesuffix("\n")


def _promise(idempotency_key: str | None, recipient: str) -> str | None:
    """Return the promise for one recipient: one key stands for one message."""
    return None if idempotency_key is None else f"{idempotency_key}:{recipient}"


def _body(
    text: str,
    *,
    sim: str | None,
    pool: str | None,
    sticky: bool,
    klass: str,
    reference: str | None,
    no_report: bool,
) -> Json:
    body: Json = {"text": text, "class": klass}
    if reference is not None:
        body["reference"] = reference
    if no_report:
        body["delivery_report"] = False
    wanted = {"sim": sim, "pool": pool, "sticky": sticky or None}
    route = {name: value for name, value in wanted.items() if value is not None}
    if route:
        body["route"] = route
    return body


def _wait(
    get: Callable[[str], Json], found: list[Json], final: set[str], timeout_s: float
) -> list[Json]:
    """Look again and again until every message has come to something."""
    end = time.monotonic() + timeout_s
    while any(m["state"] not in final for m in found) and time.monotonic() < end:
        time.sleep(POLL_S)
        found = [
            m if m["state"] in final else get(f"/v1/messages/{m['id']}") for m in found
        ]
    return found


def _line(message: Json) -> str:
    """Write `id state recipient`, and why where it did not go well."""
    words = [message.get("id") or "-", message["state"], message["to"]]
    reason = message.get("reason")
    if reason:
        words.append(f"({reason['code']}: {reason['detail']})")
    return " ".join(words)


def _exit_code(found: list[Json], enough: set[str]) -> int:
    states = {message["state"] for message in found}
    if states <= enough:
        return 0
    return FAILED if states & BAD else TRY_LATER
