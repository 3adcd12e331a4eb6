"""Where files live that must not outlive the machine, nor end before it."""

import os
from pathlib import Path

import pytest

from modemgw.store import memory
from modemgw.store.memory import is_in_memory, memory_file, open_memory_file

MOUNTS = """\
22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
24 22 0:22 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=90%
25 22 0:23 / /mnt/with\\040blank rw - tmpfs none rw
26 24 179:3 / /run/disk rw - ext4 /dev/sda1 rw
27 22 0:25 / /twice rw - tmpfs none rw
28 22 179:4 / /twice rw - ext4 /dev/sdb1 rw
half a line
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", False),
        ("/run", True),
        ("/run/modemgw", True),
        ("/running", False),
        ("/run/disk/data", False),
        ("/mnt/with blank/x", True),
        ("/twice", False),
    ],
)
def test_the_innermost_mount_decides(
    path: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(memory, "_MOUNTS", mounts)
    assert is_in_memory(Path(path)) is expected
    monkeypatch.setattr(memory, "_MOUNTS", tmp_path / "missing")
    assert not is_in_memory(Path("/run"))


def test_each_data_directory_has_its_own_and_always_the_same(tmp_path: Path) -> None:
    found = memory_file(tmp_path, "slate")
    assert found == memory_file(tmp_path / "x" / "..", "slate")
    assert found != memory_file(tmp_path / "x", "slate")
    assert found != memory_file(tmp_path, "other")


@pytest.mark.parametrize("given", [None, ""])
def test_a_root_in_memory_is_not_littered(
    given: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "is_in_memory", lambda directory: True)
    monkeypatch.setattr(memory, "SYSTEM_RUNTIME_DIR", tmp_path / "none")
    if given is None:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    else:
        monkeypatch.setenv("XDG_RUNTIME_DIR", given)
    monkeypatch.setattr(memory, "SHARED_MEMORY", tmp_path)
    found = memory_file(tmp_path, "slate")
    assert found is not None
    assert found.parent == tmp_path


def test_what_others_laid_there_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "hard").write_bytes(b"")
    os.link(tmp_path / "hard", tmp_path / "second")
    (tmp_path / "open").write_bytes(b"")
    (tmp_path / "open").chmod(0o666)
    for name in ("link", "hard", "open"):
        with pytest.raises(OSError, match=r"belongs to somebody else|symbolic link"):
            open_memory_file(tmp_path / name)
    os.close(open_memory_file(tmp_path / "mine"))
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600
