"""`modemgw top`: modems, SIMs, queue and events, live in the terminal."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modemgw.cli.options import config_option

if TYPE_CHECKING:
    from modemgw.cli.top_frame import View
    from modemgw.client.sync import Client

EVERY_S = 1.0
TIMEOUT_S = 2.0  # for one answer: keys wait no longer
RECENT = 8


@click.command()
@config_option
@click.option("--once", is_flag=True, help="Print one frame and end.")
@click.option(
    "--sort",
    type=click.Choice(["trouble", "name", "signal", "rate"]),
    default="trouble",
    show_default=True,
    help="What comes first.",
)
def top(config_path: Path, once: bool, sort: str) -> None:
    """Watch modems, SIMs, queue and events, second by second.

    Keys: q quits, p pauses and resumes all sending, s sorts otherwise, arrows
    scroll. A daemon that starts anew is waited for.
    """
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.output import is_terminal  # noqa: PLC0415
    from modemgw.cli.top_frame import View  # noqa: PLC0415
    from modemgw.client.sync import Client  # noqa: PLC0415
    from modemgw.config.paths import admin_socket  # noqa: PLC0415

    admin = connect(config_path)
    if once:
        _once(View(admin.get("/local/status", recent=RECENT), sort=sort))
        return
    if not (is_terminal() and sys.stdin.isatty()):
        raise click.UsageError("needs a terminal; for a script: top --once, or status")
    url = f"unix:{admin_socket(admin.config)}"
    with Client(url, retry_for=0, timeout=TIMEOUT_S) as client:
        _watch(client, View(None, sort=sort))


def _once(view: "View") -> None:
    import shutil  # noqa: PLC0415

    from modemgw.cli.top_frame import frame  # noqa: PLC0415

    size = shutil.get_terminal_size((80, 24))
    for line in frame(view, size.columns, size.lines):
        click.echo(line.text.rstrip())


def _watch(client: "Client", view: "View") -> None:
    from modemgw.cli.terminal import Terminal  # noqa: PLC0415
    from modemgw.cli.top_frame import frame  # noqa: PLC0415

    due = 0.0
    with Terminal() as terminal:
        terminal.draw(frame(view, *terminal.size))
        while True:
            if time.monotonic() >= due:
                view = refreshed(client, view)
                due = time.monotonic() + EVERY_S
            terminal.draw(frame(view, *terminal.size))
            for key in terminal.keys(due - time.monotonic()):
                if key == "q" and not view.asks:
                    return
                view = pressed(client, view, key, terminal.size[1])
                due = 0.0 if key in "pyn" else due


def refreshed(client: "Client", view: "View") -> "View":
    """Return a view with the newest status; the old one, and why, where none comes."""
    from dataclasses import replace  # noqa: PLC0415

    from modemgw.client import errors  # noqa: PLC0415

    try:
        found: Any = client.request("GET", "/local/status", query={"recent": RECENT})
    except errors.Unreachable:
        return replace(view, trouble="no daemon answers; waiting for it")
    except errors.ClientError as exc:
        return replace(view, trouble=str(exc))
    return replace(view, status=found, trouble="")


def pressed(client: "Client", view: "View", key: str, height: int) -> "View":
    """Return the view after a key; `y` to a question does what was asked."""
    from dataclasses import replace  # noqa: PLC0415

    from modemgw.cli.top_frame import SORTS, last_row  # noqa: PLC0415

    view = replace(view, said="")
    if view.asks:
        verb = view.asks.partition(" ")[0]
        said = _act(client, verb) if key == "y" else ""
        return replace(view, asks="", said=said)
    if key == "s":
        following = SORTS[(SORTS.index(view.sort) + 1) % len(SORTS)]
        return replace(view, sort=following, skip=0)
    if key == "p" and view.status is not None:
        verb = "resume" if view.status["paused_by"] else "pause"
        return replace(view, asks=f"{verb} all sending?")
    step = {"up": -1, "down": 1, "page up": -height // 2, "page down": height // 2}
    if key == "home":
        return replace(view, skip=0)
    moved = view.skip + step.get(key, 0)
    return replace(view, skip=max(0, min(moved, last_row(view.status))))


def _act(client: "Client", verb: str) -> str:
    from modemgw.client import errors  # noqa: PLC0415

    try:
        client.request("POST", f"/v1/{verb}")
    except errors.ClientError as exc:
        return f"{verb}: {exc}"
    return f"{verb}d"
