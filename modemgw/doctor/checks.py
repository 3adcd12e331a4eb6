"""All checks in the order of the output, and every kind of finding there is."""

from modemgw.doctor import (
    access,
    backups,
    clock,
    database,
    disk,
    gateway,
    kernel,
    memory,
    modems,
    network,
    ports,
    power,
    settings,
    sims,
    systemd,
    usbpower,
    versions,
)
from modemgw.doctor.box import Check
from modemgw.doctor.finding import Kind, Level

CHECKS: tuple[Check, ...] = (
    *settings.CHECKS,
    *gateway.CHECKS,
    *modems.CHECKS,
    *sims.CHECKS,
    *ports.CHECKS,
    *usbpower.CHECKS,
    *access.CHECKS,
    *systemd.CHECKS,
    *database.CHECKS,
    *backups.CHECKS,
    *disk.CHECKS,
    *network.CHECKS,
    *clock.CHECKS,
    *power.CHECKS,
    *memory.CHECKS,
    *kernel.CHECKS,
    *versions.CHECKS,
)
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(check.group for check in CHECKS))

UNCHECKED = Kind(
    "doctor.failed",
    Level.WARNING,
    "A check of the doctor itself failed.",
    "What it looks at may be broken in a way that nobody thought of, or the check is.",
    "Report it with the output of modemgw doctor --json.",
)
KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (*(kind for check in CHECKS for kind in check.kinds), UNCHECKED)
}


def chosen(only: tuple[str, ...]) -> tuple[Check, ...]:
    """Return the checks that can find what is asked for: ids, or their beginnings.

    `disk` stands for every `disk.…`; raises KeyError with a name that fits nothing.
    """
    for name in only:
        if not any(fits(kind, name) for kind in KINDS):
            raise KeyError(name)
    if not only:
        return CHECKS
    return tuple(
        check
        for check in CHECKS
        if any(fits(kind.id, name) for kind in check.kinds for name in only)
    )


def fits(kind: str, name: str) -> bool:
    """Tell whether an id is meant by what was typed.

    >>> fits("disk.full", "disk"), fits("disk.full", "disk.f")
    (True, False)
    """
    return kind == name or kind.startswith(f"{name}.")
