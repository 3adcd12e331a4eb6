"""smstools3, which knows nothing of us, drives a simulated modem."""

from pathlib import Path

import pytest

from tests.interop.exchanges import SMSD, smstools

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(SMSD is None, reason="smstools is not installed"),
]


@pytest.mark.parametrize("persona", ["generic", "quectel-ec25"])
def test_it_sends_receives_and_gets_the_report(persona: str, tmp_path: Path) -> None:
    smstools(persona, tmp_path)
