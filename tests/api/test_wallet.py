"""Allowances, limits of keys and usage over HTTP."""

from datetime import UTC
from pathlib import Path

from modemgw.gateway.wallet import Wallet
from modemgw.policy.periods import Period
from modemgw.policy.quota import Contract, Limit, Purse
from modemgw.policy.tariff import Bundle, Tariff
from modemgw.store import sims, wallet
from modemgw.store.wallet import Counted
from modemgw.store.writer import Connection
from tests.api.desk import TO, Desk, at_desk

CONTRACT = Contract(
    Tariff(price_else=50_000, bundle=Bundle(500, then_stop=True)),
    (Limit("5.00/day", 5_000_000, Period("day"), money=True),),
    Period("month"),
)


async def a_sim(desk: Desk) -> int:
    """Put a SIM with a contract in service, without a modem."""
    now = desk.gateway.clock.now_ms()
    row = await desk.gateway.store.write(
        lambda db: sims.upsert_sim(
            db, iccid="8949", imsi=None, modem="m0", now=now, name="red"
        )
    )
    await desk.gateway.pool.load()
    desk.gateway.wallets._wallets[row.id] = Wallet(row, Purse(CONTRACT, UTC))
    return row.id


def test_allowances_are_shown_and_corrected(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await a_sim(desk)
        red = (await desk.get("/v1/sims/red")).json
        bundle, cap = red["wallet"]["allowances"]
        assert (bundle["what"], bundle["used"], bundle["of"], bundle["stops"]) == (
            *("bundle", 0, 500),
            True,
        )
        assert (cap["what"], cap["used"], cap["of"]) == ("cap", "0.00", "5.00")
        wish = [{"name": "bundle", "used": 499}, {"name": "5.00/day", "used": "1.25"}]
        answer = await desk.ask("PATCH", "/v1/sims/sim_red", {"wallet": wish})
        assert answer.status == 200
        bundle, cap = answer.json["wallet"]["allowances"]
        assert (bundle["left"], cap["left"]) == (1, "3.75")
        events = (await desk.get("/v1/events?types=sim.allowance_corrected")).json
        assert [event["data"]["name"] for event in events["data"]] == [
            "bundle",
            "5.00/day",
        ]

    at_desk(tmp_path, story)


def test_wrong_corrections_point_at_what_is_wrong(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await a_sim(desk)

        async def wrong(name: str, used: object, sim: str = "red") -> list[str]:
            wish = {"wallet": [{"name": name, "used": used}]}
            answer = await desk.ask("PATCH", f"/v1/sims/{sim}", wish)
            assert answer.status in (404, 422), answer.octets
            return answer.pointers

        assert await wrong("200/day", 1) == ["/wallet/0/name"]
        assert await wrong("bundle", "1.5") == ["/wallet/0/used"]
        assert await wrong("5.00/day", "much") == ["/wallet/0/used"]
        assert await wrong("bundle", -1) == ["/wallet/0/used"]
        assert await wrong("bundle", 1, sim="blue") == []
        answer = await desk.ask("PATCH", "/v1/sims/red", {"wallet": []})
        assert answer.status == 422

    at_desk(tmp_path, story)


def test_a_key_has_limits_and_the_refusal_says_until_when(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/keys",
            {"name": "shop", "scopes": ["messages:send"], "limits": ["1 per day"]},
            admin=True,
        )
        assert made.json["limits"] == ["1/day"]
        key, id = made.json["key"], made.json["id"]
        body = {"to": TO, "text": "hi"}
        assert (await desk.post("/v1/messages", body, key=key)).status == 202
        refused = await desk.post("/v1/messages", body, key=key)
        assert (refused.status, refused.problem) == (429, "quota-exceeded")
        assert refused.json["errors"][0]["code"] == "quota"
        assert 1 <= int(refused.headers["Retry-After"]) <= 86_400
        assert refused.headers["RateLimit-Policy"] == '"day";q=1;w=86400'
        assert refused.headers["RateLimit"].startswith('"day";r=0;t=')
        batch = await desk.post("/v1/messages/batch", {"messages": [body]}, key=key)
        assert batch.json["results"][0]["error"]["status"] == 429
        long = await desk.post("/v1/messages", {**body, "text": "x" * 200}, key=key)
        assert (long.status, "Retry-After" in long.headers) == (403, False)
        patched = await desk.ask(
            "PATCH", f"/v1/keys/{id}", {"limits": ["2/day", "5.00/month"]}, admin=True
        )
        assert patched.json["limits"] == ["2/day", "5.00/month"]
        assert (await desk.post("/v1/messages", body, key=key)).status == 202
        assert (await desk.post("/v1/messages", body, key=key)).status == 429
        listed = (await desk.get("/v1/keys", admin=True)).json["data"]
        assert listed[-1]["limits"] == ["2/day", "5.00/month"]

    at_desk(tmp_path, story)


def test_limits_are_checked(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        wish = {"name": "x", "scopes": ["admin"], "limits": ["1/day", "1/week"]}
        answer = await desk.post("/v1/keys", wish, admin=True)
        assert (answer.status, answer.pointers) == (422, ["/limits/1"])
        answer = await desk.ask("PATCH", "/v1/keys/none", {"limits": []}, admin=True)
        assert answer.status == 404

    at_desk(tmp_path, story)


def test_usage_by_day_and_month(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        sim_id = await a_sim(desk)
        at = 1_795_341_600_000  # 2026-11-22T10:00:00Z
        keys = (await desk.get("/v1/keys", admin=True)).json["data"]

        def job(db: Connection) -> None:
            for days, key_id in ((0, 0), (0, 1), (1, 1), (30, 1)):
                counted = Counted(key_id, days == 1, 50_000)
                wallet.count(db, sim_id, counted, at + days * 86_400_000)

        await desk.gateway.store.write(job)
        path = "/v1/usage?since=2026-11-22&until=2026-11-23"
        found = (await desk.get(path, admin=True)).json["data"]
        mine = keys[0]["id"]
        assert [(u["period"], u["sim"], u["key"]) for u in found] == [
            ("2026-11-22", "red", None),
            ("2026-11-22", "red", mine),
            ("2026-11-23", "red", mine),
        ]
        assert found[2]["in_bundle"] == 1
        assert found[0]["cost"] == {"amount": "0.05", "currency": None}
        path = f"/v1/usage?by=month&since=2026-11-01&until=2026-12-31&key={mine}"
        found = (await desk.get(path, admin=True)).json["data"]
        assert [(u["period"], u["parts"]) for u in found] == [
            ("2026-11", 2),
            ("2026-12", 1),
        ]
        assert (await desk.get("/v1/usage?sim=blue", admin=True)).json == {"data": []}
        assert (await desk.get("/v1/usage?since=monday", admin=True)).status == 422
        assert (await desk.get("/v1/usage?since=1990-01-01", admin=True)).status == 422
        assert (await desk.get("/v1/usage")).status == 403

    at_desk(tmp_path, story)
