"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

PLACES = (Path("modemgw.yaml"), Path("/etc/modemgw/modemgw.yaml"))


def _find(ctx: click.Context, param: click.Parameter, given: Path | None) -> Path:
    if given is not None:
        return given
    for place in PLACES:
        if os.access(place, os.F_OK):
            return place
    looked = " and ".join(str(place) for place in PLACES)
    raise click.UsageError(
        f"no configuration: give --config FILE (looked for {looked})"
    )


def config_option(command: F) -> F:
    """Add `--config FILE`, which is found by itself in the usual places."""
    return click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        envvar="MODEMGW_CONFIG",
        callback=_find,
        help="Default: ./modemgw.yaml, else /etc/modemgw/modemgw.yaml.",
        metavar="FILE",
    )(command)


def json_option(command: F) -> F:
    """Add `--json`: the API's own answer instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
