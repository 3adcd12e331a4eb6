"""Opt-outs over the API: entered, looked up, imported, taken off."""

from pathlib import Path

import pytest

from modemgw.store import sims
from modemgw.store.suppressions import forget_number
from modemgw.store.writer import Connection
from tests.api.desk import TO, Desk, at_desk
from tests.store.factory import NOW

SCOPES = ("consent:read", "consent:write", "messages:send", "messages:read")
PATH = "/v1/suppressions"
SALE = {"to": TO, "text": "Sale!", "class": "marketing"}


def red(db: Connection) -> None:
    sims.upsert_sim(
        db, iccid="8949022512345678901", imsi=None, modem="m", now=NOW, name="red"
    )


def test_a_number_is_entered_shown_and_taken_off(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(PATH, {"number": "0151 12345678", "note": "by letter"})
        assert made.status == 201
        assert made.headers["Location"] == f"{PATH}/{made.json['id']}"
        assert (made.json["number"], made.json["sim"]) == (TO, None)
        assert (made.json["source"], made.json["note"]) == ("api", "by letter")
        again = await desk.post(PATH, {"number": TO})
        assert (again.status, again.json) == (200, made.json)
        assert (await desk.get(f"{PATH}/{made.json['id']}")).json == made.json
        sale = await desk.post("/v1/messages", SALE)
        assert sale.status == 202
        assert sale.json["state"] == "blocked"
        assert sale.json["reason"]["code"] == "opted_out"
        shown = await desk.get(f"/v1/messages/{sale.json['id']}")
        assert (shown.json["state"], shown.json["sequence"]) == (
            sale.json["state"],
            sale.json["sequence"],
        )
        assert shown.json["reason"] == sale.json["reason"]
        gone = await desk.ask("DELETE", f"{PATH}/{made.json['id']}")
        assert gone.status == 204
        assert (await desk.get(f"{PATH}/{made.json['id']}")).status == 404
        assert (await desk.ask("DELETE", f"{PATH}/{made.json['id']}")).status == 404
        assert (await desk.post("/v1/messages", SALE)).json["state"] == "queued"

    at_desk(tmp_path, story, scopes=SCOPES)


def test_a_replay_repeats_the_answer(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.post(PATH, {"number": TO})
        headers = {"Idempotency-Key": "sale-1"}
        first = await desk.post("/v1/messages", SALE, headers=headers)
        again = await desk.post("/v1/messages", SALE, headers=headers)
        assert first.octets == again.octets
        assert again.headers["Idempotency-Replayed"] == "true"

    at_desk(tmp_path, story, scopes=SCOPES)


def test_the_list_has_pages(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        numbers = [f"+49151000000{n}" for n in range(5)]
        for one in numbers:
            await desk.post(PATH, {"number": one})
        seen, cursor = [], ""
        while True:
            page = (await desk.get(f"{PATH}?limit=2{cursor}")).json
            seen += [one["number"] for one in page["data"]]
            if not page["has_more"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == numbers[::-1]

    at_desk(tmp_path, story, scopes=SCOPES)


def test_numbers_are_looked_up_in_a_body(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.gateway.store.write(red)
        await desk.post(PATH, {"number": TO, "sim": "sim_red"})
        answer = await desk.post(
            f"{PATH}/check", {"numbers": ["015112345678", "80888"]}
        )
        found = answer.json
        assert found["classes"] == ["marketing"]
        assert [(one["number"], one["suppressed"]) for one in found["data"]] == [
            (TO, True),
            ("80888", False),
        ]
        (entry,) = found["data"][0]["entries"]
        assert entry["sim"] == "red"

    at_desk(tmp_path, story, scopes=SCOPES)


def test_an_import_takes_what_is_right(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.post(PATH, {"number": TO})
        entries = [
            {"number": TO},
            {"number": "+4366412345678", "note": "2019"},
            {"number": "nobody"},
            {"number": "+4366412345679", "sim": "green"},
            {"number": "+4366412345678"},
        ]
        done = (await desk.post(f"{PATH}/import", {"entries": entries})).json
        assert (done["added"], done["known"], done["blocked"]) == (1, 2, 0)
        assert [
            (one["index"], one["errors"][0]["pointer"]) for one in done["rejected"]
        ] == [(2, "/entries/2/number"), (3, "/entries/3/sim")]
        listed = (await desk.get(PATH)).json["data"]
        assert [(one["number"], one["source"]) for one in listed] == [
            ("+4366412345678", "import"),
            (TO, "api"),
        ]

    at_desk(tmp_path, story, scopes=SCOPES)


def test_ten_thousand_are_imported_at_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        entries = [{"number": f"+491510{n:07}"} for n in range(10_000)]
        done = await desk.post(f"{PATH}/import", {"entries": entries})
        assert done.json["added"] == 10_000
        told = await desk.get("/v1/events?types=message.*", admin=True)
        assert told.json["data"] == []
        entries.append({"number": TO})
        assert (await desk.post(f"{PATH}/import", {"entries": entries})).status == 422

    at_desk(tmp_path, story, scopes=SCOPES)


def test_an_erased_number_is_shown_without_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.post(PATH, {"number": TO, "note": "Mrs Smith"})
        await desk.gateway.store.write(lambda db: forget_number(db, TO))
        (entry,) = (await desk.get(PATH)).json["data"]
        assert (entry["number"], entry["note"]) == (None, None)
        assert (await desk.post("/v1/messages", SALE)).json["state"] == "blocked"

    at_desk(tmp_path, story, scopes=SCOPES)


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("", {}, "/number"),
        ("", {"number": 49151}, "/number"),
        ("", {"number": "x"}, "/number"),
        ("", {"number": "+49151\x00"}, "/number"),
        ("", {"number": "9" * 65}, "/number"),
        ("", {"number": TO, "sim": "green"}, "/sim"),
        ("", {"number": TO, "note": "x" * 201}, "/note"),
        ("", {"number": TO, "note": "a\x00b"}, "/note"),
        ("", {"number": TO, "numbr": TO}, "/numbr"),
        ("/import", {"entries": []}, "/entries"),
        ("/import", {"entries": [{}]}, "/entries/0/number"),
        ("/check", {"numbers": []}, "/numbers"),
        ("/check", {"numbers": [TO, "x"]}, "/numbers/1"),
        ("/check", {"numbers": [TO] * 1001}, "/numbers"),
    ],
)
def test_mistakes_are_pointed_at(
    tmp_path: Path, path: str, body: object, pointer: str
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(f"{PATH}{path}", body)
        assert (answer.status, answer.problem) == (422, "invalid-field")
        assert answer.pointers == [pointer]
        assert (await desk.get(PATH)).json["data"] == []

    at_desk(tmp_path, story, scopes=SCOPES)


def test_who_may_only_look_changes_nothing(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.post(PATH, {"number": TO})).status == 403
        assert (await desk.post(f"{PATH}/import", {"entries": []})).status == 403
        assert (await desk.ask("DELETE", f"{PATH}/sup_1")).status == 403
        assert (await desk.get(PATH)).status == 200
        assert (await desk.post(f"{PATH}/check", {"numbers": [TO]})).status == 200
        nobody = await desk.new_key("messages:read")
        assert (await desk.get(PATH, key=nobody)).status == 403

    at_desk(tmp_path, story, scopes=("consent:read",))


def test_what_was_changed_by_hand_is_in_the_audit_log(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = (await desk.post(PATH, {"number": TO})).json
        await desk.ask("DELETE", f"{PATH}/{made['id']}")
        entries = [{"number": TO}, {"number": "+491520000002"}]
        await desk.post(f"{PATH}/import", {"entries": entries})
        listed = (await desk.get("/v1/audit", admin=True)).json["data"]
        assert [
            (one["action"], one["object"], one["detail"])
            for one in listed
            if one["action"].startswith("suppression.")
        ] == [
            ("suppression.import", None, {"added": 2}),
            ("suppression.remove", made["id"], {}),
            ("suppression.add", made["id"], {}),
        ]
        assert TO not in str(listed)

    at_desk(tmp_path, story, scopes=SCOPES)
