"""Balances in the store: the last word, and a short history."""

from pathlib import Path

from modemgw.store import balance, sims
from modemgw.store.balance import BalanceRow
from tests.store.factory import NOW, database

HOUR = 3_600_000


def row(sim_id: int, at: int, amount: int, outcome: str = "read") -> BalanceRow:
    return BalanceRow(
        sim_id=sim_id,
        amount=amount,
        currency="EUR",
        read_at=at,
        valid_until="2027-01-31",
        sms_left=12,
        asked_at=at,
        outcome=outcome,
        why="",
        text="…",
        doubted=None,
        failures=0,
        is_low=False,
    )


def test_the_last_word_is_kept_and_a_short_history(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        red, blue = (
            sims.upsert_sim(db, iccid=iccid, imsi=None, modem="m", now=NOW).id
            for iccid in ("8949022512345678901", "8949022512345678902")
        )
        for hour in range(balance.KEPT + 20):
            balance.put(db, row(red, NOW + hour * HOUR, 1000 - hour))
        balance.put(db, row(blue, NOW, 5))
        balance.put(db, row(blue, NOW + 1, 5, "failed"))
        assert balance.load(db)[red].amount == 1000 - balance.KEPT - 19
        assert balance.load(db)[blue].outcome == "failed"
        kept = balance.readings(db, red, 1000)
        assert len(kept) == balance.KEPT
        assert kept[0] == (NOW + (balance.KEPT + 19) * HOUR, 921, "EUR")
        assert [amount for _, amount, _ in balance.readings(db, blue)] == [5]
