"""`modemgw demo`: the same daemon on simulated modems, ready to be tried.

The modems live in a thread of their own behind real ptys, and the daemon opens
them as it opens /dev/ttyUSB0: nothing in it knows that they are simulated.
"""

import errno
import shlex
import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modemgw.errors import ModemgwError

if TYPE_CHECKING:
    from modemgw.cli.client import AdminClient
    from modemgw.config.model import Config
    from modemgw.config.values import Listen
    from modemgw.sim.scenario import Scenario

DEFAULT_LISTEN = "127.0.0.1:8080"
PORTS_TRIED = 100  # from the default one upwards
MAX_MODEMS = 256
CREDIT = 1_000_000  # cents: nobody sends so much in a demo
READY_S = 3.0  # for the modems, before the greeting is printed all the same
READY_POLL_S = 0.05
SCOPES = (
    "messages:send,messages:read,at:read,sims:read,modems:read,events:read,verify:send"
)
SANDBOX = "+999000001"  # delivered at once
CONFIG_NAME = "demo.yaml"


@click.command()
@click.option(
    "--modems",
    type=click.IntRange(1, MAX_MODEMS),
    default=None,
    help="How many modems to simulate (default: as the scenario says, or 3).",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help=f"Default: {DEFAULT_LISTEN}, or the next free port. Port 0 takes any.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the data here; default: a temporary directory that goes at the end.",
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="What kind of modems they are and what happens to them; see simulate.",
)
@click.option("--quiet", is_flag=True, help="Log warnings and errors only.")
def demo(
    modems: int | None,
    listen: str | None,
    data: Path | None,
    scenario: Path | None,
    quiet: bool,
) -> None:
    """Run the gateway on simulated modems; needs no hardware.

    Prints the address, a first API key and a curl line that works as printed.
    Any number may be texted; +999000001 to +999000005 show what can happen.
    """
    from modemgw import log  # noqa: PLC0415 (help stays quick)
    from modemgw.cli.simulated import simulated  # noqa: PLC0415
    from modemgw.config.load import load  # noqa: PLC0415
    from modemgw.sim.scenario_file import load_scenario  # noqa: PLC0415
    from modemgw.store.lock import DirectoryLock  # noqa: PLC0415
    from modemgw.store.owner import become_owner_of  # noqa: PLC0415

    plan = load_scenario(scenario) if scenario is not None else demo_scenario()
    count = modems or len(plan.modems)
    with ExitStack() as stack:
        address = choose_address(listen)
        if data is None:
            made = tempfile.TemporaryDirectory(prefix="modemgw-demo-")
            data = Path(stack.enter_context(made))
        else:
            become_owner_of(data)
        path = data.absolute() / CONFIG_NAME
        try:
            data.mkdir(parents=True, exist_ok=True)
            DirectoryLock(data).release()  # not below a demo that is running
            path.write_text(demo_config(count, address), encoding="utf-8")
        except OSError as exc:
            raise click.ClickException(f"cannot write {path}: {exc.strerror}") from None
        config = load(path)
        log.configure("warning" if quiet else config.log.level)
        from modemgw.daemon import run as run_daemon  # noqa: PLC0415

        stack.enter_context(simulated(count, data.absolute() / "modems", plan))
        run_daemon(config, ready=lambda _: _introduce(config))


def demo_scenario() -> "Scenario":
    """Return the modems of a demo: SIMs of three operators, with money on them."""
    from modemgw.sim.scenario import ModemPlan, Scenario  # noqa: PLC0415

    sentences = ("english", "german", "british")
    return Scenario(
        modems=tuple(
            ModemPlan(options={"credit": CREDIT, "balance": sentence})
            for sentence in sentences
        )
    )


def choose_address(wanted: str | None) -> "Listen":
    """Return where to listen: as wanted, else the first free port from 8080 on.

    A port of 0 is chosen here, so that it can be printed before it is used.
    """
    from modemgw.config.values import listen  # noqa: PLC0415

    try:
        first = listen(wanted or DEFAULT_LISTEN)
    except ValueError as exc:
        raise click.UsageError(f"--listen: {exc}") from None
    if wanted is not None:
        return _bindable(first)
    for port in range(first.port, first.port + PORTS_TRIED):
        try:
            free = _bindable(type(first)(first.host, port))
        except click.ClickException:
            continue
        if port != first.port:
            click.echo(f"Port {first.port} is taken; using {port}.", err=True)
        return free
    raise click.ClickException(f"no free port from {first.port} on; give --listen")


