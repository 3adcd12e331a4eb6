"""Gathers what every check is given: configuration, and the daemon's own view."""

import os
from pathlib import Path

from modemgw.config.load import load
from modemgw.config.model import Config
from modemgw.config.paths import admin_socket
from modemgw.doctor import daemon
from modemgw.doctor.box import Box
from modemgw.doctor.machine import Machine
from modemgw.errors import ConfigError


def box_for(
    config_path: Path | None,
    *,
    machine: Machine | None = None,
    open_ports: bool = True,
    deep: bool = False,
) -> Box:
    """Read the configuration and ask the daemon; never raises for what is wrong."""
    machine = machine or Machine()
    config: Config | None = None
    problems: tuple[str, ...] = ()
    if config_path is not None:
        try:
            config = load(machine.at(config_path.absolute()))
        except ConfigError as exc:
            problems = tuple(exc.problems)
        except OSError as exc:
            problems = (f"{config_path}: {exc.strerror or exc}",)
    view = daemon.NOBODY
    if config is not None:
        try:
            view = daemon.look(machine.at(admin_socket(config)))
        except OSError as exc:
            view = daemon.View("forbidden", str(exc))
    return Box(
        machine=machine,
        config=config,
        config_path=None if config_path is None else Path(os.path.abspath(config_path)),  # noqa: PTH100
        config_problems=problems,
        view=view,
        open_ports=open_ports,
        deep=deep,
    )
