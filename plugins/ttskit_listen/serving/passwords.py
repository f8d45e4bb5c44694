"""The experimenter's password, as scrypt keeps it (RFC 7914), and the sessions of who has said it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

__all__ = ["SESSION_S", "Sessions", "hashed", "new_password", "right"]

_COST = {"n": 1 << 14, "r": 8, "p": 1}  # 16 MiB, some 50 ms
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
SESSION_S = 8 * 3600
_MOST_SESSIONS = 100


def new_password() -> str:
    """Four groups of five letters: 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def hashed(password: str) -> str:
    """scrypt$N$r$p$salt$hash."""
    salt = secrets.token_bytes(16)
    key = hashlib.scrypt(password.encode(), salt=salt, **_COST)
    return "$".join(
        ["scrypt", *(str(_COST[name]) for name in "nrp"), *(base64.b64encode(part).decode() for part in (salt, key))]
    )


def right(password: str, kept: str) -> bool:
    """Whether it is the one that was hashed."""
    try:
        name, n, r, p, salt, key = kept.split("$")
        found = hashlib.scrypt(password.encode(), salt=base64.b64decode(salt), n=int(n), r=int(r), p=int(p))
    except ValueError:
        return False
    return name == "scrypt" and hmac.compare_digest(found, base64.b64decode(key))


class Sessions:
    """Who is signed in: in memory only, so that a server that starts again asks for the password again."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._until: dict[str, float] = {}

    def begin(self) -> str:
        """A new session; the oldest one makes room."""
        while len(self._until) >= _MOST_SESSIONS:
            del self._until[next(iter(self._until))]
        name = secrets.token_urlsafe(32)
        self._until[self._key(name)] = self._clock() + SESSION_S
        return name

    def good(self, name: str) -> bool:
        """Whether it is one that has not run out."""
        until = self._until.get(self._key(name)) if name else None
        return until is not None and self._clock() < until

    def end(self, name: str) -> None:
        """Sign out."""
        self._until.pop(self._key(name), None)

    def end_all(self) -> None:
        """Sign everyone out."""
        self._until.clear()

    def token(self, name: str) -> str:
        """What a form must bring back, of a session or of a visit without one: nobody else's page can know it."""
        return hmac.new(self._secret, b"form " + name.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def fits(self, name: str, token: str) -> bool:
        """Whether a form is ours."""
        return bool(name) and hmac.compare_digest(self.token(name).encode(), token.encode("utf-8", "replace"))

    def _key(self, name: str) -> str:
        return hmac.new(self._secret, b"session " + name.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
