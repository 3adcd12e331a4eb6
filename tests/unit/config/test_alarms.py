"""Who is told of what is wrong, and who may command by SMS, as the file says it."""

from pathlib import Path

import pytest

from modemgw.config.alarms import OFF, AlarmTimes, MailConfig
from modemgw.config.load import parse, secrets
from modemgw.config.show import as_yaml
from modemgw.errors import ConfigError
from modemgw.policy.trouble import KINDS

FULL = """\
country: DE
alarms:
  sms: [0151 12345678, "+4915112345678"]
  sms_per_day: 5
  mail:
    server: smtp.example.org
    user: ann
    password: {env: SMTP_PASSWORD}
    from: gw@example.org
    to: [ann@example.org]
  group: 1min
  remind: off
  quiet: [22:00-07:00]
  urgent: [disk]
  mail_only: [backup]
  when: {modem_lost: 30min, in_doubt: off, disk: 0s}
admins:
  - {name: ann, number: 0151 12345678, pin: "123456"}
  - {name: bob, number: "+4915187654321", pin: {file: bob}, may: [status]}
"""


def test_everything_is_read_and_shown_again(tmp_path: Path) -> None:
    found = parse(FULL, "x.yaml", path=tmp_path / "x.yaml")
    alarms = found.alarms
    assert alarms.sms == ("+4915112345678",)
    assert (alarms.when.modem_lost, alarms.when.in_doubt) == (1800.0, OFF)
    assert (alarms.when.disk, alarms.remind) == (0.0, OFF)
    assert (alarms.mail.host, alarms.mail.port) == ("smtp.example.org", 587)
    assert [one.may for one in found.admins][1] == ("status",)
    assert len(list(secrets(found))) == 3
    shown = as_yaml(found)
    assert "123456" not in shown.replace("12345678", "")
    again = shown.replace('"****"', "'123456'").replace("'****'", "'123456'")
    again = again.replace("****", '"123456"') if "****" in again else again
    back = parse(again, "y.yaml", path=tmp_path / "y.yaml")
    assert back.alarms == found.alarms
    assert back.admins[1] == found.admins[1]


def test_nothing_need_be_said() -> None:
    alarms = parse("{}", "x.yaml").alarms
    assert (alarms.sms, alarms.mail.to, alarms.sms_per_day) == ((), (), 20)
    assert {kind: alarms.when.of(kind) >= 0 for kind in KINDS} == dict.fromkeys(
        KINDS, True
    )
    assert tuple(AlarmTimes.__struct_fields__) == tuple(
        sorted(KINDS, key=AlarmTimes.__struct_fields__.index)
    )


@pytest.mark.parametrize(
    ("server", "tls", "host", "port"),
    [
        ("mail.example", "starttls", "mail.example", 587),
        ("mail.example", "tls", "mail.example", 465),
        ("mail.example:2525", "off", "mail.example", 2525),
        ("[::1]:25", "off", "[::1]", 25),
    ],
)
def test_a_server_has_its_port(server: str, tls: str, host: str, port: int) -> None:
    found = MailConfig(server=server, tls=tls)
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("alarms: {sms: [hello]}", "1:16", "alarms.sms[0]"),
        ("alarms: {sms_per_day: 0}", "1:23", "from 1 to 500"),
        (
            "alarms: {sms_per_day: 1, sms: ['+4915112345678', '+4915112345679']}",
            *("1:23", "each of 2 numbers"),
        ),
        ("alarms: {remind: 1min}", "1:18", "10min or more"),
        ("alarms: {group: 1h}", "1:17", "up to 10min"),
        ("alarms: {urgent: [dsik]}", "1:19", "'disk'"),
        ("alarms: {when: {modem_lots: 1h}}", "1:17", "modem_lost"),
        ("alarms: {when: {disk: 5}}", "1:23", "with a unit"),
        ("alarms: {mail: {to: [a@b.c]}}", "1:16", "needs a server"),
        ("alarms: {mail: {server: x}}", "1:16", "needs recipients"),
        ("alarms: {mail: {server: 'x y', to: [a@b.c]}}", "1:25", "expected a host"),
        ("alarms: {mail: {server: x:99999, to: [a@b.c]}}", "1:25", "expected a host"),
        ("alarms: {mail: {server: x, to: ['a@b.c\\n']}}", "1:33", "address"),
        ('alarms: {mail: {server: x, to: ["a@b\\nBcc: c@d"]}}', "1:33", "address"),
        (
            "alarms: {mail: {server: x, tls: off, to: [a@b.c], password: secret}}",
            *("1:61", "in the clear"),
        ),
        ("admins: [{name: ann, pin: '1234'}]", "1:10", "needs a number"),
        ("admins: [{name: ann, number: '+4915112345678'}]", "1:10", "needs a pin"),
        (
            "admins: [{name: a, number: '+4915112345678', pin: '123'}]",
            *("1:51", "4 to 8 digits (not shown)"),
        ),
        (
            "admins:\n- {name: a, number: '+4915112345678', pin: '1234'}\n"
            "- {name: b, number: '+4915112345678', pin: '4321'}",
            *("3:21", "listed already"),
        ),
        (
            "admins: [{name: a, number: '+4915112345678', pin: '1234', may: [send]}]",
            *("1:65", "none of the choices"),
        ),
    ],
)
def test_mistakes_are_said_where_they_are(text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "x.yaml")
    told = "\n".join(caught.value.problems)
    assert words in told, told
    assert f"x.yaml:{place}:" in told, told
    assert "secret" not in told
