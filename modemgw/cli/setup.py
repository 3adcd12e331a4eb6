"""`modemgw setup`: from a box with a stick to a text that was delivered."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from modemgw.cli.options import PLACES, configuration

if TYPE_CHECKING:
    from modemgw.cli.setup_talk import Talk
    from modemgw.cli.setup_wishes import Wishes

Json = dict[str, Any]

MAX_SIMULATED = 16


@click.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="MODEMGW_CONFIG",
    metavar="FILE",
    help="What to write. Default: the one that is there, else"
    " /etc/modemgw/modemgw.yaml as root and ./modemgw.yaml as anybody else.",
)
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="PORT",
    help="Ask here only; a path or a pattern. Default: every USB modem.",
)
@click.option(
    "--sim",
    type=click.IntRange(1, MAX_SIMULATED),
    metavar="N",
    help="Rehearse on N simulated modems; all of it ends with the command.",
)
@click.option("--country", metavar="CODE", help="Of numbers without +: DE.")
@click.option("--timezone", metavar="ZONE", help="Default: that of the box.")
@click.option(
    "--pin-file",
    "pin_files",
    multiple=True,
    metavar="[WHO=]FILE",
    help="File with the PIN of the SIM; WHO is a port, an IMEI or an ICCID.",
)
@click.option(
    "--number",
    "numbers",
    multiple=True,
    metavar="[WHO=]NUMBER",
    help="The SIM's own number, where it does not know it.",
)
@click.option(
    "--test-to", metavar="NUMBER", help="Send one text there, which may cost money."
)
@click.option(
    "--loopback/--no-loopback",
    default=None,
    help="Let the SIMs text one another, which may cost money.",
)
@click.option(
    "--alarm-to",
    metavar="NUMBER",
    help="Phone that is texted when something is wrong; '' for none.",
)
@click.option(
    "--listen", metavar="HOST:PORT", help="Default: 127.0.0.1:8080. Others with TLS."
)
@click.option(
    "--fix/--no-fix", default=None, help="Put right what is in the way, without asking."
)
@click.option(
    "--start/--no-start", default=None, help="Start the service, now and at boot."
)
@click.option(
    "--yes",
    is_flag=True,
    help="Say yes to what costs no money and loses nothing.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Replace a file even where it says more than setup writes; a copy is kept.",
)
@click.option("--link", is_flag=True, help="Only make another one-time link.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.pass_context
def setup(
    ctx: click.Context,
    /,
    config_path: Path | None,
    sim: int | None,
    as_json: bool,
    yes: bool,
    link: bool,
    **flags: Any,
) -> int:
    """Find modems, free their ports, write a configuration, send a first text.

    Asks what it cannot know; with flags for all of it, nothing. Nothing is sent that
    may cost money before you say so. The exit code is 0 where everything that was
    tried went well, 1 where not, 2 where a question was left that nobody answered.
    """
    from modemgw.cli.output import show_json  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.setup_talk import Talk  # noqa: PLC0415

    if link:
        return _link(config_path or _place(), as_json)
    talk = Talk(yes=yes, to_stderr=as_json)
    with ExitStack() as stack:
        stack.enter_context(_ended_like_ctrl_c())
        stack.enter_context(_without_log())
        place = config_path or _place()
        if sim is not None:
            folder = _rehearsal(stack, sim)
            flags["ports"] = (str(folder / "modem*"),)
            # What the environment names is in use: a rehearsal must not touch it.
            source = ctx.get_parameter_source("config_path")
            if config_path is None or source is ParameterSource.ENVIRONMENT:
                place = folder / "modemgw.yaml"
        wishes = _wishes(place, flags)
        result = _run(wishes, talk, rehearses=sim is not None, quiet=as_json)
    if as_json:
        show_json(result)
    return 0 if result["ok"] else 1


def _run(wishes: "Wishes", talk: "Talk", *, rehearses: bool, quiet: bool) -> Json:
    from modemgw.cli import setup_flow, setup_prove  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.setup_files import check  # noqa: PLC0415
    from modemgw.cli.setup_find import Finder, put_back  # noqa: PLC0415
    from modemgw.cli.setup_gateway import Child, Gateway  # noqa: PLC0415
    from modemgw.cli.setup_kept import keep  # noqa: PLC0415
    from modemgw.cli.setup_look import Eyes  # noqa: PLC0415
    from modemgw.cli.setup_plan import plan  # noqa: PLC0415
    from modemgw.config.load import load  # noqa: PLC0415

    check(wishes.config)
    now = datetime.now().astimezone()
    finder = Finder(wishes, talk, Eyes())
    try:
        places, pins = finder.open_cards(finder.find())
        kept = keep(wishes.config, places)
        answers = setup_flow.ask(wishes, talk, places, pins, kept, now)
        setup_flow.save(wishes, talk, plan(places, answers), kept, now)
        running = setup_flow.start(wishes, talk)
    except BaseException:
        put_back(finder.undo, talk)
        raise
    if not isinstance(running, Child):
        finder.undo.clear()  # it was started again
    try:
        gateway = Gateway(load(wishes.config), running)
        result = setup_prove.prove(wishes, talk, gateway, places)
        result["ok"] = result["ok"] and finder.is_fine
        stays = isinstance(running, Child) and _may_stay(wishes, talk, rehearses)
        if rehearses and not stays:
            talk.say("that was the rehearsal; nothing of it is left", "·")
        elif not quiet:
            runs = stays or not isinstance(running, Child)
            setup_prove.farewell(talk, result, wishes, runs=runs)
        if stays and isinstance(running, Child):
            talk.say("the gateway runs until Ctrl-C", "·")
            with suppress(KeyboardInterrupt):
                running.wait()
    finally:
        running.stop()
        put_back(finder.undo, talk)
    return result


def _may_stay(wishes: "Wishes", talk: "Talk", rehearses: bool) -> bool:
    """Tell whether the gateway goes on here, where there is no service for it."""
    if not talk.is_interactive or wishes.start is False:
        return False
    question = "Let the gateway run here, until Ctrl-C?"
    return rehearses or talk.confirm(question, "--no-start", only_asked=True)


def _link(config_path: Path, as_json: bool) -> int:
    """Make a link at the gateway that runs."""
    from modemgw.cli.client import connect  # noqa: PLC0415
    from modemgw.cli.output import show_json  # noqa: PLC0415
    from modemgw.cli.setup_prove import url  # noqa: PLC0415

    client = connect(config_path)
    made = client.call("POST", "/v1/setup-link", {})
    where = url(client.config) + made["path"]
    if as_json:
        show_json({"link": where, "expires_at": made["expires_at"]})
    else:
        click.echo(where)
    return 0


def _wishes(config: Path, flags: dict[str, Any]) -> "Wishes":
    from modemgw.cli.setup_wishes import Wishes, named  # noqa: PLC0415
    from modemgw.config import values  # noqa: PLC0415

    try:
        country = flags["country"] and values.country(flags["country"])
        zone = flags["timezone"] and values.timezone(flags["timezone"])
        if flags["listen"]:
            values.listen(flags["listen"])
        pins = named(flags["pin_files"], "--pin-file")
        numbers = named(flags["numbers"], "--number")
        if flags["test_to"]:
            values.e164(country or "")(flags["test_to"])
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None
    return Wishes(
        config=config,
        ports=tuple(str(Path(port).absolute()) for port in flags["ports"]),
        country=country,
        timezone=zone,
        pin_files={who: Path(file) for who, file in pins.items()},
        numbers=numbers,
        test_to=flags["test_to"],
        loopback=flags["loopback"],
        listen=flags["listen"],
        alarm_to=flags["alarm_to"],
        fix=flags["fix"],
        start=flags["start"],
        replace=flags["replace"],
    )


def _place() -> Path:
    """Return where the configuration is, or is to be."""
    found = configuration()
    if found is not None:
        return found
    return PLACES[-1] if os.geteuid() == 0 else PLACES[0]


def _rehearsal(stack: ExitStack, count: int) -> Path:
    """Start simulated modems; return the directory of their ports."""
    import tempfile  # noqa: PLC0415

    from modemgw.cli.demo import demo_scenario  # noqa: PLC0415
    from modemgw.cli.simulated import simulated  # noqa: PLC0415

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modemgw-")))
    stack.enter_context(simulated(count, folder, demo_scenario()))
    return folder


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep log lines off the terminal: they hold what modems say, as they say it."""
    nowhere, root = logging.NullHandler(), logging.getLogger()
    root.addHandler(nowhere)
    try:
        yield
    finally:
        root.removeHandler(nowhere)


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Let a hang-up and SIGTERM end setup as Ctrl-C does: tidied up."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = {n: signal.signal(n, end) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
