"""Root at work in a directory of another user, who may be out for what is root's."""

import codecs
import json
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modemgw.cli import setup_files
from modemgw.config.model import Config
from modemgw.store import owner, restore
from modemgw.store.database import RESTORING
from tests.cli.conftest import Cli
from tests.store.factory import add_message, database

STRANGER = 54321
FOREIGN = Path(__file__).parents[1] / "gateway" / "foreign"
PRECIOUS = "root:x:0:0\n"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another")


@pytest.fixture
def box(directory: Path) -> Iterator[Path]:
    """A box whose data belong to another user, and a file that is root's."""
    directory.chmod(0o755)
    codecs.lookup("ascii")  # that Python may lie where another user reads nothing
    config = "data_dir: ./data\ncountry: DE\ndiscovery: off\nbackup: {path: ./stick}\n"
    (directory / "modemgw.yaml").write_text(config)
    (directory / "stick").mkdir(mode=0o700)
    (directory / "precious").write_text(PRECIOUS)
    (directory / "precious").chmod(0o600)
    data = directory / "data"
    data.mkdir()
    with database(data) as db:
        add_message(db, 1, state="delivered")
    for path in (data, *data.iterdir()):
        os.chown(path, STRANGER, STRANGER)
    yield directory
    about = (directory / "precious").stat()
    assert (about.st_uid, about.st_mode & 0o777) == (0, 0o600)
    assert (directory / "precious").read_text() == PRECIOUS
    assert os.geteuid() == 0 and os.getegid() == 0


def links_to(box: Path, name: str) -> None:
    path = box / "data" / name
    path.unlink(missing_ok=True)
    path.symlink_to(box / "precious")


def backed_up(cli: Cli) -> str:
    made = cli.on("db", "backup", "--json")
    assert made.code == 0, made.err
    return str(json.loads(made.out)["path"])


def test_links_in_the_data_lead_root_nowhere(cli: Cli, box: Path) -> None:
    for name in (f".backup.json.{os.getpid()}", RESTORING):
        links_to(box, name)
    file = backed_up(cli)
    assert cli.on("db", "restore", file).code in {0, 1}
    links_to(box, "lock")
    for words in (
        ("db", "restore", file),
        ("db", "import", file),
        ("import", "gammu-smsd", str(FOREIGN / "gammu")),
        ("keys", "create", "--name", "x", "--scope", "messages:send"),
    ):
        assert cli.on(*words).code != 0, words


