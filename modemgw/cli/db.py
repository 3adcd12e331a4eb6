"""`modemgw db`: back up, restore, check, export and import the database.

These work on the files themselves; `backup`, `check` and `export` also while the daemon
runs on them.
"""

import sys
from pathlib import Path

import click

from modemgw.cli.db_files import export_table, import_table
from modemgw.cli.main import FAILED
from modemgw.cli.options import (
    config_option,
    config_when_needed,
    json_option,
    wanted,
)
from modemgw.words import counted


@click.group()
def db() -> None:
    """Back up, restore, check, export and import the database."""


db.add_command(export_table)
db.add_command(import_table)


@db.command()
@config_option
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--encrypt", metavar="KEY", help="For this public key (age1…).")
@click.option("--plain", is_flag=True, help="Not encrypted, whatever is configured.")
@click.option("--fast", is_flag=True, help="Without rests; sending may wait for it.")
@json_option
def backup(
    config_path: Path,
    path: Path | None,
    encrypt: str | None,
    plain: bool,
    fast: bool,
    as_json: bool,
) -> None:
    """Make a backup now, into the directory PATH or the configured one.

    The daemon may run. Older backups are removed in the configured directory alone,
    by `backup.keep` and where there is no room; at a PATH all of them stay.
    """
    from modemgw.cli.output import show_json  # noqa: PLC0415 (help stays quick)
    from modemgw.clock import SystemClock  # noqa: PLC0415
    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.gateway import backups  # noqa: PLC0415
    from modemgw.store import snapshot  # noqa: PLC0415
    from modemgw.store.owner import as_who_may_write  # noqa: PLC0415
    from modemgw.store.shelf import Place  # noqa: PLC0415

    if plain and encrypt:
        raise click.UsageError("--plain and --encrypt exclude each other")
    config = load(config_path)
    place = None if path is None else Place(path, keep=None)
    recipients = () if plain else None if encrypt is None else (encrypt,)
    where = path or config.backup.path
    with as_who_may_write(config.data_dir, where or config.data_dir):
        made = backups.make(
            config,
            now_ms=SystemClock().now_ms(),
            place=place,
            recipients=recipients,
            rest=0.0 if fast else snapshot.REST,
        )
    about = {
        "path": str(made.path),
        "octets": made.octets,
        "seconds": round(made.seconds, 1),
        "encrypted": made.sealed,
        "messages": made.copied.counts["message"],
        "removed": list(made.removed),
    }
    if as_json:
        show_json(about)
        return
    how = "encrypted" if made.sealed else "not encrypted"
    click.echo(
        f"{made.path}: {made.octets / 2**20:.1f} MiB,"
        f" {counted(made.copied.counts['message'], 'message')}, checked,"
        f" {how}, {made.seconds:.1f} s"
    )
    for name in made.removed:
        click.echo(f"removed {name}")


@db.command()
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--open",
    "open_",
    type=click.Choice(["hold", "send", "fail"]),
    default="hold",
    show_default=True,
    help="What to do with messages that were waiting when the backup was made.",
)
@click.option(
    "--identity",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The secret key of an encrypted backup.",
)
@json_option
def restore(
    config_path: Path, file: Path, open_: str, identity: Path | None, as_json: bool
) -> None:
    """Put the backup FILE in the place of the database.

    The daemon must not run. The backup is checked first, and the old database is kept.
    Messages that were waiting may have left since the backup: they are held as
    `in_doubt`, and nothing is sent twice. `send` sends them all the same.
    """
    from modemgw.cli.output import printable, show_json, talk  # noqa: PLC0415
    from modemgw.clock import SystemClock  # noqa: PLC0415
    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.gateway.restored import bring_back  # noqa: PLC0415
    from modemgw.gateway.restoring import Choice  # noqa: PLC0415
    from modemgw.store.owner import as_owner_of  # noqa: PLC0415

    config = load(config_path)
    identities = _identities(identity)
    with as_owner_of(config.data_dir):
        done = bring_back(
            config.data_dir,
            file,
            identities=identities,
            choice=Choice(open_),
            now_ms=SystemClock().now_ms(),
            told=talk if sys.stderr.isatty() else lambda sentence: None,
        )
    if as_json:
        show_json(done.as_dict())
        return
    for sentence in done.sentences():
        click.echo(printable(sentence))


