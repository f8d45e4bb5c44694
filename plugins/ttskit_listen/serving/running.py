"""`ttskit listen serve`: open the database, find the port, and serve until someone says stop."""

from __future__ import annotations

import csv
import logging
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ttskit.disk import explain
from ttskit.errors import InputError, TTSKitError, UsageError
from ttskit_listen.folder import TestFolder
from ttskit_listen.serving.files import public_files
from ttskit_listen.serving.passwords import hashed, new_password
from ttskit_listen.serving.site import Address, Site
from ttskit_listen.serving.store import Store
from ttskit_listen.serving.writer import Writer

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Options", "Started", "address_of", "invite", "invited_codes", "open_store", "serve"]

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_LINK = re.compile(r"[?&]listener=([^&#\s]+)")
_MOST_CONNECTIONS = 4000


@dataclass(frozen=True)
class Options:
    """How a test is served; see `ttskit listen serve --help`."""

    host: str = "127.0.0.1"
    port: int = 8000
    host_names: tuple[str, ...] = ()
    behind_proxy: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    open: bool = False
    most: int | None = None
    new_password: bool = False


@dataclass(frozen=True)
class Started:
    """What is said when the server runs.

    Args:
        address: where.
        password: of the experimenter, where it was just made, else "".
        codes: how many are good.
        stop: ends the server, from any thread.
    """

    address: Address
    password: str
    codes: int
    stop: Callable[[], None]


def serve(folder: Path, options: Options, started: Callable[[Started], None]) -> None:
    """Serve a test until the process is told to stop (Ctrl-C, SIGTERM); what was acknowledged is on the disk.

    Raises:
        InputError: no test, no pages, or the answers are those to another test.
        UsageError: an option does not fit.
        CheckpointError: a file is damaged.
        TTSKitError: the extra is missing, the port is taken, the place cannot be written.
    """
    require_extra()
    test = TestFolder(folder)
    address = address_of(options)
    files, planned = public_files(test), test.design().listeners
    listening = _socket(options)
    try:
        config = _config(options)
        store = open_store(test)
        try:
            password = _password(store, options)
            codes = sum(not one.withdrawn for one in store.progress())
            kept = store.setting("password") or ""
        except BaseException:
            store.close()
            raise
        writer = Writer(store)
        try:
            port = listening.getsockname()[1]
            address = Address(address.scheme, address.host, port, address.names, address.prefix, address.proxied)
            site = Site(store.plan, files, test.answers, planned, writer, address, kept, open=options.open, most=options.most)
            _run(config, site, listening, lambda stop: started(Started(address, password, codes, stop)))
        finally:
            writer.close()
    finally:
        listening.close()


def invite(folder: Path, options: Options, number: int) -> list[str]:
    """Links of new invitations, each of the form with the fewest; a server that runs takes them at once."""
    address = address_of(options)
    store = open_store(TestFolder(folder))
    try:
        with store.transaction():
            codes = store.invite(number)
    finally:
        store.close()
    return [address.link(code) for code in codes]


def open_store(test: TestFolder) -> Store:
    """The database of a test, with the codes of invitations.csv; errors as `TestFolder.plan` and `Store`."""
    store = Store(test.database, test.plan())
    try:
        with store.transaction():
            store.register(invited_codes(test))
    except BaseException:
        store.close()
        raise
    return store


def invited_codes(test: TestFolder) -> list[str]:
    """Codes in invitations.csv: cells that are one, or links with one."""
    from ttskit_listen.serving.checks import is_code

    if not test.invitations.is_file():
        return []
    found: dict[str, None] = {}
    with explain(InputError, test.invitations, doing="read"):
        try:
            with test.invitations.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.reader(file):
                    for cell in row:
                        link = _LINK.search(cell)
                        code = link[1] if link else cell.strip()
                        if is_code(code):
                            found[code] = None
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(
                f"{test.invitations} cannot be read", str(error), "make the test again, or mend the file"
            ) from error
    return list(found)


