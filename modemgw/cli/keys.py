"""`modemgw keys`: make, change, rotate, list and revoke API keys.

Through the admin socket where the daemon runs. Where it does not, `create` opens
the store itself, under the lock that keeps the daemon out.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modemgw.cli import key_options
from modemgw.cli.options import config_option, json_option
from modemgw.errors import StoreError
from modemgw.policy.scopes import PRESETS

if TYPE_CHECKING:
    from modemgw.store.keys import Rules

Json = dict[str, Any]

# A daemon that is starting holds the lock before it listens.
STARTING_S = 10.0
POLL_S = 0.1


@click.group()
def keys() -> None:
    """Make, change, rotate, list and revoke API keys."""


@keys.command()
@config_option
@click.option("--name", required=True, help="What the key is for.")
@click.option(
    "--scopes",
    required=True,
    help=f"Separated by commas; presets: {', '.join(PRESETS)}.",
)
@key_options.rules
@click.option("--plain", is_flag=True, help="Print only the key.")
@json_option
def create(
    config_path: Path,
    name: str,
    scopes: str,
    plain: bool,
    as_json: bool,
    **rules: Any,
) -> None:
    """Make a key. It is shown once; only a hash of it is kept."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)

    wish: Json = {"name": name, "scopes": key_options.scopes(scopes)}
    client = connect(config_path)
    wish |= key_options.wish(rules, lift=False)
    made = _either(
        lambda: client.call("POST", "/v1/keys", wish),
        lambda: _create_offline(client.config.data_dir, wish),
    )
    _show_new(made, plain, as_json)


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
        ("id", "name", "state", "last used", "expires", "limits", "rules", "scopes"),
        [
            (
                key["id"],
                key["name"],
                _state(key),
                key["last_used_at"],
                key.get("expires_at"),
                ",".join(key.get("limits", [])),
                key_options.restrictions(key),
                ",".join(key["scopes"]),
            )
            for key in found["data"]
        ],
    )


@keys.command()
@config_option
@click.argument("id")
@click.option("--name", help="What the key is for.")
@click.option("--scopes", help="All of its scopes, separated by commas.")
@key_options.rules
@json_option
def update(
    config_path: Path,
    id: str,
    name: str | None,
    scopes: str | None,
    as_json: bool,
    **rules: Any,
) -> None:
    """Change what a key may; what is not named stays.

    An option replaces all that was set; `any` lifts it, and `--expires never`. ID is
    the part behind mgw_, up to the next _.
    """
    from modemgw.cli.output import show_json  # noqa: PLC0415

    wish = key_options.wish(rules, lift=True)
    if name is not None:
        wish["name"] = name
    if scopes is not None:
        wish["scopes"] = key_options.scopes(scopes)
    if not wish:
        raise click.UsageError("name at least one thing to change")
    changed = _call("PATCH", config_path, id, wish)
    if as_json:
        show_json(changed)
        return
    told = [",".join(changed["scopes"]), *changed["limits"]]
    told += filter(None, [key_options.restrictions(changed)])
    click.echo(f"{id}: {', '.join(told)}")


@keys.command()
@config_option
@click.argument("id")
@click.option(
    "--overlap",
    default="24h",
    show_default=True,
    metavar="TIME",
    help="How long the old secret is good, too; 0 ends it at once.",
)
@click.option("--plain", is_flag=True, help="Print only the key.")
@json_option
def rotate(
    config_path: Path, id: str, overlap: str, plain: bool, as_json: bool
) -> None:
    """Give a key a new secret, shown once.

    ID is the part behind mgw_, up to the next _.
    """
    from modemgw.config.values import duration  # noqa: PLC0415

    try:
        seconds = 0 if overlap == "0" else round(duration(overlap))
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None
    made = _call("POST", config_path, id, {"overlap": seconds}, "/rotate")
    _show_new(made, plain, as_json)


