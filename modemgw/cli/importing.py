"""`modemgw import`: take over what gammu-smsd or smstools3 left."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from modemgw.cli.main import FAILED
from modemgw.cli.options import config_option, json_option

if TYPE_CHECKING:
    from modemgw.config.model import Config
    from modemgw.gateway.moving import Item, Moved

LISTED = 200  # lines of a dry run

_waiting = click.option(
    "--waiting",
    type=click.Choice(["queue", "hold", "skip"]),
    default="queue",
    show_default=True,
    help="What to do with messages that were not sent yet. hold: you settle each.",
)
_dry_run = click.option("--dry-run", is_flag=True, help="Show it and change nothing.")
_place = click.argument("place", type=click.Path(path_type=Path))


@click.group("import")
def importing() -> None:
    """Take over what gammu-smsd or smstools3 left.

    Stop the other program first, and the gateway: what waits there is sent from here,
    what was sent or received becomes history. Nothing there is changed, and what was
    taken once is not taken again.
    """


@importing.command("gammu-smsd")
@config_option
@_place
@_waiting
@_dry_run
@json_option
def gammu_smsd(
    config_path: Path, place: Path, waiting: str, dry_run: bool, as_json: bool
) -> int:
    """Take over from gammu-smsd.

    PLACE is its smsdrc, the directory that holds inbox, outbox, sent and error, or its
    SQLite database. Times there are read in `timezone`.
    """
    from modemgw.config.load import load  # noqa: PLC0415 (help stays quick)
    from modemgw.gateway import moving_gammu, moving_gammu_sql  # noqa: PLC0415

    config = load(config_path)
    zone = ZoneInfo(config.timezone)
    try:
        if _is_sqlite(place, moving_gammu_sql.MAGIC):
            items: Iterable[Item] = list(moving_gammu_sql.read(place, zone))
        else:
            database = moving_gammu.database_of(place)
            items = (
                moving_gammu.read(moving_gammu.folders(place, zone))
                if database is None
                else list(moving_gammu_sql.read(database, zone))
            )
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None
    code = _take(config, moving_gammu.PROGRAM, items, waiting, dry_run, as_json)
    if (
        place.is_file()
        and not as_json
        and not _is_sqlite(place, moving_gammu_sql.MAGIC)
    ):
        _suggest(moving_gammu.suggest(place))
    return code


@importing.command("smstools3")
@config_option
@_place
@_waiting
@_dry_run
@json_option
def smstools3(
    config_path: Path, place: Path, waiting: str, dry_run: bool, as_json: bool
) -> int:
    """Take over from smstools3.

    PLACE is its smsd.conf, or the spool directory that holds outgoing, checked,
    incoming, sent and failed. Times there are read in `timezone`.
    """
    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.gateway import moving_smstools  # noqa: PLC0415

    config = load(config_path)
    try:
        spool = moving_smstools.spool(place, ZoneInfo(config.timezone))
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None
    items = moving_smstools.read(spool)
    code = _take(config, moving_smstools.PROGRAM, items, waiting, dry_run, as_json)
    if place.is_file() and not as_json:
        _suggest(moving_smstools.suggest(place))
    return code


def _is_sqlite(place: Path, magic: bytes) -> bool:
    try:
        with place.open("rb") as stream:
            return stream.read(len(magic)) == magic
    except OSError:
        return False


def _take(
    config: "Config",
    program: str,
    items: "Iterable[Item]",
    waiting: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    import asyncio  # noqa: PLC0415

    from modemgw.cli.output import show_json  # noqa: PLC0415
    from modemgw.clock import SystemClock  # noqa: PLC0415
    from modemgw.gateway.moving import Waiting, move  # noqa: PLC0415
    from modemgw.store.owner import as_owner_of, each_as_oneself  # noqa: PLC0415

    if dry_run:
        _show(items, as_json)
        return 0
    clock, choice = SystemClock(), Waiting(waiting)
    items = each_as_oneself(items)
    with as_owner_of(config.data_dir):
        moved = asyncio.run(
            move(config, clock, program, items, waiting=choice, told=_told)
        )
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    if as_json:
        wrong = [{"name": one.name, "why": one.why} for one in moved.wrong]
        show_json({**_counts(moved), "wrong": wrong})
    else:
        for line in _sentences(moved):
            click.echo(line)
    return FAILED if moved.wrong else 0


def _told(count: int) -> None:
    if count % 500 == 0 and sys.stderr.isatty():
        sys.stderr.write(f"\r{count} messages")


def _counts(moved: "Moved") -> dict[str, int]:
    names = ("queued", "held", "history", "received", "known", "skipped")
    return {name: getattr(moved, name) for name in names}


def _sentences(moved: "Moved") -> Iterator[str]:
    from modemgw.cli.output import printable  # noqa: PLC0415

    words = {
        "queued": "will be sent as soon as the gateway runs",
        "held": "are held as in_doubt: modemgw messages list --state in_doubt",
        "history": "sent before are history now",
        "received": "received before are history now",
        "known": "were taken over before",
        "skipped": "waiting ones were left",
    }
    for name, count in _counts(moved).items():
        if count:
            yield f"{count} {words[name]}"
    if not any(_counts(moved).values()) and not moved.wrong:
        yield "nothing is there"
    for one in moved.wrong:
        yield printable(f"left: {one.name}: {one.why}")


def _show(items: "Iterable[Item]", as_json: bool) -> None:
    """List what would be taken over, numbers masked."""
    from modemgw.cli.output import printable, show_json, show_table  # noqa: PLC0415
    from modemgw.gateway.moving import Wrong  # noqa: PLC0415
    from modemgw.gateway.views import instant  # noqa: PLC0415
    from modemgw.number import mask  # noqa: PLC0415

    rows: list[tuple[object, ...]] = []
    counts: Counter[str] = Counter()
    wrong: list[Wrong] = []
    for item in items:
        if isinstance(item, Wrong):
            wrong.append(item)
            continue
        counts[item.kind] += 1
        if len(rows) < LISTED:
            length = len(item.text or "") or f"{len(item.data or b'')} octets"
            at = instant(max(0, item.at))
            rows.append((item.kind, mask(item.peer), at, length, item.name))
    if as_json:
        left = [{"name": one.name, "why": one.why} for one in wrong]
        show_json({"found": dict(counts), "wrong": left})
        return
    if rows:
        show_table(("what", "number", "when", "characters", "name"), rows)
    if (total := counts.total()) > len(rows):
        click.echo(f"… and {total - len(rows)} more")
    for one in wrong:
        click.echo(printable(f"left: {one.name}: {one.why}"))
    click.echo(", ".join(f"{count} {kind}" for kind, count in counts.items()) or "none")


def _suggest(lines: list[str]) -> None:
    from modemgw.cli.output import harmless  # noqa: PLC0415

    if lines:
        click.echo("\nIts modems, for the configuration here:\n")
        click.echo(harmless("\n".join(lines)))
