"""Who may read and write what: configuration, secrets, data, the programs' user."""

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Argv, Finding, Kind, Level, Skipped

NO_USER = Kind(
    "user.missing",
    Level.PROBLEM,
    "The user of the service does not exist.",
    "systemd cannot start the gateway (exit code 217).",
    "useradd --system --home-dir /var/lib/modemgw --groups dialout modemgw",
)
UNREADABLE = Kind(
    "config.unreadable",
    Level.PROBLEM,
    "The user of the gateway may not read its configuration or a secret in it.",
    "The gateway does not start, or a SIM stays locked.",
    "chgrp modemgw FILE\nchmod g+r FILE",
)
WRITABLE = Kind(
    "config.writable",
    Level.PROBLEM,
    "Everybody on this machine may change the configuration.",
    "Who may write it decides where messages go and which commands are run.",
    "chmod o-w FILE",
)
EXPOSED = Kind(
    "secret.exposed",
    Level.WARNING,
    "Everybody on this machine may read a PIN or a secret.",
    "Who has the secret of a webhook can forge messages; who has the PIN, use the SIM.",
    "chmod o-rwx FILE",
)
NO_DATA = Kind(
    "data.missing",
    Level.NOTE,
    "The data directory does not exist yet.",
    "The gateway makes it at its first start, where it may.",
    "modemgw run",
)
FOREIGN = Kind(
    "data.foreign",
    Level.PROBLEM,
    "Files of the data belong to somebody else than the user of the gateway.",
    "The gateway does not start or cannot write; mostly it was run once as root.",
    "chown -R modemgw:modemgw /var/lib/modemgw",
)
OPEN = Kind(
    "data.open",
    Level.WARNING,
    "Everybody on this machine may read the data.",
    "They hold numbers, texts and the secrets of webhooks.",
    "chmod -R o-rwx /var/lib/modemgw",
)
_FILES = ("modemgw.db", "modemgw.db-wal", "modemgw.db-shm", "lock", "pepper")
_READ, _WRITE, _ENTER = 4, 2, 1


def user(box: Box) -> Iterator[Finding]:
    """Look whether the user of the unit exists."""
    name = box.unit.user
    if not box.unit.is_installed or not name or name.isdecimal():
        raise Skipped("the gateway is no service of this machine")
    if name not in box.machine.users():
        more = ("--groups", "dialout") if "dialout" in box.machine.groups() else ()
        words = ("useradd", "--system", "--home-dir", "/var/lib/modemgw", *more, name)
        yield NO_USER.seen(f"there is no user {name}", "/etc/passwd", fix=(words,))


def configuration(box: Box) -> Iterator[Finding]:
    """Look who may read and change the configuration and its secrets."""
    if box.config_path is None:
        raise Skipped("there is no configuration")
    path = str(box.config_path)
    about = box.machine.stat(path)
    if about is None:
        raise Skipped(f"{path} is not there, or you may not look")
    if about.st_mode & stat.S_IWOTH:
        fix = (("chmod", "o-w", path),)
        yield WRITABLE.seen("everybody may write it", path, fix=fix)
    secrets, files = _secrets(box)
    if secrets and about.st_mode & stat.S_IROTH:
        fix = (("chmod", "o-rwx", path),)
        yield EXPOSED.seen("it holds secrets, and everybody may read it", path, fix=fix)
    for name in dict.fromkeys((path, *files)):
        found = box.machine.stat(name)
        if found is None:
            continue
        if name != path and found.st_mode & stat.S_IROTH:
            close = ("chmod", "o-rwx", name)
            run, type_ = _for_root(box, name, (close,))
            yield EXPOSED.seen("everybody may read it", name, fix=run, type=type_)
        shut = shut_folder(box, name)
        if shut is not None:
            what = f"{box.service_user} may not enter {shut}"
            yield UNREADABLE.seen(what, name, type=f"chmod o+x {shut}")
        elif not may(box, name, _READ):
            group = box.machine.group_name(_own_group(box))
            open_it = (("chgrp", group, name), ("chmod", "g+r", name))
            what = f"{box.service_user} may not read it"
            run, type_ = _for_root(box, name, open_it)
            yield UNREADABLE.seen(what, name, fix=run, type=type_)


