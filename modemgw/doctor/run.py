"""Runs checks beside one another, each in a thread of its own with a deadline.

A driver that hangs holds its own check and nothing else. What a check throws is a
finding: the doctor itself must not need one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread

from modemgw.doctor import checks
from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Level, Skipped

ALL_S = 90.0  # for everything together, unless more was asked for
MOST = 200  # findings of one check


@dataclass(frozen=True, slots=True)
class Result:
    """What one check came to; `skipped` says why it could not be made, or is ''."""

    check: Check
    findings: tuple[Finding, ...] = ()
    skipped: str = ""

    @property
    def level(self) -> Level:
        """The worst of its findings."""
        return max((one.level for one in self.findings), default=Level.OK)


def run(
    box: Box, wanted: Sequence[Check] = checks.CHECKS, *, all_s: float = ALL_S
) -> list[Result]:
    """Run the checks; their results in the order given."""
    done: dict[int, Result] = {}

    def look(number: int, check: Check) -> None:
        done[number] = one(box, check)

    threads = [
        Thread(target=look, args=(number, check), name=check.name, daemon=True)
        for number, check in enumerate(wanted)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    results = []
    for number, check in enumerate(wanted):
        most = all_s if box.deep else min(check.deadline_s, all_s)
        threads[number].join(max(0.0, began + most - time.monotonic()))
        late = Result(check, (), f"no end within {most:g} s")
        results.append(done.get(number, late))
    return results


def one(box: Box, check: Check) -> Result:
    """Run one check here; never raises."""
    found: list[Finding] = []
    try:
        for finding in check.look(box):
            found.append(finding)
            if len(found) >= MOST:
                break
    except Skipped as exc:
        return Result(check, tuple(found), str(exc))
    except Exception as exc:
        what = f"{check.name}: {type(exc).__name__}: {exc}"
        found.append(checks.UNCHECKED.seen(what, "modemgw doctor"))
    return Result(check, tuple(found))
