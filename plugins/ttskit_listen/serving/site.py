"""What the parts of the server share: the test, its store, and where the world finds it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ttskit_listen.plan import ListeningPlan
from ttskit_listen.serving.files import PublicFile
from ttskit_listen.serving.limits import Bucket, RateLimits
from ttskit_listen.serving.passwords import Sessions
from ttskit_listen.serving.writer import Writer

__all__ = ["Address", "Site"]


@dataclass(frozen=True)
class Address:
    """Where listeners find the server.

    Args:
        scheme: "http" or "https", as the listener's browser sees it.
        host, port: of the server itself; "0.0.0.0" and "::" listen on every network.
        names: by which it is known; the first stands in links.
        prefix: the path below which a proxy in front has it: "" or "/listen".
        proxied: whether there is one.
    """

    scheme: str = "http"
    host: str = "127.0.0.1"
    port: int = 8000
    names: tuple[str, ...] = ()
    prefix: str = ""
    proxied: bool = False

    @property
    def base(self) -> str:
        """The address of the first page, with a slash at its end."""
        own = socket.gethostname() if self.host in ("0.0.0.0", "::", "") else self.host
        name = self.names[0] if self.names else own
        if ":" in name:
            name = f"[{name}]"
        usual = self.proxied or self.port == (443 if self.scheme == "https" else 80)
        return f"{self.scheme}://{name}{'' if usual else f':{self.port}'}{self.prefix}/"

    def link(self, code: str) -> str:
        """A listener's own."""
        return f"{self.base}?listener={quote(code)}"

    def knows(self, host: str) -> bool:
        """Whether a request may name this host (Host, RFC 9110, 7.2).

        A page of a stranger can have its own name point at this machine (DNS rebinding), but not one of ours, nor a number.
        """
        name = host.strip().lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        elif name.count(":") == 1:
            name = name.partition(":")[0]
        own = socket.gethostname().lower()
        if name in ("localhost", own, f"{own}.local", *(one.lower() for one in self.names)):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name == self.host.lower() and bool(name)
        return True


@dataclass
class Site:
    """A test that is served.

    Args:
        plan, files: of the test; the files that may be asked for.
        answers: the folder that exported answers lie in.
        planned: listeners, as the design has it.
        writer: of its database.
        address: of the server.
        password: of the experimenter, as it was hashed.
        open: whether who comes without a code gets one; most: how many may.
    """

    plan: ListeningPlan
    files: Mapping[str, PublicFile]
    answers: Path
    planned: int
    writer: Writer
    address: Address
    password: str
    open: bool = False
    most: int | None = None
    guard: RateLimits = field(default_factory=RateLimits)
    sessions: Sessions = field(default_factory=Sessions)
    attempts: Bucket = field(default_factory=lambda: Bucket(10, 1 / 6))  # to sign in
