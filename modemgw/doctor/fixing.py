"""Runs what may be fixed: shown first, asked for, one command after the other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from modemgw.doctor.finding import Argv, Finding
from modemgw.doctor.programs import FIX_S, Ran, run_program

MAX_SAID = 300  # characters of what a command said


@dataclass(frozen=True, slots=True)
class Fixed:
    """What became of one fix. `why` is '' where every command ended well."""

    finding: Finding
    done: tuple[Argv, ...]
    why: str = ""


Run = Callable[[Argv], Ran | None]


def run_fix(argv: Argv) -> Ran | None:
    """Run one command with the time that an installation takes."""
    return run_program(argv, deadline_s=FIX_S)


def fixable(findings: Iterable[Finding]) -> list[Finding]:
    """Return one finding for each list of commands: two may want the same."""
    known: dict[tuple[Argv, ...], Finding] = {}
    for one in findings:
        if one.fix:
            known.setdefault(one.fix, one)
    return list(known.values())


def fix(one: Finding, run: Run = run_fix) -> Fixed:
    """Run the commands of one finding; the first that fails ends it."""
    done: list[Argv] = []
    for argv in one.fix:
        said = run(argv)
        if said is None:
            return Fixed(one, tuple(done), f"{argv[0]} is not installed")
        if said.code is None:
            return Fixed(one, tuple(done), f"{argv[0]} did not end in time")
        if said.code:
            words = (said.err or said.out).strip().splitlines()
            why = words[-1][:MAX_SAID] if words else "it does not say why"
            return Fixed(one, tuple(done), f"{argv[0]} ended with {said.code}: {why}")
        done.append(argv)
    return Fixed(one, tuple(done))
