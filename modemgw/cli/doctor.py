"""`modemgw doctor`: what is wrong with this machine, and what to type."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modemgw.cli.options import configuration

if TYPE_CHECKING:
    from modemgw.doctor.box import Check
    from modemgw.doctor.finding import Finding
    from modemgw.doctor.run import Result


@click.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, readable=False),
    envvar="MODEMGW_CONFIG",
    help="Default: ./modemgw.yaml, else /etc/modemgw/modemgw.yaml, where there is one.",
    metavar="FILE",
)
@click.option("--fix", "fixes", is_flag=True, help="Put right what can be; asks first.")
@click.option("-y", "--yes", is_flag=True, help="With --fix: do not ask.")
@click.option(
    "--only",
    multiple=True,
    metavar="ID",
    help="Look for this finding alone, or for all that begin so: disk.full, disk.",
)
@click.option("-a", "--all", "every", is_flag=True, help="Show what is well, too.")
@click.option("--deep", is_flag=True, help="Take the time to read the whole database.")
@click.option("--no-ask", is_flag=True, help="Say nothing to modems.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(
    ctx: click.Context,
    config_path: Path | None,
    fixes: bool,
    yes: bool,
    only: tuple[str, ...],
    every: bool,
    deep: bool,
    no_ask: bool,
    as_json: bool,
) -> None:
    """Look for what is wrong with this machine, and say what to type.

    Works with and without a running gateway, best as root. A gateway that runs is
    asked about its modems; otherwise ports that nobody holds are opened and asked.
    docs/findings.md explains every finding by its id.

    Exit code 0: nothing, or only notes. 1: warnings. 2: problems.
    """
    from modemgw.doctor import look, run  # noqa: PLC0415 (help stays quick)
    from modemgw.doctor.checks import chosen  # noqa: PLC0415
    from modemgw.doctor.showing import exit_code  # noqa: PLC0415

    if yes and not fixes:
        raise click.UsageError("--yes goes with --fix")
    if fixes and as_json and not yes:
        raise click.UsageError("--fix with --json needs --yes: there is nobody to ask")
    try:
        checks = chosen(only)
    except KeyError as exc:
        raise click.UsageError(f"there is no finding {exc.args[0]!r}") from None
    path = config_path or configuration()

    def examine(wanted: "tuple[Check, ...]") -> "list[Result]":
        box = look.box_for(path, may_ask=not no_ask, deep=deep)
        seconds = _DEEP_S if deep else run.ALL_S
        return _without(run.run(box, wanted, all_s=seconds), only)

    results = examine(checks)
    done: list[dict[str, object]] = []
    if fixes:
        if not as_json:
            _show(results, every=every)
        done = _fix(results, ask=not yes, quiet=as_json)
        if any(one["done"] for one in done):
            results = examine(checks)
            if not as_json:
                click.echo()
                click.echo("After that:")
    if as_json:
        _show_json(results, done if fixes else None)
    elif not fixes or done:
        _show(results, every=every)
    ctx.exit(exit_code(results))


_DEEP_S = 3600.0


def _without(results: "list[Result]", only: tuple[str, ...]) -> "list[Result]":
    """Leave out what was not asked for."""
    from dataclasses import replace  # noqa: PLC0415

    from modemgw.doctor.checks import fits  # noqa: PLC0415

    if not only:
        return results
    return [
        replace(
            result,
            findings=tuple(
                one
                for one in result.findings
                if any(fits(one.id, name) for name in only)
            ),
        )
        for result in results
    ]


def _show(results: "list[Result]", *, every: bool) -> None:
    from modemgw.cli.output import is_terminal  # noqa: PLC0415
    from modemgw.doctor.showing import Page  # noqa: PLC0415

    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    page = Page(
        colour=is_terminal() and not os.environ.get("NO_COLOR"),
        marks=encoding.startswith("utf8"),
    )
    for line in page.lines(results, every=every):
        _say(line)


def _show_json(results: "list[Result]", done: list[dict[str, object]] | None) -> None:
    from modemgw import __version__  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415
    from modemgw.clock import SystemClock  # noqa: PLC0415
    from modemgw.doctor.showing import as_json  # noqa: PLC0415

    found = as_json(results, version=__version__, now_ms=SystemClock().now_ms())
    if done is not None:
        found["fixed"] = done
    if (sys.stdout.encoding or "ascii").lower().replace("-", "") == "utf8":
        show_json(found)
    else:
        import json  # noqa: PLC0415

        click.echo(json.dumps(found))


def _fix(results: "list[Result]", *, ask: bool, quiet: bool) -> list[dict[str, object]]:
    """Run the fixes; return what became of each that was wanted."""
    from modemgw.doctor.fixing import fix, fixable  # noqa: PLC0415
    from modemgw.doctor.showing import ordered  # noqa: PLC0415

    wanted = fixable(one for _, one in ordered(results))
    if not wanted and not quiet:
        click.echo("There is nothing that could be put right by itself.")
    if wanted and os.geteuid() != 0:
        click.echo("Most of these need root: sudo modemgw doctor --fix", err=True)
    done: list[dict[str, object]] = []
    for one in wanted:
        if not quiet:
            _offer(one)
        if ask and not click.confirm("Do this?", default=False):
            continue
        said = fix(one)
        if not quiet:
            _say(f"  failed: {said.why}" if said.why else "  done")
        done.append(
            {
                "id": one.id,
                "where": one.where or None,
                "done": [list(argv) for argv in said.done],
                "failed": said.why or None,
            }
        )
    return done


def _offer(one: "Finding") -> None:
    _say(f"{one.id}: {one.what}")
    for argv in one.fix:
        _say(f"  > {shlex.join(argv)}")


def _say(line: str) -> None:
    """Print a line in whatever the terminal can show."""
    encoding = sys.stdout.encoding or "ascii"
    click.echo(line.encode(encoding, "replace").decode(encoding))
