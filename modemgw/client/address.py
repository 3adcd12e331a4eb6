"""Where a gateway is: an http or https URL, or the path of its admin socket."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """`socket` is the path of a Unix socket, or None; `prefix` goes before a path."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    socket: str | None = None

    @property
    def base(self) -> str:
        """The URL that a path is put behind."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"

    def __str__(self) -> str:
        """Write it as it can be given."""
        return f"unix:{self.socket}" if self.socket else self.base


def checked_key(key: str | None) -> str | None:
    """Return the key without the newline of the file it was read from.

    Raises ValueError, which never repeats it, where it cannot be a key.
    """
    if key is None:
        return None
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the key is empty, or has characters that no key has")
    return key


def parse(url: str) -> Address:
    """Read `http://…`, `https://…` or `unix:/path/of/modemgw.sock`.

    Raises ValueError; it never repeats the URL, for somebody may have put a
    password into it.
    """
    if url.startswith("unix:"):
        path = url.removeprefix("unix:")
        if not path or "\0" in path:
            raise ValueError("behind unix: comes the path of the socket")
        path = path.removeprefix("//")
        return Address("http", "localhost", _PORTS["http"], socket=path)
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("the URL of a gateway begins with http://, https:// or unix:")
    if parts.username is not None or parts.password is not None:
        raise ValueError("no user name or password in the URL: the key goes beside it")
    if parts.query or parts.fragment:
        raise ValueError("the URL of a gateway has no ? and no #")
    return Address(
        parts.scheme,
        parts.hostname,
        parts.port or _PORTS[parts.scheme],
        parts.path.rstrip("/"),
    )
