"""How commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence

import click

WIDTH_OF_A_PIPE = 400  # columns; a program that reads us wants nothing cut


def show_json(found: object) -> None:
    """Print JSON, indented for a terminal and in one line for a pipe."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(found, ensure_ascii=False, indent=indent))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table without lines; control characters in a cell are shown escaped."""
    from rich.console import Console  # noqa: PLC0415 (80 ms)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    cells = [[printable(cell) for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, show_edge=False)
    for at, column in enumerate(columns):
        # The first column is what the next command wants: it is never cut.
        whole = max((len(row[0]) for row in cells), default=0) if at == 0 else None
        table.add_column(
            column.upper(), no_wrap=True, overflow="ellipsis", min_width=whole
        )
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(
        width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE, highlight=False
    )
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        click.echo(line.rstrip())


def printable(cell: object) -> str:
    """Write a cell so that a text from the air cannot steer the terminal."""
    text = "-" if cell is None or cell == "" else str(cell)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def talk(sentence: str) -> None:
    """Say something to the person, not to the program that reads the output."""
    click.echo(sentence, err=True)
