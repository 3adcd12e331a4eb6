"""Encrypting backups: the age format (age-encryption.org), by the library pyrage.

A backup is sealed for recipients: public keys `age1…`. Whoever has only those, as the
gateway has, cannot open it again. Streams of any length go through in small pieces,
and each piece is authenticated.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from modemgw.errors import StoreError

RECIPIENT = "age1"
_IDENTITY = "AGE-SECRET-KEY-"
_ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_MAGIC = b"age-encryption.org/"
MAX_KEY_OCTETS = 64 * 1024


class CannotSeal(StoreError):
    """A key is none, the library is not there, or a sealed file does not open."""


def is_sealed(head: bytes) -> bool:
    """Tell by its first octets whether a file is encrypted."""
    return head.startswith((_MAGIC, _ARMOR))


def check_recipient(text: str) -> str:
    """Return a public key as it is written. Raises CannotSeal."""
    pyrage = _library()
    if text.strip().upper().startswith(_IDENTITY):  # never shown again
        raise CannotSeal("this is a secret key, which belongs elsewhere: give age1…")
    try:
        pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as exc:
        raise CannotSeal(f"{text!r} is no public key of age (age1…): {exc}") from None
    return text.strip()


def seal(reader: IO[bytes], writer: IO[bytes], recipients: Sequence[str]) -> None:
    """Encrypt a stream for all of the recipients.

    Raises CannotSeal, also for whatever the two streams raise.
    """
    pyrage = _library()
    keys = [
        pyrage.x25519.Recipient.from_str(check_recipient(text)) for text in recipients
    ]
    try:
        pyrage.encrypt_io(reader, writer, keys)
    except pyrage.EncryptError as exc:
        raise CannotSeal(f"the backup cannot be encrypted: {exc}") from None


def unseal(reader: IO[bytes], writer: IO[bytes], identities: Sequence[str]) -> None:
    """Decrypt a stream. Raises CannotSeal for the wrong key or a changed file.

    What was written before that is authentic, and not whole.
    """
    pyrage = _library()
    try:
        keys = [pyrage.x25519.Identity.from_str(text) for text in identities]
    except pyrage.IdentityError as exc:
        raise CannotSeal(f"this is no secret key of age: {exc}") from None
    try:
        pyrage.decrypt_io(reader, writer, keys)
    except pyrage.DecryptError as exc:
        raise CannotSeal(
            f"the backup does not open: {exc}; it was made for another key,"
            " or the file was changed"
        ) from None
    except OSError as exc:
        if exc.errno is not None:
            raise  # of the disk
        raise CannotSeal(f"the backup is damaged, or was changed: {exc}") from None


def new_identity() -> tuple[str, str]:
    """Return a new secret key and the public one that belongs to it."""
    made = _library().x25519.Identity.generate()
    return str(made), str(made.to_public())


def lock_identity(identity: str, passphrase: str) -> bytes:
    """Protect a secret key by a passphrase; what comes of it is text."""
    locked = _library().passphrase.encrypt(identity.encode(), passphrase, armored=True)
    return bytes(locked)


def is_locked(text: bytes) -> bool:
    """Tell whether a file with a secret key wants a passphrase first."""
    return text.lstrip().startswith((_ARMOR, _MAGIC))


def read_identities(file: Path, ask: Callable[[], str] = lambda: "") -> list[str]:
    """Return the secret keys in a file, as age-keygen or `db key` wrote it.

    The file is read once, so it may be a pipe; `ask` is called for the passphrase of
    one that is protected by it. Raises CannotSeal where it cannot be read, the
    passphrase is wrong, or there is no key in it. No message holds any of it.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_KEY_OCTETS)
    except OSError as exc:
        raise CannotSeal(f"{str(file)!r} cannot be read: {exc.strerror}") from None
    if is_locked(text):
        pyrage = _library()
        try:
            text = pyrage.passphrase.decrypt(text, ask())
        except pyrage.DecryptError:
            raise CannotSeal(f"wrong passphrase for {str(file)!r}") from None
    lines = [line.strip() for line in text.decode("ascii", "replace").splitlines()]
    found = [line for line in lines if line.startswith(_IDENTITY)]
    if not found:
        raise CannotSeal(f"{str(file)!r} holds no secret key ({_IDENTITY}…)")
    return found


def _library() -> Any:
    # Imported here: 2 MiB that only those need who seal.
    try:
        import pyrage  # noqa: PLC0415
    except ImportError:
        raise CannotSeal(
            "encryption needs the package pyrage, which is not installed"
            " (pip install pyrage; there is none for 32-bit ARM)"
        ) from None
    return pyrage
