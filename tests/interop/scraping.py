"""What Prometheus gets to see of a real daemon, whose modem is simulated.

`scrape` reads /metrics as any client does; `prometheus` lets a real server (Debian:
prometheus) do it, with our rules and the queries of our dashboard. Both return what
was seen, line by line, and raise AssertionError where it is not what it should be.
"""

import json
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from modemgw.sim.identity import iccid_of
from tests.scenario.box import Box, Process, wait_for

SERVER, TOOL = shutil.which("prometheus"), shutil.which("promtool")
DOCS = Path(__file__).parents[2] / "docs"
RULES = DOCS / "prometheus" / "alerts.yml"
BOARD = DOCS / "grafana" / "dashboard.json"
NAME = re.compile(r"\bmodemgw_[a-z0-9_]+")
VARIABLES = {"$__rate_interval": "1m", "$__range": "5m", "$__interval": "1m"}
CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: modemgw
    authorization: {{credentials: {key}}}
    static_configs: [{{targets: ["{target}"]}}]
"""


# Names of accidents, and of what nobody here has: they come with the first sample.
RARE = {
    "modemgw_backup_age_seconds",
    "modemgw_backup_failed",
    "modemgw_modem_recoveries_total",
    "modemgw_sim_balance_amount",
    "modemgw_sim_refusals_total",
}
STARTING = 503
NOBODY = "127.0.0.1:9"
CARD = (
    f"  cards: [{{iccid: '{iccid_of(0)}', name: red, pace: 600/min,"
    " tariff: {price: 0.1, bundle: {parts: 100, per: month}, spend: [5.00/month]}}]\n"
)


def box(home: Path) -> Box:
    """Build a daemon with one SIM that has a pace, a bundle and a cap."""
    return Box(
        home,
        modems=1,
        latency="20ms",
        report_latency="100ms",
        extra=CARD,
        http=f"webhook_allow: ['{NOBODY}']",
    )


def scrape(box: Box) -> list[str]:
    """Send a text, read the metrics, and look up every name that we wrote down."""
    _send(box)
    _be_refused(box)
    octets = _get(f"{box.url}/metrics", box.key)
    families = list(text_string_to_metric_families(octets))
    # The parser takes `_total` off; samples of histograms have names of their own.
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
    }
    for family in families:
        if family.type == "histogram":
            names |= {f"{family.name}_{end}" for end in ("bucket", "sum", "count")}
        assert family.documentation, f"{family.name} has no HELP"
    table = (DOCS / "metrics.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `(modemgw_\w+)`", table, re.MULTILINE))
    for where, wanted in (
        ("docs/metrics.md", listed),
        ("alerts", set(NAME.findall(_expressions(RULES.read_text("utf-8"))))),
        ("dashboard", set(NAME.findall(" ".join(queries())))),
    ):
        assert wanted, f"{where}: there are no names"
        missing = sorted(wanted - RARE - names)
        assert not missing, f"{where}: {missing} is not in a scrape"
    shown = {name for name in names if name.startswith("modemgw_")}
    alone = {name for name in shown if not any(name.startswith(one) for one in listed)}
    assert not alone, f"not in docs/metrics.md: {sorted(alone)}"
    sent = [
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "modemgw_events_total"
        and sample.labels == {"type": "message.delivered"}
    ]
    assert sent == [1.0], sent
    seen = [f"{len(families)} families, {len(listed)} names of ours"]
    if TOOL is not None:
        seen.append(_tool("check", "metrics", said=octets))
        seen.append(_tool("check", "rules", str(RULES)))
    return seen


def prometheus(box: Box, home: Path) -> list[str]:
    """Let a real server scrape, judge the rules and answer the dashboard's queries."""
    assert SERVER is not None
    _send(box)
    file = home / "prometheus.yml"
    target = box.url.removeprefix("http://")
    file.write_text(CONFIG.format(rules=RULES, key=box.key, target=target))
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"127.0.0.1:{free.getsockname()[1]}"
    server = Process(
        [
            f"--config.file={file}",
            f"--storage.tsdb.path={home / 'prometheus'}",
            f"--web.listen-address={where}",
        ],
        home / "prometheus.log",
        program=(),
        executable=SERVER,
    )
    try:
        asked = f"http://{where}/api/v1"
        wait_for("a scrape", lambda: _value(asked, 'up{job="modemgw"}') == "1")
        count = 'modemgw_events_total{type="message.delivered"}'
        wait_for("a text", lambda: (_value(asked, count) or "0") != "0")
        seen = [f"{count} is {_value(asked, count)}"]
        answered = 0
        for query in queries():
            _ask(asked, query)
            answered += 1
        seen.append(f"{answered} queries of the dashboard answered")
        rules = json.loads(_get(f"{asked}/rules"))["data"]["groups"]
        judged = [rule for group in rules for rule in group["rules"]]
        wrong = [rule["name"] for rule in judged if rule.get("lastError")]
        assert judged and not wrong, wrong
        seen.append(f"{len(judged)} rules judged")
        firing = [rule["name"] for rule in judged if rule["state"] == "firing"]
        assert not firing, firing
        return seen
    finally:
        server.terminate()


