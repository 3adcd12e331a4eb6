"""The pages behind the one-time link of setup, as HTML: no script, nothing from afar.

Whatever comes from a modem, a network or a request is escaped here, in one place.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none';"
    " frame-ancestors 'none'; style-src 'self'; form-action 'self'",
    "Referrer-Policy": "no-referrer",  # the address of this page is a secret
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SANDBOX = "+999000001"


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the page shows once. `steps`: instant and word of the first text's life."""

    url: str
    key: str
    to: str | None
    state: str | None
    steps: Sequence[tuple[str, str]]
    modems: Sequence[tuple[str, str, str]]  # name, phase, sentence
    has_ca: bool


def offer() -> str:
    """Return the page that the link opens: it shows nothing yet."""
    return _page(
        "Your gateway is ready",
        "<p>This link works once. Behind the button is a key for your programs and the"
        " lines to paste. The key is shown only then, so keep it.</p>"
        '<form method="post"><button>Show the key</button></form>',
    )


def sorry(why: str) -> str:
    """Return the page for a link that opens nothing."""
    return _page("This link opens nothing", f"<p>{escape(why)}</p>")


def welcome(shown: Welcome) -> str:
    """Return the page with the key."""
    parts = [
        "<h2>Key</h2>",
        f"<pre>{escape(shown.key)}</pre>",
        "<p>It may send and read messages, and look at SIMs, modems and events. This"
        " page is not shown again; <code>modemgw keys create</code> makes another"
        " key.</p>",
        "<h2>Modems</h2>",
        _table(("Modem", "State", ""), shown.modems),
    ]
    if shown.state is not None:
        parts += [
            f"<h2>The first text: {escape(shown.state)}</h2>",
            _table(("When", "What"), shown.steps),
        ]
    if shown.has_ca:
        parts.append(
            "<p>The box vouches for itself: save "
            '<a href="/ca.pem">ca.pem</a> as modemgw-ca.pem and trust it once, then'
            " warnings end. Programs take it as a file.</p>"
        )
    parts.append("<h2>Paste one of these</h2>")
    snippets = lines_for(shown.url, shown.key, shown.to or SANDBOX, ca=shown.has_ca)
    for name, text in snippets.items():
        parts.append(f"<h3>{escape(name)}</h3><pre>{escape(text)}</pre>")
    parts.append('<p>Everything else: <a href="/docs">the API in your browser</a>.</p>')
    return _page("Your gateway is ready", "\n".join(parts))


def lines_for(url: str, key: str, to: str, *, ca: bool) -> Mapping[str, str]:
    """Return lines that send a text, by the language they are in."""
    path, text = f"{url}/v1/messages", "Hello from modemgw"
    body = json.dumps({"to": to, "text": text})
    trust = "--cacert modemgw-ca.pem " if ca else ""
    context = (
        ["import ssl", 'context = ssl.create_default_context(cafile="modemgw-ca.pem")']
        if ca
        else []
    )
    given = ", context=context" if ca else ""
    return {
        "curl": f"curl -s {trust}{path} \\\n  -H 'Authorization: Bearer {key}' \\\n"
        f"  -d '{body}'",
        "Python": "\n".join(
            [
                "import json, urllib.request",
                *context,
                "request = urllib.request.Request(",
                f'    "{path}",',
                f"    data=json.dumps({{{_pairs(to, text)}}}).encode(),",
                f'    headers={{"Authorization": "Bearer {key}",',
                '             "Content-Type": "application/json"},',
                ")",
                f"print(urllib.request.urlopen(request{given}).read().decode())",
            ]
        ),
        "PHP": "\n".join(
            [
                "$context = stream_context_create([",
                *(["  'ssl' => ['cafile' => 'modemgw-ca.pem'],"] if ca else []),
                "  'http' => ['method' => 'POST',",
                f"    'header' => ['Authorization: Bearer {key}',",
                "      'Content-Type: application/json'],",
                f"    'content' => '{body}']]);",
                f"echo file_get_contents('{path}', false, $context);",
            ]
        ),
        "Node": "\n".join(
            [
                *(
                    ["// NODE_EXTRA_CA_CERTS=modemgw-ca.pem node send.mjs"]
                    if ca
                    else []
                ),
                f"const answer = await fetch('{path}', {{",
                "  method: 'POST',",
                f"  headers: {{Authorization: 'Bearer {key}',",
                "    'Content-Type': 'application/json'},",
                f"  body: '{body}',",
                "});",
                "console.log(await answer.json());",
            ]
        ),
        "Home Assistant": "\n".join(
            [
                "rest_command:",
                "  sms:",
                f"    url: {path}",
                "    method: post",
                *(["    verify_ssl: false"] if ca else []),
                "    headers:",
                f"      Authorization: Bearer {key}",
                "    content_type: application/json",
                f'    payload: \'{{"to": "{to}", "text": {{{{ text | tojson }}}}}}\'',
            ]
        ),
    }


def _pairs(to: str, text: str) -> str:
    return f'"to": "{to}", "text": "{text}"'


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = [
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    ]
    return f"<table><tr>{top}</tr>{''.join(lines)}</table>"


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>modemgw: {escape(title)}</title>"
        '<link rel="stylesheet" href="/docs/page.css"></head><body>\n'
        f"<h1>{escape(title)}</h1>\n{content}\n</body></html>\n"
    )
