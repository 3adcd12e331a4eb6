"""Writes docs/cli.md from the commands themselves.

Run it after a change of an option: `python -m modemgw.cli.reference`.
"""

import sys
from collections.abc import Iterator

import click

from modemgw.cli.main import cli

_HEAD = """\
# Command line

`modemgw COMMAND --help` shows the same. Data goes to standard output, talk to
standard error; what lists things takes `--json`.

| Exit code | Meaning |
|---:|---|
| 0 | done |
| 1 | it failed |
| 2 | the command was not understood |
| 69 | the daemon cannot be reached |
| 75 | not now; try again later |
| 78 | the configuration has mistakes |
| 130 | interrupted by Ctrl-C |

Commands that need the running daemon find it through the configuration: they talk
to `modemgw.sock` in its data directory, which needs no key. Whoever may open that
socket (the owner and the group of the data) is the administrator.

This page is made from the program; do not edit it.
"""
WIDTH = 80


def reference() -> str:
    """Return the whole page."""
    pages = [_HEAD]
    for name, command in _commands(cli, "modemgw"):
        with click.Context(
            command,
            info_name=name,
            terminal_width=WIDTH,
            max_content_width=WIDTH,
            help_option_names=["-h", "--help"],
        ) as context:
            shown = command.get_help(context)
        pages.append(f"\n## {name}\n\n```text\n{shown}\n```\n")
    return "".join(pages)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, groups without options left out."""
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        elif command is not None:
            yield f"{path} {name}", command


if __name__ == "__main__":
    sys.stdout.write(reference())
