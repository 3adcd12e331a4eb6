"""The viewer of the API and the pages about its errors: complete without a network.

All files come with the package. The viewer is Swagger UI (static/swagger-ui/README);
a strict Content-Security-Policy keeps it to this gateway alone.
"""

import re
from functools import cache
from pathlib import Path

from aiohttp import web

from modemgw.api import body
from modemgw.api.problems import TITLES
from modemgw.api.routing import PUBLIC, Call, Route
from modemgw.api.schema import NoQuery
from modemgw.errors import NotFound

STATIC = Path(__file__).parent / "static"
# What may be asked for below /docs, and as what it is sent.
FILES = {
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", "text/css"),
    "viewer.js": ("viewer.js", "text/javascript"),
    "page.css": ("page.css", "text/css"),
    "LICENSE": ("swagger-ui/LICENSE", "text/plain"),
    "NOTICE": ("swagger-ui/NOTICE", "text/plain"),
}
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"
_NOTHING += "; frame-ancestors 'none'"
# Swagger UI has its icons in the style sheet.
VIEWER_POLICY = _NOTHING + (
    "; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
)
PAGE_POLICY = _NOTHING + "; style-src 'self'"
_SECTION = re.compile(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


async def get_viewer(call: Call) -> web.Response:
    """Show this API in a browser, and try it out."""
    body.query(call.request, NoQuery)
    return _html(_read("docs.html"), VIEWER_POLICY)


async def get_viewer_file(call: Call) -> web.Response:
    """Send a script or style of the viewer."""
    body.query(call.request, NoQuery)
    name = call.request.match_info["file"]
    if name not in FILES:
        raise NotFound(f"the viewer has no file {name!r}")
    path, kind = FILES[name]
    return web.Response(
        body=_read(path), headers={"Content-Type": f"{kind}; charset=utf-8"}
    )


async def get_problems(call: Call) -> web.Response:
    """List every kind of error of this API."""
    body.query(call.request, NoQuery)
    return _html(_index(), PAGE_POLICY)


async def get_problem(call: Call) -> web.Response:
    """Explain one kind of error: what it means, and what to do."""
    body.query(call.request, NoQuery)
    kind = call.request.match_info["type"]
    if kind not in sections():
        raise NotFound(f"there is no kind of problem {kind!r}")
    return _html(_page(kind), PAGE_POLICY)


# A status at the beginning of a line would be the number of an item in a list.
_STATUS = re.compile(r"^(\d{3})(?:\.|,) ", re.MULTILINE)


@cache
def sections() -> dict[str, str]:
    """Return what docs/problems.md says of each kind, in Markdown."""
    return dict(_SECTION.findall(_read("problems.md").decode("utf-8")))


@cache
def _read(name: str) -> bytes:
    return (STATIC / name).read_bytes()


@cache
def _index() -> bytes:
    rows = [f"- [{kind}](problems/{kind})" for kind in sorted(sections())]
    return _rendered("Problems", "", "# Problems\n\n" + "\n".join(rows))


@cache
def _page(kind: str) -> bytes:
    title = TITLES.get(kind, kind.replace("-", " ").capitalize())
    said = _STATUS.sub(r"**\1** · ", sections()[kind])
    text = f"# {title}\n\n`{kind}`\n\n{said}\n[All problems](../problems)\n"
    return _rendered(title, "../", text)


def _rendered(title: str, root: str, text: str) -> bytes:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - seldom needed

    page = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="stylesheet" href="{root}docs/page.css">'
        f"</head><body>\n{page}</body></html>\n"
    ).encode()


def _html(octets: bytes, policy: str) -> web.Response:
    return web.Response(
        body=octets,
        headers={
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Frame-Options": "DENY",
        },
    )


ROUTES = (
    Route(
        method="GET",
        path="/docs",
        scope=PUBLIC,
        handler=get_viewer,
        summary="This API in a browser",
        answers={200: str},
        media="text/html",
    ),
    Route(
        method="GET",
        path="/docs/{file}",
        scope=PUBLIC,
        handler=get_viewer_file,
        summary="A file of the viewer",
        choices={"file": tuple(FILES)},
        answers={200: None},
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/problems",
        scope=PUBLIC,
        handler=get_problems,
        summary="Every kind of error",
        answers={200: str},
        media="text/html",
    ),
    Route(
        method="GET",
        path="/problems/{type}",
        scope=PUBLIC,
        handler=get_problem,
        summary="One kind of error",
        choices={"type": tuple(sections())},
        answers={200: str},
        errors=(404,),
        media="text/html",
    ),
)
