"""Writes the manual page modemgw(1) from the commands themselves."""

import re
import sys

import click

from modemgw import __version__
from modemgw.cli.main import cli
from modemgw.cli.reference import _commands

HEAD = """\
.TH MODEMGW 1 "{date}" "modemgw {version}" "User Commands"
.SH NAME
modemgw \\- SMS gateway for USB GSM sticks
.SH SYNOPSIS
.B modemgw
.RI [ OPTIONS ] " COMMAND " [ ARGS ]...
.SH DESCRIPTION
The gateway runs as the service modemgw.service. The other commands talk to it over
a socket in its data directory, which its owner and its group may open; whoever is
in that group needs no key. Data goes to standard output, talk to standard error.
.SH COMMANDS
"""
TAIL = """\
.SH FILES
.TP
.I /etc/modemgw/modemgw.yaml
The configuration; "modemgw config check" reads it as the service does.
.TP
.I /var/lib/modemgw
The database and the admin socket.
.SH EXIT STATUS
0 done, 1 it failed, 2 usage, 69 the service cannot be reached, 75 try again later,
78 the configuration has mistakes, 130 interrupted.
.SH SEE ALSO
.BR journalctl (1),
.BR systemctl (1).
The handbook is in /usr/share/doc/modemgw.
"""


def plain(text: str) -> str:
    """Return text as troff shows it unchanged."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


def page(date: str) -> str:
    """Return the whole page."""
    parts = [HEAD.format(date=date, version=__version__)]
    for name, command in _commands(cli, "modemgw"):
        with click.Context(command, info_name=name, max_content_width=76) as context:
            shown = command.get_help(context)
        parts.append(f".SS {plain(name)}\n.nf\n{plain(shown)}\n.fi\n")
    return "".join([*parts, TAIL])


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1]))
