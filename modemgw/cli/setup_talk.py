"""The conversation of `modemgw setup`: questions, answers, and what is said between.

Where nobody can be asked (standard input is no terminal) a question without an
answer is an error that names the flag for it. Nothing that came from a modem
reaches the terminal unescaped: everything said goes through `printable`.
"""

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from modemgw.cli.main import USAGE
from modemgw.errors import ModemgwError
from modemgw.words import printable

T = TypeVar("T")

MAX_WIDTH = 100  # a line that is longer is hard to read
MIN_WIDTH = 24
INDENT, GAP = "    ", 2
_PLAIN_MARKS = {"✓": "ok", "!": "!", "✗": "!!", "·": "-", "?": "?"}
_COLOURS = {"✓": "green", "!": "yellow", "✗": "red", "?": "cyan"}


class Unasked(ModemgwError):
    """A question that nobody was there to answer; the message names its flag."""

    exit_code = USAGE


class Talk:
    """One conversation.

    `yes` answers each question with its default, or with yes; `to_stderr` keeps
    standard output for what programs read.
    """

    def __init__(
        self,
        *,
        yes: bool = False,
        to_stderr: bool = False,
        is_interactive: bool | None = None,
    ) -> None:
        self._yes = yes
        self._err = to_stderr
        stream = sys.stderr if to_stderr else sys.stdout
        self.is_interactive = (
            sys.stdin.isatty() if is_interactive is None else is_interactive
        )
        is_dumb = os.environ.get("TERM", "") == "dumb" or "NO_COLOR" in os.environ
        self._colour = stream.isatty() and not is_dumb
        self._unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"

    # --- saying

    def say(self, text: str = "", mark: str = " ") -> None:
        """Say a sentence behind a mark, in lines that fit the terminal."""
        width = min(max(shutil.get_terminal_size().columns - 1, MIN_WIDTH), MAX_WIDTH)
        sign = mark if self._unicode else _PLAIN_MARKS.get(mark, mark)
        indent = " " * (len(sign) + 3)
        lines = textwrap.wrap(
            printable(text),
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if not lines:
            self.exact("")
            return
        shown = sign
        if self._colour and mark in _COLOURS:
            shown = click.style(sign, fg=_COLOURS[mark], bold=True)
        first = f"  {shown} {lines[0].lstrip()}"
        for line in (first, *lines[1:]):
            click.echo(line, err=self._err, color=self._colour)

    def exact(self, line: str) -> None:
        """Print a line as it is, to be copied; it is never wrapped."""
        click.echo(printable(line), err=self._err)

    def good(self, text: str) -> None:
        """Say that something is done."""
        self.say(text, "✓")

    def warn(self, text: str) -> None:
        """Say what a person should know."""
        self.say(text, "!")

    def bad(self, text: str) -> None:
        """Say what went wrong."""
        self.say(text, "✗")

    def command(self, words: str) -> None:
        """Show a command that is about to be run, or is to be typed."""
        self.exact(f"      $ {words}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table; where the terminal is too narrow, a line for each cell."""
        from rich.cells import cell_len  # noqa: PLC0415 (help stays quick)

        lines = [[printable(cell) for cell in row] for row in rows]
        heads = [column.upper() for column in columns]
        widths = [
            max(map(cell_len, cells)) for cells in zip(heads, *lines, strict=True)
        ]
        room = shutil.get_terminal_size().columns - len(INDENT)
        if sum(widths) + GAP * (len(widths) - 1) <= room:
            for line in (heads, *lines):
                cells = [
                    cell + " " * (width - cell_len(cell) + GAP)
                    for cell, width in zip(line, widths, strict=True)
                ]
                self.exact(INDENT + "".join(cells).rstrip())
            return
        for line in lines:
            for column, cell in zip(columns, line, strict=True):
                self.exact(f"{INDENT}{column}: {cell}")
            self.exact("")

    # --- asking

    def confirm(
        self,
        question: str,
        flag: str,
        *,
        default: bool = True,
        paid: bool = False,
        only_asked: bool = False,
    ) -> bool:
        """Ask for yes or no.

        `paid`, `only_asked`: what costs money or opens a door, and so takes more than
        `--yes`.
        """
        if self._yes:
            return not (paid or only_asked)
        self._must_ask(question, flag)
        return click.confirm(self._prompt(question), default=default, err=self._err)

    def ask(
        self,
        question: str,
        flag: str,
        read: Callable[[str], T],
        *,
        default: str | None = None,
    ) -> T:
        """Ask for a value until `read` takes it; ValueError says why it does not."""
        if self._yes and default is not None:
            return read(default)
        self._must_ask(question, flag)
        while True:
            given = click.prompt(
                self._prompt(question),
                default=default,
                show_default=bool(default),
                err=self._err,
            )
            try:
                return read(str(given).strip())
            except ValueError as exc:
                self.bad(str(exc))

    def secret(self, question: str, flag: str, read: Callable[[str], str]) -> str:
        """Ask for what nobody may see; nothing of it is ever shown."""
        self._must_ask(question, flag)
        while True:
            given = click.prompt(
                self._prompt(question), hide_input=True, default="", err=self._err,
                show_default=False,
            )  # fmt: skip
            if not given:
                return ""
            try:
                return read(str(given).strip())
            except ValueError as exc:
                self.bad(str(exc))

    def _must_ask(self, question: str, flag: str) -> None:
        if not self.is_interactive:
            asked = printable(question)
            raise Unasked(f'nobody is here to answer "{asked}". Give {flag}.')

    def _prompt(self, question: str) -> str:
        mark = click.style("?", fg="cyan", bold=True) if self._colour else "?"
        return f"  {mark} {printable(question)}"