def _bindable(address: "Listen") -> "Listen":
    """Return the address with its real port. Raises where it cannot be had."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, name = found[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(name)
            return type(address)(address.host, int(trial.getsockname()[1]))
    except OSError as exc:
        taken = exc.errno == errno.EADDRINUSE
        why = "the port is taken" if taken else exc.strerror
        raise click.ClickException(f"cannot listen on {address}: {why}") from None


def demo_config(modems: int, address: "Listen") -> str:
    """Write the configuration of a demo: a file like any other, to look at."""
    from modemgw.sim.fleet import iccid_of, number_of  # noqa: PLC0415

    ports = "".join(
        f"  - {{name: modem{index}, port: modems/modem{index}}}\n"
        for index in range(modems)
    )
    cards = "".join(
        f'    - {{name: sim{index}, iccid: "{iccid_of(index)}",'
        f' number: "{number_of(index)}"}}\n'
        for index in range(modems)
    )
    return (
        "# Made by `modemgw demo`, and again at each start.\n"
        "data_dir: .\n"
        "country: DE\n"
        f'http:\n  listen: "{address}"\n'
        "  # So that a webhook receiver on this machine can be tried.\n"
        "  webhook_allow: [127.0.0.1:9000]\n"
        "  surfaces: [native, smseagle, twilio, alertmanager]\n"
        "discovery: off\n"
        f"modems:\n{ports}"
        "sims:\n"
        "  # A real SIM wants a pace such as 10/min.\n"
        "  defaults:\n"
        "    pace: off\n"
        "    reports: on\n"
        '    balance: {ussd: "*100#", every: 1h, low: 5.00}\n'
        f"  cards:\n{cards}"
        "# The network is simulated: nothing costs money.\n"
        "selftest: {every: 10min, paid: on}\n"
    )


def _introduce(config: "Config") -> None:
    """Make the first key and say what to type, beside the loop that has to answer."""
    threading.Thread(
        target=_greet, args=(config,), name="greeting", daemon=True
    ).start()


def _greet(config: "Config") -> None:
    from modemgw.cli.client import AdminClient  # noqa: PLC0415

    client = AdminClient(config)
    try:
        made = client.call(
            "POST", "/v1/keys", {"name": "demo", "scopes": SCOPES.split(",")}
        )
        _wait_for_modems(client)
    except ModemgwError as exc:
        click.echo(f"modemgw: no key could be made: {exc}", err=True)
        return
    click.echo(greeting(config, made["key"]))


def _wait_for_modems(client: "AdminClient") -> None:
    """Let the modems speak first: what is printed last is what people see."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        modems = client.get("/v1/modems")["data"]
        if all(modem["phase"] == "ready" for modem in modems):
            return
        time.sleep(READY_POLL_S)


def program() -> str:
    """Return what to type to call this program again from here."""
    called = Path(sys.argv[0])
    if called.name != "modemgw":
        return shlex.join((sys.executable, "-m", "modemgw"))
    if (found := shutil.which("modemgw")) and Path(found).samefile(called):
        return "modemgw"
    here = Path.cwd()
    inside = called.is_relative_to(here)
    return shlex.quote(str(called.relative_to(here) if inside else called))


def greeting(config: "Config", key: str) -> str:
    """Return what the demo prints; its curl lines work as they are."""
    listen = config.http.listen[0]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)  # noqa: S104
    url = f"http://{type(listen)(host, listen.port)}"
    body = f'{{"to":"{SANDBOX}","text":"Hello from modemgw"}}'
    header = f"-H 'Authorization: Bearer {key}'"
    file = shlex.quote(str(config.path))
    count = len(config.modems)
    return f"""
modemgw demo: {count} simulated modem{"s" * (count > 1)}, data in {config.data_dir}

  URL  {url}
  Key  {key}

Send a message:

curl -s {url}/v1/messages {header} -d '{body}'

See what became of it, with the id from the answer:

curl -s {url}/v1/messages/ID/timeline {header}

The same without a key:

{program()} send --config {file} --to {SANDBOX} --text Hello --wait

Numbers to try: {SANDBOX} delivered, +999000002 fails, +999000003 late,
+999000004 never reported, +999000005 refused; Ctrl-C ends the demo.
"""
