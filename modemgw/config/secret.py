"""Secrets of the configuration: by reference where possible, masked everywhere."""

import os
import re
from pathlib import Path

import msgspec

from modemgw.config import values
from modemgw.config.plain import open_plain
from modemgw.errors import ConfigError

MAX_SECRET_OCTETS = 4096
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd.exec(5), LoadCredential=


class Secret(msgspec.Struct, frozen=True, eq=False):
    """A PIN or a signing secret, or where to find it. Shows itself masked.

    Exactly one of `plain`, `file`, `env`, `credential` is set. `place` is the
    `file:line:column: path` that an error about it points to; a secret that only
    moved within its file is still the same.
    """

    form: str  # pin, whsec or password: how `reveal` checks what it finds
    place: str = ""
    plain: str | None = None
    file: Path | None = None
    env: str | None = None
    credential: str | None = None

    def reveal(self) -> str:
        """Return the secret itself; files are read anew each time.

        Raises ConfigError where it cannot be read or has the wrong form; the
        message never contains it.
        """
        try:
            found = self._find()
            return values.SECRETS[self.form](found)
        except ValueError as exc:
            raise ConfigError([f"{self.place}: {self}: {exc}"]) from None

    @property
    def path(self) -> Path | None:
        """The file that holds it, None where that is no file or not known."""
        if self.credential is None:
            return self.file
        folder = os.environ.get(CREDENTIALS, "")
        return Path(folder, self.credential) if folder else None

    @property
    def key(self) -> str:
        """Where it stands in the configuration, as `modems[0].pin`."""
        return self.place.rpartition(": ")[2]

    def _find(self) -> str:
        if self.plain is not None:
            return self.plain
        if self.env is not None:
            if self.env not in os.environ:
                raise ValueError("this environment variable is not set")
            return os.environ[self.env].strip()
        path = self.path
        if path is None:
            raise ValueError(
                f"the service manager gave no credentials ({CREDENTIALS} is not set)"
            )
        try:
            with open_plain(path) as stream:
                return stream.read(MAX_SECRET_OCTETS).decode("ascii").strip()
        except FileNotFoundError:
            why = "cannot be read: no such file or directory"
            if self.credential is not None:
                why = f"is not there; the unit needs LoadCredential={self.credential}:…"
            raise ValueError(why) from None
        except OSError as exc:
            why = (exc.strerror or str(exc)).lower()
            raise ValueError(f"cannot be read: {why}") from None
        except UnicodeDecodeError:
            raise ValueError("is not a text file") from None

    def _key(self) -> tuple[object, ...]:
        return self.form, self.plain, self.file, self.env, self.credential

    def __eq__(self, other: object) -> bool:
        """Say whether it is the same secret, wherever it stands in the file."""
        return isinstance(other, Secret) and self._key() == other._key()

    def __ne__(self, other: object) -> bool:
        """Fit `__eq__`: a struct would compare itself."""
        return not self == other

    def __hash__(self) -> int:
        """Fit `__eq__`."""
        return hash(self._key())

    def __str__(self) -> str:
        """Show the reference, never the value."""
        for word in ("file", "env", "credential"):
            if (found := getattr(self, word)) is not None:
                return f"{{{word}: {found}}}"
        return "****"

    def __repr__(self) -> str:
        """Show the reference, never the value: this lands in tracebacks."""
        return f"Secret({self})"


def mask_url(url: str) -> str:
    """Hide the password in a URL."""
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1:****@", url)