@keys.command()
@config_option
@click.argument("name")
@json_option
def twilio(config_path: Path, name: str, as_json: bool) -> None:
    """Show AccountSid and AuthToken of a key, for programs made for Twilio.

    NAME is the key's, or its id. Both stay as they are until it is rotated.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    found = connect(config_path).get("/v1/keys")["data"]
    ids = [
        key["id"]
        for key in found
        if name in (key["id"], key["name"]) and _state(key) == "active"
    ]
    if len(ids) > 1:
        raise click.UsageError(f"{len(ids)} keys are called {name!r}; give an id")
    shown = _call("GET", config_path, ids[0] if ids else name, step="/twilio")
    if as_json:
        show_json(shown)
        return
    click.echo(f"AccountSid  {shown['account_sid']}")
    click.echo(f"AuthToken   {shown['auth_token']}")


@keys.command("limit")
@config_option
@click.argument("id")
@click.argument("limits", nargs=-1)
def limit_key(config_path: Path, id: str, limits: tuple[str, ...]) -> None:
    """Set the LIMITS of a key (100/day 5.00/month); none lifts them.

    ID is the part behind mgw_, up to the next _.
    """
    wish = {"limits": key_options.limits(limits)}
    changed = _call("PATCH", config_path, id, wish)
    click.echo(f"{id}: {', '.join(changed['limits']) or 'no limits'}")


@keys.command()
@config_option
@click.argument("id")
def revoke(config_path: Path, id: str) -> None:
    """End a key for good; ID is the part behind mgw_, up to the next _."""
    _call("DELETE", config_path, id)
    click.echo(f"{id} revoked")


def _call(
    method: str, config_path: Path, id: str, wish: Json | None = None, step: str = ""
) -> Json:
    """Ask the daemon about one key."""
    from urllib.parse import quote  # noqa: PLC0415

    from modemgw.cli.client import connect  # noqa: PLC0415

    path = f"/v1/keys/{quote(id, safe='')}{step}"
    return connect(config_path).call(method, path, wish)


def _show_new(made: Json, plain: bool, as_json: bool) -> None:
    from modemgw.cli.output import show_json, talk  # noqa: PLC0415

    if plain:
        click.echo(made["key"])
    elif as_json:
        show_json(made)
    else:
        scopes = ", ".join(made["scopes"])
        talk(f"key {made['id']} ({made['name']}): {scopes}; shown only now")
        if old := made.get("old_secret_until"):
            talk(f"the secret before is good until {old}")
        click.echo(made["key"])


def _state(key: Json) -> str:
    if key["revoked_at"]:
        return "revoked"
    ends = key.get("expires_at")
    if ends and datetime.fromisoformat(ends) <= datetime.now(UTC):
        return "expired"
    return "active"


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


def _create_offline(data_dir: Path, wish: Json) -> Json:
    """Make the key in the store itself; nobody else has it open."""
    import asyncio  # noqa: PLC0415
    from typing import get_args  # noqa: PLC0415

    from modemgw.api.schema import Scope  # noqa: PLC0415
    from modemgw.config.positions import suggest  # noqa: PLC0415
    from modemgw.errors import FieldError  # noqa: PLC0415
    from modemgw.gateway.key_rules import read_rules  # noqa: PLC0415
    from modemgw.store.keys import Rules  # noqa: PLC0415
    from modemgw.store.owner import as_owner_of  # noqa: PLC0415

    known, scopes = get_args(Scope), wish["scopes"]
    for scope in scopes:
        if scope not in known:
            raise click.UsageError(f"unknown scope {scope!r}{suggest(scope, known)}")
    if not scopes:
        raise click.UsageError("give at least one scope")
    try:
        # Names of SIMs are taken as they are: nobody knows them all by now.
        rules = read_rules(
            **{field: wish.get(field, ()) for field in Rules.__struct_fields__}
        )
    except FieldError as exc:
        raise click.UsageError(
            "; ".join(f"{one.pointer}: {one.detail}" for one in exc.errors)
        ) from None
    with as_owner_of(data_dir):
        return asyncio.run(_insert(data_dir, wish, rules))


async def _insert(data_dir: Path, wish: Json, rules: "Rules") -> Json:
    import msgspec  # noqa: PLC0415

    from modemgw.clock import SystemClock  # noqa: PLC0415
    from modemgw.gateway import audit  # noqa: PLC0415
    from modemgw.gateway import key_resources as resources  # noqa: PLC0415
    from modemgw.gateway.model import Caller  # noqa: PLC0415
    from modemgw.store import keys as rows  # noqa: PLC0415
    from modemgw.store.database import Store  # noqa: PLC0415
    from modemgw.store.writer import Connection  # noqa: PLC0415

    clock = SystemClock()
    ends = wish.get("expires_at")
    end = round(datetime.fromisoformat(ends).timestamp() * 1000) if ends else None
    store = await Store.open(data_dir, clock=clock)
    try:

        def job(db: Connection) -> tuple[rows.KeyRow, str]:
            now, limits = clock.now_ms(), wish.get("limits", ())
            made = rows.create(
                db, wish["name"], wish["scopes"], now, limits, rules, end
            )
            key = msgspec.structs.replace(
                resources.key(made[0], now), last_used_at=None
            )
            caller = Caller(None, "command line", frozenset({"admin"}), "local")
            audit.append(db, now, "key.create", caller, object=key.id, after=key)
            return made

        row, plain = await store.write(job)
    finally:
        store.close()
    made: Json = msgspec.to_builtins(resources.new_key(row, plain, clock.now_ms()))
    return made