def _for_root(
    box: Box, name: str, words: tuple[Argv, ...]
) -> tuple[tuple[Argv, ...], tuple[str, ...]]:
    """Return what is run, and what is only shown.

    Where the gateway's user could lay a link, root would open a file of its own to it:
    there a person looks first.
    """
    about = box.machine.stat(name, follow=False)
    is_plain = about is not None and stat.S_ISREG(about.st_mode) and about.st_nlink == 1
    folders = map(str, PurePosixPath(name).parents)
    is_ours = not box.machine.is_root or box.service_user == "root"
    is_firm = is_plain and not any(may(box, folder, _WRITE) for folder in folders)
    if is_ours or is_firm:
        return words, ()
    return (), (shlex.join(("ls", "-l", name)), *map(shlex.join, words))


def _secrets(box: Box) -> tuple[bool, list[str]]:
    """Return whether the file itself holds secrets, and the files that do."""
    from modemgw.config.load import secrets  # noqa: PLC0415 (start-up)

    if box.config is None:
        return False, []
    found = list(secrets(box.config))
    tls = box.config.http.tls
    files = [str(one.file) for one in found if one.file is not None]
    files += [str(tls.key)] if tls.key is not None else []
    return any(one.plain is not None for one in found), files


def data(box: Box) -> Iterator[Finding]:
    """Look whose the data are and who may read them."""
    if box.data_dir is None:
        raise Skipped("there is no configuration to go by")
    folder = str(box.data_dir)
    about = box.machine.stat(folder)
    if about is None:
        if box.machine.exists(str(box.data_dir.parent)):
            run = f"modemgw run --config {box.config_file}"
            yield NO_DATA.seen("it does not exist yet", folder, type=run)
        return
    name = box.service_user
    shut = shut_folder(box, folder)
    if shut is not None:
        what = f"{name} may not enter {shut}"
        yield FOREIGN.seen(what, folder, type=f"chmod o+x {shut}")
        return
    number = box.machine.users().get(name, (about.st_uid, 0))[0]
    files = [str(Path(folder) / one) for one in _FILES]
    foreign = [
        path
        for path in (folder, *files)
        if (found := box.machine.stat(path)) is not None
        and found.st_uid != number
        and not may(box, path, _READ | _WRITE)
    ]
    if foreign:
        owner = box.machine.stat(foreign[0])
        other = box.machine.user_name(owner.st_uid) if owner else "somebody else"
        group = box.machine.group_name(_own_group(box))
        fix = (("chown", "-R", f"{name}:{group}", folder),)
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        what = f"it belongs to {other}, and the gateway is {name}{more}"
        yield FOREIGN.seen(what, foreign[0], fix=fix)
    if about.st_mode & (stat.S_IROTH | stat.S_IXOTH):
        # Not through links, which the gateway's user could lay: root follows the fix.
        found_here = [box.machine.stat(path, follow=False) for path in files]
        if any(
            stat.S_ISREG(one.st_mode) and one.st_mode & stat.S_IROTH
            for one in found_here
            if one is not None
        ):
            close = (("chmod", "-R", "o-rwx", folder),)
            yield OPEN.seen("everybody may read the database", folder, fix=close)


def shut_folder(box: Box, path: str) -> str | None:
    """Return the first folder above a path that the gateway's user may not enter."""
    for folder in reversed(PurePosixPath(path).parents):
        if box.machine.exists(str(folder)) and not may(box, str(folder), _ENTER):
            return str(folder)
    return None


def may(box: Box, path: str, wanted: int) -> bool:
    """Tell whether the gateway's user has the rights of `wanted` at a path.

    Only the bits of the path itself: a folder above it may still be shut.
    """
    about = box.machine.stat(path)
    if about is None:
        return False
    known = box.machine.users().get(box.service_user)
    uid = known[0] if known else box.machine.uid
    if uid == 0:
        return True
    bits = about.st_mode
    if about.st_uid == uid:
        bits >>= 6
    elif about.st_gid in box.service_groups:
        bits >>= 3
    return bits & wanted == wanted


def _own_group(box: Box) -> int:
    known = box.machine.users().get(box.service_user)
    return known[1] if known else 0


CHECKS = (
    Check("user", "access", user, (NO_USER,)),
    Check("configuration", "access", configuration, (UNREADABLE, WRITABLE, EXPOSED)),
    Check("data", "access", data, (NO_DATA, FOREIGN, OPEN)),
)
