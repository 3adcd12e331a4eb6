"""Tables: whole in a pipe, cut in a terminal, harmless everywhere."""

import json
from pathlib import Path

import click
import pytest

from modemgw.cli import probe, upkeep
from modemgw.cli.main import run_command
from modemgw.cli.output import printable, show_json, show_json_line, show_table

ROW = ("msg_01M81M5YFZ1DMEDZM0NSDMJV89", "delivered", "long " * 30)


@pytest.fixture(params=[80, 40], ids=["80-columns", "40-columns"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("modemgw.cli.output.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("TERM", "xterm-256color")
    width: int = request.param
    return width


def test_a_pipe_gets_everything(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id", "state", "text"), [ROW])
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "STATE", "TEXT"]
    assert line == f"{ROW[0]}  {ROW[1]}  {ROW[2]}".rstrip()


def test_a_terminal_gets_what_fits_and_the_id_whole(
    terminal: int, capsys: pytest.CaptureFixture[str]
) -> None:
    show_table(("id", "state", "text"), [ROW])
    out = capsys.readouterr().out
    _, line = out.splitlines()
    assert line.startswith(f"{ROW[0]}  {ROW[1]}  lon")
    assert line.endswith("…")
    assert len(line) == max(terminal, len(f"{ROW[0]}  {ROW[1]}  TEXT"))
    assert "\x1b" not in out


def test_nothing_to_list_is_a_head(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id", "state"), [])
    assert capsys.readouterr().out == "ID  STATE\n"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, "-"),
        ("", "-"),
        (0, "0"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nb", "a\\nb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("Grüße 🙂", "Grüße 🙂"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_a_text_from_the_air_cannot_steer_the_terminal(
    cell: object, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printable(cell) == shown
    show_table(("text",), [(cell,)])
    assert capsys.readouterr().out.splitlines()[1] == shown


def test_json_is_one_line_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"a": ["ü"]})
    assert capsys.readouterr().out == '{"a": ["ü"]}\n'


HOSTILE = "a\x9b2Jb\x7f\u202ec\ud800\U000e0001\x1b[2J"


def test_json_steers_no_terminal_and_says_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for show in (show_json, show_json_line):
        show({"text": HOSTILE})
        out = capsys.readouterr().out
        assert out[:-1].isprintable()
        assert json.loads(out) == {"text": HOSTILE}


def test_what_a_mistake_quotes_steers_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text('country: "\\e[2J\\x9b"\nx\\e[2J: 1\n')
    for words in (
        ["config", "check", "--config", str(bad)],
        ["db", "check", "--config", str(bad)],
    ):
        assert run_command(words)
        said = "".join(capsys.readouterr())
        assert said and all(c.isprintable() or c == "\n" for c in said), repr(said)


def test_what_modems_and_networks_say_steers_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = "+CME ERROR: \x1b[2J\x9b\n\x07"
    said = {"command": "AT", "lines": [evil], "final": evil}
    about = {"port": evil, "profile": evil, "modemgw": "1", "usb": None}
    probe._show({**about, "answers": [said]})
    spans = dict.fromkeys(("submit_ms", "delivery_ms", "report_ms"))
    tested = {"sim": "a", "to_sim": "b", "state": "failed", "leg": None, "why": evil}
    click.echo(upkeep._told({**tested, **spans}))
    click.echo(upkeep._money({"amount": None}))
    shown = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in shown), shown
    assert "\\x1b[2J" in shown