def address_of(options: Options) -> Address:
    """Where the server is found.

    Raises:
        UsageError: a name, prefix or pair of files that cannot be.
    """
    if (options.tls_cert is None) != (options.tls_key is None):
        raise UsageError("one of two files of TLS is missing", "--tls-cert and --tls-key belong together", "name both")
    scheme, prefix, names = "https" if options.tls_cert else "http", options.behind_proxy.rstrip("/"), list(options.host_names)
    if "://" in prefix:
        parts = urlsplit(prefix)
        scheme, prefix = parts.scheme, parts.path
        names.insert(0, parts.netloc)
    elif options.behind_proxy:
        scheme = "https"  # as a proxy in front of it should be; a whole address says otherwise
    if scheme not in ("http", "https") or (prefix and not _PREFIX.fullmatch(prefix)):
        fix = "give a path such as /listen, or a whole address such as https://example.org/listen"
        raise UsageError(f"--behind-proxy {options.behind_proxy} is neither a path nor an address", "", fix)
    for name in names:
        if not _HOST.fullmatch(name):
            raise UsageError(f"{name} cannot be the name of a host", "letters, digits, dots and hyphens", "give the name alone")
    if options.behind_proxy and not names:
        fix = "add --host-name NAME, the name that listeners see, or give the whole address to --behind-proxy"
        raise UsageError("the name of the proxy is missing", "links and the check of the host need it", fix)
    return Address(scheme, options.host, options.port, tuple(names), prefix, bool(options.behind_proxy))


def require_extra() -> None:
    """Say what is to be installed, if it is.

    Raises:
        TTSKitError: starlette or uvicorn is not installed.
    """
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise TTSKitError(
            "the server of listening tests needs packages that are not installed",
            ", ".join(missing),
            'pip install "ttskit[listen]"',
        )


def _password(store: Store, options: Options) -> str:
    """A new password where there is none yet or one is asked for, else ""."""
    if store.setting("password") and not options.new_password:
        return ""
    password = new_password()
    with store.transaction():
        store.set_setting("password", hashed(password))
    return password


def _socket(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # The protocol is named: asyncio sends small packets at once (TCP_NODELAY) only where it reads there that it is TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where SO_REUSEADDR would share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that was just stopped
        listening.bind((options.host, options.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        where = f"{options.host}:{options.port}"
        fix = "choose another with --port (0 takes any that is free), or stop what has it"
        raise TTSKitError(f"cannot listen at {where}", error.strerror or str(error), fix) from error
    return listening


def _config(options: Options) -> Any:
    import ssl

    import uvicorn

    from ttskit_listen.serving.patience import protocol

    config = uvicorn.Config(
        "",
        http=protocol(),
        ws="none",
        lifespan="off",
        loop="asyncio",
        access_log=False,  # it would hold addresses
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )
    if options.tls_cert is not None and options.tls_key is not None:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(options.tls_cert, options.tls_key)
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or str(error)
            fix = "give a certificate in PEM with its key, which is not encrypted"
            raise TTSKitError(f"{options.tls_cert} and {options.tls_key} cannot be used for TLS", why, fix) from error
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return config


def _run(config: Any, site: Site, listening: socket.socket, started: Callable[[Callable[[], None]], None]) -> None:
    import uvicorn

    from ttskit_listen.serving.app import create_app

    class Server(uvicorn.Server):
        """Which says when it runs, and ends as a command does."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started(self.stop)

        def stop(self) -> None:
            self.should_exit = True

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            # A stop is how this command ends: the signal is not raised again once everything is done.
            if threading.current_thread() is not threading.main_thread():
                yield
                return
            before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
            try:
                yield
            finally:
                for one, handler in before.items():
                    signal.signal(one, handler)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            self.force_exit = self.should_exit
            self.should_exit = True

    config.app = create_app(site)
    with suppress(KeyboardInterrupt):
        Server(config).run(sockets=[listening])
