"""What setup writes, from what was found: pure, and safe whatever a modem says."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modemgw.cli import setup_guess
from modemgw.cli.setup_kept import keep
from modemgw.cli.setup_plan import Answers, Place, names, plan, quoted, shown, title
from modemgw.cli.setup_wishes import GaveUp, Wishes, named, read_pin
from modemgw.config.load import load, parse
from modemgw.modem.survey import Surveyed
from modemgw.policy.mcc import COUNTRIES, country_of

ICCID, IMEI = "8949022512345678901", "352099001761481"
ANSWERS = Answers(country="DE", timezone="Europe/Berlin", date="2026-11-22")


def place(by_path: str = "/dev/serial/by-path/x", **more: object) -> Place:
    found: dict[str, object] = {"port": "/dev/ttyUSB2", "imei": IMEI, "iccid": ICCID}
    found |= {"manufacturer": "huawei", "model": "E3372", "operator": "Vodafone.de"}
    surveyed = Surveyed(**{**found, **more})  # type: ignore[arg-type]
    return Place(surveyed, "USB 1-1.3, ttyUSB2", by_path, is_usb=True)


def test_one_stick() -> None:
    made = plan([place()], Answers("DE", "Europe/Berlin", "2026-11-22", pins={0: "1"}))
    assert made.text == (
        "# modemgw, made by `modemgw setup` on 2026-11-22. Every key, and what\n"
        "# holds without it: docs/configuration.md. To check: modemgw config check\n"
        "country: DE                  # of numbers without +\n"
        "timezone: Europe/Berlin      # for quiet hours and bills\n"
        "modems:\n"
        '  - {name: e3372, imei: "352099001761481"}'
        "  # huawei E3372, USB 1-1.3, ttyUSB2\n"
        "sims:\n"
        "  cards:\n"
        '    - {name: vodafone-de, iccid: "8949022512345678901",'
        " pin: {file: pin-vodafone-de}}\n"
    )
    assert made.pins == {"pin-vodafone-de": "1"}
    config = parse(made.text, "it")
    assert config.warnings == ()
    assert config.modems[0].imei == IMEI
    assert config.sims.cards[0].pin is not None


def test_two_sticks_and_everything_that_is_asked_take_fifteen_lines() -> None:
    other = place(imei="490154203237518", iccid="8943012345678901234", model="E3531")
    answers = Answers(
        *("DE", "Europe/Berlin", "2026-11-22", "0.0.0.0:8443", "self"),
        pins={0: "1", 1: "2"},
        numbers={0: "+4915112345678", 1: "+4915112345679"},
        alarms=["+4915187654321"],
    )
    made = plan([place(), other], answers)
    assert len(made.text.splitlines()) == 15, made.text
    config = parse(made.text, "it")
    assert config.alarms.sms == ("+4915187654321",)
    assert [card.number for card in config.sims.cards] == [*answers.numbers.values()]
    assert all(card.pin for card in config.sims.cards)


def test_what_setup_leaves_out_holds_by_itself() -> None:
    """A default that becomes another one has to be written again."""
    config = parse(plan([place()], ANSWERS).text, "it")
    assert str(config.http.listen[0]) == "127.0.0.1:8080"
    assert config.sims.defaults.reports
    paced = parse("sims: {defaults: {pace: 10/min}}", "it").sims.defaults.pace
    assert config.sims.defaults.pace == paced
    by_system = parse("country: DE", "it", path=Path("/etc/modemgw/modemgw.yaml"))
    assert by_system.data_dir == Path("/var/lib/modemgw")


@pytest.mark.parametrize(
    ("places", "answers", "modem"),
    [
        ([place(imei=None)], ANSWERS, "port: /dev/serial/by-path/x"),
        ([place("/dev/y"), place(iccid=None)], ANSWERS, "port: /dev/serial/by-path/x"),
        (
            [place(iccid=None)],
            Answers("NO", "UTC", "2026-11-22", pins={0: "1234"}),
            "pin: {file: pin-e3372}",
        ),
        (
            [place()],
            Answers("DE", "UTC", "x", listen="0.0.0.0:8443", tls="self"),
            "tls: self",
        ),
    ],
    ids=["no imei", "clones", "pin of a card without a number", "lan"],
)
def test_what_else_there_may_be(
    places: list[Place], answers: Answers, modem: str
) -> None:
    made = plan(places, answers)
    assert modem in made.text
    config = parse(made.text, "it")
    assert config.country == answers.country
    assert yaml.safe_load(made.text)["country"] == answers.country  # NO is no "no"


ANYTHING = st.none() | st.text(max_size=60)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_whatever_a_modem_says_the_file_is_right(
    maker: str | None,
    model: str | None,
    operator: str | None,
    iccid: str | None,
    number: str | None,
) -> None:
    said: dict[str, Any] = {"manufacturer": maker, "model": model, "operator": operator}
    one = place(iccid=iccid, number=number, **said)
    made = plan([one, place("/dev/y", iccid=iccid, **said)], ANSWERS)
    config = parse(made.text, "it")
    assert len(config.modems) == 2
    assert made.text.isprintable() or all(
        line.isprintable() for line in made.text.split("\n")
    )
    assert title(one.found).isprintable()


def test_names_that_are_there_already_are_kept() -> None:
    assert names(["E3372", "E3372"], "modem", {1: "e3372"}) == ("e3372-2", "e3372")
    assert names(["", "No", "42", "ÄÖ", "a" * 90], "sim") == (
        *("sim1", "sim2", "sim3", "sim4"),
        "a" * 20,
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("./data", "./data"),
        ("/srv/my data", '"/srv/my data"'),
        ("NO", '"NO"'),
        ("a: b # c", '"a: b # c"'),
        ("Europe/Berlin", "Europe/Berlin"),
        ("10/min", "10/min"),
        ("\x1b[31m", '"\\u001b[31m"'),
    ],
)
def test_values_are_quoted_where_they_mean_something_else(
    text: str, written: str
) -> None:
    assert quoted(text) == written
    assert yaml.safe_load(written) == text


def test_what_steers_a_terminal_is_shown() -> None:
    assert shown("\x1b]0;owned\x07\r\nOK") == "\\x1b]0;owned\\x07\\r\\nOK"
    assert shown("x" * 100) == "x" * 39 + "…"


# --- what was there before


def test_names_numbers_and_pins_are_found_again(tmp_path: Path) -> None:
    path = tmp_path / "modemgw.yaml"
    (tmp_path / "pin-red").write_text("4711\n")
    path.write_text(
        "country: AT\n"
        f'modems: [{{name: front, imei: "{IMEI}"}}]\n'
        f'sims: {{cards: [{{name: red, iccid: "{ICCID}", number: "+43664123456",'
        " pin: {file: pin-red}}]}\n"
    )
    kept = keep(path, [place()])
    assert kept.modems == {0: "front"} and kept.cards == {0: "red"}
    assert kept.pins == {0: "4711"} and kept.numbers == {0: "+43664123456"}
    assert load(path) == kept.config
    (tmp_path / "pin-red").unlink()
    assert keep(path, [place()]).pins == {}
    assert keep(path, [place(imei="1" * 15, iccid=None)]).modems == {}
    path.write_text("modems: {")
    assert "modemgw.yaml" in keep(path, [place()]).problem


# --- guesses


@pytest.mark.parametrize(
    ("imsi", "zone", "environ", "expected"),
    [
        ("262021234567890", "Europe/Vienna", {}, "DE"),
        ("999010000000000", "Europe/Vienna", {"LANG": "en_GB.UTF-8"}, "AT"),
        (None, "UTC", {"LANG": "de_CH.UTF-8"}, "CH"),
        (None, "UTC", {"LANG": "C.UTF-8"}, None),
        (None, "Nowhere/Else", {"LANG": "en_ZZ"}, None),
    ],
)
def test_the_country(
    tmp_path: Path,
    imsi: str | None,
    zone: str,
    environ: dict[str, str],
    expected: str | None,
) -> None:
    table = tmp_path / "usr/share/zoneinfo/zone.tab"
    table.parent.mkdir(parents=True)
    table.write_text("# a comment\nAT\t+4813+01620\tEurope/Vienna\n")
    assert setup_guess.country([None, imsi], zone, tmp_path, environ) == expected


def test_the_time_zone(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    assert setup_guess.timezone(tmp_path, {}) == "UTC"
    (etc / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert setup_guess.timezone(tmp_path, {}) == "Europe/Berlin"
    (etc / "timezone").write_text("Europe/Vienna\n")
    assert setup_guess.timezone(tmp_path, {}) == "Europe/Vienna"
    assert setup_guess.timezone(tmp_path, {"TZ": ":Asia/Tokyo"}) == "Asia/Tokyo"
    assert setup_guess.timezone(tmp_path, {"TZ": "CET-1CEST"}) == "Europe/Vienna"


def test_every_country_of_a_code_is_one() -> None:
    assert country_of("901700000000000") is None
    assert country_of(None) is None
    for country in COUNTRIES.values():
        assert parse(f'country: "{country}"\ndiscovery: off\n', "it").country == country


# --- flags


def test_whose_pin_it_is() -> None:
    files = named((f"{ICCID}=a", f"{IMEI}=b", "/dev/ttyUSB9=c=d", "e"), "--pin-file")
    assert files == {ICCID: "a", IMEI: "b", "/dev/ttyUSB9=c": "d", "": "e"}
    wishes = Wishes(Path("x"), pin_files={k: Path(v) for k, v in files.items()})
    assert wishes.pin_file(place()) == Path("b")
    assert wishes.pin_file(place(imei=None)) == Path("a")
    assert wishes.pin_file(place(imei=None, iccid=None)) == Path("e")
    assert Wishes(Path("x")).pin_file(place()) is None
    with pytest.raises(ValueError, match="--pin-file is there twice"):
        named(("a", "b"), "--pin-file")


@pytest.mark.parametrize("content", [b"", b"123", b"12345678901", b"\xff\xfe", b"abcd"])
def test_a_pin_file_that_is_wrong_is_not_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "pin"
    with pytest.raises(GaveUp, match="cannot read"):
        read_pin(file)
    file.write_bytes(content)
    with pytest.raises(GaveUp) as told:
        read_pin(file)
    assert "has no PIN" in str(told.value)
    assert not content or content.decode("latin-1") not in str(told.value)
    file.write_bytes(b"1234\n")
    assert read_pin(file) == "1234"
