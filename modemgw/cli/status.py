"""`modemgw status`: everything on one screen, with an exit code for scripts."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modemgw.cli.options import config_option, json_option

if TYPE_CHECKING:
    from modemgw.config.model import Config

WELL, DEGRADED, DOWN = 0, 1, 2
_CODES = {"well": WELL, "degraded": DEGRADED}
_UNITS = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")


@click.command()
@config_option
@json_option
def status(config_path: Path, as_json: bool) -> int:
    """Show how everything stands, what is wrong, and what to type.

    Exit code 0: all is well; 1: it works, but something needs a look; 2: nothing
    is sent, or no daemon answers.
    """
    from modemgw.cli.client import Unreachable, connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415
    from modemgw.cli.status_text import screen  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = 10.0
    try:
        found = client.get("/local/status")
    except Unreachable as exc:
        if not _may_ask(client.config):
            raise
        return _down(client.config, str(exc), as_json=as_json)
    if as_json:
        show_json(found)
    else:
        for line in screen(found):
            click.echo(line)
    return _CODES.get(found["level"], DOWN)


def _may_ask(config: "Config") -> bool:
    """Say whether this user could talk to a daemon: else nothing is known of it."""
    from modemgw.config.paths import admin_socket  # noqa: PLC0415

    path = admin_socket(config)
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return os.access(path, os.R_OK | os.W_OK)


def _down(config: "Config", why: str, *, as_json: bool) -> int:
    """Say what can be said without a daemon."""
    from modemgw.cli.output import show_json  # noqa: PLC0415

    then = what_to_type(config)
    known = _left_behind(config)
    if as_json:
        show_json({"level": "down", "why": why, "then": then, **known})
        return DOWN
    click.echo(f"modemgw: down: {why.partition('; start it:')[0]}")
    for line in then:
        click.echo(f"      {line}")
    if "disk_free" in known:
        from modemgw.cli.status_text import octets  # noqa: PLC0415

        click.echo(
            f"Disk  {octets(known['disk_free'])} free of {octets(known['disk_size'])}"
        )
    return DOWN


def what_to_type(config: "Config", root: Path = Path("/")) -> list[str]:
    """Return the commands that start the daemon here, and tell why it does not run."""
    run = f"modemgw run --config {config.path}" if config.path else "modemgw run"
    has_unit = any((root / folder / "modemgw.service").exists() for folder in _UNITS)
    if has_unit and (root / "run/systemd/system").is_dir():
        return ["sudo systemctl start modemgw", "journalctl -u modemgw -n 50"]
    check = f"modemgw config check --config {config.path}"
    return [run, check] if config.path else [run]


def _left_behind(config: "Config") -> dict[str, Any]:
    """Return what is known of the disk, without a daemon."""
    import shutil  # noqa: PLC0415

    try:
        disk = shutil.disk_usage(config.data_dir)
    except OSError:
        return {}
    return {"disk_free": disk.free, "disk_size": disk.total}
