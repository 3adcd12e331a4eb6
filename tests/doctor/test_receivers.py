"""Are the receivers of webhooks there: names, connections, certificates."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modemgw.doctor import network
from modemgw.doctor.daemon import NOBODY
from modemgw.doctor.network import Answer
from tests.doctor.fake import NOW_MS, Fake, there

HOOKS = "webhooks:\n  - {url: 'https://hook.example/t0ken'}\n"
DAY = datetime.fromtimestamp(NOW_MS / 1000, UTC)
ANSWERS: dict[str, tuple[Answer, set[str]]] = {
    "done": (Answer("done", ends=DAY + timedelta(days=80)), set()),
    "ends": (Answer("done", ends=DAY + timedelta(days=2)), {"webhook.tls_ends"}),
    "refused": (Answer("connect", "refused"), {"webhook.unreachable"}),
    "not trusted": (Answer("tls", "expired"), {"webhook.bad_tls"}),
}


@pytest.mark.parametrize(("answer", "ids"), ANSWERS.values(), ids=ANSWERS)
def test_receivers(tmp_path: Path, answer: Answer, ids: set[str]) -> None:
    fake = Fake(tmp_path / "box", view=NOBODY)
    fake.more(HOOKS)
    asked: list[tuple[str, str, int, bool]] = []

    def connect(address: str, host: str, port: int, secure: bool) -> Answer:
        asked.append((address, host, port, secure))
        return answer

    found = [*network.webhooks(fake.box(), lambda host, port: ["192.0.2.7"], connect)]
    assert {one.id for one in found} == ids
    assert asked == [("192.0.2.7", "hook.example", 443, True)]
    assert not any("t0ken" in one.what + one.where for one in found)


def test_a_receiver_without_an_address(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "box", view=NOBODY)
    fake.more(HOOKS)

    def resolve(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    (found,) = network.webhooks(fake.box(), resolve)
    assert found.id == "webhook.unknown_host" and "not known" in found.what


def test_a_receiver_made_over_the_api_is_guarded(tmp_path: Path) -> None:
    """What a key may name is not called just because the doctor asks."""
    hook = {"url": "http://inside.example/x", "state": "active", "declared": False}
    fake = Fake(tmp_path / "box", view=there(webhooks=(hook,)))

    def connect(*_: object) -> Answer:
        raise AssertionError("it was called")

    where = {"inside.example": ["127.0.0.1", "169.254.169.254"]}
    (found,) = network.webhooks(fake.box(), lambda host, _: where[host], connect)
    assert found.id == "webhook.forbidden"
