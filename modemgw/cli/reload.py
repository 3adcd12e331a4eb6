"""`modemgw reload`: put the configuration file in force."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modemgw.cli.options import config_option, json_option
from modemgw.cli.output import show_json, talk
from modemgw.errors import ConfigError

if TYPE_CHECKING:
    from modemgw.cli.client import AdminClient

MOVED = (
    "If it runs, and data_dir has changed in the file, it is where that was: move the"
    " data, then systemctl restart modemgw"
)


@click.command()
@config_option
@json_option
def reload(config_path: Path, as_json: bool) -> None:
    """Let the running gateway read its configuration again.

    Modems stay in service, but for those whose port or kind has changed, and nothing
    on the air is cut off. What needs a restart is named. A file with mistakes
    changes nothing: each is shown with its line, and the exit code is 78.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)

    done = _reload(connect(config_path))
    if as_json:
        show_json(done)
        return
    for line in said(done):
        click.echo(line)
    for warning in done["warnings"]:
        talk(f"warning: {warning}")


def _reload(admin: "AdminClient") -> dict[str, Any]:
    """Ask for it; what the gateway alone could find wrong is shown like the rest."""
    from modemgw.cli.client import Refused, Unreachable  # noqa: PLC0415
    from modemgw.client import errors  # noqa: PLC0415

    try:
        return admin.call("POST", "/v1/reload")
    except Unreachable as exc:
        raise Unreachable(f"{exc}\n{MOVED}") from None
    except Refused as exc:
        cause = exc.__cause__
        if isinstance(cause, errors.Refused) and cause.problem == "config-invalid":
            raise ConfigError([one.detail for one in cause.errors]) from None
        raise


def said(done: dict[str, Any]) -> list[str]:
    """Say what a reload did, one line for each change."""
    lines = [_line(change, "") for change in done["applied"]]
    for what, names in done["modems"].items():
        lines += [f"modem {name}: {what}" for name in names]
    lines += [_line(one, " (needs a restart)") for one in done["needs_restart"]]
    return lines or [f"{done['file']}: nothing has changed"]


def _line(change: dict[str, Any], more: str) -> str:
    was, now = change["was"], change["now"]
    place = f"{change['place']}: " if change["place"] else ""
    if was is None:
        return f"{place}{change['key']}: added{more}"
    if now is None and not place:
        return f"{change['key']}: removed{more}"
    return f"{place}{change['key']}: {was} -> {now or 'default'}{more}"
