"""`modemgw sims bench`, `parole`, `pause`, `resume`: a hand on the health of a SIM."""

from pathlib import Path
from typing import Any

import click

from modemgw.cli.options import config_option, json_option


class Duration(click.ParamType[int]):
    """A time with its unit, in whole seconds."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Read `30min`, `2h`, `3 days`."""
        from modemgw.config.values import duration  # noqa: PLC0415 (help stays quick)

        try:
            seconds = round(duration(str(value)))
        except ValueError as exc:
            self.fail(str(exc), param, ctx)
        if seconds < 1:
            self.fail(f"expected a second at least, got {value!r}", param, ctx)
        return seconds


@click.command("bench")
@click.argument("name")
@click.option("--for", "seconds", type=Duration(), help="Such as 2h; then it is tried.")
@click.option("--reason", default="", help="Shown to whoever looks.")
@config_option
@json_option
def bench(
    name: str, seconds: int | None, reason: str, config_path: Path, as_json: bool
) -> None:
    """Take the SIM NAME out of service, until `parole` or for a time.

    It goes on receiving. Other SIMs send what it would have sent.
    """
    _act(config_path, name, "bench", {"for": seconds, "reason": reason}, as_json)


@click.command("parole")
@click.argument("name")
@click.option("--now", is_flag=True, help="Trust it at once, as if nothing had been.")
@config_option
@json_option
def parole(name: str, now: bool, config_path: Path, as_json: bool) -> None:
    """Let the SIM NAME send slowly, until enough messages have gone well."""
    _act(config_path, name, "parole", {"messages": 0} if now else {}, as_json)


@click.command("pause")
@click.argument("name")
@config_option
@json_option
def pause(name: str, config_path: Path, as_json: bool) -> None:
    """Let the SIM NAME send nothing until it is resumed, over restarts too."""
    _act(config_path, name, "pause", {}, as_json)


@click.command("resume")
@click.argument("name")
@config_option
@json_option
def resume(name: str, config_path: Path, as_json: bool) -> None:
    """End the pause of the SIM NAME. A bench stays: `parole` ends that."""
    _act(config_path, name, "resume", {}, as_json)


def _act(
    config_path: Path, name: str, act: str, wish: dict[str, object], as_json: bool
) -> None:
    from urllib.parse import quote  # noqa: PLC0415 (help stays quick)

    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415

    path = f"/v1/sims/{quote(name, safe='')}/{act}"
    sim = connect(config_path).call("POST", path, wish)
    if as_json:
        show_json(sim)
        return
    click.echo(f"{sim['name']}: {sim['state']}, {standing(sim)}")


def standing(sim: dict[str, Any]) -> str:
    """Say in a few words where a SIM stands."""
    health = sim["health"]
    if health is None:
        return "health not known yet"
    words = [health["state"]]
    if health["parole"]:
        so_far = health["parole"]
        words = [f"on parole, {so_far['passed']} of {so_far['wanted']} messages"]
    if health["state"] == "benched":
        until = health["until"]
        words = [f"benched until {until}" if until else "benched until `parole`"]
    if health["paused"]:
        words.append("paused")
    return ", ".join(words)


def pause_all(config_path: Path, *, on: bool) -> None:
    """Pause or resume all sending, and say so."""
    from modemgw.cli.client import connect  # noqa: PLC0415 (help stays quick)

    connect(config_path).call("POST", "/v1/pause" if on else "/v1/resume", {})
    click.echo(
        "paused: messages are accepted and wait, until `modemgw resume`"
        if on
        else "sending again"
    )
