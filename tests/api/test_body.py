"""From octets to values: pointers, codes and sentences of what is wrong."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.api import body
from modemgw.api.schema import SubmitRequest
from modemgw.errors import FieldError, RequestError

DECODER = msgspec.json.Decoder(SubmitRequest)


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        pytest.param("$", "", id="the document"),
        pytest.param("$.to", "/to", id="field"),
        pytest.param("$.messages[0].to", "/messages/0/to", id="list item"),
        pytest.param("$.a[3][4].b", "/a/3/4/b", id="list in list"),
        pytest.param("$.metadata[...]", "/metadata", id="free-form key"),
        pytest.param("$[12]", "/12", id="list as document"),
    ],
)
def test_a_path_becomes_a_pointer(path: str, pointer: str) -> None:
    assert body.pointer_of(path) == pointer


@pytest.mark.parametrize(
    ("octets", "pointer", "code", "detail"),
    [
        pytest.param(b"{}", "/to", "required", "is required", id="missing"),
        pytest.param(
            b'{"to":1}',
            "/to",
            "wrong_type",
            "expected a string, got a whole number",
            id="type",
        ),
        pytest.param(
            b'{"to":"1","a/b~":1}',
            "/a~1b~0",
            "unknown_field",
            "there is no such field",
            id="unknown, escaped",
        ),
        pytest.param(
            b'{"to":"1","route":{"x":1}}',
            "/route/x",
            "unknown_field",
            "there is no such field",
            id="unknown below",
        ),
        pytest.param(
            b'{"to":"1","tags":["a",null]}',
            "/tags/1",
            "wrong_type",
            "expected a string, got null",
            id="list item",
        ),
        pytest.param(
            b'{"to":"1","txt":"x"}',
            "/txt",
            "unknown_field",
            "there is no such field; did you mean 'text'?",
            id="misspelt",
        ),
        pytest.param(
            b'{"to":"1","route":{"modme":"x"}}',
            "/route/modme",
            "unknown_field",
            "there is no such field; did you mean 'modem'?",
            id="misspelt below",
        ),
        pytest.param(
            b'{"to":"1","class":"spam"}',
            "/class",
            "invalid_value",
            "must be alert, otp, transactional or marketing",
            id="choice",
        ),
        pytest.param(
            b'{"to":"1","max_segments":0}',
            "/max_segments",
            "invalid_value",
            "expected a whole number >= 1",
            id="limit",
        ),
        pytest.param(
            b"[]", "", "wrong_type", "expected an object, got a list", id="list"
        ),
        pytest.param(
            b'{"to":"1","text":"a\\ud83d"}',
            "/text",
            "lone_surrogate",
            "half of a surrogate pair",
            id="lone surrogate",
        ),
        pytest.param(
            b'{"to":"1","metadata":{"\\udc00":{"x":"\\udc00"}}}',
            "/metadata",
            "lone_surrogate",
            "half of a surrogate pair",
            id="lone surrogate in a key",
        ),
    ],
)
def test_a_wrong_field_is_named(
    octets: bytes, pointer: str, code: str, detail: str
) -> None:
    with pytest.raises(FieldError) as caught:
        body.decode(DECODER, octets)
    (problem,) = caught.value.errors
    assert (problem.pointer, problem.code, problem.detail) == (pointer, code, detail)
    msgspec.json.encode(problem.pointer)  # what goes out must be encodable


@pytest.mark.parametrize(
    ("octets", "detail"),
    [
        pytest.param(b"", "the body is empty; JSON is expected", id="empty"),
        pytest.param(b'{"to":', "expecting value at line 1, column 7", id="cut off"),
        pytest.param(b'{"to":"1",\n}', "line 2, column 1", id="second line"),
        pytest.param(b'{"to":NaN}', "NaN is not JSON", id="NaN"),
        pytest.param(b'{"to":"\xff"}', "not UTF-8: octet 0xff at 7", id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf{}", "BOM", id="byte order mark"),
        pytest.param(
            b'{"to":"1","metadata":{"a":' + b"[" * 50_000, "too deeply", id="deep value"
        ),
        pytest.param(b'{"to":"1"} x', "extra data at line 1, column 12", id="more"),
        pytest.param(b'{"to":"\x00"}', "control character", id="raw NUL"),
    ],
)
def test_broken_json_says_where(octets: bytes, detail: str) -> None:
    with pytest.raises(RequestError) as caught:
        body.decode(DECODER, octets)
    assert caught.value.problem == "malformed-json"
    assert caught.value.status == 400
    assert detail in caught.value.detail


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_value_or_a_request_error(octets: bytes) -> None:
    try:
        body.decode(DECODER, octets)
    except RequestError as exc:
        assert exc.detail


@given(
    st.recursive(
        st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_a_surrogate_is_found_exactly_where_there_is_one(value: object) -> None:
    assert body._lone_surrogate(value) is None


@given(st.integers(min_value=0, max_value=2**59))
def test_a_cursor_comes_back(row_id: int) -> None:
    assert body.cursor(body.write_cursor(row_id)) == row_id


@pytest.mark.parametrize("text", ["", "c", "12", "c-1", "cZ", "c" + "f" * 16, "c1 "])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        body.cursor(text)


def test_depth_is_counted_only_as_far_as_needed() -> None:
    value: object = []
    for _ in range(500):
        value = [value]
    assert body.depth_of(value) == body.MAX_DEPTH + 1
    assert body.depth_of({"a": {"b": [1]}}) == 3
