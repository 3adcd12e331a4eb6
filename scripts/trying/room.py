"""A bare Debian in a folder, and what can be done in it.

Everything happens in mount and process namespaces of its own, so that what is left
running or mounted ends with this process. Package sources and pip's settings are the
machine's, copied in for the time of the test.
"""

import ctypes
import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
BASES = CACHE / "modemgw" / "try-install"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STEP_S = 600.0
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
# What apt, dpkg and Python leave behind wherever anything is installed.
NOT_OURS = re.compile(
    r"/(proc|sys|dev|tmp|src|wheels)(/|$)|/var/(cache|log)/|/var/lib/(apt|dpkg)/"
    r"|/etc/(passwd|shadow|group|gshadow|subuid|subgid)-?$|/__pycache__(/|$)"
    r"|/run/(try-install|systemd|lock)(/|$)|/etc/\.pwd\.lock$|/root(/|$)"
)


class Failed(Exception):
    """A step did not do what it has to."""


def source() -> str:
    """Return where this machine has its Debian packages from."""
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        if found := re.search(r"^URIs:\s*(\S+)", path.read_text("utf-8"), re.M):
            return found[1]
    for path in (Path("/etc/apt/sources.list"), *Path("/etc/apt").glob("*.d/*.list")):
        if path.exists() and (
            found := re.search(r"^deb\s+(?:\[.*?\]\s*)?(\S+)", path.read_text(), re.M)
        ):
            return found[1]
    raise Failed("apt has no source of packages here")


def base(suite: str) -> Path:
    """Return a tar of a minimal Debian; the first time it is made, in a minute."""
    made = BASES / f"{suite}.tar"
    if not made.exists():
        folder = BASES / f"{suite}.new"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run("debootstrap", "--variant=minbase", suite, str(folder), source())
        run("tar", "cf", f"{made}.new", "-C", str(folder), ".")
        Path(f"{made}.new").rename(made)
        shutil.rmtree(folder)
    return made


def run(*command: str, ok: tuple[int, ...] = (0,), **options: object) -> str:
    """Run something; return what it prints. Failed where its exit code is no good."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_S,
            check=False,
            **options,  # type: ignore[call-overload]
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command)}: not within {STEP_S:g} s") from None
    if done.returncode not in ok:
        said = "\n".join(done.stdout.splitlines()[-30:])
        raise Failed(f"{' '.join(command)}: exit code {done.returncode}\n{said}")
    return str(done.stdout)


def without_network() -> None:
    """Leave the network for one of our own that has nothing but loopback."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise Failed(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack(
            "16xh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked)
        )
        fcntl.ioctl(
            any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP)
        )


class Room:
    """One root, entered by chroot."""

    def __init__(self, root: Path, suite: str) -> None:
        self.root = root
        self.suite = suite
        self._environment = {
            "PATH": PATH,
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }

    def furnish(self) -> None:
        """Unpack the base, mount what programs expect, and let apt and pip work."""
        run("tar", "xf", str(base(self.suite)), "-C", str(self.root))
        run("mount", "-t", "proc", "proc", str(self.root / "proc"))
        run("mount", "--rbind", "/dev", str(self.root / "dev"))
        shutil.copy("/etc/resolv.conf", self.root / "etc")
        for path in Path("/etc/apt/apt.conf.d").iterdir():
            if re.search(r"proxy|registry|acquire", path.name, re.I):
                shutil.copy(path, self.root / "etc/apt/apt.conf.d")
        signed = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (self.root / "etc/apt/sources.list").write_text(
            f"deb [signed-by={signed}] {source()} {self.suite} main\n"
        )
        self._let_pip_work()

    def _let_pip_work(self) -> None:
        for path in (Path("/etc/pip.conf"), *Path("/etc/xdg/pip").glob("*")):
            if path.is_file():
                inside = self.root / path.relative_to("/")
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, inside)
        for name, value in os.environ.items():
            if name.startswith("PIP_") or name.lower().endswith("_proxy"):
                self._environment[name] = value
        trusted = Path("/etc/ssl/certs/ca-certificates.crt")
        (self.root / "src").mkdir(exist_ok=True)
        if trusted.exists():
            shutil.copy(trusted, self.root / "src" / "trusted.crt")
            self._environment["PIP_CERT"] = "/src/trusted.crt"

    def show(self, folder: Path, name: str) -> None:
        """Let a folder of the machine be seen in the root, to read."""
        inside = self.root / name
        inside.mkdir(exist_ok=True)
        run("mount", "--bind", "-o", "ro", str(folder), str(inside))

    def enter(self, *command: str, ok: tuple[int, ...] = (0,)) -> str:
        """Run something in the root as its root; return what it prints."""
        return run("chroot", str(self.root), *command, ok=ok, env=self._environment)

    def start(self, *command: str, log: str) -> "subprocess.Popen[bytes]":
        """Start something in the root that goes on."""
        with (self.root / "var/log" / log).open("ab") as out:
            return subprocess.Popen(
                ["chroot", str(self.root), *command],  # noqa: S607
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environment,
            )

    def files(self) -> dict[str, str]:
        """Return every path that an installation could leave, with mode and owner."""
        said = run(*("find", str(self.root), "-xdev", "-printf"), r"/%P\t%M %u:%g %l\n")
        lines = (line.partition("\t") for line in said.splitlines())
        return {path: told for path, _, told in lines if not NOT_OURS.search(path)}

    def accounts(self) -> set[str]:
        """Return the lines of the user and group files."""
        names = ("passwd", "group", "shadow", "gshadow")
        return {
            f"{name}: {line}"
            for name in names
            for line in (self.root / "etc" / name).read_text().splitlines()
        }


def wait(what: str, is_so: object, within: float = 60.0) -> None:
    """Look again and again until it is so; Failed when it takes too long."""
    end = time.monotonic() + within
    while not is_so():  # type: ignore[operator]
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {within:g} s")
        time.sleep(0.1)
