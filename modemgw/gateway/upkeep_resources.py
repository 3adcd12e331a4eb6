"""The JSON resources of balances and self-tests."""

import msgspec

from modemgw.config.balance import BalanceConfig
from modemgw.config.money import show_amount
from modemgw.gateway.selftest_record import Record
from modemgw.gateway.views import instant, maybe_instant
from modemgw.store.balance import BalanceRow
from modemgw.store.selftest import SelftestRow


class BalanceOfSim(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator said of a SIM's money.

    `state` is read, doubted (an impossible jump: asked once more), unreadable,
    unsupported, failed, or unasked; `amount` is the last one that was believed, of
    `read_at`. `currency` is an ISO 4217 code, or what the operator writes. `text` is
    its last answer with long numbers blanked out.
    """

    state: str
    why: str
    amount: str | None
    currency: str | None
    read_at: str | None
    asked_at: str | None
    valid_until: str | None
    sms_left: int | None
    low: str | None
    is_low: bool
    text: str | None


class BalancePoint(msgspec.Struct, frozen=True):
    """One amount that was read."""

    at: str
    amount: str
    currency: str | None


class BalanceHistory(msgspec.Struct, frozen=True):
    """The last amounts of one SIM, newest first."""

    data: list[BalancePoint]


def balance(row: BalanceRow | None, config: BalanceConfig) -> BalanceOfSim | None:
    """Render what is known; None where nothing is, and nothing is asked."""
    low = None if config.low is None else show_amount(config.low)
    if row is None:
        if config.code is None:
            return None
        return BalanceOfSim(
            state="unasked",
            why="it has not been asked yet",
            amount=None,
            currency=None,
            read_at=None,
            asked_at=None,
            valid_until=None,
            sms_left=None,
            low=low,
            is_low=False,
            text=None,
        )
    return BalanceOfSim(
        state=row.outcome,
        why=row.why,
        amount=None if row.amount is None else show_amount(row.amount),
        currency=row.currency,
        read_at=maybe_instant(row.read_at),
        asked_at=instant(row.asked_at),
        valid_until=row.valid_until,
        sms_left=row.sms_left,
        low=low,
        is_low=row.is_low,
        text=row.text,
    )


def history(found: list[tuple[int, int, str | None]]) -> BalanceHistory:
    """Render the readings of one SIM."""
    return BalanceHistory(
        [
            BalancePoint(instant(at), show_amount(micro), name)
            for at, micro, name in found
        ]
    )


class Selftest(msgspec.Struct, frozen=True, kw_only=True):
    """One text from own SIM to own SIM.

    `state` is running, passed, failed or unknown (it could not be tried, or says
    nothing about the SIMs); `leg` is the step that failed: submit, delivery or
    report. Latencies in ms, from the moment the text went out. `late` tells that it
    arrived behind the verdict, `copies` how often the same text came again.
    """

    id: str
    sim: str
    to_sim: str
    state: str
    leg: str | None
    why: str
    cause: str
    attempt: int
    started_at: str
    ended_at: str | None
    arrived_at: str | None
    late: bool
    copies: int
    submit_ms: int | None
    delivery_ms: int | None
    report_ms: int | None


class SelftestList(msgspec.Struct, frozen=True):
    """Self-tests that one SIM sent or was sent, newest first."""

    data: list[Selftest]


class SelftestOfSim(msgspec.Struct, frozen=True, kw_only=True):
    """How the last self-tests of a SIM went: of `sent`, so many `sent_passed`.

    Latencies are medians of what it sent. `why` says what keeps the schedule from
    testing it, null where nothing does.
    """

    sent: int
    sent_passed: int
    received: int
    received_passed: int
    submit_ms: int | None
    delivery_ms: int | None
    last_state: str | None
    last_leg: str | None
    last_at: str | None
    why: str | None


def selftest(row: SelftestRow, names: dict[int, str]) -> Selftest:
    """Render a self-test; `names` of the SIMs by their rows."""
    late = row.arrived_at is not None and row.ended_at is not None
    return Selftest(
        id=row.public_id,
        sim=names.get(row.from_sim_id, ""),
        to_sim=names.get(row.to_sim_id, ""),
        state=row.result,
        leg=row.leg,
        why=row.why,
        cause=row.cause,
        attempt=row.attempt,
        started_at=instant(row.started_at),
        ended_at=maybe_instant(row.ended_at),
        arrived_at=maybe_instant(row.arrived_at),
        late=late and (row.arrived_at or 0) > (row.ended_at or 0),
        copies=row.copies,
        submit_ms=row.submit_ms,
        delivery_ms=row.delivery_ms,
        report_ms=row.report_ms,
    )


def selftest_of_sim(record: Record | None) -> SelftestOfSim | None:
    """Render how the self-tests of a SIM go; None where there was none."""
    if record is None or (record.last is None and not record.why):
        return None
    last = record.last
    return SelftestOfSim(
        sent=record.sent,
        sent_passed=record.sent_passed,
        received=record.received,
        received_passed=record.received_passed,
        submit_ms=record.submit_ms,
        delivery_ms=record.delivery_ms,
        last_state=last.result if last else None,
        last_leg=last.leg if last else None,
        last_at=instant(last.started_at) if last else None,
        why=record.why or None,
    )
