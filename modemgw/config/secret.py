"""Secrets of the configuration: by reference where possible, masked everywhere."""

import os
import re
from pathlib import Path

import msgspec

from modemgw.config import values
from modemgw.errors import ConfigError

MAX_SECRET_OCTETS = 4096


class Secret(msgspec.Struct, frozen=True):
    """A PIN or a signing secret, or where to find it. Shows itself masked.

    Exactly one of `plain`, `file`, `env` is set. `place` is the
    `file:line:column: path` that an error about it points to.
    """

    form: str  # "pin" or "whsec": how `reveal` checks what it finds
    place: str = ""
    plain: str | None = None
    file: Path | None = None
    env: str | None = None

    def reveal(self) -> str:
        """Return the secret itself.

        Raises ConfigError where it cannot be read or has the wrong form; the
        message never contains it.
        """
        try:
            found = self._find()
            check = values.pin if self.form == "pin" else values.webhook_secret
            return check(found)
        except ValueError as exc:
            raise ConfigError([f"{self.place}: {self}: {exc}"]) from None

    def _find(self) -> str:
        if self.plain is not None:
            return self.plain
        if self.file is None:
            if not self.env or self.env not in os.environ:
                raise ValueError("this environment variable is not set")
            return os.environ[self.env].strip()
        try:
            with self.file.open("rb") as stream:
                return stream.read(MAX_SECRET_OCTETS).decode("ascii").strip()
        except OSError as exc:
            why = (exc.strerror or str(exc)).lower()
            raise ValueError(f"cannot be read: {why}") from None
        except UnicodeDecodeError:
            raise ValueError("is not a text file") from None

    def __str__(self) -> str:
        """Show the reference, never the value."""
        if self.file is not None:
            return f"{{file: {self.file}}}"
        return f"{{env: {self.env}}}" if self.env is not None else "****"

    def __repr__(self) -> str:
        """Show the reference, never the value: this lands in tracebacks."""
        return f"Secret({self})"


def mask_url(url: str) -> str:
    """Hide the password in a URL."""
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:****@", url)
