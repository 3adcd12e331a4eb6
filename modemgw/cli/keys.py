"""`modemgw keys`: make, list and revoke API keys.

Through the admin socket where the daemon runs. Where it does not, `create` opens
the store itself, under the lock that keeps the daemon out.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from modemgw.cli.options import config_option, json_option
from modemgw.errors import StoreError

Json = dict[str, Any]

# A daemon that is starting holds the lock before it listens.
STARTING_S = 10.0
POLL_S = 0.1
PRESETS = {
    "sender": "messages:send,messages:read",
    "reader": "messages:read,events:read",
    "monitor": "sims:read,modems:read",
    "admin": "admin",
}


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command()
@config_option
@click.option("--name", required=True, help="What the key is for.")
@click.option(
    "--scopes",
    required=True,
    help=f"Separated by commas; or a preset: {', '.join(PRESETS)}.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="LIMIT",
    help="Parts (100/day) or money (5.00/month) it may have sent; may be repeated.",
)
@click.option("--plain", is_flag=True, help="Print only the key.")
@json_option
def create(
    config_path: Path,
    name: str,
    scopes: str,
    limits: tuple[str, ...],
    plain: bool,
    as_json: bool,
) -> None:
    """Make a key. It is shown once; only a hash of it is kept."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, talk  # noqa: PLC0415

    wanted = PRESETS.get(scopes, scopes).split(",")
    wanted = [scope.strip() for scope in wanted if scope.strip()]
    client = connect(config_path)
    limited = _limits(limits)
    wish: Json = {"name": name, "scopes": wanted}
    if limited:
        wish["limits"] = limited
    made = _either(
        lambda: client.call("POST", "/v1/keys", wish),
        lambda: _create_offline(client.config.data_dir, name, wanted, limited),
    )
    if plain:
        click.echo(made["key"])
    elif as_json:
        show_json(made)
    else:
        talk(f"key {made['id']} ({name}): {', '.join(made['scopes'])}; shown only now")
        click.echo(made["key"])


@keys.command("list")
@config_option
@json_option
def list_keys(config_path: Path, as_json: bool) -> None:
    """List the keys, revoked ones too."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get("/v1/keys")
    if as_json:
        show_json(found)
        return
    show_table(
        ("id", "name", "state", "last used", "limits", "scopes"),
        [
            (
                key["id"],
                key["name"],
                "revoked" if key["revoked_at"] else "active",
                key["last_used_at"],
                ",".join(key.get("limits", [])),
                ",".join(key["scopes"]),
            )
            for key in found["data"]
        ],
    )


@keys.command("limit")
@config_option
@click.argument("id")
@click.argument("limits", nargs=-1)
def limit_key(config_path: Path, id: str, limits: tuple[str, ...]) -> None:
    """Set the LIMITS of a key (100/day 5.00/month); none lifts them.

    ID is the part behind mgw_, up to the next _.
    """
    from urllib.parse import quote  # noqa: PLC0415

    from modemgw.cli.client import connect  # noqa: PLC0415

    path, wish = f"/v1/keys/{quote(id, safe='')}", {"limits": _limits(limits)}
    changed = connect(config_path).call("PATCH", path, wish)
    click.echo(f"{id}: {', '.join(changed['limits']) or 'no limits'}")


def _limits(written: tuple[str, ...]) -> list[str]:
    from modemgw.config.money import limit  # noqa: PLC0415

    try:
        return [limit(text).name for text in written]
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None


@keys.command()
@config_option
@click.argument("id")
def revoke(config_path: Path, id: str) -> None:
    """End a key for good; ID is the part behind mgw_, up to the next _."""
    from urllib.parse import quote  # noqa: PLC0415

    from modemgw.cli.client import connect  # noqa: PLC0415

    connect(config_path).call("DELETE", f"/v1/keys/{quote(id, safe='')}")
    click.echo(f"{id} revoked")


def _either(online: Callable[[], Json], offline: Callable[[], Json]) -> Json:
    """Ask the daemon; where none runs, do it ourselves; while one starts, wait."""
    from modemgw.cli.client import Unreachable  # noqa: PLC0415

    end = time.monotonic() + STARTING_S
    while True:
        try:
            return online()
        except Unreachable as exc:
            unreachable = exc
        try:
            return offline()
        except StoreError as exc:
            if "in use" not in str(exc):
                raise
        if time.monotonic() > end:
            raise unreachable
        time.sleep(POLL_S)


def _create_offline(
    data_dir: Path, name: str, scopes: list[str], limits: list[str]
) -> Json:
    """Make the key in the store itself; nobody else has it open."""
    import asyncio  # noqa: PLC0415
    from typing import get_args  # noqa: PLC0415

    from modemgw.api.schema import Scope  # noqa: PLC0415
    from modemgw.config.positions import suggest  # noqa: PLC0415

    known = get_args(Scope)
    for scope in scopes:
        if scope not in known:
            raise click.UsageError(f"unknown scope {scope!r}{suggest(scope, known)}")
    if not scopes:
        raise click.UsageError("give at least one scope")
    _become_owner(data_dir)
    return asyncio.run(_insert(data_dir, name, scopes, limits))


async def _insert(
    data_dir: Path, name: str, scopes: list[str], limits: list[str]
) -> Json:
    from modemgw.clock import SystemClock  # noqa: PLC0415
    from modemgw.store import keys as rows  # noqa: PLC0415
    from modemgw.store.database import Store  # noqa: PLC0415

    clock = SystemClock()
    store = await Store.open(data_dir, clock=clock)
    try:
        row, plain = await store.write(
            lambda db: rows.create(db, name, scopes, clock.now_ms(), limits)
        )
    finally:
        store.close()
    return {
        "id": row.public_id,
        "name": row.name,
        "scopes": list(row.scopes),
        "limits": list(row.limits),
        "key": plain,
        "webhook_secret": row.webhook_secret,
    }


def _become_owner(data_dir: Path) -> None:
    """Let root act as the owner of the data, or the daemon could not open it after."""
    if os.geteuid() != 0 or not data_dir.exists():
        return
    owner = data_dir.stat()
    if owner.st_uid != 0:
        os.setgroups([])
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
