"""The encoding that a caller asks for is what goes on the air."""

from pathlib import Path

import pytest

from modemgw.pdu.decode import decode
from modemgw.pdu.submit import Submit
from tests.gateway.rig import gateway_rig
from tests.loop import run_virtual

TURKISH = "Şişli'de yağmur, gökte şimşek. " * 4


@pytest.mark.parametrize(
    ("asked", "segments", "encoding", "languages"),
    [
        pytest.param("auto", 2, "ucs2", set(), id="auto"),
        pytest.param("ucs2", 2, "ucs2", set(), id="ucs2"),
        pytest.param("national", 1, "gsm7", {1}, id="national"),
    ],
)
def test_a_text_goes_out_as_it_was_asked_for(
    tmp_path: Path, asked: str, segments: int, encoding: str, languages: set[int]
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sent = await rig.send(text=TURKISH, encoding=asked)
            await rig.state(sent, "delivered")
            row = await rig.message(sent)
            assert (row.segments, row.encoding) == (segments, encoding)
            parts = [decode(octets, from_mobile=True) for octets in rig.sims[0].sent]
            assert len(parts) == segments
            text = ""
            for part in parts:
                assert isinstance(part, Submit)
                assert part.encoding == encoding
                udh = part.udh
                used = {udh.locking, udh.shift} - {0} if udh is not None else set()
                assert used == languages
                text += part.text or ""
            assert text == TURKISH

    run_virtual(story())
