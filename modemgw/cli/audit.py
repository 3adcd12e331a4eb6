"""`modemgw audit`: who did what, and whether nobody has changed that."""

from pathlib import Path
from typing import Any

import click

from modemgw.cli.options import config_option, json_option

PAGE = 200
VERIFY_S = 600.0  # a long chain on a small board


@click.group()
def audit() -> None:
    """Show who did what, and prove that nobody has changed it."""


@audit.command("list")
@config_option
@click.option("--action", help="Such as key.create, or 'key.*'.")
@click.option("--object", "object_", help="What it was done to.")
@click.option("--key", help="By this key, by its id.")
@click.option("--limit", type=click.IntRange(1, PAGE), default=20, show_default=True)
@json_option
def list_acts(
    config_path: Path,
    action: str | None,
    object_: str | None,
    key: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List who did what, newest first."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get(
        "/v1/audit", action=action, object=object_, key=key, limit=limit
    )
    if as_json:
        show_json(found)
        return
    show_table(
        ("id", "when", "who", "from", "action", "object", "details"),
        [
            (
                one["id"],
                one["at"][:19].replace("T", " "),
                one["who"],
                one["address"],
                one["action"],
                one["object"],
                _details(one["detail"]),
            )
            for one in found["data"]
        ],
    )


@audit.command()
@config_option
@click.option("--head", help="The head that an earlier verify or export printed.")
def verify(config_path: Path, head: str | None) -> None:
    """Follow the chain of hashes; exit 1 where a row was changed or is missing.

    With --head the chain must still hold that row, too.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.errors import ModemgwError  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = VERIFY_S
    found = client.get("/v1/audit/verify")
    if not found["sound"]:
        raise ModemgwError(f"the audit log was changed: {found['fault']}")
    if head is not None and not any(
        one["hash"] == head.lower() for one in _all(client)
    ):
        raise ModemgwError(f"the audit log was changed: it has no row with hash {head}")
    click.echo(f"{found['rows']} rows hold, head {found['head']}")


@audit.command()
@config_option
def export(config_path: Path) -> None:
    """Print every act as a line of JSON, oldest first."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json_line  # noqa: PLC0415

    for one in reversed(_all(connect(config_path))):
        show_json_line(one)


def _all(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = client.get("/v1/audit", limit=PAGE, cursor=cursor)
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _details(detail: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in detail.items())
