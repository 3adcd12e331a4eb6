"""`modemgw alarms`: what was wrong, and whether people would be told."""

from pathlib import Path

import click

from modemgw.cli.options import config_option, json_option

FAILED = 1
TEST_S = 180.0  # a mail server may take its time


@click.group()
def alarms() -> None:
    """List what was wrong, and test how people are told."""


@alarms.command("list")
@config_option
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@json_option
def list_alarms(config_path: Path, limit: int, as_json: bool) -> None:
    """List alarms, newest first; those that are not over are open."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import show_json, show_table, talk  # noqa: PLC0415

    found = connect(config_path).get("/local/alarms", limit=limit)
    if as_json:
        show_json(found)
        return
    if not found["data"]:
        talk("nothing was wrong so far")
        return
    show_table(
        ("since", "over", "kind", "what"),
        [
            (
                one["since"][:16].replace("T", " "),
                (one["cleared_at"] or "open")[:16].replace("T", " "),
                one["kind"],
                one["what"],
            )
            for one in found["data"]
        ],
    )


@alarms.command("test")
@config_option
@json_option
def test(config_path: Path, as_json: bool) -> int:
    """Tell everybody that this is a test: by SMS, mail and webhooks.

    Exit code 1 where one way does not work, or none is configured.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json, show_table, talk  # noqa: PLC0415

    client = connect(config_path)
    client.timeout_s = TEST_S
    found = client.call("POST", "/local/alarms/test", {})
    if as_json:
        show_json(found)
    elif found["data"]:
        show_table(
            ("way", "to", "", "detail"),
            [
                (one["way"], one["to"], "ok" if one["ok"] else "FAILED", one["detail"])
                for one in found["data"]
            ],
        )
    else:
        talk("nobody is told: name numbers or addresses under `alarms`")
    well = found["data"] and all(one["ok"] for one in found["data"])
    return 0 if well else FAILED
