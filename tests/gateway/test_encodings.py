"""The encoding that a caller asks for is what goes on the air."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduEncodeError
from modemgw.gateway.rendering import (
    segments_of_text,
    size_of_data,
    size_of_text,
)
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


@given(
    st.text(st.sampled_from("ab @\0€{}\x1bä√é\u20ac\U0001f600\u0919"), max_size=200)
    | st.text(max_size=50)
    | st.builds(lambda text, n: (text * 400)[:n], st.text(min_size=1), st.integers(1)),
    st.sampled_from(["auto", "national", "gsm7", "ucs2"]),
)
def test_a_text_is_measured_as_it_will_be_cut(text: str, encoding: str) -> None:
    try:
        segments = segments_of_text(text, encoding)
    except PduEncodeError as exc:
        with pytest.raises(PduEncodeError, match=re.escape(str(exc))):
            size_of_text(text, encoding)
        return
    assert size_of_text(text, encoding) == (segments.encoding, len(segments))


@pytest.mark.parametrize(
    ("length", "segments"), [(160, 1), (161, 2), (306, 2), (307, 3)]
)
def test_what_fits_one_segment_is_one(length: int, segments: int) -> None:
    assert size_of_text("x" * length, "auto") == ("gsm7", segments)
    assert size_of_text("x" * (length - 2) + "€", "auto") == ("gsm7", segments)
    assert size_of_data(b"x" * 140, None) == ("8bit", 1)
