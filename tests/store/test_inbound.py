"""TPDUs from the modem: known or new, set aside after crashes, joined, unmatched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modemgw.store import fragments, inbound, messages, sims
from modemgw.store.fragments import NewInbound, SetKey
from modemgw.store.writer import Connection
from tests.store.factory import NOW, add_message, database

KEY = SetKey("+4915112345678", 1, 7, False, 3)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    with database(tmp_path) as connection:
        for iccid in ("1111", "2222"):
            sims.upsert_sim(connection, iccid=iccid, imsi=None, modem="a", now=NOW)
        yield connection


def read(
    db: Connection,
    octets: bytes = b"tpdu",
    *,
    sim_id: int | None = 1,
    memory: str | None = "SM",
    slot: int | None = 3,
    at: int = NOW,
    sweep: int | None = None,
    repeated: int | None = None,
) -> tuple[int, bool]:
    return inbound.insert_raw(
        db,
        sim_id=sim_id,
        modem="a",
        memory=memory,
        slot=slot,
        octets=octets,
        read_at=at,
        sweep_began_at=sweep,
        repeated_since=repeated,
    )


def states(db: Connection) -> list[str]:
    return [state for (state,) in db.execute("SELECT state FROM raw_tpdu ORDER BY id")]


def test_a_second_reading_before_the_deletion_is_known(db: Connection) -> None:
    raw_id, is_new = read(db)
    assert is_new
    assert read(db) == (raw_id, False)
    inbound.mark_deleted(db, raw_id)
    assert read(db) == (raw_id + 1, True), "two equal texts are two messages"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"sim_id": 2}, id="another card"),
        pytest.param({"sim_id": None}, id="unknown card"),
        pytest.param({"memory": "ME"}, id="another memory"),
        pytest.param({"slot": 4}, id="another slot"),
        pytest.param({"octets": b"else"}, id="other octets"),
    ],
)
def test_anything_else_is_new(db: Connection, other: dict[str, object]) -> None:
    read(db)
    place: dict[str, object] = {
        "sim_id": 1,
        "memory": "SM",
        "slot": 3,
        "octets": b"tpdu",
    }
    _, is_new = inbound.insert_raw(db, modem="a", read_at=NOW, **{**place, **other})  # type: ignore[arg-type]  # a table of keywords
    assert is_new


def test_a_card_that_tells_nothing_is_known_too(db: Connection) -> None:
    raw_id, _ = read(db, sim_id=None)
    assert read(db, sim_id=None) == (raw_id, False)


def test_other_octets_in_a_slot_free_it_of_what_lay_there(db: Connection) -> None:
    first, _ = read(db)
    read(db, b"else")
    raw = inbound.get_raw(db, first)
    assert raw is not None
    assert raw.deleted == 1
    assert read(db)[1], "the same text again, later, in the same slot"


def test_a_storage_that_shows_another_ones_messages(db: Connection) -> None:
    raw_id, _ = read(db, at=NOW)
    assert read(db, memory="MT", slot=9, sweep=NOW) == (raw_id, False)
    assert read(db, memory="MT", slot=9, sweep=NOW + 1)[1], "of an earlier sweep"


def test_routed_tpdus_are_always_new_and_need_no_deletion(db: Connection) -> None:
    assert [read(db, memory=None, slot=None) for _ in range(2)] == [
        (1, True),
        (2, True),
    ]
    raw = inbound.get_raw(db, 1)
    assert raw is not None
    assert (raw.deleted, raw.state, raw.octets) == (1, "new", b"tpdu")
    assert inbound.get_raw(db, 99) is None


def test_what_the_network_repeats_is_known(db: Connection) -> None:
    first, _ = read(db, memory=None, slot=None)
    assert read(db, memory=None, slot=None, at=NOW + 9, repeated=NOW) == (first, False)
    assert read(db, at=NOW + 9, repeated=NOW) == (first, False), "stored this time"
    assert read(db, memory=None, slot=None, sim_id=2, repeated=NOW)[1], "another card"
    assert read(db, b"else", memory=None, slot=None, repeated=NOW)[1]
    assert read(db, memory=None, slot=None, at=NOW + 9, repeated=NOW + 1)[1], "too old"


def test_what_is_made_of_a_tpdu(db: Connection) -> None:
    message_id = add_message(db, 1)
    ids = [read(db, slot=slot)[0] for slot in range(4)]
    inbound.mark_done(db, ids[0], message_id=message_id)
    inbound.mark_undecodable(db, ids[1], "no sender")
    inbound.mark_unmatched(db, ids[2], tp_mr=41)
    assert [raw.id for raw in inbound.open_items(db, crashed=False)] == [ids[3]]
    (bad,) = inbound.list_raw(db, "undecodable", limit=5)
    assert (bad.id, bad.error) == (ids[1], "no sender")
    assert inbound.list_raw(db, "undecodable", limit=5, cursor=bad.id) == []
    done = inbound.get_raw(db, ids[0])
    assert done is not None
    assert done.message_id == message_id


def test_a_report_waits_for_its_part(db: Connection) -> None:
    first, second = read(db, b"1")[0], read(db, b"2", slot=4)[0]
    for raw_id in (first, second):
        inbound.mark_unmatched(db, raw_id, tp_mr=41)
    assert [r.octets for r in inbound.unmatched_reports(db, 1, 41)] == [b"1", b"2"]
    assert inbound.unmatched_reports(db, 1, 42) == []
    assert inbound.unmatched_reports(db, 2, 41) == []
    inbound.mark_done(db, first)
    (left,) = inbound.unmatched_reports(db, 1, 41)
    assert left.id == second
    taken = inbound.get_raw(db, first)
    assert taken is not None
    assert (taken.state, taken.tp_mr) == ("done", 41)


def test_stops_in_order_count_no_crash(db: Connection) -> None:
    read(db)
    for _ in range(5):
        (raw,) = inbound.open_items(db, crashed=False)
    assert raw.crashes == 0


def test_what_kills_the_daemon_twice_is_set_aside(db: Connection) -> None:
    for slot in range(3):
        read(db, slot=slot)
    assert len(inbound.open_items(db, crashed=True)) == 3
    left = inbound.open_items(db, crashed=True)
    assert [raw.id for raw in left] == [2, 3], "the innocent ones go on"
    assert states(db) == ["set_aside", "new", "new"]
    # The poison was further back: after a third death the daemon comes up anyway.
    assert inbound.open_items(db, crashed=True) == []
    assert states(db) == ["set_aside"] * 3
    assert inbound.reopen(db, 2)
    assert not inbound.reopen(db, 2)
    assert [raw.crashes for raw in inbound.open_items(db, crashed=False)] == [0]


def test_what_came_after_the_first_crash_is_innocent(db: Connection) -> None:
    read(db, slot=1)
    inbound.open_items(db, crashed=True)
    read(db, slot=2)
    left = inbound.open_items(db, crashed=True)
    assert [(raw.id, raw.crashes) for raw in left] == [(2, 1)]


def new(complete: bool, text: str | None, **options: object) -> NewInbound:
    return NewInbound(KEY.sender, 1, "gsm7", 3, complete, text, None, options)


def add_part(db: Connection, message_id: int, seq: int, deadline: int | None) -> int:
    raw_id, _ = read(db, bytes([seq]), slot=seq)
    return fragments.insert_fragment(
        db,
        KEY,
        raw_id=raw_id,
        seq=seq,
        read_at=NOW,
        message_id=message_id,
        deadline_at=deadline,
    )


def test_a_message_grows_until_it_is_whole(db: Connection) -> None:
    message_id = fragments.insert_message(db, "msg_a", new(False, None), NOW)
    add_part(db, message_id, 2, NOW + 60)
    row = messages.get(db, "msg_a")
    assert row is not None
    assert (row.direction, row.state, row.sim, row.text) == (
        "inbound",
        "receiving",
        "sim-1111",
        None,
    )
    assert fragments.next_deadline(db) == NOW + 60
    add_part(db, message_id, 1, NOW + 50)
    assert fragments.due_messages(db, NOW + 49) == []
    assert fragments.due_messages(db, NOW + 60) == [message_id]
    found = fragments.fragments_of_set(db, KEY)
    assert [(f.seq, f.octets, f.message_id) for f in found] == [
        (2, b"\x02", message_id),
        (1, b"\x01", message_id),
    ]
    assert fragments.fragments_of_message(db, message_id) == found
    whole = new(True, "whole", partial=True)
    assert fragments.update_message(db, message_id, whole, NOW + 9) == 2
    fragments.finish_set(db, message_id)
    assert fragments.next_deadline(db) is None
    assert fragments.due_messages(db, NOW * 2) == []
    row = messages.get(db, "msg_a")
    assert row is not None
    assert (row.state, row.sequence, row.text) == ("received", 2, "whole")
    assert (row.final_at, row.options) == (NOW + 9, {"partial": True})


def test_a_set_is_told_apart_by_all_of_its_key(db: Connection) -> None:
    message_id = fragments.insert_message(db, "msg_a", new(False, None), NOW)
    add_part(db, message_id, 1, None)
    for other in (
        SetKey("+49", 1, 7, False, 3),
        SetKey(KEY.sender, 2, 7, False, 3),
        SetKey(KEY.sender, 1, 8, False, 3),
        SetKey(KEY.sender, 1, 7, True, 3),
        SetKey(KEY.sender, 1, 7, False, 4),
    ):
        assert fragments.fragments_of_set(db, other) == []
    assert len(fragments.fragments_of_set(db, KEY)) == 1
    assert fragments.fragments_of_set(db, KEY, since=NOW + 1) == []


def test_a_message_of_one_part_is_received_at_once(db: Connection) -> None:
    fragments.insert_message(
        db, "msg_b", NewInbound("80888", None, "8bit", 1, True, None, b"\x00"), NOW
    )
    row = messages.get(db, "msg_b")
    assert row is not None
    assert (row.state, row.data, row.sim, row.final_at) == (
        "received",
        b"\x00",
        None,
        NOW,
    )
