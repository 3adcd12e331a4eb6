"""Setup writes all of its files or none, and keeps what was there."""

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modemgw.cli import setup_files
from modemgw.cli.setup_files import NotWritten, check, difference, write

NOW = datetime(2026, 11, 22, 18, 15, 0, tzinfo=UTC)


def modes(folder: Path) -> dict[str, str]:
    return {one.name: oct(stat.S_IMODE(one.stat().st_mode)) for one in folder.iterdir()}


def test_new_files_are_for_their_owner(tmp_path: Path) -> None:
    config = tmp_path / "new" / "modemgw.yaml"
    assert write(config, "country: DE\n", {"pin-red": "1234"}, NOW) is None
    assert config.read_text() == "country: DE\n"
    assert (config.parent / "pin-red").read_text() == "1234\n"
    assert modes(config.parent) == {"modemgw.yaml": "0o640", "pin-red": "0o600"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_service_reads_its_files_and_changes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_files, "service_owner", lambda config: (1234, 1235))
    config = tmp_path / "etc" / "modemgw.yaml"
    write(config, "x: y\n", {"pin-red": "1234"}, NOW)

    def owner(path: Path) -> tuple[int, int]:
        return path.stat().st_uid, path.stat().st_gid

    assert owner(config.parent) == owner(config) == (0, 1235)
    assert owner(config.parent / "pin-red") == (1234, 1235)
    assert modes(config.parent) == {"modemgw.yaml": "0o640", "pin-red": "0o600"}


def test_what_was_there_is_kept_beside(tmp_path: Path) -> None:
    config = tmp_path / "modemgw.yaml"
    config.write_text("old\n")
    backup = write(config, "new\n", {}, NOW)
    assert backup == tmp_path / "modemgw.yaml.20261122-181500.bak"
    assert (config.read_text(), backup.read_text()) == ("new\n", "old\n")


@pytest.mark.parametrize("sync", [1, 2, 3])
def test_on_a_full_disk_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: int
) -> None:
    config = tmp_path / "modemgw.yaml"
    config.write_text("old\n")
    count = 0

    def full(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == sync:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        NotWritten, match=r"no space left on device; nothing was.*make room"
    ):
        write(config, "new\n", {"pin-red": "1234"}, NOW)
    assert [one.name for one in tmp_path.iterdir()] == ["modemgw.yaml"]
    assert config.read_text() == "old\n"


def test_a_power_cut_takes_neither_the_old_file_nor_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, synced = tmp_path / "modemgw.yaml", set[int]()
    config.write_text("old\n")
    monkeypatch.setattr(os, "fsync", lambda file: synced.add(os.fstat(file).st_ino))
    backup = write(config, "new\n", {"pin-red": "1234"}, NOW)
    assert backup is not None
    for path in (config, tmp_path / "pin-red", backup, tmp_path):
        assert path.stat().st_ino in synced, path


def test_ctrl_c_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "modemgw.yaml", "new\n", {"pin-red": "1234"}, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match="nothing was changed"):
        write(tmp_path / "file" / "modemgw.yaml", "new\n", {}, NOW)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    place = tmp_path / "modemgw.yaml"
    os.mkfifo(place)
    with pytest.raises(NotWritten, match="no plain file: give --config FILE"):
        check(place)


def test_who_may_not_write_hears_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(tmp_path / "new" / "modemgw.yaml")
    asked: list[Path] = []

    def no(place: Path, mode: int) -> bool:
        asked.append(place)
        return False

    monkeypatch.setattr(os, "access", no)
    with pytest.raises(NotWritten, match=r"permission denied.*sudo"):
        check(tmp_path / "new" / "modemgw.yaml")
    assert asked == [tmp_path]


def test_the_difference_is_shown(tmp_path: Path) -> None:
    config = tmp_path / "modemgw.yaml"
    assert difference(config, "a\n")[-1] == "+a"
    config.write_text("a\nb\n")
    assert difference(config, "a\nb\n") == []
    assert difference(config, "a\nc\n")[-2:] == ["-b", "+c"]
    with pytest.raises(NotWritten, match="cannot read"):
        difference(tmp_path, "a")
