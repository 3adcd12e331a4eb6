"""Gathers what every check is given: configuration, and the daemon's own view."""

import os
import stat
from pathlib import Path
from threading import Thread

from modemgw.config.load import load
from modemgw.config.model import Config
from modemgw.config.paths import admin_socket
from modemgw.doctor import daemon
from modemgw.doctor.box import Box
from modemgw.doctor.machine import Machine
from modemgw.errors import ConfigError

VIEW_S = 12.0  # for everything that the daemon is asked before the checks


def box_for(
    config_path: Path | None,
    *,
    machine: Machine | None = None,
    may_ask: bool = True,
    deep: bool = False,
) -> Box:
    """Read the configuration and ask the daemon; never raises for what is wrong."""
    machine = machine or Machine()
    config: Config | None = None
    problems: tuple[str, ...] = ()
    is_hidden = False
    if config_path is not None:
        place = config_path.absolute()
        about = machine.stat(place)
        try:
            if about is not None and not stat.S_ISREG(about.st_mode):
                raise ConfigError([f"{config_path}: this is no file"])
            is_hidden = about is not None and machine.octets(place, 1) is None
            config = None if is_hidden else load(machine.at(place))
        except ConfigError as exc:
            problems = tuple(exc.problems)
        except Exception as exc:  # of a file, a mistake of ours must not end it here
            problems = (f"{config_path}: {type(exc).__name__}: {exc}",)
    view = daemon.NOBODY
    if config is not None:
        view = _view(machine, config)
    return Box(
        machine=machine,
        config=config,
        config_path=None if config_path is None else Path(os.path.abspath(config_path)),  # noqa: PTH100
        config_problems=problems,
        view=view,
        is_hidden=is_hidden,
        may_ask=may_ask,
        deep=deep,
    )


def _view(machine: Machine, config: Config) -> daemon.View:
    """Ask the daemon, for as long as a person waits."""
    try:
        path = machine.at(admin_socket(config))
    except OSError as exc:
        return daemon.View("forbidden", str(exc))
    found: list[daemon.View] = []
    # In a thread: one that says an octet now and then would hold us for ever.
    thread = Thread(target=lambda: found.append(daemon.look(path)), daemon=True)
    thread.start()
    thread.join(VIEW_S)
    return found[0] if found else daemon.View("silent", "no answer in time", path)
