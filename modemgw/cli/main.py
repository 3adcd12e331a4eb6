"""The command tree and the exit codes. Knows the commands by name only.

Exit codes: 0 done, 1 it failed, 2 usage, 69 daemon not reachable, 75 try later,
78 configuration, 130 interrupted. Data goes to stdout, talk to stderr.
"""

import io
import os
import sys
from importlib import import_module
from importlib.util import find_spec

import click

from modemgw import __version__
from modemgw.errors import (
    ConfigError,
    DiskFull,
    ModemgwError,
    QuotaExceeded,
)

FAILED = 1
USAGE = 2
UNREACHABLE = 69  # EX_UNAVAILABLE
TRY_LATER = 75  # EX_TEMPFAIL
CONFIGURATION = 78  # EX_CONFIG; the unit does not restart after it
INTERRUPTED = 130

# command: the sentence in `modemgw --help`. Each is modemgw/cli/<command>.py with a
# click command of the same name; a file that is not there is not offered.
COMMANDS = {
    "run": "Run the gateway in the foreground.",
    "setup": "Find modems, write a configuration, send a first text.",
    "demo": "Run the gateway on simulated modems; needs no hardware.",
    "status": "Show how everything stands, and what to do.",
    "top": "Watch modems, queue and events, live.",
    "alarms": "List what was wrong, and test how people are told.",
    "send": "Send a message through the running gateway.",
    "messages": "List and follow messages, cancel one, send one again.",
    "modems": "List the modems.",
    "sims": "List the SIM cards, take one out of service and back.",
    "reload": "Put the configuration file in force, without a restart.",
    "pause": "Stop sending; messages are accepted and wait.",
    "resume": "Send again.",
    "suppressions": "List and change who wants no more messages.",
    "events": "Watch what happens.",
    "webhooks": "List, add and remove webhooks.",
    "keys": "Make, list and revoke API keys.",
    "audit": "Show who did what, and prove that nobody changed it.",
    "privacy": "Show or erase what is kept of a number.",
    "usage": "Show what was sent and billed.",
    "db": "Back up, restore, check, export and import the database.",
    "doctor": "Find what is wrong with this machine, and say what to type.",
    "import": "Take over what gammu-smsd or smstools3 left.",
    "config": "Check and show the configuration.",
    "simulate": "Offer simulated modems to any AT client.",
    "pdu": "Decode and encode PDUs.",
}


def _module(command: str) -> str:
    """Return the module of a command; `import` is no name for one."""
    return f"modemgw.cli.{'importing' if command == 'import' else command}"


class LazyGroup(click.Group):
    """A group whose commands are imported when they run, so that help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of what is there, in the order of the table."""
        return [name for name in COMMANDS if find_spec(_module(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(_module(cmd_name))
        found = getattr(module, module.__name__.rpartition(".")[2])
        return found if isinstance(found, click.Command) else None

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, COMMANDS[name]) for name in self.list_commands(ctx)]
            )


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.version_option(__version__, "-V", "--version", prog_name="modemgw")
def cli() -> None:
    """Send and receive SMS over USB modems; an HTTP API for your programs."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit the process with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know no UTF-8
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run_command(arguments))


def run_command(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code. Errors become one clear sentence."""
    try:
        code = cli.main(arguments, prog_name="modemgw", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more (`| head`); keep the interpreter from complaining.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except UnicodeEncodeError as exc:
        bad = exc.object[exc.start]
        if not "\udc80" <= bad <= "\udcff":  # an octet of an argument, as Python has it
            raise
        click.echo(f"modemgw: {exc.object!r} is not UTF-8: type it anew", err=True)
        return USAGE
    except ModemgwError as exc:
        click.echo(_sentence(exc), err=True)
        return exit_code(exc)
    return code if isinstance(code, int) else 0


def exit_code(error: ModemgwError) -> int:
    """Return the exit code that stands for `error`."""
    given = getattr(error, "exit_code", None)
    if isinstance(given, int):
        return given
    if isinstance(error, ConfigError):
        return CONFIGURATION
    return TRY_LATER if isinstance(error, DiskFull | QuotaExceeded) else FAILED


def _sentence(error: ModemgwError) -> str:
    """Write a ConfigError as its lines, anything else behind the program's name."""
    from modemgw.cli.output import harmless  # noqa: PLC0415 - for mistakes alone

    if not isinstance(error, ConfigError):
        return harmless(f"modemgw: {error}")
    if not sys.stderr.isatty():
        return harmless(str(error))
    from modemgw.cli.carets import with_lines  # noqa: PLC0415 - for mistakes alone

    return with_lines(harmless(str(error)))
