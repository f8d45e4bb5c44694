"""What the listeners' pages ask the server: begin, hand in, end. A code is all that a listener has."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from ttskit_listen.plan import form_of
from ttskit_listen.serving.bodies import json_body
from ttskit_listen.serving.checks import AnswerBody, BeginBody, EndBody, HeaderBody, check_answer, check_header, parsed
from ttskit_listen.serving.refusals import Refused, language_of
from ttskit_listen.serving.site import Site
from ttskit_listen.serving.store import Store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

__all__ = ["api_routes", "told"]

_WRONG_S = 0.1  # the least that a refusal of a code takes: how it was refused is not to be told from the time
_log = logging.getLogger("ttskit.listen")
T = TypeVar("T")
Handler = Callable[["Request"], Awaitable["Response"]]


def api_routes(site: Site) -> list[Route]:
    """Routes below /api."""
    from starlette.routing import Route

    pages = _Pages(site)
    return [
        Route("/api/begin", told(pages.begin), methods=["POST"]),
        Route("/api/header", told(pages.header), methods=["PUT"]),
        Route("/api/answer", told(pages.answer), methods=["PUT"]),
        Route("/api/end", told(pages.end), methods=["POST"]),
    ]


def told(handler: Handler) -> Handler:
    """The handler, whose refusals become answers: {"error": one sentence}."""

    @wraps(handler)
    async def call(request: Request) -> Response:
        from starlette.responses import JSONResponse

        language = language_of(request.headers.get("accept-language", ""))
        try:
            return await handler(request)
        except Refused as refused:
            headers = {"retry-after": "1"} if refused.status in (429, 503) else {}
            if refused.key in ("late", "long"):
                headers["connection"] = "close"  # what is still being sent is not read
            content = {"error": refused.sentence(language), **refused.more}
            return JSONResponse(content, refused.status, headers)
        except sqlite3.Error as error:
            _log.error("the database refuses: %s", error)  # no message
            content = {"error": Refused(503, "database").sentence(language)}
            return JSONResponse(content, 503, {"retry-after": "2"})

    return call


class _Pages:
    """Handlers."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def begin(self, request: Request) -> Response:
        body = parsed(BeginBody, await json_body(request))
        site, code = self.site, body.listener
        if not code:
            if not site.open:
                raise Refused(401, "closed")
            if not site.guard.admits(""):
                raise Refused(429, "often")
            participant, most = body.participant, site.most
            code = await site.writer.do(lambda store: store.welcome(participant, most))
            site.guard.good(code)
        await self._admitted(code)
        file = await self._done(code, lambda store: store.begin(code))
        return _json({"listener": code, "file": None if file is None else file.model_dump(mode="json")})

    async def header(self, request: Request) -> Response:
        body = parsed(HeaderBody, await json_body(request))
        form = await self._admitted(body.listener)
        file = check_header(self.site.plan, form, body.listener, body.header)
        await self._done(body.listener, lambda store: store.put_header(body.listener, file))
        return _json({})

    async def answer(self, request: Request) -> Response:
        body = parsed(AnswerBody, await json_body(request))
        form = await self._admitted(body.listener)
        check_answer(self.site.plan, form, body.answer)
        await self._done(body.listener, lambda store: store.put_answer(body.listener, body.answer))
        return _json({})

    async def end(self, request: Request) -> Response:
        body = parsed(EndBody, await json_body(request))
        await self._admitted(body.listener)
        await self._done(body.listener, lambda store: store.end(body.listener, body.ended))
        return _json({"completion": self.site.plan.completion.model_dump(mode="json")})

    async def _admitted(self, code: str) -> int:
        """The form that a code asks for, if it may ask now; whether it is someone's, the store says."""
        if not self.site.guard.admits(code):
            raise Refused(429, "often")
        form = form_of(code, len(self.site.plan.forms)) if code.isascii() else None
        if form is None:
            self.site.guard.wrong()
            await asyncio.sleep(_WRONG_S)
            raise Refused(401, "unknown")
        return form

    async def _done(self, code: str, work: Callable[[Store], T]) -> T:
        """What `work` gives for a code that is someone's; one that is nobody's is refused, always after the same time."""
        guard, began = self.site.guard, time.monotonic()
        try:
            value = await self.site.writer.do(work)
        except Refused as refused:
            if refused.status == 401:
                guard.gone(code)
                guard.wrong()
                await asyncio.sleep(max(0.0, began + _WRONG_S - time.monotonic()))
            raise
        guard.good(code)
        return value


def _json(content: Any) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, headers={"cache-control": "no-store"})
