"""`modemgw events`: watch what happens, as it happens."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from modemgw.cli.options import config_option, json_option

if TYPE_CHECKING:
    from modemgw.client.models import Event

LONG = ("text", "data", "metadata", "reason")  # not for one line
AWAY_S = 10 * 365 * 86_400.0  # who watches waits for a daemon that comes back


@click.group()
def events() -> None:
    """Watch what happens."""


@events.command()
@config_option
@click.option(
    "--types",
    default="*",
    show_default=True,
    help="Patterns, separated by commas: message.*,sim.bench",
)
@click.option("--since", metavar="EVENT", help="Begin behind this event: evt_…")
@click.option(
    "--count", type=click.IntRange(1), help="End after so many; else with Ctrl-C."
)
@json_option
def tail(
    config_path: Path, types: str, since: str | None, count: int | None, as_json: bool
) -> None:
    """Print events as they happen; after a restart of the daemon it goes on."""
    from modemgw.cli.client import Refused, connect  # noqa: PLC0415 (help stays quick)
    from modemgw.client import errors  # noqa: PLC0415
    from modemgw.client.stream import NOW  # noqa: PLC0415
    from modemgw.client.sync import Client  # noqa: PLC0415
    from modemgw.config.paths import admin_socket  # noqa: PLC0415

    admin = connect(config_path)
    # Where no daemon runs or the wish is wrong, say so at once.
    admin.get("/v1/events", types=types, since=since, limit=1)
    url = f"unix:{admin_socket(admin.config)}"
    with Client(url, retry_for=AWAY_S) as client:
        found = client.events(types.split(","), since=since or NOW)
        try:
            for seen, event in enumerate(found, 1):
                _show(event, as_json)
                if seen == count:
                    return
        except errors.Refused as exc:
            raise Refused(exc.status, str(exc)) from None


def _show(event: "Event", as_json: bool) -> None:
    import msgspec  # noqa: PLC0415

    from modemgw.cli.output import harmless_json, printable  # noqa: PLC0415

    if as_json:
        click.echo(harmless_json(msgspec.json.encode(event).decode()))
        return
    said = " ".join(
        f"{name}={value}"
        for name, value in event.data.items()
        if name not in LONG and value not in (None, "", [], {})
    )
    at = msgspec.to_builtins(event.timestamp)
    click.echo(printable(f"{at}  {event.type:20}  {said}"))