def queries() -> list[str]:
    """Return what the dashboard asks, with Grafana's variables filled in."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("expr"), str):
                found.append(value["expr"])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(json.loads(BOARD.read_text("utf-8")))
    return [_filled(query) for query in found]


def _filled(query: str) -> str:
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return re.sub(r"\$\{?\w+\}?", ".*", query)


def _expressions(rules: str) -> str:
    return " ".join(re.findall(r"expr: (.*)", rules))


def _send(box: Box) -> None:
    """Send a text, and let it arrive."""
    made = box.call("POST", "/v1/messages", {"to": "+4915112345678", "text": "hi"})
    path = f"/v1/messages/{made['id']}"
    wait_for("a report", lambda: box.call("GET", path)["state"] == "delivered")


def _be_refused(box: Box) -> None:
    """Reach the limit of a key, and an endpoint where nobody is."""
    wish = {"name": "small", "scopes": ["sender"], "limits": ["1/day"]}
    key = box.call("POST", "/v1/keys", wish)["key"]
    refused = f"{box.url}/v1/messages"
    headers = {"Authorization": f"Bearer {key}"}
    text = json.dumps({"to": "+4915112345678", "text": "x" * 300}).encode()
    request = urllib.request.Request(refused, text, headers)  # noqa: S310 - our own
    try:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310
    except urllib.error.HTTPError as error:
        assert error.code in (403, 429), error.code
        error.close()
    else:
        raise AssertionError("the limit of the key did not hold")
    hook = {"url": f"http://{NOBODY}/", "events": ["test.ping"]}
    path = f"/v1/webhooks/{box.call('POST', '/v1/webhooks', hook)['id']}"
    box.call("POST", f"{path}/test", {})
    tried = f"{path}/deliveries"
    wait_for("an attempt", lambda: box.call("GET", tried)["data"][0]["attempts"] > 0)


def _get(url: str, key: str = "") -> str:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


def _ask(api: str, query: str) -> Any:
    try:
        found = _get(f"{api}/query?{urllib.parse.urlencode({'query': query})}")
    except urllib.error.HTTPError as error:
        if error.code == STARTING:
            raise
        raise AssertionError(f"{query}: {error.read().decode()}") from None
    return json.loads(found)["data"]["result"]


def _value(api: str, query: str) -> str | None:
    try:
        found = _ask(api, query)
    except OSError:
        return None  # it is starting
    return str(found[0]["value"][1]) if found else None


def _tool(*arguments: str, said: str = "") -> str:
    assert TOOL is not None
    done = subprocess.run(  # noqa: S603 - our own arguments
        [TOOL, *arguments],
        input=said,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    output = (done.stdout + done.stderr).strip()
    assert done.returncode == 0, output
    last = output.rpartition("\n")[2].strip() or "good"
    return f"promtool {' '.join(arguments[:2])}: {last}"
