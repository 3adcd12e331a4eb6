"""Secrets that a person gives to a command, never on the command line itself.

Whoever may type `ps` on the machine reads command lines, and the shell keeps them.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

STDIN = Path("-")


def secret_option(help: str) -> Callable[[F], F]:
    """Add `--secret-file FILE`; `-` is standard input, asked for at a terminal."""
    return click.option(
        "--secret-file",
        type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
        metavar="FILE",
        help=help,
    )


def read_secret(file: Path, question: str, read: Callable[[str], str]) -> str:
    """Return the secret in `file`, checked by `read`, which raises ValueError.

    Raises click.UsageError, which never says what stands there.
    """
    from modemgw.config.secret import MAX_SECRET_OCTETS  # noqa: PLC0415

    where = "standard input" if file == STDIN else str(file)
    try:
        if file != STDIN:
            with file.open("rb") as stream:
                found = stream.read(MAX_SECRET_OCTETS + 1).decode("ascii")
        elif sys.stdin.isatty():
            found = str(click.prompt(question, hide_input=True, err=True))
        else:
            found = sys.stdin.read(MAX_SECRET_OCTETS + 1)
        return read(found.strip())
    except OSError as exc:
        raise click.UsageError(f"cannot read {where}: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{where}: this is not a text file") from None
    except ValueError as exc:
        raise click.UsageError(f"{where}: {exc}") from None
