"""The listener's pages where a server takes the answers: a small one of its own, that fails as often as a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from driving_listen import opened, shown, walk
from paged import paged

from ttskit_listen.answers import AnswerFile

CODE = "01-abcdef"
# As strict as a server may be: no script of the page itself, no eval, nothing from elsewhere.
CSP = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:"


class Store:
    """What came in, and how the server behaves.

    Attributes:
        files: by code; asked: method and name of each request, in order.
        failing: (request number, name) → status to fail with, or None; 0 cuts the connection.
    """

    def __init__(self, *, opened_to_all: bool = False) -> None:
        self.files: dict[str, dict] = {}
        self.asked: list[str] = []
        self.people: dict[str, str] = {}
        self.failing = lambda number, name: None
        self.open, self.known, self.lock = opened_to_all, {CODE}, threading.Lock()

    def answer(self, name: str, body: dict, form_trials) -> tuple[int, dict]:
        code = body["listener"]
        if name == "begin":
            if code == "" and self.open:
                code = f"00-drawn{len(self.known)}"
                self.known.add(code)
                self.people[code] = body.get("participant", "")
            if code not in self.known:
                return 404, {"error": "This code is not known."}
            return 200, {"listener": code, "file": self.files.get(code)}
        file = self.files.setdefault(code, {"answers": []})
        if name == "header":
            file.update(body["header"])
        elif name == "answer":
            before = next((one for one in file["answers"] if one["trial"] == body["answer"]["trial"]), None)
            if before is None:
                file["answers"].append(body["answer"])
            elif before != body["answer"]:
                return 409, {"error": "There is another answer."}
        else:
            missing = [one for one in form_trials(code) if one not in {given["trial"] for given in file["answers"]}]
            if missing:
                return 409, {"error": "Answers are missing.", "missing": missing}
            file.update(ended=body["ended"], complete=True)
            return 200, {"completion": {"code": "FROM-SERVER", "url": ""}}
        return 200, {}


class Handler(SimpleHTTPRequestHandler):
    """Files of the test, and the store behind api/."""

    def __init__(self, *args, store: Store, trials, **kwargs) -> None:
        self.store, self.trials = store, trials
        super().__init__(*args, **kwargs)

    def log_message(self, *args) -> None:
        """Nothing on the screen."""

    def end_headers(self) -> None:
        self.send_header("content-security-policy", CSP)
        super().end_headers()

    def do_GET(self) -> None:
        if self.path == "/mode.js":
            self._reply(200, f"ttskit.mode({{server: true, open: {str(self.store.open).lower()}}});", "text/javascript")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        name = self.path.rsplit("/", 1)[-1]
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.store.lock:
            self.store.asked.append(name)
            status = self.store.failing(len(self.store.asked), name)
            if status == 0:
                self.close_connection = True
                self.connection.close()
                return
            reply = (status, {"error": "Too busy."}) if status else self.store.answer(name, body, self.trials)
        self._reply(reply[0], json.dumps(reply[1]), "application/json")

    do_PUT = do_POST

    def _reply(self, status: int, text: str, kind: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(test, store: Store) -> Iterator[str]:
    """The address of a server of `test`."""
    plan = test.plan()

    def trials(code: str) -> list[str]:
        return [one.id for one in plan.forms[int(code.split("-")[0]) % len(plan.forms)].trials]

    handler = partial(Handler, directory=str(test.public), store=store, trials=trials)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        finally:
            server.shutdown()


def test_a_strict_server_gets_the_file_that_the_page_has(listener_browser, tmp_path):
    test, store = paged(tmp_path, "mos", headphones=(1,)), Store()
    with serving(test, store) as address:
        page, watched = opened(listener_browser, address, listener=CODE)
        file = walk(page, lambda trial: 4)
        assert page.inner_text("[data-completion]") == "FROM-SERVER"
        assert store.files[CODE] == file
        sent = AnswerFile.model_validate(file)
        assert sent.complete and len(sent.answers) == len(test.plan().forms[1].trials) and sent.headphones.right == 1
        # sent as they are given, once each; nothing but the code says who it is
        assert store.asked.count("answer") == len(sent.answers) and store.asked[0] == "begin" and store.asked[-1] == "end"
        assert store.asked.index("answer") < len(store.asked) - 4
        assert page.context.cookies() == [] and watched.errors == [] and watched.strange == []
        page.context.close()


def test_nothing_is_lost_while_the_server_fails(listener_browser, tmp_path):
    test, store = paged(tmp_path, "mos", questions=()), Store()
    # of each six requests one is answered, none in the middle of the test
    statuses = (503, 0, 429, 500)
    store.failing = lambda number, name: statuses[number % 4] if number % 3 and number < 12 else None
    with serving(test, store) as address:
        page, _ = opened(listener_browser, address, listener=CODE)
        page.evaluate("Math.random = () => 0")
        file = walk(page, lambda trial: 2)
        assert len(store.asked) > 12 and store.files[CODE] == file
        AnswerFile.model_validate(file)
        page.context.close()


def test_who_closes_the_browser_without_connection_sends_it_later(listener_browser, tmp_path):
    test, store = paged(tmp_path, "mos", questions=()), Store()
    with serving(test, store) as address:
        page, _ = opened(listener_browser, address, listener=CODE)
        walk(page, lambda trial: 4, stop_after=1)
        page.wait_for_selector("#state[data-sync='sync.saved']")
        store.failing = lambda number, name: 503
        walk(page, lambda trial: 4, stop_after=2)
        page.wait_for_selector("#state[data-sync='sync.waiting']")
        assert len(store.files[CODE]["answers"]) == 1
        page.close()
        store.failing = lambda number, name: None
        page, _ = opened(listener_browser, address, listener=CODE, context=page.context)
        shown(page)
        page.wait_for_selector("#state[data-sync='sync.saved']")
        assert len(store.files[CODE]["answers"]) == 3
        page.context.close()
        # on another device, with nothing in the browser: what the server has is not asked again
        page, _ = opened(listener_browser, address, listener=CODE)
        asked: list[str] = []
        file = walk(page, lambda trial: asked.append(trial["id"]) or 1)
        trials = [one.id for one in test.plan().forms[1].trials]
        assert asked == trials[3:] and [one["response"] for one in file["answers"]] == [4, 4, 4, *[1] * len(asked)]
        assert store.files[CODE] == file
        page.context.close()


def test_invitations_and_open_tests(listener_browser, tmp_path):
    test, store = paged(tmp_path, "mos", questions=(), made={"sentences": 1}), Store()
    with serving(test, store) as address:
        for code in ("", "01-nobody"):
            page, _ = opened(listener_browser, address, listener=code)
            page.wait_for_selector("[data-screen=fault]")
            page.context.close()
        assert store.files == {}
        store.open = True
        page, _ = opened(listener_browser, f"{address}?PROLIFIC_PID=5f00aa")
        file = walk(page, lambda trial: 3)
        assert store.people == {file["listener"]: "5f00aa"} and store.files[file["listener"]] == file
        assert "5f00aa" not in json.dumps(file)
        page.context.close()


def test_another_answer_to_the_same_trial_does_not_stop_the_rest(listener_browser, tmp_path):
    test, store = paged(tmp_path, "mos", questions=()), Store()
    with serving(test, store) as address:
        page, _ = opened(listener_browser, address, listener=CODE)
        walk(page, lambda trial: 4, stop_after=0)
        first = test.plan().forms[1].trials[0].id
        other = {"trial": first, "response": 1, "plays": [1], "heard": 1, "rt_ms": 5, "at": "2026-11-28T20:00:00Z"}
        store.files[CODE]["answers"].append(other)
        walk(page, lambda trial: 4)
        answers = store.files[CODE]["answers"]
        assert answers[0] == other and len(answers) == len(test.plan().forms[1].trials) and store.files[CODE]["complete"]
        page.context.close()
