"""The questions of setup: what is asked, what is known already."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from modemgw.cli import setup_flow
from modemgw.cli.setup_flow import ask
from modemgw.cli.setup_kept import Kept
from modemgw.cli.setup_plan import Answers, Place
from modemgw.cli.setup_talk import Talk
from modemgw.cli.setup_wishes import GaveUp, Wishes
from modemgw.config.load import parse
from modemgw.config.values import Listen, listen
from modemgw.modem.survey import Surveyed

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GERMAN = Surveyed("/dev/ttyUSB2", sim="ready", imsi="262021234567890")
WITH_NUMBER = Surveyed("/dev/ttyUSB5", sim="ready", number="+4915112345678")


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setattr("modemgw.cli.setup_guess.timezone", lambda: "Europe/Berlin")
    monkeypatch.setattr(setup_flow, "choose_address", free)


def free(wanted: str | None) -> Listen:
    return listen(wanted or "127.0.0.1:8080")


def asked(
    wishes: Wishes, *found: Surveyed, typed: str | None = None, kept: Kept | None = None
) -> Answers:
    places = [Place(one, one.port, one.port) for one in found]
    with CliRunner().isolation(input=typed):
        talk = Talk(yes=typed is None, is_interactive=typed is not None)
        return ask(wishes, talk, places, {}, kept or Kept(), NOW)


def wishes(**more: object) -> Wishes:
    return Wishes(Path("modemgw.yaml"), **more)  # type: ignore[arg-type]


def test_enter_takes_what_the_sim_says() -> None:
    found = asked(wishes(), GERMAN, typed="\n\n\n")
    assert (found.country, found.timezone) == ("DE", "Europe/Berlin")
    assert (found.listen, found.tls) == ("127.0.0.1:8080", "off")
    assert found.numbers == {}


def test_a_number_is_asked_for_where_two_could_test_each_other() -> None:
    found = asked(
        wishes(country="DE"), GERMAN, WITH_NUMBER, typed="12\n0151 2345678\nn\n\n"
    )
    assert found.numbers == {0: "+491512345678", 1: "+4915112345678"}
    assert asked(wishes(country="DE"), GERMAN, WITH_NUMBER).numbers == {
        1: "+4915112345678"
    }


def test_numbers_by_flag() -> None:
    given = wishes(country="AT", numbers={"/dev/ttyUSB2": "0664 123456"})
    assert asked(given, GERMAN).numbers == {0: "+43664123456"}
    with pytest.raises(GaveUp, match="--number: 'x' is not a number"):
        asked(wishes(country="AT", numbers={"": "x"}), GERMAN)


def test_others_get_in_by_tls_alone() -> None:
    found = asked(wishes(country="DE"), GERMAN, typed="y\n\n")
    assert (found.listen, found.tls) == ("0.0.0.0:8443", "self")
    by_flag = asked(wishes(country="DE", listen="192.168.1.5:9000"), GERMAN)
    assert (by_flag.listen, by_flag.tls) == ("192.168.1.5:9000", "self")
    assert asked(wishes(country="DE", listen="[::1]:1"), GERMAN).tls == "off"


def test_who_came_over_the_network_is_offered_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.2 5 10.0.0.1 22")
    assert asked(wishes(country="DE"), GERMAN, typed="\n\n").tls == "self"
    assert asked(wishes(country="DE"), GERMAN).tls == "off"  # --yes opens no door


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        ("{listen: 127.0.0.1:9999}", ("127.0.0.1:9999", "off")),
        ("{listen: 0.0.0.0:9999, tls: self}", ("0.0.0.0:9999", "self")),
        ("{listen: 0.0.0.0:9999}", ("0.0.0.0:9999", "off")),
    ],
)
def test_what_was_so_before_stays_so(http: str, expected: tuple[str, str]) -> None:
    text = f"country: CH\ntimezone: Europe/Zurich\ndata_dir: /srv/x\nhttp: {http}\n"
    kept = Kept(parse(text, "it"), cards={0: "red"}, pins={0: "1234"})
    found = asked(wishes(), GERMAN, kept=kept)
    assert (found.country, found.timezone) == ("CH", "Europe/Zurich")
    assert (found.listen, found.tls) == expected
    assert found.data_dir == "/srv/x"
    assert found.pins == {0: "1234"} and found.card_names == {0: "red"}


def test_the_system_keeps_its_data_where_the_service_looks() -> None:
    system = Wishes(Path("/etc/modemgw/modemgw.yaml"), country="DE")
    assert asked(system, GERMAN).data_dir is None
    before = parse("country: DE", "it", path=system.config)
    assert before.data_dir == Path(setup_flow.SYSTEM_DATA)
    assert asked(system, GERMAN, kept=Kept(before)).data_dir is None


def test_a_phone_for_alarms_is_asked_for_and_may_be_left_out() -> None:
    assert asked(wishes(country="DE"), GERMAN, typed="n\n\n").alarms == []
    mine = asked(wishes(country="DE"), GERMAN, typed="n\nme\n0151 2345678\n")
    assert mine.alarms == ["+491512345678"]
    assert not asked(wishes(country="DE"), GERMAN).alarms, "--yes texts nobody"
    by_flag = asked(wishes(country="AT", alarm_to="0664 123456"), GERMAN)
    assert by_flag.alarms == ["+43664123456"]
    with pytest.raises(GaveUp, match="--alarm-to: 'x' is not a number"):
        asked(wishes(country="AT", alarm_to="x"), GERMAN)
    kept = Kept(parse("alarms: {sms: ['+4366412345', '+4366412346']}", "it"))
    assert asked(wishes(country="AT"), GERMAN, typed="n\n", kept=kept).alarms == (
        *("+4366412345", "+4366412346"),
    )
    assert asked(wishes(country="AT", alarm_to=""), GERMAN, kept=kept).alarms == []
