"""What a change of the file comes to: a pure comparison of two configurations."""

from pathlib import Path

import pytest

from modemgw.config.applies import TABLE, Applies, applies, said
from modemgw.config.diff import Difference, difference
from modemgw.config.load import load_with_places, parse
from modemgw.config.model import Config
from modemgw.config.reference import every_key

EXAMPLE = (Path(__file__).parents[3] / "config.example.yaml").read_text("utf-8")
LIVE, MODEM, RESTART = Applies.LIVE, Applies.MODEM, Applies.RESTART


def compared(old: str, new: str) -> Difference:
    return difference(parse(old, "old.yaml"), parse(new, "new.yaml"))


def changed(*replaced: tuple[str, str]) -> Difference:
    text = EXAMPLE
    for old, new in replaced:
        assert old in text, old
        text = text.replace(old, new)
    return compared(EXAMPLE, text)


@pytest.mark.parametrize(
    ("old", "new", "key", "when"),
    [
        ("country: DE", "country: AT", "country", LIVE),
        ("pace: 5/min", "pace: 6/min", "sims.cards[red].pace", LIVE),
        ("timezone: Europe/Berlin", "timezone: UTC", "timezone", RESTART),
        ("data_dir: ./data", "data_dir: ./other", "data_dir", RESTART),
        ("max: 1000000", "max: 10", "queue.max", LIVE),
        ("tls: proxy", "tls: self", "http.tls", RESTART),
        ("profile: cheap-stick", "profile: huawei", "modems[roof].profile", MODEM),
        ("hang_up: off", "hang_up: on", "calls.hang_up", LIVE),
        ("level: info", "level: debug", "log.level", LIVE),
        ("PIN_FRONT", "PIN_TWO", "modems[front].pin", LIVE),
        ("weight: 2", "weight: 3", "sims.cards[red].weight", LIVE),
        ("longest: 1 day", "longest: 2 days", "health.longest", LIVE),
        ("ussd: text", "ussd: ucs2", "profiles[cheap-stick].ussd", MODEM),
    ],
)
def test_one_key(old: str, new: str, key: str, when: Applies) -> None:
    [change] = changed((old, new)).changes
    assert (change.key, change.applies) == (key, when)
    assert change.was != change.now


def test_what_waits_for_a_restart_is_not_in_force() -> None:
    found = changed(("data_dir: ./data", "data_dir: ./x"), ("max: 1000000", "max: 9"))
    assert found.config.data_dir.name == "data"
    assert found.config.queue.max == 9
    assert [change.key for change in found.left] == ["data_dir"]
    assert [change.key for change in found.applied] == ["queue.max"]


def test_nothing_but_places_changed() -> None:
    found = compared(EXAMPLE, "# a line more\n\n" + EXAMPLE)
    assert found.changes == ()
    assert (found.added, found.removed, found.reopened) == ((), (), ())


def test_modems_come_go_and_change() -> None:
    found = changed(
        ("- name: back", "- name: rear"),
        ("1.2:1.2-port0", "1.2:1.3-port0"),
    )
    assert found.added == ("rear",)
    assert found.removed == ("back",)
    assert found.reopened == ("front",)
    assert {change.key for change in found.changes} == {
        "modems[back]",
        "modems[rear]",
        "modems[front].port",
    }


def test_who_asks_for_reports_first_reopens_all_modems() -> None:
    modems = "modems: [{name: a, port: /dev/a}, {name: b, port: /dev/b}]\n"
    off = modems + "sims: {defaults: {reports: off}}\n"
    assert compared(off, modems).reopened == ("a", "b")
    assert compared(modems, off).reopened == ("a", "b")


def test_secrets_are_masked() -> None:
    old = "modems: [{name: a, port: /dev/a, pin: '1234'}]\n"
    [change] = compared(old, old.replace("1234", "9876")).changes
    assert (change.was, change.now) == ("****", "****")
    url = "webhooks: [{url: 'http://me:hush@x/'}]\n"
    [gone] = compared(url, "queue: {}\n").changes
    assert "hush" not in f"{gone}"


def test_places(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("modems:\n  - name: a\n    port: /dev/a\n  - {port: /dev/b}\n")
    _, places = load_with_places(path)
    assert places["modems[0].port"] == f"{path}:3:11"
    assert places["modems[1]"] == f"{path}:4:5"


@pytest.mark.parametrize("key", every_key())
def test_every_key_says_when_it_is_in_force(key: str) -> None:
    top = key.partition(".")[0].partition("[")[0]
    assert top in TABLE, "say in config/applies.py when it is in force"
    assert said(key)


def test_the_table_names_keys_that_are_there() -> None:
    known = {*every_key(), *Config.__struct_fields__}
    assert set(TABLE) <= known
    assert applies("nothing.known") is RESTART
