"""modemgw simulate: only the simulated modems, for any AT client."""

import asyncio
import selectors
import signal
import sys
from pathlib import Path

import click

from modemgw.errors import ConfigError
from modemgw.sim.catalogue import listing
from modemgw.sim.latency import Latency
from modemgw.sim.network import Network
from modemgw.sim.pty import PtyModems
from modemgw.sim.scenario import Scenario, Stage
from modemgw.sim.scenario_file import load_scenario

EX_CONFIG = 78
MAX_MODEMS = 256


class LatencyType(click.ParamType[Latency]):
    """`200ms`, `lognormal(2s)`, `lognormal(2s, 0.5)`, `uniform(1s, 3s)`."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Latency:
        """Read the text; a usage error where it is no duration."""
        try:
            return Latency.read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _list(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(listing(), nl=False)
        ctx.exit()


@click.command()
@click.option(
    "--modems",
    type=click.IntRange(1, MAX_MODEMS),
    default=None,
    help="How many modems (default: as many as the scenario names, or 1).",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="List every persona and every trouble, and exit.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where the links modem0, modem1 … are made.",
)
@click.option(
    "--latency",
    type=LatencyType(),
    default=None,
    help="From Ctrl-Z to +CMGS: 200ms, lognormal(2s, 0.5), uniform(1s, 3s).",
)
@click.option(
    "--report-latency",
    type=LatencyType(),
    default=None,
    help="From +CMGS to the delivery report (default 1s).",
)
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML file: personas, faults and what happens when.",
)
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append every TPDU that leaves a modem, a JSON line each.",
)
@click.option("--seed", type=int, default=None, help="Of everything random.")
def simulate(
    modems: int | None,
    directory: Path,
    latency: Latency | None,
    report_latency: Latency | None,
    scenario: Path | None,
    journal: Path | None,
    seed: int | None,
) -> None:
    """Offer simulated modems as ptys in a directory, until SIGTERM or Ctrl-C."""
    try:
        plan = load_scenario(scenario) if scenario is not None else Scenario()
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EX_CONFIG)
    network = plan.network(
        seed=seed, latency=latency, report_latency=report_latency, journal=journal
    )
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(_serve(plan, network, modems, directory))
    finally:
        network.close()


def _loop() -> asyncio.AbstractEventLoop:
    """Return a loop whose timers are exact.

    With epoll Python rounds every wait up to a millisecond. All ptys are behind one
    descriptor (`PtyModems`), so that select, which counts in microseconds, will do.
    """
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def _serve(
    plan: Scenario, network: Network, count: int | None, directory: Path
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with PtyModems(plan.build(network, count), directory) as served:
        stage = Stage(network, served.modems)
        plan.play(stage)
        click.echo(f"ready: {len(served.modems)} modems in {directory}", err=True)
        await stop.wait()
        stage.stop()


if __name__ == "__main__":
    simulate()
