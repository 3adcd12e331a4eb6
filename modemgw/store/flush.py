"""What has to be on the disk before the next step is taken."""

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Bring a file to the disk, or of a directory the names in it. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
