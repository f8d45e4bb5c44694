"""`ttskit listen serve`: the pages with a store of answers behind them."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import echo, json_option, note, print_json, say

__all__ = ["serve"]


@click.command(name="serve")
@click.argument("test", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 for all networks.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any that is free.")
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME", help="Name by which listeners reach it; the first is in links."
)
@click.option("--behind-proxy", default="", metavar="PREFIX", help="A proxy has it below /PREFIX, or at https://NAME/PREFIX.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate (PEM), for https without a proxy.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key.")
@click.option("--open", "is_open", is_flag=True, help="Give a code to whoever comes without one (Prolific).")
@click.option("--most", type=click.IntRange(min=1), help="How many may come so.  [default: any number]")
@click.option(
    "--invite", "number", type=click.IntRange(1, 5000), metavar="N", help="Make N more invitations, print their links, and end."
)
@click.option("--new-password", is_flag=True, help="Make a new password for the experimenter's page.")
@json_option
def serve(
    test: Path,
    host: str,
    port: int,
    host_names: tuple[str, ...],
    behind_proxy: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    is_open: bool,
    most: int | None,
    number: int | None,
    new_password: bool,
    as_json: bool,
) -> None:
    """Serve a listening test: invitation links, answers kept in listen.sqlite, progress behind a password.

    Listeners who close the browser go on where they were. No network address is kept. Ctrl-C stops it.

    \b
    Example:
      ttskit listen serve test --host 0.0.0.0 --host-name voces.example.org
      ttskit listen serve test --invite 5
    """
    from ttskit.errors import UsageError
    from ttskit_listen.serving import running

    if most is not None and not is_open:
        raise UsageError("--most needs --open", "only an open test gives codes to whoever comes", "add --open")
    options = running.Options(
        host, port, host_names, behind_proxy, tls_cert, tls_key, open=is_open, most=most, new_password=new_password
    )
    if number is not None:
        links = running.invite(test, options, number)
        if as_json:
            print_json({"links": links})
        for link in links if not as_json else ():
            echo(link)
        return

    def started(begun: running.Started) -> None:
        base = begun.address.base
        if as_json:
            shown = {"address": base, "experimenter": f"{base}experimenter", "port": begun.address.port}
            print_json({**shown, "password": begun.password or None, "codes": begun.codes}, indent=None)
        else:
            say(f"Listening test at {base}")
            say(f"Experimenter's page: {base}experimenter")
            if begun.password:
                say(f"Password, shown only this once: {begun.password}")
            say(f"{begun.codes} codes are good; more with --invite N or on the experimenter's page")
        if begun.address.host in ("0.0.0.0", "::") and begun.address.scheme == "http":
            note("Without TLS others in the network can read along: use --tls-cert or a proxy outside of a trusted network")
        flush()

    running.serve(test, options, started)
    note(f"Stopped. Next: ttskit listen export {test} --to answers")


def flush() -> None:
    """Let those who wait for the lines above read them, a pipe as well."""
    import sys

    sys.stdout.flush()