def test_a_directory_that_is_exchanged_midway_gives_nothing_away(
    cli: Cli, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, swap = backed_up(cli), restore.swap

    def exchanged(data_dir: Path, new: Path, now_ms: int) -> Path | None:
        new.parent.rename(data_dir / "aside")
        new.parent.mkdir()
        new.symlink_to(box / "precious")
        return swap(data_dir, new, now_ms)

    monkeypatch.setattr(restore, "swap", exchanged)
    assert cli.on("db", "restore", file).code == 1


@pytest.mark.parametrize("mode", [0o700, 0o777])
def test_what_root_alone_may_read_or_write_goes_on(
    cli: Cli, box: Path, mode: int
) -> None:
    (box / "stick").chmod(mode)
    public = cli("db", "key", str(box / "key")).out.strip()
    made = cli.on("db", "backup", "--encrypt", public, "--json")
    file = json.loads(made.out)["path"]
    (box / "import").write_text('{"number": "+4915112345678", "created_at":')
    (box / "import").chmod(0o600)
    assert "1 wrong" in cli.on("db", "import", str(box / "import")).out
    done = cli.on("db", "restore", file, "--identity", str(box / "key"))
    assert (done.code, "1 message" in done.out) == (0, True), done.err
    assert cli.on("import", "gammu-smsd", str(FOREIGN / "gammu")).code == 0
    owners = {path.name: path.lstat().st_uid for path in (box / "data").rglob("*")}
    assert set(owners.values()) == {STRANGER}, owners


def in_a_process_of_its_own(act: Callable[[], object]) -> None:
    """Do what changes the process for good; fail where it fails there."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that makes one file in its data, and one in a directory below."""

    def run(config: Config, **_: object) -> None:
        config.data_dir.mkdir(parents=True, exist_ok=True)
        about = (os.getresuid(), os.getresgid(), os.getgroups())
        (config.data_dir / "made").write_text(repr(about))

    monkeypatch.setattr("modemgw.daemon.run", run)
    monkeypatch.setattr(owner, "PROGRAM", ())


def who_ran(data: Path) -> tuple[int, str]:
    return (data / "made").stat().st_uid, (data / "made").read_text()


AS_STRANGER = (STRANGER, f"{((STRANGER,) * 3, (STRANGER,) * 3, [STRANGER])}")


@pytest.mark.usefixtures("started")
def test_a_daemon_of_root_is_the_owner_of_the_data_for_good(
    cli: Cli, box: Path
) -> None:
    in_a_process_of_its_own(lambda: cli.on("run"))
    assert who_ran(box / "data") == AS_STRANGER


@pytest.mark.usefixtures("started")
def test_data_that_are_not_there_yet_are_of_who_owns_what_is_above(
    cli: Cli, box: Path
) -> None:
    (box / "home").mkdir()
    os.chown(box / "home", STRANGER, STRANGER)
    config = cli.config.read_text().replace("./data", "./home/gateway/data")
    cli.config.write_text(config)
    in_a_process_of_its_own(lambda: cli.on("run"))
    assert who_ran(box / "home/gateway/data") == AS_STRANGER


@pytest.mark.usefixtures("started")
def test_data_of_the_service_that_are_not_there_yet_are_made_for_it(
    cli: Cli, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.config.write_text(cli.config.read_text().replace("./data", "./new"))
    service = (STRANGER, STRANGER)
    monkeypatch.setattr(setup_files, "service_owner", lambda _: service)
    in_a_process_of_its_own(lambda: cli.on("run"))
    assert who_ran(box / "new") == AS_STRANGER


def test_a_demo_of_root_follows_no_link_in_data_of_another(
    cli: Cli, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "PROGRAM", ())
    links_to(box, "demo.yaml")

    def tried() -> None:
        refused = cli("demo", "--data", str(box / "data"), "--listen", "127.0.0.1:0")
        assert (refused.code, "cannot write" in refused.err) == (1, True), refused.err

    in_a_process_of_its_own(tried)


def test_root_that_cannot_become_the_owner_is_told_what_to_do(
    cli: Cli, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "PROGRAM", (box / "precious",))
    refused = cli.on("run")
    assert (refused.code, "install it where every user may" in refused.err) == (1, True)

    def forbidden(_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "seteuid", forbidden)
    refused = cli.on("run")
    monkeypatch.undo()
    assert (refused.code, "sudo -u '#54321' modemgw" in refused.err) == (1, True)
    assert os.getresuid() == (0, 0, 0)


@pytest.mark.usefixtures("started")
def test_a_link_of_another_in_the_place_of_the_data_leads_to_nothing_of_root(
    cli: Cli, box: Path
) -> None:
    (box / "data").rename(box / "aside")
    (box / "data").symlink_to(box / "stick")  # which is root's
    os.chown(box / "data", STRANGER, STRANGER, follow_symlinks=False)

    def tried() -> None:
        with pytest.raises(PermissionError):  # where the daemon would begin to write
            cli.on("run")

    in_a_process_of_its_own(tried)
    assert not list((box / "stick").iterdir())
    assert cli.on("keys", "create", "--name", "x", "--scopes", "sender").code != 0
    assert not list((box / "stick").iterdir())


def test_data_of_root_leave_root_as_it_is(box: Path) -> None:
    assert owner.become_owner_of(box / "stick") is None
    assert os.getresuid() == (0, 0, 0)
