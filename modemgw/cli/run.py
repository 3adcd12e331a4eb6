"""`modemgw run`: the daemon, in the foreground."""

import logging
from pathlib import Path

import click

from modemgw.cli.options import config_option
from modemgw.errors import Corrupt


@click.command()
@config_option
def run(config_path: Path) -> None:
    """Run the gateway in the foreground.

    Ends on SIGTERM or Ctrl-C once what is being sent is finished, with exit code
    0. A mistake in the configuration ends it at once with exit code 78.
    """
    from modemgw import log  # noqa: PLC0415 (help stays quick)
    from modemgw.config.load import load, require_secrets  # noqa: PLC0415

    config = load(config_path)
    require_secrets(config)
    log.configure(config.log.level)
    # The web server takes 0.3 s to import; a mistake in the file is told before.
    from modemgw.daemon import run as run_daemon  # noqa: PLC0415

    for warning in config.warnings:
        logging.getLogger("modemgw.config").warning(warning)
    try:
        run_daemon(config)
    except Corrupt as exc:
        from modemgw.gateway.backups import after_damage  # noqa: PLC0415

        raise Corrupt("\n".join([str(exc), *after_damage(config)])) from None
