"""Balances and self-tests over the API, without a modem."""

from pathlib import Path

from modemgw.store import balance, selftest, sims
from modemgw.store.balance import BalanceRow
from modemgw.store.outbound import OWN, NewMessage
from modemgw.store.selftest import NewTest
from modemgw.store.writer import Connection
from tests.api.desk import TO, Desk, at_desk
from tests.store.factory import NOW

ICCIDS = ("8949022512345678901", "8949022512345678902")


def two_sims(db: Connection) -> list[int]:
    return [
        sims.upsert_sim(
            db,
            iccid=iccid,
            imsi=None,
            modem=name,
            now=NOW,
            name=name,
            number=f"+49151123456{at:02}",
        ).id
        for at, (name, iccid) in enumerate(zip(("red", "blue"), ICCIDS, strict=True))
    ]


def a_test(db: Connection, desk: Desk, sender: int, to: int) -> None:
    message = NewMessage(
        public_id="msg_own",
        to=TO,
        text="modemgw self-test X",
        data=None,
        klass="transactional",
        priority=0,
        encoding="gsm7",
        segments=1,
        not_before=NOW,
        expires_at=NOW + 1,
        created_at=NOW,
        options={OWN: True, "sim": "red"},
    )
    test = NewTest("tst_1", "TOKEN", sender, to, "asked", 1)
    selftest.begin(db, desk.gateway.store.ids, test, message)


def test_what_cannot_be_done_is_explained(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        store = desk.gateway.store
        await store.write(two_sims)
        for path in ("balance", "selftest"):
            gone = await desk.post(f"/v1/sims/green/{path}")
            assert (gone.status, gone.problem) == (404, "not-found")
            listed = await desk.get(f"/v1/sims/green/{path}")
            assert listed.status == 404
        no_code = await desk.post("/v1/sims/red/balance")
        assert (no_code.status, no_code.problem) == (409, "conflict")
        assert "balance.ussd" in no_code.json["detail"]
        nobody = await desk.post("/v1/sims/red/selftest", {"to": "blue"})
        assert (nobody.status, nobody.problem) == (409, "conflict")
        assert "not in service" in nobody.json["detail"]
        odd = await desk.post("/v1/sims/red/selftest", {"two": "blue"})
        assert odd.status == 422
        assert (await desk.get("/v1/selftests/tst_9")).status == 404
        assert (await desk.get("/v1/sims/red/balance?limit=0")).status == 422

    at_desk(tmp_path, story)


def test_what_is_known_is_shown(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        store = desk.gateway.store
        red, blue = await store.write(two_sims)
        known = BalanceRow(
            sim_id=red,
            amount=4_910_000,
            currency="EUR",
            read_at=NOW,
            valid_until="2027-01-31",
            sms_left=12,
            asked_at=NOW,
            outcome="read",
            why="by the words around it",
            text="Guthaben 4,91 EUR",
            doubted=None,
            failures=0,
            is_low=True,
        )
        await store.write(lambda db: balance.put(db, known))
        await store.write(lambda db: a_test(db, desk, red, blue))
        await desk.gateway.pool.load()
        await desk.gateway.upkeep.load()
        shown = (await desk.get("/v1/sims/red")).json
        assert shown["balance"]["amount"] == "4.91"
        assert shown["balance"]["is_low"] is True
        assert shown["balance"]["valid_until"] == "2027-01-31"
        # It had not left when the daemon stopped, so it never will.
        assert shown["selftest"]["last_state"] == "unknown"
        assert (await desk.get("/v1/sims/blue")).json["balance"] is None
        history = (await desk.get("/v1/sims/red/balance")).json["data"]
        assert [(one["amount"], one["currency"]) for one in history] == [
            ("4.91", "EUR")
        ]
        (test,) = (await desk.get("/v1/sims/blue/selftest")).json["data"]
        assert (test["id"], test["sim"], test["to_sim"]) == ("tst_1", "red", "blue")
        assert (await desk.get("/v1/selftests/tst_1?wait=1")).json == test

    at_desk(tmp_path, story)


def test_the_text_of_a_self_test_is_in_no_list(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        store = desk.gateway.store
        red, blue = await store.write(two_sims)
        await store.write(lambda db: a_test(db, desk, red, blue))
        for query in ("", "?state=queued", "?direction=outbound", f"?to={TO[1:]}"):
            listed = await desk.get(f"/v1/messages{query}")
            assert listed.json["data"] == [], query
        assert await desk.queued() == 0
        assert (await desk.get("/v1/events?types=message.*")).json["data"] == []

    at_desk(tmp_path, story)


def test_who_may_only_look_cannot_spend(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await desk.gateway.store.write(two_sims)
        for path in ("balance", "selftest"):
            assert (await desk.post(f"/v1/sims/red/{path}")).status == 403
            assert (await desk.get(f"/v1/sims/red/{path}")).status == 200

    at_desk(tmp_path, story, scopes=("sims:read",))
