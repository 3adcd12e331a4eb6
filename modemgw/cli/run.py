"""`modemgw run`: the daemon, in the foreground."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modemgw.cli.options import config_option
from modemgw.errors import Corrupt

if TYPE_CHECKING:
    from modemgw.config.model import Config


@click.command()
@config_option
def run(config_path: Path) -> None:
    """Run the gateway in the foreground.

    Ends on SIGTERM or Ctrl-C once what is being sent is finished, with exit code
    0. A mistake in the configuration ends it at once with exit code 78. Typed by
    root it runs as the owner of the data directory, so that no file there becomes
    root's.
    """
    from modemgw import log  # noqa: PLC0415 (help stays quick)
    from modemgw.config.load import load, require_secrets  # noqa: PLC0415

    config = load(config_path)
    log.configure(config.log.level)
    _leave_root(config)
    require_secrets(config)
    # The web server takes 0.3 s to import; a mistake in the file is told before.
    from modemgw.daemon import run as run_daemon  # noqa: PLC0415

    for warning in config.warnings:
        logging.getLogger("modemgw.config").warning(warning)
    try:
        run_daemon(config)
    except Corrupt as exc:
        from modemgw.gateway.backups import after_damage  # noqa: PLC0415

        raise Corrupt("\n".join([str(exc), *after_damage(config)])) from None


def _leave_root(config: "Config") -> None:
    """Act as who owns the data, or will: files of root keep the service out."""
    if os.geteuid() != 0:
        return
    from modemgw.cli.setup_files import make_data_dir, service_owner  # noqa: PLC0415
    from modemgw.store.owner import become_owner_of  # noqa: PLC0415

    if config.path is not None and (owner := service_owner(config.path)) is not None:
        make_data_dir(config.data_dir, owner)
    if (name := become_owner_of(config.data_dir)) is not None:
        logging.getLogger("modemgw.run").warning(
            "root runs the gateway as the owner of its data",
            extra={"user": name, "directory": str(config.data_dir)},
        )
