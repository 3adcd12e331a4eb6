"""`modemgw webhooks`: who is told of events, and how that went."""

from pathlib import Path
from urllib.parse import quote

import click

from modemgw.cli.options import config_option, json_option
from modemgw.cli.secrets import read_secret, secret_option

_secret_option = secret_option("With a secret, whsec_…, or - ; made where absent.")


@click.group()
def webhooks() -> None:
    """List, add and remove webhooks."""


@webhooks.command("list")
@config_option
@json_option
def list_webhooks(config_path: Path, as_json: bool) -> None:
    """List the endpoints; `declared` ones come from the configuration file."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get("/v1/webhooks")
    if as_json:
        show_json(found)
        return
    show_table(
        ("id", "state", "declared", "events", "url"),
        [
            (
                hook["id"],
                hook["state"],
                "yes" if hook["declared"] else "no",
                ",".join(hook["events"]),
                hook["url"],
            )
            for hook in found["data"]
        ],
    )


@webhooks.command()
@config_option
@click.option("--url", required=True, help="Where events are posted.")
@click.option(
    "--events",
    default="message.*",
    show_default=True,
    help="Patterns, separated by commas.",
)
@_secret_option
@json_option
def add(
    config_path: Path, url: str, events: str, secret_file: Path | None, as_json: bool
) -> None:
    """Add an endpoint. Its secret is shown once: keep it for checking signatures.

    Loopback and link-local targets need a line under http.webhook_allow, or
    declare the endpoint in the configuration file. A secret of your own comes from
    a file, or with - from standard input: a command line is no place for one.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    body = {"url": url, "events": events.split(","), **_given(secret_file)}
    made = connect(config_path).call("POST", "/v1/webhooks", body)
    if as_json:
        show_json(made)
        return
    click.echo(f"{made['id']} {made['url']}")
    click.echo(f"secret {made['secret']}")


@webhooks.command()
@config_option
@click.argument("id")
def remove(config_path: Path, id: str) -> None:
    """Remove an endpoint; what waits for it is dropped."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    connect(config_path).call("DELETE", _path(id))
    click.echo(f"{id} removed")


@webhooks.command()
@config_option
@click.argument("id")
def test(config_path: Path, id: str) -> None:
    """Post the event test.ping to an endpoint; look at `deliveries` then."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    sent = connect(config_path).call("POST", f"{_path(id)}/test", {})
    click.echo(f"{sent['event_id']} is on its way")


@webhooks.command()
@config_option
@click.argument("id")
@_secret_option
@click.option(
    "--overlap",
    type=click.IntRange(0, 7 * 86_400),
    default=86_400,
    show_default=True,
    help="Seconds in which the secret until now signs, too.",
)
@json_option
def rotate(
    config_path: Path, id: str, secret_file: Path | None, overlap: int, as_json: bool
) -> None:
    """Give an endpoint a new secret; it is shown once."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json, talk  # noqa: PLC0415

    body = {"overlap": overlap, **_given(secret_file)}
    made = connect(config_path).call("POST", f"{_path(id)}/rotate", body)
    if as_json:
        show_json(made)
        return
    talk(f"both secrets sign until {made['rotation_ends_at']}")
    click.echo(f"secret {made['secret']}")


@webhooks.command()
@config_option
@click.argument("id")
def pause(config_path: Path, id: str) -> None:
    """Post nothing to an endpoint; events from now on are not kept for it."""
    _set_state(config_path, id, "paused")


@webhooks.command()
@config_option
@click.argument("id")
def resume(config_path: Path, id: str) -> None:
    """Post to an endpoint again, and what was waiting for it first."""
    _set_state(config_path, id, "active")


def _set_state(config_path: Path, id: str, state: str) -> None:
    from modemgw.cli.client import connect  # noqa: PLC0415

    changed = connect(config_path).call("PATCH", _path(id), {"state": state})
    click.echo(f"{id} {changed['state']}")


def _given(secret_file: Path | None) -> dict[str, str]:
    from modemgw.config.values import webhook_secret  # noqa: PLC0415

    if secret_file is None:
        return {}
    return {"secret": read_secret(secret_file, "Secret (whsec_…)", webhook_secret)}


def _path(id: str) -> str:
    return f"/v1/webhooks/{quote(id, safe='')}"


@webhooks.command()
@config_option
@click.argument("id")
@click.argument("delivery")
def replay(config_path: Path, id: str, delivery: str) -> None:
    """Post one event to an endpoint again; DELIVERY is in `deliveries`."""
    from modemgw.cli.client import connect  # noqa: PLC0415

    path = f"{_path(id)}/deliveries/{quote(delivery, safe='')}/replay"
    sent = connect(config_path).call("POST", path, {})
    click.echo(f"{sent['event_id']} is on its way")


@webhooks.command()
@config_option
@click.argument("id")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@json_option
def deliveries(config_path: Path, id: str, limit: int, as_json: bool) -> None:
    """List what was posted to an endpoint, newest first, and what it answered."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get(f"{_path(id)}/deliveries", limit=limit)
    if as_json:
        show_json(found)
        return
    show_table(
        ("id", "event", "type", "state", "attempts", "next", "status", "ms", "error"),
        [
            (
                row["id"],
                row["event_id"],
                row["event_type"],
                row["state"],
                row["attempts"],
                row["next_attempt_at"],
                row["last_status"],
                row["last_ms"],
                row["last_error"],
            )
            for row in found["data"]
        ],
    )


@webhooks.command()
@config_option
@click.argument("id")
def secret(config_path: Path, id: str) -> None:
    """Print the secret of an endpoint: the one of the file, or the one made for it.

    Reads the database, so only those who may open its files can ask.
    """
    from modemgw.config.load import load  # noqa: PLC0415

    click.echo(_secret(load(config_path).database, id))


def _secret(database: Path, id: str) -> str:
    import sqlite3  # noqa: PLC0415
    from contextlib import closing  # noqa: PLC0415

    from modemgw.errors import NotFound, StoreError  # noqa: PLC0415
    from modemgw.store import webhooks as rows  # noqa: PLC0415

    try:
        # Reading beside the daemon is safe; only it writes.
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
            row = rows.get(db, id)
    except sqlite3.Error as exc:
        raise StoreError(f"cannot read {str(database)!r}: {exc}") from None
    if row is None:
        raise NotFound(f"there is no webhook {id!r}")
    return row.secret
