"""Writes docs/client.md from the client itself.

Run it after a change: `python -m modemgw.client.reference > docs/client.md`.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

from modemgw.client import calls, errors, models
from modemgw.client.sync import Client
from modemgw.client.webhook import verify_webhook

WIDTH = 80  # of a line of code

_HEAD = """\
# The Python client

```python
from modemgw.client import Client

with Client("http://127.0.0.1:8080", "mgw_…") as sms:
    sent = sms.send("+4915112345678", "Your bike is ready.", reference="order-991")
    print(sms.wait(sent.id).state)
    for message in sms.messages(direction="inbound"):
        print(message.from_, message.text)
```

`pip install modemgw` brings it. `AsyncClient` has the same methods as coroutines, and
`async for` where this one has `for`. Complete programs are in
[Send from your app](how-to/send-from-your-app.md).

- **Never twice.** `send`, `send_batch` and `resend` carry an `Idempotency-Key`, so
  they are repeated safely when the connection breaks, an answer is cut off or a proxy
  fails. `cancel` and other changes are repeated only where the gateway says that it
  did nothing (429, 503 with `Retry-After`).
- **Never for ever.** A request ends after `timeout` seconds, all of it, however slowly
  the answer drips; repeating ends after `retry_for` seconds, and at once where
  `Retry-After` lies beyond that. An answer has at most 64 MiB.
- **Nowhere else.** Redirects are not followed, no proxy is taken from the environment,
  and over https the certificate is checked, against `ca` where it is given: the
  `ca.pem` of a gateway that is [its own authority](how-to/tls.md).

This page is made from the program; do not edit it.
"""


def reference() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    parts += _section("Client", _signature("Client", Client.__init__), Client)
    for name, method in vars(Client).items():
        if not name.startswith("_") and inspect.isfunction(method):
            parts += _section(name, _signature(name, method), method)
    parts.append("\n## Options of a message\n\n" + _doc(calls.SendOptions) + "\n\n")
    parts += _fields(calls.SendOptions.__annotations__)
    parts.append("\n## Filters of `messages`\n\n" + _doc(calls.MessageFilters) + "\n\n")
    parts += _fields(calls.MessageFilters.__annotations__)
    name = verify_webhook.__name__
    parts += _section(name, _signature(name, verify_webhook), verify_webhook)
    parts.append("\n## Errors\n")
    for kind in _errors():
        base = kind.__bases__[0].__name__
        below = "" if base == "ModemgwError" else f" (a `{base}`)"
        parts.append(f"\n**{kind.__name__}**{below}: {_doc(kind)}\n")
    parts.append("\n## What comes back\n")
    for struct in (
        *(models.Message, models.Reason, models.Timeline, models.Step),
        *(models.WireLine, models.BatchResult, models.BatchItem, models.Batch),
        *(models.Sim, models.Event),
    ):
        parts.append(f"\n### {struct.__name__}\n\n{_doc(struct)}\n\n")
        parts += _fields(struct.__annotations__)
    final = ", ".join(f"`{state}`" for state in sorted(models.FINAL))
    parts.append(f"\n`FINAL` are the states {final}.\n")
    return "".join(parts)


def _section(name: str, signature: str, what: object) -> list[str]:
    return [f"\n## {name}\n\n```text\n{signature}\n```\n\n{_doc(what)}\n"]


def _signature(name: str, function: Any) -> str:
    """Write a call as one would read it: one argument on a line where it is long."""
    found = inspect.signature(function)
    shown = [p for p in found.parameters.values() if p.name != "self"]
    words, was_starred = [], False
    for one in shown:
        if one.kind is one.KEYWORD_ONLY and not was_starred:
            words.append("*")
            was_starred = True
        is_rest = one.kind is one.VAR_KEYWORD
        words.append(f"**{one.name}" if is_rest else _short(str(one)))
    back = ""
    if found.return_annotation not in (inspect.Signature.empty, None):
        back = f" -> {_short(inspect.formatannotation(found.return_annotation))}"
    line = f"{name}({', '.join(words)}){back}"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n    " + ",\n    ".join(words) + f",\n){back}"


def _errors() -> Iterator[type[errors.ClientError]]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.ClientError):
            yield kind


def _fields(annotations: dict[str, Any]) -> list[str]:
    lines = ["| Name | Type |\n", "|---|---|\n"]
    for name, kind in annotations.items():
        text = _short(inspect.formatannotation(kind)).replace("|", "\\|")
        lines.append(f"| `{name}` | {text} |\n")
    return lines


def _short(text: str) -> str:
    """Write names without the modules they live in, and `FINAL` by its name."""
    text = re.sub(r"frozenset\(\{.*?\}\)", "FINAL", text)
    text = re.sub(r"Optional\[(Literal\[.*?\])\]", r"\1 | None", text)
    text = re.sub(r"Literal\[(.*?)\]", lambda m: m[1].replace(", ", " | "), text)
    text = re.sub(r"<built-in function (\w+)>", r"\1", text)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text)


def _doc(what: object) -> str:
    return inspect.cleandoc(inspect.getdoc(what) or "")


if __name__ == "__main__":
    sys.stdout.write(reference())
