"""A scrape of a real daemon over HTTP, read by the parser of prometheus-client."""

from pathlib import Path

import pytest

from tests.interop import scraping


@pytest.mark.interop
def test_a_scrape_has_every_name_that_is_written_down(tmp_path: Path) -> None:
    with scraping.box(tmp_path) as box:
        box.start_daemon()
        assert scraping.scrape(box)
