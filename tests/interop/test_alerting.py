"""A real Alertmanager, where it is installed (Debian: prometheus-alertmanager)."""

from pathlib import Path

import pytest

from tests.interop import alerting


@pytest.mark.interop
@pytest.mark.skipif(alerting.PROGRAM is None, reason="Alertmanager is not installed")
def test_an_alert_is_one_text_and_its_end_another(tmp_path: Path) -> None:
    assert len(alerting.exchange(tmp_path)) == 4
