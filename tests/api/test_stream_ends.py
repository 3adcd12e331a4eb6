"""A stream ends with what opened it: a key or an access token, and says so."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modemgw.gateway import keys
from tests.api.desk import Answer, Desk, at_desk
from tests.api.streams import Stream, relaying
from tests.api.streams import listening as listen
from tests.api.test_event_socket import closing, open_socket

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SOON_S = 1  # the shortest life that a key or token can be given


async def oauth(desk: Desk, path: str, key: str, form: str) -> Answer:
    pair = base64.b64encode(key.removeprefix("mgw_").replace("_", ":").encode())
    headers = {**FORM, "Authorization": f"Basic {pair.decode()}"}
    return await desk.post(f"/oauth/{path}", form.encode(), headers=headers)


async def token(desk: Desk, key: str) -> str:
    made = await oauth(desk, "token", key, "grant_type=client_credentials")
    assert made.status == 200, made.octets
    return str(made.json["access_token"])


async def last_words(stream: Stream) -> str:
    """Read to the end; return what the last event says."""
    [last] = await stream.take(1)
    assert (last.type, last.data["status"]) == ("closed", 401)
    assert await stream.next() is None
    return str(last.data["detail"])


def test_a_stream_ends_when_its_key_or_token_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "LIFE_S", SOON_S)

    async def story(desk: Desk) -> None:
        wish = {
            "name": "short",
            "scopes": ["events:read"],
            "expires_at": (datetime.now(UTC) + timedelta(seconds=SOON_S)).isoformat(),
        }
        made = await desk.post("/v1/keys", wish, admin=True)
        short = str(made.json["key"])
        lent = await token(desk, await desk.new_key("events:read"))
        async with (
            relaying(desk),
            listen(desk, key=short) as by_key,
            listen(desk, key=lent) as by_token,
            open_socket(desk, key=lent) as socket,
        ):
            found = await asyncio.gather(
                last_words(by_key), last_words(by_token), closing(socket)
            )
        over = "the access token has ended or was revoked"
        assert found[0] == "the key has ended or was revoked"
        assert found[1] == over
        assert found[2] == (1008, over)

    at_desk(tmp_path, story, inline=False)


def test_a_token_that_is_revoked_ends_its_streams_and_no_others(
    tmp_path: Path,
) -> None:
    async def story(desk: Desk) -> None:
        key = await desk.new_key("events:read", "messages:send")
        ended, stays = await token(desk, key), await token(desk, key)
        ticket = await desk.post("/v1/events/ticket", key=ended)
        query = f"?ticket={ticket.json['ticket']}"
        async with (
            relaying(desk),
            listen(desk, key=ended) as first,
            listen(desk, query, key="") as of_a_page,
            listen(desk, key=stays) as second,
        ):
            assert first.status == of_a_page.status == second.status == 200
            gone = await oauth(desk, "revoke", key, f"token={ended}")
            assert gone.status == 200
            sent = await desk.post(
                "/v1/messages", {"to": "80888", "text": "x"}, key=key
            )
            assert sent.status == 202
            assert "token" in await last_words(first)
            assert "token" in await last_words(of_a_page)
            [event] = await second.take(1)
            assert event.type == "message.queued"

    at_desk(tmp_path, story, inline=False)
