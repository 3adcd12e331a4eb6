"""The client for Python programs: `from modemgw.client import Client`.

    with Client("http://127.0.0.1:8080", "mgw_…") as sms:
        message = sms.send("+4915112345678", "Your bike is ready.")
        print(sms.wait(message.id).state)

`AsyncClient` has the same methods as coroutines. Everything is imported when it is
first used, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemgw.client.aio import AsyncClient
    from modemgw.client.errors import (
        BadAnswer,
        ClientError,
        NotGenuine,
        Refused,
        StillWaiting,
        Unreachable,
        Untrusted,
    )
    from modemgw.client.models import (
        Batch,
        BatchResult,
        Event,
        Message,
        Sim,
        Step,
        Timeline,
    )
    from modemgw.client.sync import Client
    from modemgw.client.webhook import verify_webhook

_HOMES = {
    "aio": ("AsyncClient",),
    "errors": (
        *("BadAnswer", "ClientError", "NotGenuine", "Refused"),
        *("StillWaiting", "Unreachable", "Untrusted"),
    ),
    "models": (
        *("Batch", "BatchResult", "Event", "Message", "Sim", "Step", "Timeline"),
    ),
    "sync": ("Client",),
    "webhook": ("verify_webhook",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AsyncClient",
    "BadAnswer",
    "Batch",
    "BatchResult",
    "Client",
    "ClientError",
    "Event",
    "Message",
    "NotGenuine",
    "Refused",
    "Sim",
    "Step",
    "StillWaiting",
    "Timeline",
    "Unreachable",
    "Untrusted",
    "verify_webhook",
]


def __getattr__(name: str) -> object:
    """Import what is asked for, at the moment it is."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
