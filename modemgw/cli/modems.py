"""`modemgw modems`: the hardware as the running daemon sees it."""

from pathlib import Path

import click

from modemgw.cli import bench
from modemgw.cli.options import config_option, json_option
from modemgw.cli.probe import probe


@click.group()
def modems() -> None:
    """List the modems, and look into one."""


for command in (bench.at, bench.transcript, bench.journal, bench.restart, probe):
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


@modems.command("profiles")
@config_option
@json_option
def profiles(config_path: Path, as_json: bool) -> None:
    """List the kinds of modems that are known, and where that is known from."""
    from modemgw.cli.output import show_json, show_table  # noqa: PLC0415
    from modemgw.config.load import load  # noqa: PLC0415

    known = load(config_path).all_profiles()
    if as_json:
        import msgspec  # noqa: PLC0415

        show_json({"data": [msgspec.to_builtins(one, enc_hook=str) for one in known]})
        return
    show_table(
        ("name", "for", "source"),
        [(p.name, ", ".join((*p.makers, *p.models)), p.source) for p in known],
    )
