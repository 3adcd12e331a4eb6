"""`modemgw config`: check a configuration, show what it comes to."""

from pathlib import Path

import click

from modemgw.cli.options import config_argument, json_option
from modemgw.cli.output import show_json, talk


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@config_argument
def check(config_path: Path) -> None:
    """Read the file and say everything that is wrong with it.

    Exit code 78 with `file:line:column` for each mistake. Doubtful things are
    warnings and leave the exit code 0: a port that is not there, a directory that
    you may not write to, a secret that you cannot read or that everybody can. The
    daemon may be allowed what you are not.
    """
    from modemgw.config.doubts import doubts  # noqa: PLC0415 (help stays quick)
    from modemgw.config.load import load_with_places  # noqa: PLC0415

    found, places = load_with_places(config_path)
    for warning in (*found.warnings, *doubts(found, places)):
        talk(f"warning: {warning}")
    click.echo(f"{config_path}: no mistakes")


@config.command()
@click.option("--origin", is_flag=True, help="Say where in the file each value stands.")
@config_argument
@json_option
def show(origin: bool, config_path: Path, as_json: bool) -> None:
    """Print every setting with its default filled in and secrets masked.

    With --origin one line for each value: where it stands in the file, or that it is
    the default.
    """
    from modemgw.config.load import load_with_places  # noqa: PLC0415
    from modemgw.config.show import as_yaml, leaves, plain, written  # noqa: PLC0415

    found, places = load_with_places(config_path)
    if not origin:
        if as_json:
            show_json(plain(found))
        else:
            click.echo(as_yaml(found), nl=False)
        return
    lines = [(key, value, places.get(key)) for key, value in leaves(plain(found))]
    if as_json:
        show_json({key: {"value": value, "at": at} for key, value, at in lines})
        return
    for key, value, at in lines:
        click.echo(f"{at or 'default'}: {key} = {written(value)}")


@config.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors.

    The file docs/modemgw.schema.json of the project is the same. An editor that
    speaks YAML takes it from the first line of your file:

    # yaml-language-server: $schema=modemgw.schema.json
    """
    from modemgw.config.schema import schema_text  # noqa: PLC0415

    click.echo(schema_text(), nl=False)
