"""`modemgw config`: check a configuration, show what it comes to."""

from pathlib import Path

import click

from modemgw.cli.options import config_option, json_option
from modemgw.cli.output import show_json, talk


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@config_option
def check(config_path: Path) -> None:
    """Read the file and say everything that is wrong with it.

    Exit code 78 with `file:line:column` for each mistake. Doubtful things are
    warnings and leave the exit code 0; a secret that cannot be read is one,
    because the daemon may be allowed to read it where you are not.
    """
    from modemgw.config.load import load, secrets  # noqa: PLC0415
    from modemgw.errors import ConfigError  # noqa: PLC0415

    found = load(config_path)
    for warning in found.warnings:
        talk(f"warning: {warning}")
    for secret in secrets(found):
        try:
            secret.reveal()
        except ConfigError as exc:
            talk(f"warning: {exc}")
    click.echo(f"{config_path}: no mistakes")


@config.command()
@config_option
@json_option
def show(config_path: Path, as_json: bool) -> None:
    """Print every setting with its default filled in and secrets masked."""
    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.config.show import as_yaml, plain  # noqa: PLC0415

    found = load(config_path)
    if as_json:
        show_json(plain(found))
    else:
        click.echo(as_yaml(found), nl=False)
