"""A certificate authority and a certificate for 127.0.0.1, made once."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """The paths of a CA, of a certificate that it signed, and of its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    home = tmp_path_factory.mktemp("tls")

    def run(*arguments: str) -> None:
        subprocess.run(  # noqa: S603
            [openssl, *arguments], cwd=home, check=True, capture_output=True
        )

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "9",
        "-subj", "/CN=Test CA")  # fmt: skip
    run("req", *curve, "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=gateway")
    (home / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    run("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-extfile", "san", "-days", "9",
        "-out", "cert.pem")  # fmt: skip
    ca, certificate, key = (
        str(Path(home, n)) for n in ("ca.pem", "cert.pem", "key.pem")
    )
    return ca, certificate, key
