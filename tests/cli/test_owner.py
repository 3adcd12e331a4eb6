"""Root at work in a directory of another user, who may be out for what is root's."""

import codecs
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemgw.store import restore
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
    assert (done.code, "1 messages" in done.out) == (0, True), done.err
    assert cli.on("import", "gammu-smsd", str(FOREIGN / "gammu")).code == 0
    owners = {path.name: path.lstat().st_uid for path in (box / "data").rglob("*")}
    assert set(owners.values()) == {STRANGER}, owners
