"""`modemgw pause`: stop all sending."""

from pathlib import Path

import click

from modemgw.cli.care import pause_all
from modemgw.cli.options import config_option


@click.command()
@config_option
def pause(config_path: Path) -> None:
    """Send nothing until `modemgw resume`, over restarts too.

    Messages are accepted and wait; what comes in is received as always.
    """
    pause_all(config_path, on=True)
