"""`modemgw sims`: the SIM cards as the running daemon knows them."""

from pathlib import Path
from typing import Any

import click

from modemgw.cli import care, upkeep
from modemgw.cli.options import config_option, json_option
from modemgw.cli.ussd import ussd
from modemgw.cli.wallet import wallet


@click.group()
def sims() -> None:
    """List the SIM cards, take one out of service, talk USSD through one."""


for command in (care.bench, care.parole, care.pause, care.resume, ussd, wallet):
    sims.add_command(command)
for command in (upkeep.balance, upkeep.selftest):
    sims.add_command(command)


@sims.command("list")
@config_option
@json_option
def list_sims(config_path: Path, as_json: bool) -> None:
    """List every SIM ever seen, where it sits, and how much of its pace is used."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get("/v1/sims")
    if as_json:
        show_json(found)
        return
    show_table(
        ("name", "state", "health", "modem", "number", "pace", "why"),
        [
            (
                *(s["name"], s["state"], _score(s), s["modem"], s["number"]),
                *(_pace(s), s["why"]),
            )
            for s in found["data"]
        ],
    )


def _pace(sim: dict[str, Any]) -> str:
    windows = (f"{w['used']}/{w['count']} in {w['seconds']} s" for w in sim["pace"])
    return ", ".join(windows) or "off"


def _score(sim: dict[str, Any]) -> str:
    return f"{sim['health']['score']} %" if sim.get("health") else ""
