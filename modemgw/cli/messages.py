"""`modemgw messages`: list them, look at one, cancel one, settle one in doubt."""

import json
from pathlib import Path
from typing import Any

import click

from modemgw.cli.options import config_option, json_option
from modemgw.cli.tail import tail

TEXT_SHOWN = 30  # characters in the list
_SAID_BEFORE = {"id", "state", "to"}  # every step of a timeline is about these


@click.group()
def messages() -> None:
    """List messages, look at one, cancel one."""


messages.add_command(tail)


@messages.command("list")
@config_option
@click.option("--direction", type=click.Choice(["outbound", "inbound"]))
@click.option("--state", help="One or more states, separated by commas.")
@click.option("--to", help="Recipient.")
@click.option("--from", "from_", help="Sender.")
@click.option("--sim", help="Name of a SIM.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@json_option
def list_messages(
    config_path: Path, limit: int, as_json: bool, **wanted: str | None
) -> None:
    """List messages, newest first."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    wanted["from"] = wanted.pop("from_")
    found = connect(config_path).get("/v1/messages", limit=limit, **wanted)
    if as_json:
        show_json(found)
        return
    show_table(
        ("id", "when", "state", "peer", "text"),
        [
            (m["id"], _when(m), m["state"], _peer(m), _short(m["text"]))
            for m in found["data"]
        ],
    )


@messages.command()
@config_option
@click.argument("id")
@json_option
def show(config_path: Path, id: str, as_json: bool) -> None:
    """Show one message and every step it took."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import printable, show_json  # noqa: PLC0415

    client = connect(config_path)
    message = client.get(f"/v1/messages/{_path(id)}")
    found = client.get(f"/v1/messages/{_path(id)}/timeline")
    steps, waits = found["data"], found.get("routing")
    if as_json:
        more = {} if waits is None else {"routing": waits}
        show_json({**message, "timeline": steps, **more})
        return
    for name, value in message.items():
        if value not in (None, [], {}):
            click.echo(f"{name:<14} {printable(_value(value))}")
    click.echo()
    for line in (*_story(steps), *routing_lines(waits)):
        click.echo(printable(line))


@messages.command()
@config_option
@click.argument("id")
@click.option("--wire", is_flag=True, help="Show what was said to the modem, too.")
@json_option
def timeline(config_path: Path, id: str, wire: bool, as_json: bool) -> None:
    """Tell every step of one message, oldest first."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import printable, show_json  # noqa: PLC0415

    found = connect(config_path).get(f"/v1/messages/{_path(id)}/timeline")
    if as_json:
        show_json(found)
        return
    told = routing_lines(found.get("routing"))
    for line in (*_story(found["data"], wire=wire), *told):
        click.echo(printable(line))


@messages.command()
@config_option
@click.argument("id")
def cancel(config_path: Path, id: str) -> None:
    """Cancel a message that no SIM has taken yet."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    found = connect(config_path).call("POST", f"/v1/messages/{_path(id)}/cancel")
    click.echo(f"{found.get('id', id)} {found.get('state', 'canceled')}")


@messages.command()
@config_option
@click.argument("id")
@click.option(
    "--as",
    "as_",
    required=True,
    type=click.Choice(["sent", "failed", "resend"]),
    help="What you know, or decide.",
)
def settle(config_path: Path, id: str, as_: str) -> None:
    """Decide a message in doubt: nobody else knows whether it was sent."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    path = f"/v1/messages/{_path(id)}/settle"
    found = connect(config_path).call("POST", path, {"as": as_})
    click.echo(f"{found.get('id', id)} {found.get('state', as_)}")


@messages.command()
@config_option
@click.argument("id")
def resend(config_path: Path, id: str) -> None:
    """Send a message again that is final: as a new one."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    found = connect(config_path).call("POST", f"/v1/messages/{_path(id)}/resend", {})
    click.echo(f"{found['id']} {found['state']}")


@messages.command()
@config_option
@click.argument("id")
def redact(config_path: Path, id: str) -> None:
    """Take the text of a message away for good; what is counted stays."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    connect(config_path).call("DELETE", f"/v1/messages/{_path(id)}/body")
    click.echo(f"{id} redacted")


@messages.command()
@config_option
@click.argument("id")
@click.option("--cancel", "cancels", is_flag=True, help="Cancel what waits of it.")
@json_option
def batch(config_path: Path, id: str, cancels: bool, as_json: bool) -> None:
    """Show how far a batch is, or cancel what waits of it."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    client, path = connect(config_path), f"/v1/batches/{_path(id)}"
    found = client.call("POST", f"{path}/cancel", {}) if cancels else client.get(path)
    if as_json:
        show_json(found)
        return
    for state, count in sorted(found["states"].items()):
        click.echo(f"{state:<12} {count}")
    click.echo(f"{found['open']} open, {found['finished']} finished")


def _path(id: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return quote(id, safe="")


def _story(steps: list[dict[str, Any]], *, wire: bool = False) -> list[str]:
    """Write a timeline: time, part, what happened, the details, the wire."""
    lines = []
    for step in steps:
        part = "" if step["part"] is None else f"part {step['part']} "
        details = " ".join(
            f"{name}={_value(value)}"
            for name, value in step["data"].items()
            if value is not None and name not in _SAID_BEFORE
        )
        lines.append(f"{step['at']:<24}  {part}{step['type']}  {details}".rstrip())
        for said in step.get("wire") or [] if wire else []:
            lines.append(f"{said['ms']:>21} ms  {said['direction']} {said['text']}")
    return lines


def routing_lines(routing: dict[str, Any] | None) -> list[str]:
    """Write where a message would go now, and why not through each other SIM."""
    if routing is None:
        return []
    lines = [f"now: {routing['sim'] or 'no SIM'} ({routing['why']})"]
    if routing["leaves_at"] is not None:
        lines.append(f"  leaves at {routing['leaves_at']} at the earliest")
    if "cost" in routing:
        cost = routing["cost"]
        lines.append(f"  costs {cost['amount']} {cost['currency'] or ''}".rstrip())
    return lines + [f"  not {sim}: {why}" for sim, why in routing["others"].items()]


def _value(value: object) -> str:
    """Write a value of the API for people: a reason as a sentence, the rest plainly."""
    if isinstance(value, dict) and {"code", "detail"} <= value.keys():
        return f"{value['code']} ({value['detail']})"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _when(message: dict[str, Any]) -> str:
    """Write day and minute, as of the API (UTC)."""
    at = str(message.get("created_at") or message.get("received_at") or "")
    return at[5:16].replace("T", " ")


def _peer(message: dict[str, Any]) -> str:
    outbound = message["direction"] == "outbound"
    return f"> {message['to']}" if outbound else f"< {message['from']}"


def _short(text: str | None) -> str:
    if text is None:
        return ""
    return text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"
