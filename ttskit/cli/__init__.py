"""The command line: commands come from the plugin registry and are imported when they run."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from ttskit import __version__
from ttskit.cli.own_stdout import own_stdout, their_exit_code
from ttskit.errors import PluginError, TTSKitError
from ttskit.plugins import Registry, create_registry

__all__ = ["cli", "main"]

_LAST = 1000.0  # place of a command that names none


class _Commands(click.Group):
    """A group that lists descriptions and imports a command's module only to run it."""

    def registry(self, ctx: click.Context) -> Registry:
        """The registry, built once per call; commands find it as `ctx.obj`."""
        if ctx.obj is None:
            ctx.obj = create_registry()
        return ctx.obj

    def list_commands(self, ctx: click.Context) -> list[str]:
        commands = self.registry(ctx).all("command")
        return sorted(commands, key=lambda name: (float(commands[name].facts.get("place", _LAST)), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        registry = self.registry(ctx)
        if ("command", cmd_name) not in registry.found and ("command", cmd_name) not in registry.taken:
            return None
        plugin = registry.get("command", cmd_name)
        try:
            loaded = plugin.load()
            if not isinstance(loaded, click.Command):
                raise TypeError(f"{plugin.factory} is {type(loaded).__name__}, not a click.Command")
            return loaded
        except BaseException as error:  # a third party's module may raise anything, SystemExit included
            if isinstance(error, KeyboardInterrupt):
                raise
            raise PluginError(
                f"command {cmd_name!r} of {registry.origin('command', cmd_name)} cannot be loaded",
                f"{type(error).__name__}: {error}",
                "ttskit plugins list",
            ) from error

    def resolve_command(self, ctx: click.Context, args: list[str]):
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            self.registry(ctx).get("command", args[0])  # says the nearest name, and which plugins were left out
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        registry = self.registry(ctx)
        commands = registry.all("command")
        with formatter.section("Commands"):
            formatter.write_dl([(name, commands[name].summary) for name in self.list_commands(ctx)])
        if registry.problems:
            with formatter.section("Left out"):
                formatter.write_text(f"{len(registry.problems)} plugin(s) with problems: ttskit plugins list")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error (works after a command as well).")
@click.version_option(__version__, "--version", prog_name="ttskit", message="%(prog)s %(version)s")
def cli(debug: bool) -> None:
    """Build, compare and hear Spanish voices: autoregressive and parallel models on the same data.

    \b
    Example:
      ttskit demo                    # from nothing to two voices and the page that compares them
      ttskit train --help            # every command shows an example
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the CLI and exit: 0 done, 1 failed, 2 wrong usage. Tracebacks only with --debug."""
    _speak_utf8()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    arguments = [a for a in arguments if a != "--debug"]  # wherever it stands
    with own_stdout():
        code = _run(arguments, debug)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        # Started by torchrun: gloo's threads can outlive their group, and a process that is taken down around them now
        # and then aborts after all its work is done, which torchrun takes for a failed training.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _run(arguments: list[str], debug: bool) -> int:
    try:
        result = cli.main(arguments, prog_name="ttskit", standalone_mode=False)
        return their_exit_code(result) if isinstance(result, int) and not isinstance(result, bool) else 0
    except click.exceptions.Exit as error:
        return their_exit_code(error.exit_code)
    except SystemExit as error:  # of a plugin's command: its code is not ours
        if isinstance(error.code, str):
            return _failed(error.code, 1, debug)
        return their_exit_code(error.code)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TTSKitError as error:
        return _failed(str(error), error.exit_code, debug)
    except (KeyboardInterrupt, click.Abort):
        return _failed("stopped", 1, debug)
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the process ends
        return 1
    except OSError as error:
        name = f": {error.filename}" if error.filename else ""
        return _failed(f"{error.strerror or type(error).__name__}{name}", 1, debug)
    except BaseException as error:
        first = (str(error).strip() or "no message").splitlines()[0]
        message = f"internal error: {type(error).__name__}: {first}\n  fix: run it again with --debug and report what it shows"
        return _failed(message, 1, debug)


def _failed(message: str, code: int, debug: bool) -> int:
    if debug:
        click.echo(traceback.format_exc(), err=True)
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    return code


def _speak_utf8() -> None:
    """Spanish and IPA must not fail on a console or pipe in a legacy code page (Windows)."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")
