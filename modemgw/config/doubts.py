"""What a file alone cannot show: whether this machine has what the file names.

For `modemgw config check`. Nothing of it is a mistake of the file: a modem may be
plugged in later, and who checks may not be who runs the gateway.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from modemgw.config.load import secrets
from modemgw.config.model import Config
from modemgw.config.secret import Secret
from modemgw.errors import ConfigError

_PLACE = re.compile(r".*?:(\d+):(\d+): ")


def doubts(config: Config, places: Mapping[str, str]) -> list[str]:
    """Return a line for everything that is doubtful here, in file order.

    `places` says where each key stands, as `load_with_places` does.
    """

    def at(key: str) -> str:
        place = places.get(key)
        return f"{place}: {key}" if place else f"{config.path}: {key}"

    found = [
        *_secrets(config),
        *(f"{at('data_dir')}: {why}" for why in _data_dir(config.data_dir)),
        *(
            f"{at(f'modems[{index}].port')}: {modem.port} is not there"
            for index, modem in enumerate(config.modems)
            if modem.port is not None
            and not any(c in modem.port for c in "*?[")
            and not Path(modem.port).exists()
        ),
        *(
            f"{at('http.tls')}: {path} {why}"
            for path in (config.http.tls.cert, config.http.tls.key)
            if path is not None and (why := _unreadable(path))
        ),
    ]
    return sorted(found, key=_in_file_order)


def _in_file_order(line: str) -> tuple[int, ...]:
    place = _PLACE.match(line)
    return (0, 0) if place is None else (int(place[1]), int(place[2]))


def _secrets(config: Config) -> Iterator[str]:
    plain = False
    for secret in secrets(config):
        try:
            secret.reveal()
        except ConfigError as exc:
            yield str(exc)
        plain = plain or secret.plain is not None
        yield from _open_to_all(secret)
    if plain and config.path is not None and _everybody_reads(config.path):
        yield f"{config.path}: holds secrets, and everybody may read it: chmod o= it"


def _open_to_all(secret: Secret) -> Iterator[str]:
    path = secret.path
    if path is not None and secret.credential is None and _everybody_reads(path):
        yield f"{secret.place}: everybody may read {path}: chmod o= it"


def _everybody_reads(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False  # which is told by who needs it


def _data_dir(path: Path) -> Iterator[str]:
    """Say why the database cannot be there; a directory that is missing is made."""
    here = path
    while not here.exists() and here != here.parent:
        here = here.parent
    if not here.is_dir():
        yield f"{here} is no directory"
    elif os.statvfs(here).f_flag & os.ST_RDONLY:
        yield f"{here} is mounted read-only"
    elif not os.access(here, os.W_OK | os.X_OK):
        yield f"you may not write to {here}; the user of the service has to"


def _unreadable(path: Path) -> str:
    try:
        with path.open("rb"):
            return ""
    except OSError as exc:
        return f"cannot be read: {(exc.strerror or str(exc)).lower()}"