@db.command()
@config_option
@click.option(
    "--as",
    "as_",
    required=True,
    type=click.Choice(["sent", "failed", "resend"]),
    help="What you know of all of them, or decide.",
)
def settle(config_path: Path, as_: str) -> None:
    """Decide all messages at once that a restore, or an import, holds.

    The daemon must run. To look at them, or to decide one: modemgw messages.
    """
    from http import HTTPStatus  # noqa: PLC0415
    from urllib.parse import quote  # noqa: PLC0415

    from modemgw.cli.client import Refused, connect  # noqa: PLC0415
    from modemgw.cli.output import talk  # noqa: PLC0415

    client, cursor, held = connect(config_path), None, []
    while True:
        page = client.get("/v1/messages", state="in_doubt", limit=200, cursor=cursor)
        held += [one["id"] for one in page["data"] if _is_held(one["reason"])]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    done = 0
    for public_id in reversed(held):  # the oldest first
        path = f"/v1/messages/{quote(public_id, safe='')}/settle"
        try:
            client.call("POST", path, {"as": as_})
        except Refused as exc:
            if exc.status != HTTPStatus.CONFLICT:
                raise
        else:
            done += 1
    click.echo(f"{done} settled as {as_}")
    if len(held) > done:
        talk(f"{len(held) - done} were no longer in doubt")


def _is_held(reason: "dict[str, str] | None") -> bool:
    detail = "" if reason is None else reason["detail"]
    return detail.startswith(("restored from a backup", "taken over from"))


@db.command()
@config_when_needed
@click.argument("file", required=False, type=click.Path(path_type=Path))
@json_option
def check(config_path: Path | None, file: Path | None, as_json: bool) -> int:
    """Look the database through, or another one at FILE.

    Whether the file is sound, and whether its rows fit together. Only reads; the daemon
    may run. Exit code 1 where something is wrong. With FILE it needs no configuration.
    """
    from dataclasses import asdict  # noqa: PLC0415

    from modemgw.cli.output import printable, show_json  # noqa: PLC0415
    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.gateway import backups  # noqa: PLC0415
    from modemgw.store.examine import examine  # noqa: PLC0415

    config = None
    if file is None:
        config = load(wanted(config_path))
        file = config.database
    found = examine(file)
    if as_json:
        about = asdict(found)
        show_json({**about, "path": str(found.path), "sound": found.is_sound})
    else:
        click.echo(
            f"{found.path}: {found.octets / 2**20:.1f} MiB, schema {found.schema}"
        )
        counts = (
            f"{counted(count, 'row')} of {name}" for name, count in found.counts.items()
        )
        click.echo(f"  {', '.join(counts)}" if found.counts else "  nothing readable")
        for one in found.damage:
            click.echo(printable(f"  damaged: {one}"))
        for one in found.faults:
            click.echo(printable(f"  wrong: {one}"))
        if found.damage and config is not None:
            click.echo("\n".join(backups.after_damage(config)))
        if found.is_sound:
            click.echo("  sound")
    return 0 if found.is_sound else FAILED


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--passphrase", is_flag=True, help="Ask for one, to protect the file.")
def key(file: Path, passphrase: bool) -> None:
    """Make a key for encrypted backups.

    The secret half goes to FILE, which belongs on another machine or on paper: the
    gateway needs only the public half, which is printed, in `backup.encrypt`.
    """
    from modemgw.cli.output import talk  # noqa: PLC0415
    from modemgw.store import sealing  # noqa: PLC0415
    from modemgw.store.owner import private_file  # noqa: PLC0415

    secret, public = sealing.new_identity()
    text = f"# public key: {public}\n{secret}\n".encode()
    if passphrase:
        phrase = click.prompt(
            "Passphrase", hide_input=True, confirmation_prompt=True, err=True
        )
        text = sealing.lock_identity(text.decode(), phrase)
    try:
        with private_file(file) as stream:
            stream.write(text)
    except OSError as exc:
        raise click.UsageError(f"cannot write {file}: {exc.strerror}") from None
    talk(f"the secret key is in {file}: without it nobody opens the backups")
    click.echo(public)


def _identities(file: Path | None) -> list[str]:
    from modemgw.store import sealing  # noqa: PLC0415

    def ask() -> str:
        said: str = click.prompt(f"Passphrase of {file}", hide_input=True, err=True)
        return said

    return [] if file is None else sealing.read_identities(file, ask)
