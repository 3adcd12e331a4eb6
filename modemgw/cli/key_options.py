"""Options of `modemgw keys create` and `keys update`: what a key may."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

Json = dict[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])

ANY = "any"  # lifts what was set
# Option, field of the API, what is written, what it does.
LISTS = (
    (
        "--limit",
        "limits",
        "LIMIT",
        "Parts (100/day) or money (5.00/month) it may send.",
    ),
    ("--from", "cidrs", "NETWORK", "Where it may be used from: 192.168.1.0/24."),
    ("--surface", "surfaces", "NAME", "Which API it opens: native, twilio …"),
    ("--sim", "sims", "NAME", "Which SIM may carry its messages."),
    ("--class", "classes", "CLASS", "alert, otp, transactional or marketing."),
    ("--to", "destinations", "PLACE", "Whereto: DE, +4366, 80888, short."),
)


def rules(command: Command) -> Command:
    """Add the options; their values come as keyword arguments, by field."""
    for option, field, metavar, what in reversed(LISTS):
        command = click.option(
            option,
            field,
            multiple=True,
            metavar=metavar,
            help=f"{what} May be repeated.",
        )(command)
    return click.option(
        "--expires",
        metavar="WHEN",
        help="When it ends: 90d, 12h, or a date such as 2027-03-31 (UTC).",
    )(command)


def wish(given: Json, *, lift: bool) -> Json:
    """Return the fields for the API; what was not given is left out.

    With `lift`, `any` stands for no rule, and `never` for no end.
    """
    found: Json = {}
    for _, field, _, _ in LISTS:
        values = list(given[field])
        if lift and values == [ANY]:
            found[field] = []
        elif values:
            found[field] = limits(values) if field == "limits" else values
    when = given["expires"]
    if lift and when == "never":
        found["expires_at"] = None
    elif when is not None:
        found["expires_at"] = end(when, datetime.now(UTC))
    return found


def limits(written: Iterable[str]) -> list[str]:
    """Read limits; raise UsageError."""
    from modemgw.config.money import limit  # noqa: PLC0415 (help stays quick)

    try:
        return [limit(text).name for text in written]
    except ValueError as exc:
        raise click.UsageError(str(exc)) from None


def end(text: str, now: datetime) -> str:
    """Read a time to go or a date.

    >>> end("90d", datetime(2026, 11, 22, tzinfo=UTC))
    '2027-02-20T00:00:00+00:00'
    """
    from modemgw.config.values import duration  # noqa: PLC0415

    try:
        if re.match(r"\d{4}-", text):
            found = datetime.fromisoformat(text)
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        else:
            found = now + timedelta(seconds=duration(text))
    except (ValueError, OverflowError):
        raise click.UsageError(
            f"expected 90d, 12h or a date such as 2027-03-31, got {text!r}"
        ) from None
    return found.isoformat()


def scopes(text: str) -> list[str]:
    """Split what stands between commas; presets become their scopes."""
    from modemgw.policy.scopes import expand  # noqa: PLC0415

    return expand(word.strip() for word in text.split(",") if word.strip())


def restrictions(key: Json) -> str:
    """Say in a few words what a key may, beside its scopes and limits."""
    words = []
    for option, field, _, _ in LISTS[1:]:
        if key.get(field):
            words.append(f"{option.strip('-')} {'|'.join(key[field])}")
    return ", ".join(words)
