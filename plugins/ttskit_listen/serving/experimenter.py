"""The experimenter's page: how far each listener is, new invitations, answers to download; behind a password."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from ttskit_listen.plan import LANGUAGES
from ttskit_listen.serving import passwords, tables
from ttskit_listen.serving.api import told
from ttskit_listen.serving.bodies import form_fields
from ttskit_listen.serving.refusals import Refused, language_of, texts
from ttskit_listen.serving.site import Site
from ttskit_listen.serving.store import Progress, Store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

__all__ = ["COOKIE", "experimenter_routes"]

COOKIE = "ttskit_listen"
_VISIT = "ttskit_listen_visit"  # of one who has not signed in: what the form of the password is tied to
_MOST_INVITED = 500
Handler = Callable[["Request"], Awaitable["Response"]]


def experimenter_routes(site: Site) -> list[Route]:
    """Routes below /experimenter."""
    from starlette.routing import Route

    page = _Page(site)
    return [
        Route("/experimenter", told(page.show), methods=["GET"]),
        Route("/experimenter/sign-in", told(page.sign_in), methods=["POST"]),
        Route("/experimenter/sign-out", told(page.sign_out), methods=["POST"]),
        Route("/experimenter/invite", told(page.invite), methods=["POST"]),
        Route("/experimenter/withdraw", told(page.withdraw), methods=["POST"]),
        Route("/experimenter/{name}", told(page.download), methods=["GET"]),
    ]


class _Page:
    """Handlers."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.root = f"{site.address.prefix}/experimenter"
        self.invited: dict[str, list[str]] = {}  # session → links that were just made, until they are shown

    async def show(self, request: Request) -> Response:
        session = self._session(request)
        if not session:
            return self._door(request)
        found = await self.site.writer.do(_all_of)
        invited = self.invited.pop(session, [])
        return self._rendered(request, session, 200, **self._figures(*found), invited=invited)

    async def sign_in(self, request: Request) -> Response:
        fields = await form_fields(request)
        if not self.site.sessions.fits(request.cookies.get(_VISIT, ""), fields.get("token", "")):
            return self._door(request, 403, "stale", fields)
        if not self.site.attempts.take():
            return self._door(request, 429, "wait", fields)
        if not await asyncio.to_thread(passwords.right, fields.get("password", "").strip()[:200], self.site.password):
            return self._door(request, 403, "wrong", fields)
        response = self._back(fields)
        self._set(response, COOKIE, self.site.sessions.begin())
        return response

    async def sign_out(self, request: Request) -> Response:
        session, fields = await self._asked(request)
        self.site.sessions.end(session)
        return self._back(fields)

    async def invite(self, request: Request) -> Response:
        session, fields = await self._asked(request)
        number = fields.get("number", "")
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:6]) <= _MOST_INVITED):
            raise Refused(400, "body", place="number", why=f"1 … {_MOST_INVITED}")
        codes = await self.site.writer.do(lambda store: store.invite(int(number)))
        self.invited[session] = [self.site.address.link(code) for code in codes]
        return self._back(fields)

    async def withdraw(self, request: Request) -> Response:
        _, fields = await self._asked(request)
        code = fields.get("code", "")
        await self.site.writer.do(lambda store: store.withdraw(code))
        self.site.guard.gone(code)
        # The code was found in the database: it is no path.
        await asyncio.to_thread((self.site.answers / f"answers-{code}.json").unlink, missing_ok=True)
        return self._back(fields)

    async def download(self, request: Request) -> Response:
        from starlette.responses import Response

        if not self._session(request):
            return self._door(request, 403)
        name, plan = request.path_params["name"], self.site.plan
        if name == "answers.zip":
            content: str | bytes = tables.answers_zip(await self.site.writer.do(Store.answer_files))
        elif name == "answers.csv":
            content = tables.answers_csv(await self.site.writer.do(Store.answer_files))
        elif name == "participants.csv":
            content = tables.participants_csv(await self.site.writer.do(Store.participants))
        else:
            return Response("Not found", 404)
        kind = "application/zip" if name.endswith("zip") else "text/csv; charset=utf-8"
        headers = {"content-disposition": f'attachment; filename="{plan.id}-{name}"', "cache-control": "no-store"}
        return Response(content, media_type=kind, headers=headers)

    async def _asked(self, request: Request) -> tuple[str, dict[str, str]]:
        """Session and fields of a form that is ours and of one who has signed in."""
        session, fields = self._session(request), await form_fields(request)
        if not session or not self.site.sessions.fits(session, fields.get("token", "")):
            raise Refused(403, "stale-form")
        return session, fields

    def _session(self, request: Request) -> str:
        name = request.cookies.get(COOKIE, "")
        return name if self.site.sessions.good(name) else ""

    def _figures(self, progress: list[Progress], log: list[tuple[str, str]], participants: int) -> dict[str, Any]:
        rows = [(one, _state(one), self.site.address.link(one.code)) for one in progress]
        states = Counter((one.form, state) for one, state, _ in rows)
        kept = [one for one in progress if not one.withdrawn]
        forms = [
            (
                form,
                sum(one.form == form for one in kept),
                sum(one.form == form and bool(one.begun) for one in kept),
                states[form, "complete"],
            )
            for form in range(len(self.site.plan.forms))
        ]
        summary = {
            "complete": sum(bool(one.ended) for one in kept),
            "begun": sum(bool(one.begun) for one in kept),
            "invited": sum(one.came == "invited" for one in kept),
            "planned": self.site.planned,
        }
        withdrawn = [(at, what.removeprefix("withdrawn: ")) for at, what in log]
        return {"rows": rows, "forms": forms, "summary": summary, "log": withdrawn, "participants": participants}

    def _door(self, request: Request, status: int = 200, problem: str = "", fields: dict[str, str] | None = None) -> Response:
        """The form of the password."""
        visit = request.cookies.get(_VISIT, "")[:100] or secrets.token_urlsafe(24)
        response = self._rendered(request, visit, status, fields, door=True, problem=problem)
        self._set(response, _VISIT, visit)
        return response

    def _rendered(
        self, request: Request, tied: str, status: int, fields: dict[str, str] | None = None, **values: Any
    ) -> Response:
        from starlette.responses import HTMLResponse

        asked = (fields or {}).get("lang") or request.query_params.get("lang", "")
        language = asked if asked in LANGUAGES else language_of(request.headers.get("accept-language", ""), "es")
        words = texts(language)["page"]
        html = _template().render(
            w=lambda key, **places: words[key].format(**places) if places else words[key],
            language=language,
            other=next(one for one in LANGUAGES if one != language),
            root=self.root,
            title=self.site.plan.title.get(language) or next(iter(self.site.plan.title.values()), self.site.plan.id),
            token=self.site.sessions.token(tied),
            open=self.site.open,
            most=self.site.most,
            base=self.site.address.base,
            **{"door": False, "problem": "", **values},
        )
        return HTMLResponse(html, status, headers={"cache-control": "no-store"})

    def _back(self, fields: dict[str, str]) -> Response:
        from starlette.responses import RedirectResponse

        language = fields.get("lang", "")
        return RedirectResponse(f"{self.root}?lang={language}" if language in LANGUAGES else self.root, 303)

    def _set(self, response: Response, name: str, value: str) -> None:
        address = self.site.address
        response.set_cookie(
            name,
            value,
            max_age=passwords.SESSION_S,
            path=self.root,
            secure=address.scheme == "https",
            httponly=True,
            samesite="strict",
        )


def _all_of(store: Store) -> tuple[list[Progress], list[tuple[str, str]], int]:
    return store.progress(), store.logged(), len(store.participants())


def _state(one: Progress) -> str:
    if one.withdrawn:
        return "withdrawn"
    return "complete" if one.ended else "begun" if one.begun else "invited"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ttskit_listen", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("ttskit_listen").joinpath("templates", "experimenter.css").read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)
    return environment.get_template("experimenter.html.jinja")
