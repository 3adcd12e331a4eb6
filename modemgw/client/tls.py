"""Whom to trust over https."""

import ssl
from pathlib import Path


def context_for(scheme: str, ca: str | Path | None) -> ssl.SSLContext | None:
    """Return what checks the certificate of an https gateway, None for others.

    With `ca` nobody else is trusted. Raises OSError where the file cannot be read
    and ssl.SSLError where it holds no certificate.
    """
    if scheme != "https":
        return None
    return ssl.create_default_context(cafile=None if ca is None else str(ca))
