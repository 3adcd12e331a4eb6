"""`modemgw suppressions`: who wants no more messages."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import click

from modemgw.cli.main import FAILED
from modemgw.cli.options import config_option, json_option
from modemgw.words import counted

PAGE = 200
AT_ONCE = 5000  # numbers in one request
COLUMNS = ("number", "sim", "note", "source", "created_at")
_PATH = "/v1/suppressions"


@click.group()
def suppressions() -> None:
    """List, add and take off who wants no more messages."""


@suppressions.command("list")
@click.option("--limit", type=click.IntRange(1, PAGE), default=50, show_default=True)
@config_option
@json_option
def list_suppressions(limit: int, config_path: Path, as_json: bool) -> None:
    """List opt-outs, the newest first."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get(_PATH, limit=limit)
    if as_json:
        show_json(found)
        return
    show_table(
        ("id", "number", "sim", "source", "since", "note"),
        [
            (
                one["id"],
                one["number"] or "erased",
                one["sim"] or "all",
                one["source"],
                one["created_at"],
                one["note"],
            )
            for one in found["data"]
        ],
    )


@suppressions.command()
@click.argument("number")
@click.option("--sim", help="Of this SIM alone; default: of every SIM.")
@click.option("--note", help="Why, for whoever looks.")
@config_option
@json_option
def add(
    number: str, sim: str | None, note: str | None, config_path: Path, as_json: bool
) -> None:
    """Send NUMBER no more messages; what waits for it is blocked at once."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    made = connect(config_path).call("POST", _PATH, _entry(number, sim, note))
    if as_json:
        show_json(made)
        return
    click.echo(f"{made['id']} {made['number']}")


@suppressions.command()
@click.argument("number_or_id")
@config_option
def remove(number_or_id: str, config_path: Path) -> int:
    """Take a number (every entry of it) or one entry off.

    Only where the person has asked for it. The exit code is 1 where there was none.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415

    client = connect(config_path)
    entries = [number_or_id]
    if not number_or_id.startswith("sup_"):
        found = client.call("POST", f"{_PATH}/check", {"numbers": [number_or_id]})
        entries = [one["id"] for one in found["data"][0]["entries"]]
    for entry in entries:
        client.call("DELETE", f"{_PATH}/{quote(entry, safe='')}")
    if entries:
        click.echo(f"{number_or_id} removed")
        return 0
    click.echo(f"{number_or_id} was not suppressed", err=True)
    return FAILED


@suppressions.command()
@click.argument("numbers", nargs=-1, required=True)
@config_option
@json_option
def check(numbers: tuple[str, ...], config_path: Path, as_json: bool) -> int:
    """Say whether NUMBERS get messages. The exit code is 1 where one does not."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    wish = {"numbers": list(numbers)}
    found = connect(config_path).call("POST", f"{_PATH}/check", wish)
    if as_json:
        show_json(found)
    else:
        classes = ", ".join(found["classes"]) or "nothing"
        for one in found["data"]:
            said = f"gets no {classes}" if one["suppressed"] else "gets everything"
            sims = {entry["sim"] for entry in one["entries"]}
            if sims and None not in sims:
                said += f" from {', '.join(sorted(sims))}"
            click.echo(f"{one['number']}: {said}")
    return FAILED if any(one["suppressed"] for one in found["data"]) else 0


@suppressions.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True), default="-")
@config_option
def export(file: IO[str], config_path: Path) -> None:
    """Write all opt-outs as CSV to FILE, or to the standard output.

    Numbers that were erased are not in it: only their hashes are kept.
    """
    import csv  # noqa: PLC0415

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in _every(config_path):
        if one["number"] is not None:
            writer.writerow([_harmless(name, one[name] or "") for name in COLUMNS])


@suppressions.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"), default="-")
@config_option
@json_option
def import_(file: IO[str], config_path: Path, as_json: bool) -> int:
    """Enter the numbers of a CSV file: a column `number`, perhaps `sim` and `note`.

    Without a line of names the first column counts. The exit code is 1 where an
    entry was refused; the others are in force all the same.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = max(client.timeout_s, 120.0)
    total: dict[str, Any] = {"added": 0, "known": 0, "blocked": 0, "rejected": []}
    rows = list(_read(file))
    for at in range(0, len(rows), AT_ONCE):
        some = rows[at : at + AT_ONCE]
        done = client.call("POST", f"{_PATH}/import", {"entries": [e for _, e in some]})
        for name in ("added", "known", "blocked"):
            total[name] += done[name]
        for refused in done["rejected"]:
            line = some[refused["index"]][0]
            total["rejected"].append({"line": line, "errors": refused["errors"]})
    if as_json:
        show_json(total)
    else:
        click.echo(
            f"{total['added']} added, {total['known']} known before, "
            f"{counted(total['blocked'], 'waiting message')} blocked"
        )
        for refused in total["rejected"]:
            why = "; ".join(str(one["detail"]) for one in refused["errors"])
            click.echo(f"line {refused['line']}: {why}", err=True)
    return FAILED if total["rejected"] else 0


def _entry(number: str, sim: str | None, note: str | None) -> dict[str, Any]:
    given = {"number": number, "sim": sim or None, "note": note or None}
    return {name: value for name, value in given.items() if value is not None}


def _every(config_path: Path) -> Iterator[dict[str, Any]]:
    from modemgw.cli.client import connect  # noqa: PLC0415

    client, cursor = connect(config_path), None
    while True:
        found = client.get(_PATH, limit=PAGE, cursor=cursor)
        yield from found["data"]
        cursor = found["next_cursor"]
        if cursor is None:
            return


def _read(file: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the entries of a CSV file with their lines; empty lines are none."""
    import csv  # noqa: PLC0415

    reader = csv.reader(file)
    names: list[str] = []
    for row in reader:
        cells = [cell.strip().removeprefix("'") for cell in row]
        if not any(cells):
            continue
        lowered = [cell.lower() for cell in cells]
        if not names:
            names = lowered if "number" in lowered else ["number"]
            if names is lowered:
                continue
        found = dict(zip(names, cells, strict=False))
        yield (
            reader.line_num,
            _entry(found.get("number", ""), found.get("sim"), found.get("note")),
        )


def _harmless(name: str, cell: str) -> str:
    """Keep a spreadsheet from running a note as a formula; numbers are digits."""
    return f"'{cell}" if name == "note" and cell[:1] in "=+-@\t\r" else cell
