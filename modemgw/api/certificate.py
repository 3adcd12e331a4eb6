"""GET /ca.pem: the certificate authority of a gateway that made its own."""

from aiohttp import web

from modemgw.api import body
from modemgw.api.problems import NotFound
from modemgw.api.routing import PUBLIC, Call, Route
from modemgw.api.schema import NoQuery
from modemgw.config.paths import ca_certificate

PEM = "application/x-pem-file"


async def get_ca(call: Call) -> web.Response:
    """Give the certificate that clients have to trust where `http.tls` is `self`.

    Compare its fingerprint with the one in the log before you trust it.
    """
    body.query(call.request, NoQuery)
    config = call.gateway.config
    path = ca_certificate(config)
    if config.http.tls.mode != "self" or not path.exists():
        raise NotFound("this gateway has no certificate authority of its own")
    return web.Response(
        body=path.read_bytes(),
        headers={
            "Content-Type": PEM,
            "Content-Disposition": 'attachment; filename="modemgw-ca.pem"',
        },
    )


ROUTES = (
    Route(
        method="GET",
        path="/ca.pem",
        scope=PUBLIC,
        handler=get_ca,
        summary="The gateway's own certificate authority",
        answers={200: str},
        media=PEM,
        errors=(404,),
    ),
)
