"""From an operator's answer to what is known of a balance, and the event it makes."""

from dataclasses import replace

from modemgw.config.balance import BalanceConfig
from modemgw.config.money import show_amount
from modemgw.gateway.ussd import Said
from modemgw.gateway.views import instant
from modemgw.policy.amounts import mask_digits
from modemgw.policy.asking import Known, crosses, outcome_of
from modemgw.policy.balance import Reading, read
from modemgw.store.balance import BalanceRow
from modemgw.store.sims import SimRow

UNSUPPORTED = "the network or the modem does no USSD here (it may be on LTE alone)"


def judge(
    row: SimRow,
    config: BalanceConfig,
    known: BalanceRow | None,
    answer: Said | str,
    now: int,
) -> tuple[BalanceRow, dict[str, object] | None]:
    """Return what is known after an answer, and the event it makes."""
    before = known or _nothing(row.id, now)
    text = None if isinstance(answer, str) else answer.text
    tried = replace(
        before,
        asked_at=now,
        doubted=None,
        text=None if text is None else mask_digits(text),
    )
    if isinstance(answer, str) or not text:
        unsupported = not isinstance(answer, str) and answer.state == "unsupported"
        return replace(
            tried,
            outcome="unsupported" if unsupported else "failed",
            why=UNSUPPORTED
            if unsupported
            else answer
            if isinstance(answer, str)
            else answer.why,
            failures=before.failures + 1,
        ), None
    reading = read(text, config.form)
    outcome = outcome_of(known_of(known), reading)
    if outcome == "unreadable" or reading.amount is None:
        why = f"the answer could not be read: {reading.why}"
        failed = replace(tried, outcome=outcome, why=why, failures=before.failures + 1)
        return failed, None
    if outcome == "doubted":
        shown = money(reading.amount, reading.currency)
        why = f"{shown} cannot follow what was known; it is asked once more"
        doubted = replace(
            tried, outcome=outcome, why=why, doubted=reading.amount, failures=0
        )
        return doubted, None
    is_low, tell = crosses(known_of(before), reading.amount, config.low)
    made = _believed(tried, reading, now, is_low=is_low)
    return made, _event(row, config, made) if tell else None


def _event(row: SimRow, config: BalanceConfig, made: BalanceRow) -> dict[str, object]:
    return {
        "sim": row.name,
        "iccid": row.iccid,
        "amount": show_amount(made.amount or 0),
        "currency": made.currency,
        "low": show_amount(config.low or 0),
        "at": instant(made.asked_at),
        "valid_until": made.valid_until,
    }


def _believed(
    tried: BalanceRow, reading: Reading, now: int, *, is_low: bool
) -> BalanceRow:
    until = reading.valid_until
    return replace(
        tried,
        amount=reading.amount,
        currency=reading.currency,
        read_at=now,
        valid_until=None if until is None else until.isoformat(),
        sms_left=reading.sms_left,
        outcome="read",
        why=reading.why,
        failures=0,
        is_low=is_low,
    )


def _nothing(sim: int, now: int) -> BalanceRow:
    return BalanceRow(
        sim_id=sim,
        amount=None,
        currency=None,
        read_at=None,
        valid_until=None,
        sms_left=None,
        asked_at=now,
        outcome="failed",
        why="",
        text=None,
        doubted=None,
        failures=0,
        is_low=False,
    )


def known_of(row: BalanceRow | None) -> Known:
    """Return what policy needs to know of a row."""
    if row is None:
        return Known()
    return Known(
        row.amount,
        row.currency,
        row.asked_at,
        row.outcome,
        row.doubted,
        row.failures,
        row.is_low,
    )


def money(micro: int, currency: str | None) -> str:
    """Write an amount for people."""
    return f"{show_amount(micro)} {currency}" if currency else show_amount(micro)
