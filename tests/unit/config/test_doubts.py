"""What this machine lacks of what a file names: warnings of `config check`."""

from pathlib import Path

import pytest

from modemgw.config.doubts import doubts
from modemgw.config.load import load_with_places


def said(path: Path, text: str) -> list[str]:
    path.write_text(text)
    config, places = load_with_places(path)
    return [line.replace(str(path.parent), "…") for line in doubts(config, places)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.yaml"
    path.touch(mode=0o640)
    return path


def test_all_is_there(file: Path) -> None:
    pin = file.parent / "pin"
    pin.touch(mode=0o640)
    pin.write_text("1234\n")
    text = "modems: [{port: /dev/null, pin: {file: pin}}, {port: /dev/sms*}]\n"
    assert said(file, text) == []


def test_ports_and_certificates_that_are_not_there(file: Path) -> None:
    text = (
        "http: {tls: {cert: cert.pem, key: /dev/null}}\n"
        "modems:\n  - port: /dev/null\n  - port: /dev/nowhere\n"
    )
    assert said(file, text) == [
        "…/m.yaml:1:13: http.tls: …/cert.pem cannot be read: no such file or directory",
        "…/m.yaml:4:11: modems[1].port: /dev/nowhere is not there",
    ]


def test_secrets_that_everybody_may_read(file: Path) -> None:
    pin = file.parent / "pin"
    pin.write_text("1234")
    pin.chmod(0o644)
    text = "modems: [{port: /dev/null, pin: {file: pin}}]\n"
    assert said(file, text) == [
        "…/m.yaml:1:33: modems[0].pin: everybody may read …/pin: chmod o= it"
    ]
    file.chmod(0o644)
    assert said(file, text.replace("{file: pin}", "'1234'")) == [
        "…/m.yaml: holds secrets, and everybody may read it: chmod o= it"
    ]


def test_a_data_directory_that_cannot_be(file: Path) -> None:
    assert said(file, "data_dir: a/b/c\n") == []  # it is made
    assert said(file, "data_dir: m.yaml/data\n") == [
        "…/m.yaml:1:11: data_dir: …/m.yaml is no directory"
    ]
    assert said(file, "data_dir: /proc/here\n") in (
        [],  # root may, as far as permissions go
        ["…/m.yaml:1:11: data_dir: you may not write to /proc; the user of the service"
         " has to"],
        ["…/m.yaml:1:11: data_dir: /proc is mounted read-only"],
    )  # fmt: skip


def test_a_credential(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "modems: [{port: /dev/null, pin: {credential: pin-front}}]\n"
    where = "…/m.yaml:1:33: modems[0].pin: {credential: pin-front}:"
    assert said(file, text) == [
        f"{where} the service manager gave no credentials"
        " (CREDENTIALS_DIRECTORY is not set)"
    ]
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    assert said(file, text) == [
        f"{where} is not there; the unit needs LoadCredential=pin-front:…"
    ]
    (file.parent / "pin-front").write_text("12 34\n")
    assert said(file, text) == [f"{where} expected a PIN of 4 to 8 digits (not shown)"]
    (file.parent / "pin-front").write_text("1234\n")
    assert said(file, text) == []
