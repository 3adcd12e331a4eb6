"""`modemgw modems probe`: who answers at a port, and what a profile needs to know."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modemgw.cli.options import configuration, json_option

if TYPE_CHECKING:
    from modemgw.cli.client import AdminClient

Answer = dict[str, Any]


@click.command("probe")
@click.argument("what", metavar="[PORT|NAME]", required=False)
@click.option("--dump", is_flag=True, help="Ask for everything a profile needs.")
@click.option("--whole", is_flag=True, help="Do not cut IMEI, IMSI and other numbers.")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="MODEMGW_CONFIG",
    help="Default: ./modemgw.yaml, else /etc/modemgw/modemgw.yaml, where there is one.",
    metavar="FILE",
)
@json_option
def probe(
    what: str | None, dump: bool, whole: bool, config_path: Path | None, as_json: bool
) -> None:
    """Ask a modem who it is: at PORT, or NAME as the running daemon knows it.

    A modem in service is asked through the daemon, between its messages; a port
    that the daemon does not hold is opened. With --dump the answers are what is
    needed to write a profile: paste them into an issue. Nothing is changed.
    """
    from modemgw.cli.output import show_json  # noqa: PLC0415 (help stays quick)

    client, served = _daemon(config_path)
    found = [one for one in served if what in (None, one["name"], one["port"])]
    reports = [_through(client, one, dump) for one in found if client is not None]
    if not found and what is not None:
        if "/" not in what:
            raise click.UsageError(
                f"there is no modem {what!r} in service, and it is no path of a port"
            )
        reports = [_direct(what, dump)]
    for report in reports:
        if not whole:
            _cut(report)
        if not as_json:
            _show(report)
    if as_json:
        show_json({"data": reports})
    elif not reports:
        click.echo("no modem is in service; give a port", err=True)


def _daemon(config_path: Path | None) -> "tuple[AdminClient | None, list[Answer]]":
    """Return the running daemon and its modems; None where none runs."""
    from modemgw.cli.client import Unreachable, connect  # noqa: PLC0415

    path = config_path or configuration()
    if path is None:
        return None, []
    client = connect(path)
    try:
        modems = client.get("/v1/modems")["data"]
    except Unreachable:
        return None, []
    return client, [one for one in modems if one["phase"] in ("ready", "parked")]


def _through(client: "AdminClient", modem: Answer, dump: bool) -> Answer:
    from urllib.parse import quote  # noqa: PLC0415

    from modemgw.at.dump import deadline_s  # noqa: PLC0415
    from modemgw.cli.client import Refused  # noqa: PLC0415

    path = f"/v1/modems/{quote(modem['name'], safe='')}/at"
    client.timeout_s = 90.0
    answers = []
    for command in _asked(dump):
        wish = {"command": command, "timeout": int(deadline_s(command))}
        try:
            said = client.call("POST", path, wish)
        except Refused as exc:
            said = {"lines": [], "final": f"({exc})"}
        lines, final = said["lines"], said["final"]
        answers.append({"command": command, "lines": lines, "final": final})
    return _report(modem["port"], modem["profile"], answers)


def _direct(port: str, dump: bool) -> Answer:
    import asyncio  # noqa: PLC0415 (help stays quick)

    from modemgw.at.quirks import profile_for  # noqa: PLC0415

    answers = asyncio.run(_ask(port, _asked(dump)))
    said = {answer["command"]: " ".join(answer["lines"]) for answer in answers}
    model = said.get("AT+CGMM") or said.get("ATI")
    profile = profile_for(said.get("AT+CGMI"), model)
    return _report(port, profile.name, answers)


async def _ask(port: str, commands: Iterable[str]) -> list[Answer]:
    import asyncio  # noqa: PLC0415

    from modemgw.at.dump import deadline_s  # noqa: PLC0415
    from modemgw.modem import console  # noqa: PLC0415
    from modemgw.modem.channel import AtChannel  # noqa: PLC0415
    from modemgw.modem.port import open_serial  # noqa: PLC0415

    channel = AtChannel(lambda urc: None, lambda token, tp_mr: None)
    opened = await open_serial(port, channel.data_received, channel.connection_lost)
    channel.write = opened.write
    answers: list[Answer] = []
    try:
        await channel.resync()
        for command in commands:
            said = await console.run(channel, command, deadline_s(command))
            lines, final = list(said.lines), said.final
            answers.append({"command": command, "lines": lines, "final": final})
    finally:
        opened.close()
        await asyncio.sleep(0)  # the transport closes in a turn of its own
    return answers


def _asked(dump: bool) -> tuple[str, ...]:
    from modemgw.at.dump import DUMP, IDENTITY  # noqa: PLC0415

    return DUMP if dump else IDENTITY


def _report(port: str, profile: str, answers: list[Answer]) -> Answer:
    from modemgw import __version__  # noqa: PLC0415

    return {
        "modemgw": __version__,
        "port": port,
        "usb": _usb(port),
        "profile": profile,
        "answers": answers,
    }


def _usb(port: str) -> Answer | None:
    """Return what the kernel says of the device that the port belongs to."""
    from modemgw.modem.usb import Bus  # noqa: PLC0415

    tty = Path(port).resolve().name
    for device in Bus().devices():
        if any(one.tty == tty for one in device.interfaces):
            return {
                "path": device.path,
                "ids": device.ids,
                "interfaces": [
                    {
                        "number": one.number,
                        "class": "{:02x}/{:02x}/{:02x}".format(*one.codes),
                        "driver": one.driver,
                        "tty": one.tty,
                    }
                    for one in device.interfaces
                ],
            }
    return None


def _cut(report: Answer) -> None:
    from modemgw.at.dump import cut  # noqa: PLC0415

    for answer in report["answers"]:
        answer["lines"] = [cut(line) for line in answer["lines"]]


def _show(report: Answer) -> None:
    from modemgw.cli.output import printable  # noqa: PLC0415

    click.echo(printable(f"port: {report['port']}"))
    usb = report["usb"]
    if usb is not None:
        click.echo(f"usb: {usb['ids']} at {usb['path']}")
        for one in usb["interfaces"]:
            number, tty = f"{one['number']:02}", one["tty"] or "-"
            click.echo(f"  if{number} {one['class']} {one['driver'] or '-'} {tty}")
    profile = printable(report["profile"])
    click.echo(f"profile: {profile} (modemgw {report['modemgw']})")
    for answer in report["answers"]:
        click.echo(f"> {answer['command']}")
        for line in answer["lines"]:
            click.echo(printable(line))
        click.echo(printable(answer["final"] or "(no answer)"))
