"""Connections that send nothing whole for too long are closed, so that slow ones cannot hold the server."""

from __future__ import annotations

import asyncio
from typing import Any

from ttskit_listen.serving.limits import LATE_S

__all__ = ["protocol"]


def protocol(late_s: float = LATE_S) -> type:
    """uvicorn's protocol with a limit for the head of a request, which it has not got; for bodies see `bodies`."""
    from uvicorn.protocols.http import h11_impl

    class PatientProtocol(h11_impl.H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is h11_impl.h11.IDLE and self.conn.trailing_data[0]:
                self._wait()
            else:
                self._rest()

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            super().connection_lost(exc)

        def _wait(self) -> None:
            if self._timer is None:
                self._timer = self.loop.call_later(late_s, self._late)

        def _rest(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _late(self) -> None:
            self._timer = None
            if not self.transport.is_closing():
                self.transport.abort()

    return PatientProtocol
