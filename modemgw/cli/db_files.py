"""`modemgw db export` and `modemgw db import`: tables to files, and back."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from modemgw.cli.main import FAILED
from modemgw.cli.options import config_option, json_option
from modemgw.errors import ModemgwError
from modemgw.words import counted

KINDS = ("messages", "inbound", "outbound", "events", "suppressions", "audit", "sims")


class CannotExport(ModemgwError):
    """The file cannot be written, or the database not be read."""


def _instant(
    ctx: click.Context, param: click.Parameter, given: str | None
) -> int | None:
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise click.BadParameter(
            f"expected a day or a time such as 2026-11-22T03:30, got {given!r}"
        ) from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


@click.command("export")
@config_option
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    help="Default: by the name of the file, else ndjson.",
)
@click.option("--since", callback=_instant, metavar="TIME", help="From then on, UTC.")
@click.option("--until", callback=_instant, metavar="TIME", help="Before that.")
@click.option("--state", help="Messages in this state alone.")
@click.option("--full", is_flag=True, help="With whole numbers, texts and metadata.")
def export_table(
    config_path: Path,
    kind: str,
    output: Path | None,
    form: str | None,
    since: int | None,
    until: int | None,
    state: str | None,
    full: bool,
) -> None:
    """Write a table to FILE, or to the standard output.

    Numbers are masked and texts left out; `--full` writes everything but one-time
    codes, into a file that only you can read. The daemon may run.
    """
    import sqlite3  # noqa: PLC0415 (help stays quick)

    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.gateway import export  # noqa: PLC0415

    config = load(config_path)
    if form is None:
        is_csv = output is not None and output.suffix.lower() == ".csv"
        form = "csv" if is_csv else "ndjson"
    write = export.as_csv if form == "csv" else export.as_ndjson
    wanted = export.Wanted(kind, full, since, until, state)
    try:
        uri = f"{config.database.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
            lines = write(_counted(export.rows(db, wanted)))
            count = _write(output, lines if output else _for_stdout(lines, form))
    except sqlite3.Error as exc:
        raise CannotExport(f"cannot read {config.database}: {exc}") from None
    if output is not None:
        click.echo(f"{output}: {counted(count, 'row')}", err=True)


def _for_stdout(lines: Iterable[str], form: str) -> Iterable[str]:
    """Escape what a terminal would obey; CSV for a program stays what was written."""
    from modemgw.cli.output import harmless, harmless_json  # noqa: PLC0415

    if form == "ndjson":
        return map(harmless_json, lines)
    if sys.stdout.isatty():
        return (harmless(line.replace("\r\n", "\n")) for line in lines)
    return lines


def _write(output: Path | None, lines: Iterable[str]) -> int:
    """Write the lines; a file is there when it is whole. Return how many rows."""
    count = 0
    if output is None:
        for line in lines:
            sys.stdout.write(line)
        return count
    half = output.with_name(f".{output.name}.{os.getpid()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(half, flags, 0o600), "w", encoding="utf-8") as stream:
            for line in lines:
                stream.write(line)
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        half.replace(output)
    except OSError as exc:
        raise CannotExport(f"cannot write {output}: {exc.strerror}") from None
    finally:
        half.unlink(missing_ok=True)
    return count


def _counted(rows: "Iterator[dict[str, object]]") -> "Iterator[dict[str, object]]":
    """Show how many rows went by, on a terminal."""
    if not sys.stderr.isatty():
        yield from rows
        return
    count = 0
    for count, row in enumerate(rows, 1):
        if count % 10_000 == 0:
            sys.stderr.write(f"\r{count} rows")
        yield row
    if count >= 10_000:  # noqa: PLR2004 - as above
        sys.stderr.write("\r\033[K")


@click.command("import")
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Look at every line and change nothing.")
@json_option
def import_table(config_path: Path, file: Path, dry_run: bool, as_json: bool) -> int:
    """Read history or suppressions from FILE, an export in NDJSON or CSV.

    Messages that are over become history again: nothing is sent, billed or told.
    Lines that are there already are passed over, so it may be run again. Every line
    that cannot be read is named. The daemon must not run.
    """
    from modemgw.cli.output import printable, show_json  # noqa: PLC0415
    from modemgw.clock import SystemClock  # noqa: PLC0415
    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.gateway.history import Outcome, read_in  # noqa: PLC0415
    from modemgw.store.owner import as_owner_of  # noqa: PLC0415

    config = load(config_path)
    errors: list[str] = []

    def bad(line: int, why: str) -> None:
        errors.append(f"{file}:{line}: {why}")
        if not as_json:
            click.echo(f"{file}:{line}: {printable(why)}", err=True)

    with _progress(file) as told, as_owner_of(config.data_dir):
        found: Outcome = read_in(
            config,
            file,
            bad=bad,
            told=told,
            dry_run=dry_run,
            now_ms=SystemClock().now_ms(),
        )
    if as_json:
        about = {"new": found.new, "known": found.known, "wrong": found.wrong}
        show_json({**about, "errors": errors})
    else:
        what = "would be new" if dry_run else "new"
        click.echo(
            f"{found.new} {what}, {found.known} there already, {found.wrong} wrong"
        )
    return FAILED if found.wrong else 0


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal; what is told are octets of the file."""
    if not sys.stderr.isatty():
        yield lambda octets: None
        return
    size = file.stat().st_size if file.is_file() else 0
    with click.progressbar(length=size, label=file.name, file=sys.stderr) as shown:
        yield lambda octets: shown.update(octets - shown.pos)
