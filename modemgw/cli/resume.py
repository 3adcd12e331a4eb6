"""`modemgw resume`: send again."""

from pathlib import Path

import click

from modemgw.cli.care import pause_all
from modemgw.cli.options import config_option


@click.command()
@config_option
def resume(config_path: Path) -> None:
    """Send again after `modemgw pause`, or where the fuse of all SIMs has blown.

    SIMs that are paused or benched stay so.
    """
    pause_all(config_path, on=False)
