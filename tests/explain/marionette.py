"""An installed Firefox, driven over its own protocol (Marionette: JSON messages with their length on a local socket)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["FIREFOX", "Firefox", "firefox", "opened_firefox"]

FIREFOX = ("firefox", "firefox-esr")


def firefox() -> str | None:
    """Path of an installed Firefox; None if there is none on PATH."""
    return next((found for name in FIREFOX if (found := shutil.which(name))), None)


class Firefox:
    """One window.

    Args:
        connection: to Marionette, freshly made.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._count = connection, 0
        self._read()  # its greeting
        self.ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": False}}})
        self.ask("WebDriver:SetTimeouts", {"script": 240_000, "pageLoad": 60_000})

    def ask(self, command: str, parameters: dict[str, Any]) -> Any:
        """A command's answer. Raises RuntimeError with Firefox's words if it refuses."""
        self._count += 1
        message = json.dumps([0, self._count, command, parameters]).encode()
        self._connection.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, found = self._read()
        if error:
            raise RuntimeError(f"{error['error']}: {error['message']}")
        return found.get("value") if isinstance(found, dict) else found

    def run(self, script: str) -> Any:
        """What an expression of the page's own script gives, once its promise is kept, as plain data.

        Scripts of Marionette see a page through a glass, without what its own scripts declared: this one is put into the page.
        """
        inner = (
            f"Promise.resolve().then(() => {script}).then(value => ({{ value }}), error => ({{ raised: String(error) }}))"
            ".then(found => { document.documentElement.dataset.answer = JSON.stringify(found);"
            " document.dispatchEvent(new Event('answered')); });"
        )
        body = (
            "const [inner, done] = arguments, page = document.documentElement;"
            "document.addEventListener('answered', () => { done(page.dataset.answer); delete page.dataset.answer; }, { once: true });"
            "const node = document.createElement('script'); node.textContent = inner; page.append(node); node.remove();"
        )
        found = json.loads(self.ask("WebDriver:ExecuteAsyncScript", {"script": body, "args": [inner]}))
        if "raised" in found:
            raise RuntimeError(found["raised"])
        return found.get("value")

    def _read(self) -> Any:
        digits = b""
        while (one := self._take(1)) != b":":
            digits += one
        return json.loads(self._take(int(digits)))

    def _take(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = self._connection.recv(count - len(found))
            if not more:
                raise RuntimeError("Firefox is gone")
            found += more
        return found


@contextmanager
def opened_firefox(path: str, width: int = 1400, height: int = 900) -> Iterator[Firefox]:
    """A headless Firefox with a profile of its own, offline."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        wishes = {
            "marionette.port": port,
            "network.online": False,
            "media.autoplay.default": 0,
            "browser.shell.checkDefaultBrowser": False,
            "datareporting.policy.dataSubmissionEnabled": False,
            "app.update.enabled": False,
        }
        lines = "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wishes.items())
        (Path(profile) / "user.js").write_text(lines, encoding="utf-8")
        words = [path, "--headless", "--no-remote", "--marionette", f"--width={width}", f"--height={height}", "--profile", profile]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with _connected(port, process) as connection:
                yield Firefox(connection)
        finally:
            process.terminate()
            process.wait(30)


def _connected(port: int, process: subprocess.Popen) -> socket.socket:
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"Firefox ended with {process.returncode}")
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=300)
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("Firefox does not answer")
