"""Reading messages by every filter, page by page; batches and their progress."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modemgw.ids import IdSource, encode
from modemgw.store import batches, messages, sims
from modemgw.store.messages import Filter, MessageRow
from modemgw.store.writer import Connection
from tests.store.factory import NOW, add_message, database

RED, BLUE = "+4915100000001", "+4915100000002"
ANN, BOB = "+4917000000001", "+4917000000002"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    """Two cards, one batch, and messages 1 to 8 of all kinds."""
    with database(tmp_path) as connection:
        for name, number in (("red", RED), ("blue", BLUE)):
            sims.upsert_sim(
                connection,
                iccid=name,
                imsi=None,
                modem="a",
                now=NOW,
                name=name,
                number=number,
            )
        batches.insert(
            connection,
            public_id="bat_1",
            key_id=None,
            accepted=3,
            rejected=1,
            pending=b"[...]",
            now=NOW,
        )
        rows: list[dict[str, object]] = [
            {"peer": ANN, "sim_id": 1, "state": "delivered", "text": "Your Bike"},
            {"peer": BOB, "sim_id": 2, "state": "sent", "text": "100 % sure_"},
            {"peer": ANN, "state": "queued", "reference": "order-1"},
            {"peer": ANN, "state": "failed", "tags": '["shop","vip"]'},
            {"peer": ANN, "sim_id": 1, "state": "received", "direction": "inbound"},
            {"peer": BOB, "sim_id": 1, "state": "received", "direction": "inbound"},
            {"peer": BOB, "state": "queued", "batch_id": 1, "tags": '["shop"]'},
            {"peer": ANN, "state": "queued", "batch_id": 1, "text": None},
        ]
        for index, row in enumerate(rows, start=1):
            add_message(connection, index, at=NOW + index, **row)  # type: ignore[arg-type]  # a table of keywords
        yield connection


def listed(db: Connection, wanted: Filter, limit: int = 100) -> list[int]:
    return [row.id for row in messages.list_messages(db, wanted, limit=limit)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(Filter(), [8, 7, 6, 5, 4, 3, 2, 1], id="everything"),
        pytest.param(Filter(direction="inbound"), [6, 5], id="direction"),
        pytest.param(Filter(states=("queued",)), [8, 7, 3], id="state"),
        pytest.param(
            Filter(states=("sent", "queued", "sent")), [8, 7, 3, 2], id="states"
        ),
        pytest.param(Filter(states=("blocked",)), [], id="no such state"),
        pytest.param(Filter(to=ANN), [8, 4, 3, 1], id="to a recipient"),
        pytest.param(Filter(to=RED), [6, 5], id="to one of our cards"),
        pytest.param(Filter(from_=ANN), [5], id="from a sender"),
        pytest.param(Filter(from_=RED), [1], id="from one of our cards"),
        pytest.param(Filter(from_=RED, to=ANN), [1], id="from us to her"),
        pytest.param(Filter(from_=ANN, to=RED), [5], id="from her to us"),
        pytest.param(Filter(from_=ANN, to=BLUE), [], id="from her to another card"),
        pytest.param(Filter(to="+1"), [], id="to nobody known"),
        pytest.param(Filter(to=ANN, direction="inbound"), [], id="both ends wrong"),
        pytest.param(Filter(sim="red"), [6, 5, 1], id="sim"),
        pytest.param(Filter(sim="green"), [], id="no such sim"),
        pytest.param(Filter(sim="red", to=RED), [6, 5], id="sim and number agree"),
        pytest.param(Filter(sim="blue", to=RED), [], id="sim and number differ"),
        pytest.param(Filter(tag="shop"), [7, 4], id="tag"),
        pytest.param(Filter(tag="sho"), [], id="part of a tag"),
        pytest.param(Filter(reference="order-1"), [3], id="reference"),
        pytest.param(Filter(batch="bat_1"), [8, 7], id="batch"),
        pytest.param(Filter(batch="bat_2"), [], id="no such batch"),
        pytest.param(Filter(batch="bat_1", tag="shop"), [7], id="batch and tag"),
        pytest.param(Filter(since=NOW + 7), [8, 7], id="since is included"),
        pytest.param(Filter(until=NOW + 2), [1], id="until is not"),
        pytest.param(Filter(text="bike"), [1], id="text in either case"),
        pytest.param(Filter(text="100 %"), [2], id="percent is a character"),
        pytest.param(Filter(text="sure_"), [2], id="underscore is a character"),
        pytest.param(Filter(text="%"), [2], id="no wildcard"),
        pytest.param(Filter(text="\\"), [], id="no escape"),
        pytest.param(Filter(text="7000000002"), [7, 6, 2], id="part of a number"),
        pytest.param(
            Filter(direction="outbound", states=("queued",), to=ANN, batch="bat_1"),
            [8],
            id="many at once",
        ),
    ],
)
def test_filters(db: Connection, wanted: Filter, expected: list[int]) -> None:
    assert listed(db, wanted) == expected


def test_pages_join_to_the_whole_list(db: Connection) -> None:
    for wanted in (Filter(), Filter(states=("queued", "received")), Filter(to=ANN)):
        whole = listed(db, wanted)
        paged: list[int] = []
        cursor = None
        while page := messages.list_messages(db, wanted, limit=2, cursor=cursor):
            paged += [row.id for row in page]
            cursor = page[-1].id
        assert paged == whole


def matches(row: MessageRow, wanted: Filter) -> bool:
    """The filter as a sentence of Python, to compare the statements with."""
    ours, peer = row.sim_number, row.peer
    to, sender = (peer, ours) if row.direction == "outbound" else (ours, peer)
    return all(
        (
            wanted.direction in (None, row.direction),
            not wanted.states or row.state in wanted.states,
            wanted.to in (None, to),
            wanted.from_ in (None, sender),
            wanted.sim in (None, row.sim),
            wanted.tag is None or wanted.tag in row.tags,
            wanted.reference in (None, row.reference),
            wanted.batch in (None, row.batch),
            wanted.since is None or row.created_at >= wanted.since,
            wanted.until is None or row.created_at < wanted.until,
        )
    )


def test_any_mixture_of_filters_finds_what_it_says(db: Connection) -> None:
    chance = random.Random(8)  # noqa: S311 - a fixed seed: the same mixtures each time
    everything = messages.list_messages(db, Filter(), limit=100)
    choices: dict[str, list[object]] = {
        "direction": ["inbound", "outbound"],
        "states": [("queued",), ("received", "sent"), ("delivered", "failed")],
        "to": [ANN, BOB, RED],
        "from_": [ANN, RED, BLUE],
        "sim": ["red", "blue"],
        "tag": ["shop", "vip"],
        "reference": ["order-1"],
        "batch": ["bat_1"],
        "since": [NOW + 3],
        "until": [NOW + 6],
    }
    for _ in range(300):
        fields = chance.sample(sorted(choices), chance.randint(1, 4))
        picked = {name: chance.choice(choices[name]) for name in fields}
        wanted = replace(Filter(), **picked)  # type: ignore[arg-type]  # mixed on purpose
        expected = [row.id for row in everything if matches(row, wanted)]
        assert listed(db, wanted) == expected, wanted


def test_a_row_carries_all_that_is_shown(db: Connection) -> None:
    row = messages.get(db, f"msg_{4:026}")
    assert row is not None
    assert row == messages.get_by_id(db, 4)
    assert (row.id, row.peer, row.tags, row.text) == (4, ANN, ("shop", "vip"), "hello")
    assert (row.sim, row.batch, row.metadata, row.options) == (None, None, {}, {})
    assert messages.id_of(db, row.public_id) == 4
    one = messages.get_by_id(db, 1)
    assert one is not None
    assert (one.sim, one.sim_number) == ("red", RED)
    in_batch = messages.get_by_id(db, 7)
    assert in_batch is not None
    assert in_batch.batch == "bat_1"
    assert messages.get(db, "msg_unknown") is None
    assert messages.get_by_id(db, 99) is None
    assert messages.id_of(db, "msg_unknown") is None


def test_reasons_and_metadata_are_read(db: Connection) -> None:
    db.execute(
        'UPDATE message SET reason = \'{"code":"unknown"}\', metadata = \'{"t":"77"}\''
        " WHERE id = 4"
    )
    row = messages.get_by_id(db, 4)
    assert row is not None
    assert (row.reason, row.metadata) == ({"code": "unknown"}, {"t": "77"})


def test_a_page_of_common_states_looks_at_so_many_rows_and_no_more(
    db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LOOK", 3)
    wanted = Filter(states=("sent", "failed"))
    found, cursor = [], None
    for _ in range(9):
        page = messages.page(db, wanted, limit=1, cursor=cursor)
        found += [row.id for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert found == [4, 2]
    assert cursor is None


def test_what_no_index_lists_is_looked_for_only_as_far_as_a_list_goes(
    db: Connection,
) -> None:
    db.execute("BEGIN")
    for number in range(100, 600):
        add_message(db, number, state="delivered")
    db.execute("COMMIT")
    steps: list[None] = []
    db.set_progress_handler(lambda: steps.append(None), 1)
    wanted = Filter(states=("sent", "delivered"))
    few = messages.list_messages(db, wanted, limit=1)
    db.set_progress_handler(None, 1)
    assert [row.state for row in few] == ["delivered"]
    assert len(steps) < 1000  # it never came to the one that is sent
    both = messages.list_messages(db, wanted, limit=1000)
    assert {row.state for row in both} == {"sent", "delivered"}


def test_a_batch_is_expanded_in_slices(db: Connection) -> None:
    waiting = batches.next_unexpanded(db)
    assert waiting is not None
    assert (waiting.public_id, waiting.expanded, waiting.pending) == (
        "bat_1",
        0,
        b"[...]",
    )
    batches.advance(db, waiting.id, 2)
    row = batches.get(db, "bat_1")
    assert row is not None
    assert (row.accepted, row.rejected, row.expanded) == (3, 1, 2)
    assert row.states == {"queued": 2}
    again = batches.next_unexpanded(db)
    assert again is not None
    assert (again.expanded, again.pending) == (2, b"[...]")
    batches.advance(db, waiting.id, 3)
    assert batches.next_unexpanded(db) is None
    assert batches.get(db, "bat_2") is None


def fits(wanted: Filter, row: MessageRow) -> bool:
    """Say what a filter means, without any index."""
    return (
        (wanted.tag is None or wanted.tag in row.tags)
        and (wanted.text is None or wanted.text in (row.text or ""))
        and (wanted.since is None or row.created_at >= wanted.since)
        and (wanted.until is None or row.created_at < wanted.until)
        and (not wanted.states or row.state in wanted.states)
        and (wanted.to is None or row.peer == wanted.to)
    )


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(text="rare"),
        Filter(tag="vip"),
        Filter(text="rare", states=("failed", "sent")),
        Filter(text="rare", to="+4915100000001"),
        Filter(since=NOW + 60_000),
        Filter(since=NOW + 60_000, until=NOW + 70_000),
        Filter(until=NOW + 5_000, states=("failed",)),
        Filter(until=NOW + 5_000),
    ],
)
def test_pages_that_look_at_few_rows_find_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: Filter
) -> None:
    """However little one page looks at, the pages together are complete."""
    monkeypatch.setattr(messages, "LOOK", 7)
    monkeypatch.setattr(messages, "LOOK_TEXT", 5)
    with database(tmp_path) as db:
        for number in range(80):
            add_message(
                db,
                number,
                state=("failed", "sent", "queued")[number % 3],
                peer=f"+491510000000{number % 2}",
                text="rare" if number % 11 == 0 else "usual",
                tags='["vip"]' if number % 13 == 0 else None,
                at=NOW + number * 1000,
            )
            name = f"msg_{encode((NOW + number * 1000) << 80)}"
            db.execute(
                "UPDATE message SET public_id = ? WHERE id = ?", (name, number + 1)
            )
        everything = messages.list_messages(db, Filter(), limit=100)
        expected = [row.id for row in everything if fits(wanted, row)]
        seen: list[int] = []
        cursor: int | None = None
        for _ in range(100):
            page = messages.page(db, wanted, limit=3, cursor=cursor)
            assert len(page.rows) <= 3
            seen += [row.id for row in page.rows]
            assert page.next is None or cursor is None or page.next < cursor
            cursor = page.next
            if cursor is None:
                break
        assert seen == expected


def test_since_begins_where_ids_of_that_time_do(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        ids = IdSource()
        day = 86_400_000
        for number in range(40):
            row_id = add_message(db, number, at=NOW + number * day)
            name = ids.new("msg", NOW + number * day)
            db.execute("UPDATE message SET public_id = ? WHERE id = ?", (name, row_id))
        wanted = Filter(since=NOW + 30 * day)
        found = messages.page(db, wanted, limit=50)
        assert [row.id for row in found.rows] == list(range(40, 30, -1))
        assert found.next is None
        assert messages._least(db, wanted) >= 20, "older rows are not looked at"
        nothing = messages.page(db, Filter(since=NOW + 100 * day), limit=50)
        assert (nothing.rows, nothing.next) == ([], None)
