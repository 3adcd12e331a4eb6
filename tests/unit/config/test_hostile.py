"""Whatever stands in the file: it loads, or every line of the answer has a place."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.cli.carets import with_lines
from modemgw.config.load import parse
from modemgw.config.model import Config
from modemgw.errors import ConfigError

PLACE = re.compile(r"m\.yaml:\d+:\d+: ")

KEYS = st.sampled_from([
    "data_dir", "country", "timezone", "http", "listen", "modems", "port", "pin",
    "sims", "cards", "iccid", "pace", "queue", "max", "webhooks", "url", "secret",
    "events", "defaults", "name", "file", "env", "<<", "log", "level", "number",
])  # fmt: skip
SCALARS = st.sampled_from([
    "", "~", "on", "off", "1234", "10/min", "[::1]:8080", "127.0.0.1:80", "é", "*x",
    "&x", "!!int 3", "|", ">", "%", "@", "`", "-", "?", ":", "#", '"', "'", "0x1F",
    ".nan", "2001-01-01", "message.*", "http://[", "/dev/ttyUSB0", "{", "}", "[", "]",
    ",", "..", "\t", "\\", '"\\ud800"', '"\\UFFFFFFFF"', '"\\x00"',
])  # fmt: skip
LINES = st.builds(
    lambda indent, dash, key, colon, value: f"{indent}{dash}{key}{colon}{value}",
    st.sampled_from(["", "  ", "    ", "\t", "   "]),
    st.sampled_from(["", "- ", "- - ", "? "]),
    KEYS,
    st.sampled_from([": ", ":", " "]),
    SCALARS,
)


def outcome(text: str) -> Config | list[str]:
    try:
        return parse(text, "m.yaml")
    except ConfigError as exc:
        return exc.problems


@given(st.one_of(st.lists(LINES, max_size=8).map("\n".join), st.text(max_size=80)))
def test_any_text_loads_or_is_answered_with_places(text: str) -> None:
    found = outcome(text)
    if isinstance(found, list):
        assert found
        assert all(PLACE.match(problem) for problem in found)
        lines = [tuple(map(int, p.split(":")[1:3])) for p in found]
        assert lines == sorted(lines)


EXAMPLE = (Path(__file__).parents[3] / "config.example.yaml").read_text("utf-8")
LINES_OF_IT = EXAMPLE.splitlines()


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The example with some lines changed as by a slip of the hand."""
    lines = list(LINES_OF_IT)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        cut = draw(st.integers(0, len(line)))
        lines[at : at + 1] = draw(
            st.sampled_from([
                [],
                [line, line],
                [line[:cut]],
                [line[cut:]],
                [line[:cut] + draw(SCALARS) + line[cut:]],
                [" " + line],
                ["\t" + line],
                [line.replace(": ", ":")],
                [line + " " + draw(SCALARS)],
                [LINES_OF_IT[draw(st.integers(0, len(LINES_OF_IT) - 1))]],
            ])
        )  # fmt: skip
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


@settings(max_examples=12, deadline=None)
@given(mutated())
def test_slips_of_the_hand_are_answered_with_places(text: str) -> None:
    """Also on a terminal, with the line below each."""
    found = outcome(text)
    if isinstance(found, list):
        assert found
        assert all(PLACE.match(problem) for problem in found)
        assert with_lines("\n".join(found))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('country: "\\UFFFFFFFF"\n', "m.yaml:1:13: this escape is no character"),
        ("%YAML 9.9\n---\ncountry: DE\n", "found incompatible YAML document"),
        ("%FOO\n", "expected '<document start>'"),
        ("country: DE\n...\nx: y\n", "expected '<document start>'"),
        ("country: \ud800\n", "is not allowed"),
        ("country: [" + "[" * 100_000, "nested more than 12 deep"),
        ("http: {" * 5_000, "nested more than 12 deep"),
        ("- " * 5_000 + "x", "nested more than 12 deep"),
        ("country: DE\r\ntimezone: Mars\r\n", "m.yaml:2:11: timezone: unknown"),
        ("modems: [" + "{port: /dev/a}, " * 2_000 + "]", "is taken by modems[0].port"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_odd_files(text: str, why: str) -> None:
    found = outcome(text)
    assert isinstance(found, list)
    assert why in found[0]


def test_a_port_that_is_a_loop_of_links(tmp_path: Path) -> None:
    """It is a port that does not exist, as the daemon will say."""
    (tmp_path / "loop").symlink_to("loop")
    found = parse(f"modems: [{{port: {tmp_path}/loop}}]", "m.yaml")
    assert found.modems[0].port == f"{tmp_path}/loop"
