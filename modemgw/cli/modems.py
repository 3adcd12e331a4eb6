"""`modemgw modems`: the hardware as the running daemon sees it."""

from pathlib import Path

import click

from modemgw.cli import bench
from modemgw.cli.options import config_option, json_option


@click.group()
def modems() -> None:
    """List the modems, and look into one."""


for command in (bench.at, bench.transcript, bench.journal, bench.restart):
    modems.add_command(command)


@modems.command("list")
@config_option
@json_option
def list_modems(config_path: Path, as_json: bool) -> None:
    """List the modems, what they are doing, and why one is not ready."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415

    found = connect(config_path).get("/v1/modems")
    if as_json:
        show_json(found)
        return
    show_table(
        ("name", "phase", "sim", "network", "signal", "why", "port"),
        [
            (
                modem["name"],
                modem["phase"],
                modem["sim"],
                modem["operator"] or modem["registration"],
                _signal(modem["signal_dbm"]),
                modem["why"],
                modem["port"],
            )
            for modem in found["data"]
        ],
    )


def _signal(dbm: int | None) -> str:
    return "" if dbm is None else f"{dbm} dBm"
