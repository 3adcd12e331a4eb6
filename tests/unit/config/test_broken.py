"""Broken files, each with exactly what the operator sees."""

from pathlib import Path

import pytest

from modemgw.config.load import load, parse
from modemgw.errors import ConfigError

BILLION = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n"

BROKEN = [
    pytest.param(
        "modems:\n  - name: front\n    port: /dev/ttyUSB2\n    baud: 9600\n",
        [
            "m.yaml:4:5: modems[0].baud: unknown key; "
            "expected one of: name, port, imei, iccid, pin, profile, power"
        ],
        id="unknown-key",
    ),
    pytest.param(
        "data_dri: ./data\n",
        ["m.yaml:1:1: data_dri: unknown key; did you mean 'data_dir'?"],
        id="misspelled-key",
    ),
    pytest.param(
        "country: DE\ntimezone: UTC\ncountry: FR\n",
        ["m.yaml:3:1: country: repeated key; it was given in line 1 already"],
        id="repeated-key",
    ),
    pytest.param(
        "queue: {max: lots}\n",
        [
            "m.yaml:1:14: queue.max: expected a whole number from 1 to 100000000,"
            " got 'lots'"
        ],
        id="no-number",
    ),
    pytest.param(
        "queue: {max: 0}\n",
        [
            "m.yaml:1:14: queue.max: expected a whole number from 1 to 100000000,"
            " got '0'"
        ],
        id="number-out-of-range",
    ),
    pytest.param(
        "discovery: maybe\n",
        ["m.yaml:1:12: discovery: expected on or off, got 'maybe'"],
        id="no-boolean",
    ),
    pytest.param(
        "country: UK\nqueue: {max: 1e3}\nlog: {level: warn}\n",
        ["m.yaml:1:10: country: expected a country code such as DE or US,"
         " got 'UK'; did you mean 'GB'?",
         "m.yaml:2:14: queue.max: expected a whole number from 1 to 100000000,"
         " got '1e3'; did you mean '1000'?",
         "m.yaml:3:14: log.level: 'warn' is none of the choices;"
         " did you mean 'warning'?"],
        id="nearly-right",
    ),
    pytest.param(
        "selftest: {every: 30}\nhealth: {first: 15 mintues}\n"
        "sims: {defaults: {pace: 10}}\n",
        ["m.yaml:1:19: selftest.every: expected a number with a unit (30s, 5m, 2 days),"
         " got '30'; did you mean '30s'?",
         "m.yaml:2:17: health.first: expected a number with a unit (30s, 5m, 2 days),"
         " got '15 mintues'; did you mean '15 minutes'?",
         "m.yaml:3:25: sims.defaults.pace: expected a pace (10/min, 200/day) or off,"
         " got '10'; did you mean '10/min'?"],
        id="without-units",
    ),
    pytest.param(
        "http: {listen: [8080, 0.0.0.0, '::1']}\n",
        ["m.yaml:1:17: http.listen[0]: expected HOST:PORT (127.0.0.1:8080),"
         " got '8080'; did you mean '127.0.0.1:8080'?",
         "m.yaml:1:23: http.listen[1]: expected HOST:PORT (127.0.0.1:8080),"
         " got '0.0.0.0'; did you mean '0.0.0.0:8080'?",
         "m.yaml:1:32: http.listen[2]: expected an IPv6 address as [::1]:8080,"
         " got '::1'"],
        id="addresses-without-a-half",
    ),
    pytest.param(
        "pace: 10/min\nhttp: {level: info}\nname: x\n",
        ["m.yaml:1:1: pace: unknown key; it belongs below sims.defaults or"
         " sims.cards[]",
         "m.yaml:2:8: http.level: unknown key; it belongs below log",
         "m.yaml:3:1: name: unknown key"],
        id="in-the-wrong-place",
    ),
    pytest.param(
        "country:DE\nqueue:\n  max: 5\n",
        ["m.yaml:1:8: a space is missing behind the ':'"],
        id="no-space-behind-the-colon",
    ),
    pytest.param(
        "country: DE\nqueue: [\n  1,\n",
        ["m.yaml:4:1: a bracket is not closed (opened in line 2), or a comma is"
         " missing"],
        id="bracket-left-open",
    ),
    pytest.param(
        "http: {hosts: [*.lan]}\n",
        ["m.yaml:1:17: '*' begins an alias; put the value into quotes"],
        id="a-star-without-quotes",
    ),
    pytest.param(
        "country: \u201cDE\u201d\n",
        ["m.yaml:1:10: country: expected a country code such as DE or US,"
         " got '\u201cDE\u201d'; these are not the quotes of YAML, write \" or '"],
        id="quotes-of-print",
    ),
    pytest.param(
        "country: Germany\n",
        ["m.yaml:1:10: country: expected a country code such as DE or US,"
         " got 'Germany'; did you mean 'DE'?"],
        id="unknown-country",
    ),
    pytest.param(
        "timezone: Europe/Berlln\n",
        ["m.yaml:1:11: timezone: unknown time zone 'Europe/Berlln';"
         " did you mean 'Europe/Berlin'?"],
        id="unknown-zone",
    ),
    pytest.param(
        "timezone: berlin\n",
        ["m.yaml:1:11: timezone: unknown time zone 'berlin';"
         " did you mean 'Europe/Berlin'?"],
        id="zone-without-continent",
    ),
    pytest.param(
        "timezone: ../../etc/passwd\n",
        ["m.yaml:1:11: timezone: unknown time zone '../../etc/passwd'"],
        id="zone-that-is-a-path",
    ),
    pytest.param(
        "http: {listen: localhost}\n",
        ["m.yaml:1:16: http.listen: expected HOST:PORT (127.0.0.1:8080),"
         " got 'localhost'; did you mean 'localhost:8080'?"],
        id="listen-without-port",
    ),
    pytest.param(
        "http:\n  listen: ['127.0.0.1:8080', '::1:8080', '[::1]:99999',"
        " '127.0.0.1:8080']\n",
        [
            "m.yaml:2:30: http.listen[1]: expected an IPv6 address as [::1]:8080,"
            " got '::1:8080'",
            "m.yaml:2:42: http.listen[2]: expected HOST:PORT (127.0.0.1:8080),"
            " got '[::1]:99999'",
            "m.yaml:2:57: http.listen[3]: the address '127.0.0.1:8080' is taken by"
            " http.listen[0] already",
        ],
        id="listen-list",
    ),
    pytest.param(
        "http: {listen: []}\nqueue: {max: 0}\n",
        [
            "m.yaml:1:16: http.listen: an empty list; leave it out for 127.0.0.1:8080",
            "m.yaml:2:14: queue.max: expected a whole number from 1 to 100000000, got"
            " '0'",
        ],
        id="listen-nowhere",
    ),
    pytest.param(
        "http: {webhook_allow: [127.0.0.1:0]}\n",
        ["m.yaml:1:24: http.webhook_allow[0]: expected a port from 1 to 65535,"
         " got '127.0.0.1:0'"],
        id="allow-port-zero",
    ),
    pytest.param(
        'data_dir: "a\\uD800b"\nmodems:\n  - {name: a, port: "/dev/a\\0b"}\n'
        f"  - {{name: b, port: /dev/{'x' * 256}}}\n"
        "  - {name: c, port: /dev/x, pin: {file: ~nobody-here/x}}\n"
        f"backup: {{path: {'x/' * 2100}}}\nlog: {{level: \"\\uDC80\"}}\n",
        [
            "m.yaml:1:11: data_dir: '\\ud800' is no character of a text",
            "m.yaml:3:21: modems[0].port: '\\x00' is no character of a text",
            "m.yaml:4:21: modems[1].port: a name in this path has more than 255 octets",
            "m.yaml:5:41: modems[2].pin.file: '~nobody-here': there is no such user,"
            " or no home",
            "m.yaml:6:16: backup.path: this path has more than 4000 octets",
            "m.yaml:7:14: log.level: '\\udc80' is no character of a text",
        ],
        id="what-no-path-and-no-text-may-be",
    ),
    pytest.param(
        "modems:\n  - name: a\n    port: /dev/ttyUSB0\n"
        "  - name: a\n    port: /dev/../dev/ttyUSB0\n",
        [
            "m.yaml:4:11: modems[1].name: the name 'a' is taken by modems[0].name"
            " already",
            "m.yaml:5:11: modems[1].port: the port '/dev/ttyUSB0' is taken by"
            " modems[0].port already",
        ],
        id="two-modems-with-one-name-and-one-port",
    ),
    pytest.param(
        "modems:\n  - name: a\n  - {name: b, port: ttyUSB0}\n"
        "  - {name: c, iccid: '8949022512345678901', imei: '352099001761481'}\n"
        "  - {name: d e, imei: '12'}\n",
        [
            "m.yaml:2:5: modems[0]: needs a port, an imei or an iccid",
            "m.yaml:3:21: modems[1].port: expected a path such as /dev/ttyUSB2, got"
            " 'ttyUSB0'; did you mean '/dev/ttyUSB0'?",
            "m.yaml:4:5: modems[2]: give imei or iccid, not both",
            "m.yaml:5:12: modems[3].name: expected up to 32 letters, digits, '.',"
            " '_' and '-', got 'd e'",
            "m.yaml:5:23: modems[3].imei: expected an IMEI (15 digits, AT+CGSN), got"
            " '12'",
        ],
        id="modems",
    ),
    pytest.param(
        "sims:\n  cards:\n    - {name: red, iccid: '12345'}\n"
        "    - {name: red, iccid: 8949022512345678901F, number: 80888}\n"
        "    - {iccid: '8949 0225 1234 5678 901', pin: 12a4}\n",
        [
            "m.yaml:3:26: sims.cards[0].iccid: expected an ICCID (89 and 16 to 18 more"
            " digits), got '12345'",
            "m.yaml:4:14: sims.cards[1].name: the name 'red' is taken by"
            " sims.cards[0].name already",
            "m.yaml:4:56: sims.cards[1].number: expected a full number (+49…), got"
            " '80888'",
            "m.yaml:5:7: sims.cards[2]: needs a name",
            "m.yaml:5:15: sims.cards[2].iccid: the ICCID '8949022512345678901' is"
            " taken by sims.cards[1].iccid already",
            "m.yaml:5:47: sims.cards[2].pin: expected a PIN of 4 to 8 digits (not"
            " shown)",
        ],
        id="cards",
    ),
    pytest.param(
        "data_dir: ''\nsims:\n  defaults: {pace: []}\n  cards:\n"
        "    - {name: a, iccid: , number: 12, pace: 9/40d, smsc: x}\n"
        "modems: [{port: /a, pin: {env: 1A}}]\nhttp: {listen: 'a b:1'}\n"
        "webhooks: [{url: 'http://[/'}, {url: 'http://a/', secret: whsec_*}]\n",
        [
            "m.yaml:1:11: data_dir: expected a path, got ''",
            "m.yaml:3:20: sims.defaults.pace: an empty list; write off for no limit",
            "m.yaml:5:23: sims.cards[0].iccid: has no value; give one, or leave out the"
            " key for its default",
            "m.yaml:5:34: sims.cards[0].number: '12' is not a number: too short",
            "m.yaml:5:44: sims.cards[0].pace: expected a window from 1 second to 31"
            " days, got '9/40d'",
            "m.yaml:5:57: sims.cards[0].smsc: 'x' is not a number: 'x' cannot be part"
            " of a number",
            "m.yaml:6:32: modems[0].pin.env: expected the name of an environment"
            " variable, got '1A'",
            "m.yaml:7:16: http.listen: expected HOST:PORT (127.0.0.1:8080), got"
            " 'a b:1'",
            "m.yaml:8:18: webhooks[0].url: expected an http or https URL, got"
            " 'http://[/'",
            "m.yaml:8:59: webhooks[1].secret: expected whsec_ and base64 of 24 to 64"
            " random octets (not shown)",
        ],
        id="edges",
    ),
    pytest.param(
        "sims:\n  defaults:\n    pace: fast\n    reports: 1\n",
        [
            "m.yaml:3:11: sims.defaults.pace: expected a pace (10/min, 200/day) or"
            " off, got 'fast'",
            "m.yaml:4:14: sims.defaults.reports: expected on or off, got '1'",
        ],
        id="pace-and-reports",
    ),
    pytest.param(
        "sims: {defaults: {pace: [10/min, 0/day, 5/fortnight, 20/60s]}}\n",
        [
            "m.yaml:1:25: sims.defaults.pace: two windows of the same length",
            "m.yaml:1:34: sims.defaults.pace[1]: expected from 1 to 100000 messages,"
            " got '0/day'",
            "m.yaml:1:41: sims.defaults.pace[2]: expected a pace (10/min, 200/day) or"
            " off, got '5/fortnight'",
        ],
        id="pace-windows",
    ),
    pytest.param(
        "modems: [{port: /dev/a, pin: {file: x, env: Y}}, {port: /dev/b, pin: {}}]\n",
        [
            "m.yaml:1:30: modems[0].pin: expected exactly one of file, env and"
            " credential",
            "m.yaml:1:70: modems[1].pin: expected exactly one of file, env and"
            " credential",
        ],
        id="secret-from-two-places",
    ),
    pytest.param(
        "webhooks:\n  - url: ftp://x/\n    events: [mesage.*]\n    secret: abc\n"
        "  - events: []\n",
        [
            "m.yaml:2:10: webhooks[0].url: expected an http or https URL, got"
            " 'ftp://x/'",
            "m.yaml:3:14: webhooks[0].events[0]: 'mesage.*' matches no event; did you"
            " mean 'message.*'?",
            "m.yaml:4:13: webhooks[0].secret: expected whsec_ and base64 of 24 to 64"
            " random octets (not shown)",
            "m.yaml:5:5: webhooks[1]: needs a url",
        ],
        id="webhooks",
    ),
    pytest.param(
        "log: {level: verbose}\n",
        ["m.yaml:1:14: log.level: 'verbose' is none of the choices;"
         " expected one of: debug, info, warning, error"],
        id="log-level",
    ),
    pytest.param(
        "country:\nmodems: front\nhttp: []\nqueue: {max: [1]}\n",
        [
            "m.yaml:1:9: country: has no value; give one, or leave out the key for its"
            " default",
            "m.yaml:2:9: modems: expected a list (lines that begin with '- ',"
            " or [a, b])",
            "m.yaml:3:7: http: expected keys below it: listen, webhook_allow,"
            " hosts, tls, proxies, duplicate_window, surfaces, metrics",
            "m.yaml:4:14: queue.max: expected one value, got a list",
        ],
        id="wrong-shapes",
    ),
    pytest.param(
        "http:\n\tlisten: 127.0.0.1:8080\n",
        ["m.yaml:2:1: a tab; indent with spaces only"],
        id="tab",
    ),
    pytest.param(
        "country: DE\nhttp: listen: 1\n",
        ["m.yaml:2:13: a second ':' in this line; put the value into quotes"],
        id="two-colons",
    ),
    pytest.param(
        "http:\n  listen: a:1\n webhook_allow: []\n",
        ["m.yaml:3:2: this line is not indented like the ones it belongs to"],
        id="indentation",
    ),
    pytest.param(
        'country: "DE\ntimezone: UTC\n',
        ["m.yaml:1:10: this quote is not closed"],
        id="open-quote",
    ),
    pytest.param(
        "http: {listen: [127.0.0.1:8080}\n",
        ["m.yaml:1:31: a bracket is not closed (opened in line 1),"
         " or a comma is missing"],
        id="open-bracket",
    ),
    pytest.param(
        "country: @DE\n",
        ["m.yaml:1:10: '@' cannot begin a value; put it into quotes"],
        id="at-sign",
    ),
    pytest.param(
        "country\ntimezone: UTC\n",
        ["m.yaml:2:9: the line before has no ':'; expected 'key: value'"],
        id="key-without-colon",
    ),
    pytest.param(
        BILLION,
        [
            "m.yaml:1:4: anchors (&a) are not supported; remove it",
            "m.yaml:2:4: anchors (&b) are not supported; remove it",
            "m.yaml:2:8: aliases (*a) are not supported; repeat it, or put a"
            " text into quotes",
            "m.yaml:2:11: aliases (*a) are not supported; repeat it, or put a"
            " text into quotes",
            "m.yaml:3:4: anchors (&c) are not supported; remove it",
            "m.yaml:3:8: aliases (*b) are not supported; repeat it, or put a"
            " text into quotes",
            "m.yaml:3:11: aliases (*b) are not supported; repeat it, or put a"
            " text into quotes",
        ],
        id="billion-laughs",
    ),
    pytest.param(
        "http:\n  <<: {listen: a:1}\n",
        ["m.yaml:2:3: http.<<: merge keys are not supported; write the values out"],
        id="merge-key",
    ),
    pytest.param(
        "country: !!python/object/apply:os.system [id]\n",
        ["m.yaml:1:10: tags (tag:yaml.org,2002:python/object/apply:os.system) are not"
         " supported; remove it"],
        id="python-tag",
    ),
    pytest.param(
        "country: DE\n---\ncountry: FR\n",
        ["m.yaml:2:1: a second document begins; everything is one document"],
        id="two-documents",
    ),
    pytest.param(
        "[" * 2000,
        ["m.yaml:1:13: nested more than 12 deep"],
        id="nested-without-end",
    ),
    pytest.param(
        "", ["m.yaml:1:1: the file is empty; see config.example.yaml"], id="empty"
    ),
    pytest.param(
        "# nothing\n\n",
        ["m.yaml:1:1: the file is empty; see config.example.yaml"],
        id="only-comments",
    ),
    pytest.param(
        "- a\n- b\n", ["m.yaml:1:1: expected lines of 'key: value'"], id="a-list"
    ),
    pytest.param(
        "country: DE\x00\n",
        ["m.yaml:1:12: the character '\\x00' is not allowed"],
        id="nul",
    ),
    pytest.param(
        "? [a, b]\n: c\n? {}\n: d\n",
        ["m.yaml:1:3: file: expected a key", "m.yaml:3:3: file: expected a key"],
        id="keys-that-are-no-words",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), BROKEN)
