"""`modemgw sims wallet`: what a SIM may still send, and correcting it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from modemgw.cli.options import config_option, json_option


@click.command()
@config_option
@click.argument("sim")
@click.option(
    "--set",
    "corrections",
    multiple=True,
    metavar="NAME=USED",
    help="What the operator says is used: bundle=120, 200/day=7, 5.00/day=3.20.",
)
@json_option
def wallet(
    config_path: Path, sim: str, corrections: tuple[str, ...], as_json: bool
) -> None:
    """Show the bundle, quotas and caps of SIM, or correct what is used of them."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table, talk  # noqa: PLC0415

    client, path = connect(config_path), f"/v1/sims/{quote(sim, safe='')}"
    if corrections:
        body = {"wallet": [_correction(text) for text in corrections]}
        found = client.call("PATCH", path, body)
    else:
        found = client.get(path)
    if as_json:
        show_json({"wallet": found["wallet"]})
        return
    if found["wallet"] is None:
        talk(f"{sim} has no tariff, or was in no modem since the start")
        return
    show_table(
        ("what", "name", "used", "of", "left", "then", "until"),
        [
            (
                *(one["what"], one["name"], one["used"], one["of"], one["left"]),
                "stops" if one["stops"] else "goes on",
                one["until"],
            )
            for one in found["wallet"]["allowances"]
        ],
    )


def _correction(text: str) -> dict[str, Any]:
    name, equals, used = text.rpartition("=")
    if not equals or not name:
        raise click.UsageError(f"expected NAME=USED (bundle=120), got {text!r}")
    return {"name": name, "used": int(used) if used.isdecimal() else used}
