"""`modemgw messages tail`: what becomes of messages, line by line."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modemgw.cli.options import config_option, json_option

if TYPE_CHECKING:
    from modemgw.cli.client import AdminClient
    from modemgw.client.models import Event

AWAY_S = 10 * 365 * 86_400.0  # who watches waits for a daemon that comes back
STATES = (
    *("queued", "sent", "delivered", "undelivered", "failed", "expired", "no_report"),
    *("in_doubt", "canceled", "blocked", "received"),
)
Line = dict[str, Any]


@click.command("tail")
@config_option
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens.")
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(0, 200),
    default=10,
    show_default=True,
    help="Messages of before.",
)
@click.option("--state", help="One or more states, separated by commas.")
@click.option("--sim", help="Name of a SIM.")
@click.option("--full", is_flag=True, help="Do not mask numbers.")
@json_option
def tail(
    config_path: Path,
    follow: bool,
    count: int,
    state: str | None,
    sim: str | None,
    full: bool,
    as_json: bool,
) -> None:
    """Show the last messages, and with -f what becomes of each from now on.

    Texts are not shown. After a restart of the daemon it goes on where it was.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)

    states = _states(state)
    admin = connect(config_path)
    # Where events go on is asked before the list: nothing falls between the two.
    last = admin.get("/local/status", recent=1)["recent"] if follow else []
    if count:
        wanted = {"limit": count, "state": state, "sim": sim}
        found = admin.get("/v1/messages", **wanted)["data"]
        for message in reversed(found):
            _show(of_message(message), full=full, as_json=as_json)
    if not follow:
        return
    for event in _events(admin, last[0]["id"] if last else None):
        line = of_event(event)
        if line is None or (states and line["state"] not in states):
            continue
        if sim is None or line["sim"] == sim:
            _show(line, full=full, as_json=as_json)


def _states(given: str | None) -> set[str]:
    states = {one.strip() for one in (given or "").split(",") if one.strip()}
    known = {*STATES, "scheduled", "sending", "receiving"}
    if states - known:
        wrong = ", ".join(sorted(states - known))
        raise click.UsageError(f"no such state: {wrong}; there are {', '.join(STATES)}")
    return states


def _events(admin: "AdminClient", since: str | None) -> "Iterator[Event]":
    from modemgw.cli.client import Refused  # noqa: PLC0415
    from modemgw.client import errors  # noqa: PLC0415
    from modemgw.client.stream import NOW  # noqa: PLC0415
    from modemgw.client.sync import Client  # noqa: PLC0415
    from modemgw.config.paths import admin_socket  # noqa: PLC0415

    with Client(f"unix:{admin_socket(admin.config)}", retry_for=AWAY_S) as client:
        try:
            yield from client.events(["message.*"], since=since or NOW)
        except errors.Refused as exc:
            raise Refused(exc.status, str(exc)) from None


def of_message(message: dict[str, Any]) -> Line:
    """Return what a line says of a message as it is listed."""
    outbound = message["direction"] == "outbound"
    return {
        "at": message.get("created_at") or message.get("received_at"),
        "state": message["state"],
        "direction": message["direction"],
        "peer": message["to"] if outbound else message["from"],
        "sim": message["sim"],
        "segments": message["segments"],
        "id": message["id"],
        "latency_ms": None,
        "reason": message.get("reason"),
    }


def of_event(event: "Event") -> Line | None:
    """Return what a line says of an event; None where it is no change of a message."""
    import msgspec  # noqa: PLC0415

    state = event.type.removeprefix("message.")
    data = event.data
    if state not in STATES or "id" not in data:
        return None
    inbound = state == "received"
    return {
        "at": msgspec.to_builtins(event.timestamp),
        "state": state,
        "direction": "inbound" if inbound else "outbound",
        "peer": data.get("from") if inbound else data.get("to"),
        "sim": data.get("sim"),
        "segments": data.get("segments"),
        "id": data["id"],
        "latency_ms": data.get("latency_ms"),
        "reason": data.get("reason"),
    }


def _show(line: Line, *, full: bool, as_json: bool) -> None:
    from modemgw.cli.cells import masked  # noqa: PLC0415

    if not full and line["peer"]:
        line = {**line, "peer": masked(line["peer"])}
    if as_json:
        from modemgw.cli.output import show_json_line  # noqa: PLC0415

        show_json_line(line)
        return
    click.echo(written(line))


def written(line: Line) -> str:
    """Write one line for people."""
    from modemgw.cli.cells import clean, pad  # noqa: PLC0415

    arrow = ">" if line["direction"] == "outbound" else "<"
    reason, took = line["reason"], line["latency_ms"]
    more = [
        f"{took / 1000:.1f} s" if took is not None else "",
        clean(reason["detail"] or reason["code"]) if reason else "",
    ]
    parts = [
        clean(line["at"])[:19].replace("T", " "),
        pad(clean(line["state"]), 11),
        f"{arrow} {pad(clean(line['peer']), 16)}",
        pad(clean(line["sim"]) or "-", 10),
        clean(line["id"]),
        *filter(None, more),
    ]
    return "  ".join(parts).rstrip()
