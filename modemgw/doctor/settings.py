"""The configuration, as the gateway reads it."""

from collections.abc import Iterator

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.doctor.machine import ROOT

MISSING = Kind(
    "config.missing",
    Level.PROBLEM,
    "There is no configuration.",
    "The gateway does not start.",
    "modemgw setup",
)
MISTAKE = Kind(
    "config.mistake",
    Level.PROBLEM,
    "The configuration has a mistake.",
    "The gateway does not start with it (exit code 78).",
    "modemgw config check",
)
DOUBTFUL = Kind(
    "config.doubtful",
    Level.NOTE,
    "Something in the configuration is allowed and probably not meant.",
    "It may do something else than you expect.",
    "modemgw config check",
)
NO_SECRET = Kind(
    "config.no_secret",
    Level.WARNING,
    "A secret of the configuration cannot be read here.",
    "The gateway does not start, unless it is given the secret by other means.",
    "modemgw config check",
)
LEFT_OVER = Kind(
    "config.left_over",
    Level.NOTE,
    "An update has left another version of the configuration beside it.",
    "New settings in it have no effect until you take them over.",
    "Compare the two, then remove the other one.",
)
_MOST = 20
_ENDINGS = (".dpkg-dist", ".dpkg-new", ".dpkg-old", ".ucf-dist", ".rpmnew", ".rpmsave")


def settings(box: Box) -> Iterator[Finding]:
    """Look at what the configuration says."""
    path = box.config_file
    check = f"modemgw config check --config {path}"
    if box.config_path is None:
        yield MISSING.seen("no configuration was found", path, type="modemgw setup")
        return
    if box.is_hidden:
        raise Skipped(f"you may not read {path}; run this as root")
    for problem in box.config_problems[:_MOST]:
        yield MISTAKE.seen(problem, path, type=check)
    if box.config is None:
        return
    for warning in box.config.warnings[:_MOST]:
        yield DOUBTFUL.seen(warning, path, type=check)
    yield from _secrets(box, check)


def _secrets(box: Box, check: str) -> Iterator[Finding]:
    from modemgw.config.load import secrets  # noqa: PLC0415 (start-up)
    from modemgw.errors import ConfigError  # noqa: PLC0415

    if box.config is None:
        return
    for secret in secrets(box.config):
        if secret.env is not None:
            continue  # of the service's environment, not of ours
        if secret.file is not None and box.machine.octets(secret.file) is None:
            # The gateway may be allowed what you are not.
            if box.machine.is_root or not box.machine.exists(secret.file):
                what = f"{secret.file} cannot be read"
                yield NO_SECRET.seen(what, box.config_file, type=check)
            continue
        try:
            if box.machine.root == ROOT or secret.file is None:
                secret.reveal()
        except ConfigError as exc:
            yield NO_SECRET.seen(str(exc), box.config_file, type=check)


def left_over(box: Box) -> Iterator[Finding]:
    """Look for what a package has left."""
    if box.config_path is None:
        raise Skipped("there is no configuration")
    for ending in _ENDINGS:
        other = f"{box.config_path}{ending}"
        if box.machine.exists(other):
            yield LEFT_OVER.seen(
                "it lies beside the configuration",
                other,
                type=f"diff {box.config_path} {other}",
            )


CHECKS = (
    Check("settings", "settings", settings, (MISSING, MISTAKE, DOUBTFUL, NO_SECRET)),
    Check("left over", "settings", left_over, (LEFT_OVER,)),
)
