"""The clients that others wrote do their real work here: apprise and twilio.

In processes of their own, as their users run them: what they import warns of itself.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.api.desk import SCOPES, TO, Desk, at_desk

pytest.importorskip("apprise")
pytest.importorskip("twilio")
OTHER = "+4915187654321"

SEND = """
import os, sys
from datetime import datetime, timedelta, timezone
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

client = Client(os.environ["SID"], os.environ["TOKEN"])
client.api.base_url = os.environ["URL"]
to = os.environ["TO"]

made = client.messages.create(to=to, from_=None, body="hällo")
assert made.sid.startswith("SM") and made.status == "queued", made.status
assert made.date_created.tzinfo is not None and made.num_segments == "1"

found = client.messages(made.sid).fetch()
assert (found.body, found.to, found.direction) == ("hällo", to, "outbound-api")

later = datetime.now(timezone.utc) + timedelta(days=2)
planned = client.messages.create(
    to=to, body="later", messaging_service_sid="MG" + "0" * 32,
    schedule_type="fixed", send_at=later)
assert planned.status == "scheduled"
assert client.messages(planned.sid).update(status="canceled").status == "canceled"
assert client.messages(planned.sid).update(body="").body == ""
assert client.messages(planned.sid).delete()

for n in range(5):
    client.messages.create(to=to, body=str(n))
listed = client.messages.list(to=to, page_size=2)
assert [one.body for one in listed] == ["4", "3", "2", "1", "0", "", "hällo"]
assert len(client.messages.list(limit=3, page_size=2)) == 3
day = datetime.now(timezone.utc).date()
assert len(client.messages.list(date_sent=day)) == 7
assert client.messages.list(date_sent_before=day - timedelta(days=1)) == []
assert len(client.messages.list(date_sent_after=day)) == 7

assert client.api.accounts(client.account_sid).fetch().status == "active"

for wish, code in (
    ({"to": "nobody", "body": "x"}, 21211),
    ({"to": to}, 21602),
    ({"to": to, "body": "x", "from_": "+15550001000"}, 21606),
    ({"to": to, "body": "x" * 1601}, 21617),
    ({"to": to, "body": "x", "media_url": ["http://10.0.0.1/a"]}, 21620),
):
    try:
        client.messages.create(**wish)
    except TwilioRestException as exc:
        assert exc.code == code and exc.status == 400, exc
    else:
        raise AssertionError(wish)
client.auth = (client.account_sid, "0" * 32)
try:
    client.messages(made.sid).fetch()
except TwilioRestException as exc:
    assert (exc.code, exc.status) == (20003, 401), exc
else:
    raise AssertionError("a wrong token was taken")
"""


async def run(*command: str, **env: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **env},
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def url_of(desk: Desk) -> str:
    return str(desk.client.make_url("")).rstrip("/")


@pytest.mark.interop
def test_the_twilio_package_with_its_base_url_changed(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        shown = await desk.get(f"/v1/keys/{desk.key.split('_')[1]}/twilio", admin=True)
        code, said = await run(
            *(sys.executable, "-c", SEND),
            URL=url_of(desk),
            SID=shown.json["account_sid"],
            TOKEN=shown.json["auth_token"],
            TO=TO,
        )
        assert code == 0, said

    at_desk(tmp_path, story, scopes=(*SCOPES, "messages:redact"))


@pytest.mark.interop
def test_apprise_sends(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async def notify(key: str, *, to: str, options: str = "") -> tuple[int, str]:
            host = url_of(desk).partition("//")[2]
            target = f"smseagle://{key}@{host}/{to}{options}"
            words = ("-t", "Backup", "-b", "failed, see the log", target)
            return await run(str(Path(sys.executable).with_name("apprise")), *words)

        answers = await asyncio.gather(
            notify(desk.key, to=TO),
            notify(desk.key, to=f"{TO}/{OTHER}", options="?batch=yes&priority=high"),
            notify(desk.key[:-1], to=TO),
        )
        assert [code for code, _ in answers] == [0, 0, 1], answers
        found = (await desk.get("/v1/messages")).json["data"]
        assert sorted(one["to"] for one in found) == [TO, TO, OTHER]
        assert {one["priority"] for one in found} == {"normal", "high"}
        assert {one["metadata"]["surface"] for one in found} == {"smseagle"}
        assert all("failed, see the log" in one["text"] for one in found)

    at_desk(tmp_path, story)
