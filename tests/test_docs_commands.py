"""Every command that a page shows is one that there is, with options that it has."""

import re
import shlex
from pathlib import Path

import click
import pytest

from modemgw.cli.main import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(modemgw [a-z][^`]*)`")
CALL = re.compile(r"(?:^|[\s(|])modemgw(?= [a-z])([^|;&)<>\n]*)")
COMMENT = re.compile(r"\s#.*$|[…]")
SHELLS = ("", "bash", "console", "sh")


def shown(page: Path) -> list[str]:
    """Return what a page says behind `modemgw`, in blocks and in sentences."""
    text = page.read_text("utf-8")
    blocks = [found[2] for found in FENCE.finditer(text) if found[1] in SHELLS]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    # What programs print is no command; a prompt or the begin of a line is one.
    typed = [line for line in lines if re.match(r"\s*([$#>] |sudo |\w+=\S* ?)*", line)]
    calls = [found[1] for line in typed for found in CALL.finditer(line)]
    prose = FENCE.sub("", text)
    calls += [found[1].removeprefix("modemgw") for found in INLINE.finditer(prose)]
    return [COMMENT.sub("", call).strip() for call in calls]


def fault(call: str) -> str | None:
    """Return what is wrong with a command; None where nothing is."""
    try:
        words = shlex.split(call)
    except ValueError:
        words = call.split()
    command: click.Command = cli
    context = click.Context(cli, info_name="modemgw")
    for place, word in enumerate(words):
        if not isinstance(command, click.Group):
            break
        under = command.get_command(context, word)
        if under is None:
            if place == 0 and not re.fullmatch(r"[a-z][a-z-]*", word):
                return None
            return f"no command {word!r}"
        command = under
    options = {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    } | {"-h", "--help", "--version"}
    named = [word.partition("=")[0].rstrip(".,") for word in words]
    wrong = [name for name in named if name.startswith("--") and name not in options]
    return f"no option {', '.join(wrong)}" if wrong else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_those_of_the_program(page: Path) -> None:
    assert [(call, why) for call in shown(page) if (why := fault(call))] == []


def test_a_wrong_one_would_be_found() -> None:
    assert fault("messages tail -f --state failed") is None
    assert fault("messages tails") == "no command 'tails'"
    assert fault("keys create --destination DE") == "no option --destination"
