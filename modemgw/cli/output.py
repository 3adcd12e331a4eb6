"""How commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence

import click

from modemgw import words

GAP = 2  # blanks between columns


def is_terminal() -> bool:
    """Tell whether a person reads what is printed."""
    return sys.stdout.isatty()


def show_json(found: object) -> None:
    """Print JSON, indented for a terminal and in one line for a pipe."""
    indent = 2 if is_terminal() else None
    click.echo(harmless_json(json.dumps(found, ensure_ascii=False, indent=indent)))


def show_json_line(found: object) -> None:
    """Print JSON in one line."""
    click.echo(harmless_json(json.dumps(found, ensure_ascii=False)))


def harmless_json(text: str) -> str:
    """Escape what JSON leaves as it is and a terminal may obey, such as U+009B."""
    return _escaped(text, lambda character: json.dumps(character)[1:-1])


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table without lines; control characters in a cell are shown escaped."""
    from rich.cells import cell_len  # noqa: PLC0415 (80 ms)
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    cells = [[printable(cell) for cell in row] for row in rows]
    lines = [[column.upper() for column in columns], *cells]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    width = None if is_terminal() else sum(widths) + GAP * len(widths)
    console = Console(width=width, highlight=False)
    # Only the last column, which is for reading, is cut to fit the terminal.
    left = console.width - sum(widths[:-1]) - GAP * (len(widths) - 1)
    widths[-1] = max(min(widths[-1], left), len(columns[-1]))
    table = Table.grid(padding=(0, GAP, 0, 0))
    for column_width in widths:
        table.add_column(width=column_width, no_wrap=True, overflow="ellipsis")
    for line in lines:
        table.add_row(*map(Text, line))
    console.width = max(console.width, sum(widths) + GAP * len(widths))
    with console.capture() as drawn:
        console.print(table)
    for text in drawn.get().splitlines():
        click.echo(text.rstrip())


def printable(cell: object) -> str:
    """Write a cell so that a text from the air cannot steer the terminal."""
    return "-" if cell is None or cell == "" else words.printable(str(cell))


def harmless(text: str) -> str:
    """Write lines so that what they quote cannot steer the terminal."""
    return _escaped(text, lambda character: repr(character)[1:-1])


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else escape(c) for c in text)


def talk(sentence: str) -> None:
    """Say something to the person, not to the program that reads the output."""
    click.echo(sentence, err=True)
