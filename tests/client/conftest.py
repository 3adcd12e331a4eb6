"""The certificate authority that a gateway with `tls: self` makes for itself."""

from datetime import UTC, datetime

import pytest

from modemgw.api.authority import Authority


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """The paths of a CA, of a certificate for 127.0.0.1 alone, and of its key."""
    home = tmp_path_factory.mktemp("tls")
    assert Authority(home).ensure(["127.0.0.1"], datetime.now(UTC))
    ca, certificate, key = (home / n for n in ("ca.pem", "server.pem", "server.key"))
    return str(ca), str(certificate), str(key)
