"""How the last self-tests of one SIM went, in figures."""

from dataclasses import dataclass
from statistics import median

from modemgw.store.selftest import SelftestRow

SHOWN = 20  # self-tests that rates are made of, each way


@dataclass(frozen=True, slots=True)
class Record:
    """How the last self-tests of one SIM went. Latencies in ms, None: none arrived."""

    last: SelftestRow | None
    sent: int
    sent_passed: int
    received: int
    received_passed: int
    submit_ms: int | None
    delivery_ms: int | None
    why: str  # why the schedule leaves it out; "": it does not


def record_of(sim: int, found: list[SelftestRow], why: str) -> Record:
    """Count how the last self-tests of a SIM went."""
    counted = [t for t in found if t.result in ("passed", "failed")]
    sent = [t for t in counted if t.from_sim_id == sim]
    received = [t for t in counted if t.to_sim_id == sim]
    submits = [t.submit_ms for t in sent if t.submit_ms is not None]
    deliveries = [t.delivery_ms for t in sent if t.delivery_ms is not None]
    return Record(
        last=found[0] if found else None,
        sent=len(sent),
        sent_passed=sum(t.result == "passed" for t in sent),
        received=len(received),
        received_passed=sum(t.result == "passed" for t in received),
        submit_ms=round(median(submits)) if submits else None,
        delivery_ms=round(median(deliveries)) if deliveries else None,
        why=why,
    )
