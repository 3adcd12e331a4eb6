"""`modemgw usage`: what was sent and billed, per day or month, SIM and key."""

from pathlib import Path

import click

from modemgw.cli.options import config_option, json_option


@click.command()
@config_option
@click.option("--by", type=click.Choice(["day", "month"]), default="day")
@click.option("--since", metavar="DATE", help="First day, such as 2026-11-01.")
@click.option("--until", metavar="DATE", help="Last day; default: today.")
@click.option("--sim", help="Only this SIM.")
@click.option("--key", help="Only this key, by its id.")
@json_option
def usage(
    config_path: Path,
    by: str,
    since: str | None,
    until: str | None,
    sim: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Show what was sent and billed, of SIMs with a tariff and keys with limits."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get(
        "/v1/usage", by=by, since=since, until=until, sim=sim, key=key
    )
    if as_json:
        show_json(found)
        return
    show_table(
        (by, "sim", "key", "parts", "in bundle", "cost"),
        [
            (
                row["period"],
                row["sim"],
                row["key"],
                row["parts"],
                row["in_bundle"],
                f"{row['cost']['amount']} {row['cost']['currency'] or ''}".strip(),
            )
            for row in found["data"]
        ],
    )
