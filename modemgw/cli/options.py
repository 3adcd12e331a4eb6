"""Options that several commands share."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

F = TypeVar("F", bound=Callable[..., Any])

_FILE = "modemgw.configuration"  # of the context: what was given as an argument

PLACES = (Path("modemgw.yaml"), Path("/etc/modemgw/modemgw.yaml"))


def configuration() -> Path | None:
    """Return the configuration that lies in a usual place, None where there is none.

    Root may be in a directory of anybody: a file there counts for root only where it
    is root's, or of the person who typed sudo.
    """
    for place in PLACES:
        try:
            owners = {place.stat().st_uid, place.lstat().st_uid}
        except PermissionError:
            return place  # it is there; who reads it says what is wrong
        except OSError:
            continue
        if place.is_absolute() or os.geteuid() or owners <= _trusted():
            return place
        click.echo(
            f"left out: {place} here is a file of user {max(owners)}; to use it all"
            f" the same, give --config {place}",
            err=True,
        )
    return None


def _trusted() -> set[int]:
    typed = os.environ.get("SUDO_UID", "")
    return {0, int(typed)} if typed.isdecimal() else {0}


def _find(ctx: click.Context, param: click.Parameter, given: Path | None) -> Path:
    named: Path | None = ctx.meta.get(_FILE)
    if named is not None:
        if ctx.get_parameter_source("config_path") is ParameterSource.COMMANDLINE:
            raise click.UsageError("give FILE or --config FILE, not both")
        return named
    return wanted(given)


def wanted(given: Path | None) -> Path:
    """Return the configuration that was given, else the one that is found."""
    found = given or configuration()
    if found is not None:
        return found
    looked = " and ".join(str(place) for place in PLACES)
    raise click.UsageError(
        f"no configuration: give --config FILE (looked for {looked})"
    )


_config = partial(
    click.option,
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="MODEMGW_CONFIG",
    help="Default: ./modemgw.yaml, else /etc/modemgw/modemgw.yaml.",
    metavar="FILE",
)


def config_option(command: F) -> F:
    """Add `--config FILE`, which is found by itself in the usual places."""
    return _config(callback=_find)(command)


def config_when_needed(command: F) -> F:
    """Add the same for who may do without; `wanted` finds it."""
    return _config()(command)


def config_argument(command: F) -> F:
    """Add `--config FILE`, and FILE by itself, for a command about that file."""
    return click.argument(
        "file",
        required=False,
        type=click.Path(path_type=Path),
        callback=_keep,
        expose_value=False,
        is_eager=True,  # before `--config` is looked for
    )(config_option(command))


def _keep(ctx: click.Context, param: click.Parameter, given: Path | None) -> None:
    ctx.meta[_FILE] = given


def json_option(command: F) -> F:
    """Add `--json`: the API's own answer instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
