"""The application: routes behind a gate that looks at the host's name and puts security headers on every answer."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ttskit_listen.folder import TestFolder
from ttskit_listen.plan import Completion
from ttskit_listen.serving.api import api_routes
from ttskit_listen.serving.experimenter import experimenter_routes
from ttskit_listen.serving.files import file_reply
from ttskit_listen.serving.site import Site

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "create_app"]

_CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob: data:; "  # no message
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _CSP,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=()",  # no message
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_log = logging.getLogger("ttskit.listen")


def create_app(site: Site) -> ASGIApp:
    """Everything that the server answers.

    The plan goes out without its completion code, which a listener gets at the end; `mode.js` says to the pages that there is a
    server. Needs the extra `listen`.
    """
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    mode = json.dumps({"server": True, "open": site.open})
    plan = TestFolder.plan_script(site.plan.model_copy(update={"completion": Completion()}))
    made = {"mode.js": f"ttskit.mode({mode});\n", "test.js": plan}

    async def public(request: Request) -> Response:
        name = request.path_params["path"] or "index.html"
        if name in made:
            return Response(made[name], media_type="text/javascript", headers={"cache-control": "no-cache"})
        file = site.files.get(name)
        return Response("Not found", 404) if file is None else file_reply(request, file)

    routes = [*api_routes(site), *experimenter_routes(site), Route("/{path:path}", public, methods=["GET"])]
    return _Gate(Starlette(routes=routes), site)


class _Gate:
    """Outside of everything: which host was asked, the prefix of a proxy, headers, and faults that nobody else caught."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self.site = app, site
        self.added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun = False

        async def answered(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in self.added if one[0] not in given)]
            await send(message)

        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self.site.address.knows(hosts[0].decode("latin-1")):
            await _plain(
                answered, 400, "This server has another name; if this is its name, start it with --host-name."
            )  # no message
            return
        try:
            await self.app(self._below_prefix(scope), receive, answered)
        except Exception as error:
            _log.exception("a request failed: %s", type(error).__name__)  # no message
            if not begun:
                await _plain(answered, 500, "The server failed.")  # no message

    def _below_prefix(self, scope: Scope) -> Scope:
        """The path as the routes know it, whether the proxy took the prefix away or not."""
        prefix, path = self.site.address.prefix, scope["path"]
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            return {**scope, "path": path[len(prefix) :] or "/", "root_path": ""}
        return scope


async def _plain(send: Any, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
