"""Keys of encrypted backups: read from files, and protected by a passphrase."""

import base64
import re
from pathlib import Path

import pytest

from modemgw.store import sealing

KEY = "AGE-SECRET-KEY-1MZR7DXS00AK3JPF8HP2MPQWHU8983WKMRRDQP5WRCRDRAURU8F9QLP46KH"
# The key and a comment, locked with "open sesame" and next to no work (2^2).
LOCKED = """\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBzKzNTOHdRR2FiZmNzbDVE
OTRONGR3IDIKTWdLMDlNakY0QnFuS29COS9vYWk1bEVwT3Q1QXpnSjRQdTlpZHgw
TlAyOAotLS0gaHU5L25ldWhveFBDQWo5WG9Rd0I0NEU2NVNyQndrS1VVTFpVcDZo
Q0dvbwqVeCgZUl6tAAOw9HNsllZ7YrljFRP1KYVOEx+FgiOEVn+iaZdD6AiHog1C
8G1LywG+Z56uvZbZ7IoNXiDl7VNfO7bYUCMk66dV7cKpf5s53lza/UAUcoSpaYBn
oWV7XGIlG8/H5XtEpXaNIo86sjo1a52cvZ+0fg==
-----END AGE ENCRYPTED FILE-----
"""


def test_a_key_is_read_from_a_plain_file_and_a_locked_one(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"# a comment\n{KEY}\n")
    assert sealing.read_identities(file) == [KEY]
    file.write_text(LOCKED)
    assert sealing.is_locked(file.read_bytes())
    assert sealing.read_identities(file, lambda: "open sesame") == [KEY]


@pytest.mark.parametrize("passphrase", ["open sesam", ""])
def test_a_passphrase_protects_the_key(passphrase: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(LOCKED)
    with pytest.raises(sealing.CannotSeal, match="wrong passphrase") as refused:
        sealing.read_identities(file, lambda: passphrase)
    assert KEY not in str(refused.value)


def test_each_guess_at_a_passphrase_takes_work() -> None:
    """The library takes a second's worth of it, so this is done once here."""
    locked = sealing.lock_identity(KEY, "open sesame")
    assert sealing.is_locked(locked)
    _, *lines, _ = locked.decode("ascii").splitlines()
    head = base64.b64decode("".join(lines))
    assert KEY.encode() not in head
    work = re.search(rb"^-> scrypt \S+ (\d+)$", head, re.MULTILINE)
    assert work is not None and int(work[1]) > 12  # a power of two
