"""SIM cards keep their row in whatever modem they sit."""

from pathlib import Path

import pytest

from modemgw.store import sims
from tests.store.factory import NOW, database

ICCID, OTHER = "8949020000001234567", "8949020000009994567"


@pytest.mark.parametrize(
    ("first", "then", "same"),
    [
        pytest.param((ICCID, "26201"), (ICCID, "26201"), True, id="put in again"),
        pytest.param((ICCID, "26201"), (ICCID, None), True, id="IMSI not readable"),
        pytest.param((ICCID, "26201"), (None, "26201"), True, id="ICCID not readable"),
        pytest.param((None, "26201"), (ICCID, "26201"), True, id="ICCID found out"),
        pytest.param((ICCID, "26201"), (OTHER, "26202"), False, id="another card"),
        pytest.param((ICCID, "26201"), (OTHER, "26201"), False, id="replaced card"),
        pytest.param((None, "26201"), (None, "26202"), False, id="other subscription"),
        pytest.param((None, None), (None, None), True, id="tells nothing, one modem"),
        pytest.param((None, None), (ICCID, "26201"), False, id="told at last"),
    ],
)
def test_which_card_it_is(
    tmp_path: Path,
    first: tuple[str | None, str | None],
    then: tuple[str | None, str | None],
    same: bool,
) -> None:
    with database(tmp_path) as db:
        one = sims.upsert_sim(db, iccid=first[0], imsi=first[1], modem="a", now=NOW)
        two = sims.upsert_sim(db, iccid=then[0], imsi=then[1], modem="a", now=NOW + 1)
        assert one.is_new
        assert two.is_new is not same
        assert (one.id == two.id) is same
        if same:
            assert two.iccid == (then[0] or first[0])
            assert two.imsi == (then[1] or first[1])
            assert two.identity == (two.iccid or one.identity)
            assert (two.first_seen_at, two.last_seen_at) == (NOW, NOW + 1)
        assert len(sims.list_sims(db)) == (1 if same else 2)


def test_names_come_from_the_configuration_or_the_iccid(tmp_path: Path) -> None:
    with database(tmp_path) as db:

        def seen(iccid: str, name: str | None = None) -> sims.SimRow:
            return sims.upsert_sim(
                db, iccid=iccid, imsi=None, modem="a", now=NOW, name=name
            )

        assert seen(ICCID).name == "sim-4567"
        assert seen(OTHER).name == "sim-94567"  # four digits would not tell them apart
        assert seen(ICCID, "red").name == "red"
        assert seen(ICCID).name == "red"  # None keeps what is known
        assert seen(OTHER, "red").name == "red"
        assert seen(ICCID).name == "sim-4567"  # its name was given away
        found = sims.by_name(db, "red")
        assert found is not None
        assert found.iccid == OTHER
        assert sims.get(db, found.id) == found
        assert sims.get(db, 99) is None


def test_a_modem_without_a_readable_card_has_a_name_too(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        names = [
            sims.upsert_sim(db, iccid=None, imsi=None, modem=modem, now=NOW).name
            for modem in ("a", "left", "b")
        ]
        assert len(set(names)) == 3


def test_the_number_is_kept_until_another_is_known(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        for number, expected in [(None, None), ("+491", "+491"), (None, "+491")]:
            row = sims.upsert_sim(
                db, iccid=ICCID, imsi=None, modem="a", now=NOW, number=number
            )
            assert row.number == expected


def test_usage_counts_by_the_minute(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        sim = sims.upsert_sim(db, iccid=ICCID, imsi=None, modem="a", now=NOW)
        minute = NOW // 60_000 * 60_000
        for at, parts in [(0, 1), (59_999, 2), (60_000, 4), (3_600_000, 8)]:
            sims.add_usage(db, sim.id, minute + at, parts)
        assert sims.load_usage(db, sim.id, minute + 30_000) == [
            (minute, 3),
            (minute + 60_000, 4),
            (minute + 3_600_000, 8),
        ]
        assert sims.load_usage(db, sim.id, minute + 60_000)[0] == (minute + 60_000, 4)
        sims.add_usage(db, sim.id, minute + 60_000, 16)  # the clock went back
        sims.add_usage(db, sim.id, minute + 3_600_000, 32)
        assert sims.load_usage(db, sim.id, minute + 60_000) == [
            (minute + 60_000, 20),
            (minute + 3_600_000, 8),
            (minute + 3_600_000, 32),
        ]
        assert sims.load_usage(db, sim.id + 1, 0) == []


def test_a_card_without_an_identity_is_named_after_its_modem(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        row = sims.upsert_sim(db, iccid=None, imsi=None, modem="m0", now=NOW)
        assert row.name == "sim-m0"
