"""python-gsmmodem-new, which knows nothing of us, drives a simulated modem."""

from pathlib import Path

import pytest

from tests.interop.exchanges import HAS_GSMMODEM, gsmmodem

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not HAS_GSMMODEM, reason="python-gsmmodem-new is missing"),
]


@pytest.mark.parametrize("persona", ["generic", "huawei-e3372"])
def test_it_sends_waits_for_the_report_and_receives(
    persona: str, tmp_path: Path
) -> None:
    gsmmodem(persona, tmp_path)
