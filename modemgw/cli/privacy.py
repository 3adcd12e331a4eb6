"""`modemgw privacy`: show what is kept of a number, or take it away."""

import json
import os
from pathlib import Path
from typing import Any

import click

from modemgw.cli.options import config_option, json_option
from modemgw.words import counted

ERASE_S = 3600.0  # a big database on a slow card
EXPORT_S = 600.0


@click.group()
def privacy() -> None:
    """Show or erase what is kept of a number."""


@privacy.command()
@click.argument("number")
@config_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write OUT.json and OUT.csv; else JSON goes to standard output.",
)
def export(number: str, config_path: Path, out: Path | None) -> None:
    """Show all that is kept of NUMBER: messages, calls, codes, opt-outs."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, talk  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = EXPORT_S
    found: dict[str, Any] = {}
    table: list[str] = []
    cursor = None
    while True:
        wish = {"number": number, "csv": out is not None}
        if cursor is not None:
            wish["cursor"] = cursor
        page = client.call("POST", "/v1/privacy/export", wish)
        lines = page.pop("csv", "").splitlines(keepends=True)
        table += lines if not table else lines[1:]
        if not found:
            found = page
        else:
            found["messages"] += page["messages"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    del found["next_cursor"], found["has_more"]
    if out is None:
        show_json(found)
        return
    _write(out.with_name(f"{out.name}.json"), json.dumps(found, ensure_ascii=False))
    _write(out.with_name(f"{out.name}.csv"), "".join(table))
    talk(f"{counted(len(found['messages']), 'message')} in {out}.json and {out}.csv")


@privacy.command()
@click.argument("number")
@config_option
@click.option("--cancel", is_flag=True, help="Cancel messages that still wait.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(
    number: str, config_path: Path, cancel: bool, yes: bool, as_json: bool
) -> None:
    """Take NUMBER and its texts away from everywhere; what is counted stays."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json, talk  # noqa: PLC0415

    if not yes:
        click.confirm(f"Erase {number} for good?", abort=True, err=True)
    client = connect(config_path)
    client.timeout_s = ERASE_S
    wish = {"number": number, "waiting": "cancel" if cancel else "refuse"}
    found = client.call("POST", "/v1/privacy/erase", wish)
    if as_json:
        show_json(found)
        return
    click.echo(
        f"{counted(found['messages'], 'message')} erased, now of {found['pseudonym']}"
    )
    if not found["on_disk"]:
        talk("The old octets leave the files within minutes.")


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner reads: it holds somebody's texts."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
