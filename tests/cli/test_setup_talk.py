"""The conversation: nothing steers the terminal, nobody is asked who is not there."""

import io
import sys
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from modemgw.cli.setup_talk import Talk, Unasked
from modemgw.config import values

EVIL = "\x1b]0;owned\x07\x1b[2J\r\nhello \u202e"


def test_what_a_modem_says_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    talk = Talk(is_interactive=False)
    talk.good(EVIL)
    talk.exact(EVIL)
    talk.table(("a", "b"), [(EVIL, EVIL)])
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\r" not in out and "\u202e" not in out
    assert "hello" in out


@pytest.mark.parametrize("columns", [10, 40, 80, 300])
def test_lines_fit_the_terminal(
    columns: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    talk = Talk(is_interactive=False)
    talk.warn("words " * 40)
    talk.table(("modem", "where"), [("日本語 モデム", "x" * 30)])
    talk.exact("c" * 200)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "c" * 200  # what is to be copied stays in one piece
    assert max(map(len, lines[:3])) <= max(min(columns, 100), 24)
    assert any("日本語" in line for line in lines)


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    def said() -> str:
        screen = Terminal()
        monkeypatch.setattr(sys, "stdout", screen)
        Talk(is_interactive=False).good("done")
        return screen.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in said()
    monkeypatch.setenv("NO_COLOR", "")
    assert said() == "  ✓ done\n"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert said() == "  ✓ done\n"


def test_a_terminal_without_unicode_gets_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Old(io.StringIO):
        encoding = "ascii"

    screen = Old()
    monkeypatch.setattr(sys, "stdout", screen)
    Talk(is_interactive=False).bad("no")
    assert screen.getvalue() == "  !! no\n"


@pytest.mark.parametrize(
    ("question", "flag"),
    [
        (lambda talk: talk.confirm("Sure?", "--yes"), "--yes"),
        (lambda talk: talk.ask("Country", "--country", str, default="DE"), "--country"),
        (lambda talk: talk.secret("PIN", "--pin-file", str), "--pin-file"),
    ],
    ids=["confirm", "ask", "secret"],
)
def test_without_a_terminal_the_flag_is_named(
    question: Callable[[Talk], object], flag: str
) -> None:
    with pytest.raises(Unasked, match=rf"Give {flag}\.") as told:
        question(Talk(is_interactive=False))
    assert told.value.exit_code == 2


def test_yes_takes_defaults_and_pays_nothing() -> None:
    talk = Talk(yes=True, is_interactive=False)
    assert talk.confirm("Replace it?", "--yes", default=False)
    assert not talk.confirm("Send it?", "--test-to", paid=True)
    assert not talk.confirm("Open it?", "--listen", only_asked=True)
    assert talk.ask("Country", "--country", values.country, default="de") == "DE"
    with pytest.raises(Unasked, match="--country"):
        talk.ask("Country", "--country", values.country)


def test_a_wrong_answer_is_asked_for_again_and_a_secret_stays_one() -> None:
    with CliRunner().isolation(input="Q\nat\n12\n1234\n") as (out, *_):
        talk = Talk(is_interactive=True)
        assert talk.ask("Country", "--country", values.country) == "AT"
        assert talk.secret("PIN", "--pin-file", values.pin) == "1234"
        said = out.getvalue().decode()
    assert "expected a country code" in said
    assert "expected a PIN of 4 to 8 digits (not shown)" in said
    assert "1234" not in said