def test_a_broken_file_is_answered_line_by_line(text: str, problems: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "m.yaml")
    assert caught.value.problems == problems
    assert str(caught.value) == "\n".join(problems)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param(
            "data_dir: /d\ncountry: ä\n".encode("latin-1"),
            "2:10: octet 0xe4 is not UTF-8; save the file as UTF-8",
            id="latin-1",
        ),
        pytest.param(
            "country: DE\n".encode("utf-16"),
            "1:1: the file is UTF-16; save it as UTF-8",
            id="utf-16",
        ),
    ],
)
def test_a_file_that_is_not_utf_8(tmp_path: Path, raw: bytes, problem: str) -> None:
    path = tmp_path / "modemgw.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.problems == [f"{path}:{problem}"]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: no such file or directory"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(ConfigError, match="cannot be read: this is a directory"):
        load(tmp_path)
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load(huge)


@pytest.mark.parametrize(
    "text",
    [
        "sims: {cards: [{name: red, iccid: x, pin: SECRET7}]}",
        "modems: [{port: /dev/a, pin: [SECRET7]}]",
        "webhooks: [{url: 'http://a/', secret: SECRET7}]",
        "webhooks: [{url: 'http://a/', secret: {file: a, env: b, x: SECRET7}}]",
    ],
)
def test_a_wrong_secret_is_not_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "m.yaml")
    assert "SECRET7" not in str(caught.value)
