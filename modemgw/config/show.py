"""Writes a configuration back as YAML or JSON: defaults filled in, secrets masked."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import msgspec

from modemgw.config.hardware_load import HELPER
from modemgw.config.http import Tls, show_tls
from modemgw.config.model import Config, Window
from modemgw.config.money import show_amount
from modemgw.config.positions import write_yaml
from modemgw.config.quiet import show_quiet
from modemgw.config.secret import Secret, mask_url
from modemgw.config.tariff import show_warm_up
from modemgw.config.values import show_duration, show_window
from modemgw.policy.hours import Quiet
from modemgw.policy.pacing import WarmUp


def as_yaml(config: Config) -> str:
    """Return YAML that loads again, apart from secrets that stood in the file."""
    return write_yaml(plain(config))


def plain(config: Config) -> dict[str, Any]:
    """Return the settings as JSON values; keys without a value are left out."""
    return _struct(config, leave_out={"path", "warnings"})


def shown(value: object, key: str) -> object:
    """Return one value of the model as JSON, as the file would have it at `key`."""
    return _plain(value, key)


def written(value: object) -> str:
    """Write a JSON value in one line, as it may stand in the file."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def leaves(settings: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every key that has a value of its own, with its path: sims.cards[0].pace.

    A list of plain values is one value.
    """
    for name, value in settings.items():
        path = f"{above}{name}"
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            for index, one in enumerate(value):
                if isinstance(one, dict):
                    yield from leaves(one, f"{path}[{index}].")
                else:
                    yield f"{path}[{index}]", one
        else:
            yield path, value


def _struct(value: msgspec.Struct, leave_out: Collection[str] = ()) -> dict[str, Any]:
    below = {
        k: getattr(value, k) for k in value.__struct_fields__ if k not in leave_out
    }
    given = {k: v for k, v in below.items() if v not in (None, "")}
    shown = {k.removesuffix("_"): _plain(v, k) for k, v in given.items()}
    return {k: v for k, v in shown.items() if v != {}}  # a section that says nothing


def _plain(value: object, key: str) -> object:
    if (show := _SHOWN.get(type(value))) is not None:
        return show(value)
    if isinstance(value, msgspec.Struct):
        return _struct(value)
    if isinstance(value, tuple):
        return _list(value, key)
    if isinstance(value, int) and key == "low":
        return show_amount(value)
    return value if isinstance(value, bool | int) else _text(value, key)


def _list(value: tuple[object, ...], key: str) -> object:
    if key in {"power", "cycle"}:
        return "off" if not value else HELPER if value == (HELPER,) else list(value)
    if key == "pace":
        return [show_window(w) for w in value if isinstance(w, Window)] or "off"
    if key == "pairs" and not value:
        return "auto"
    return [_plain(entry, "") for entry in value]


_OFF = {"every", "duplicate_window", "fallback_after"}  # where 0 says so


def _text(value: object, key: str) -> str:
    if isinstance(value, float):
        if value < 0:
            return "off"
        return show_duration(value) if value or key not in _OFF else "off"
    return mask_url(str(value)) if key == "url" else str(value)


def _secret(value: Secret) -> object:
    for word in ("file", "env", "credential"):
        if (found := getattr(value, word)) is not None:
            return {word: str(found)}
    return str(value)


_SHOWN: dict[type, Callable[[Any], object]] = {
    Secret: _secret,
    Quiet: show_quiet,
    WarmUp: show_warm_up,
    Tls: show_tls,
    Window: show_window,
}
