"""The command line: commands come from the plugin registry and are imported when they run."""

from __future__ import annotations

import io
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ttskit import __version__
from ttskit.cli.help import in_language
from ttskit.cli.own_stdout import own_stdout, their_exit_code
from ttskit.disk import explain, explained
from ttskit.errors import PluginError, TTSKitError
from ttskit.liveness import end_with_named_parent
from ttskit.messages import language, speak, translated
from ttskit.plugins import Registry, create_registry
from ttskit.terminal import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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
            return in_language(loaded)
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

    def get_help(self, ctx: click.Context) -> str:
        return plain(super().get_help(ctx))  # plugins wrote the summaries

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names with their summaries; no command is imported for it, so that one which fails to import stops no completion."""
        from click.shell_completion import CompletionItem

        commands = self.registry(ctx).all("command")
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=commands[name].summary) for name in names), *options]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        registry = self.registry(ctx)
        commands = registry.all("command")
        with formatter.section(translated("Commands")):
            formatter.write_dl([(name, translated(commands[name].summary)) for name in self.list_commands(ctx)])
        if registry.problems:
            with formatter.section(translated("Left out")):
                formatter.write_text(translated(f"{len(registry.problems)} plugin(s) with problems: ttskit plugins list"))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error (works after a command as well).")
@click.version_option(__version__, "--version", prog_name="ttskit", message="%(prog)s %(version)s")
def cli(debug: bool) -> None:
    """Build, compare and hear Spanish voices: autoregressive and parallel models on the same data.

    \b
    Example:
      ttskit demo              # from nothing to two voices and a page about them
      ttskit new               # asks what you have, and says what to type
      ttskit train --help      # every command shows an example
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the CLI and exit: 0 done, 1 failed, 2 wrong usage. Tracebacks only with --debug."""
    _speak_utf8()
    if language() != "en":
        speak(language())
    end_with_named_parent()
    form = warnings.formatwarning
    warnings.formatwarning = lambda *said, **more: plain(form(*said, **more))  # a library's may quote a file's name
    if "_TTSKIT_COMPLETE" in os.environ:
        from ttskit.cli import completion  # noqa: F401 - makes one more shell known
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
        result = in_language(cli).main(arguments, prog_name="ttskit", standalone_mode=False)
        with explain(TTSKitError, "standard output"):
            sys.stdout.flush()  # here a full disk or a reader that left can still be told
        return their_exit_code(result) if isinstance(result, int) and not isinstance(result, bool) else 0
    except click.exceptions.Exit as error:
        return their_exit_code(error.exit_code)
    except SystemExit as error:  # of a plugin's command: its code is not ours
        if isinstance(error.code, str):
            return _failed(error.code, 1, debug)
        return their_exit_code(error.code)
    except click.ClickException as error:
        shown, said = io.StringIO(), error.format_message()
        error.show(file=shown)
        click.echo(plain(shown.getvalue().replace(said, translated(said))), err=True, nl=False)
        return error.exit_code
    except TTSKitError as error:
        return _failed(_in_parts(error), error.exit_code, debug)
    except (KeyboardInterrupt, click.Abort):
        return _failed("stopped", 1, debug)
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        _to_nowhere()
        return 1
    except OSError as error:
        return _failed(str(explained(error, doing="")), 1, debug)
    except BaseException as error:
        first = (str(error).strip() or "no message").splitlines()[0]
        message = f"internal error: {type(error).__name__}: {first}\n  fix: run it again with --debug and report what it shows"
        return _failed(message, 1, debug)


def _in_parts(error: TTSKitError) -> str:
    """An error as it shows itself, each of its parts in the reader's language."""
    return str(TTSKitError(*map(translated, (error.what, error.why, error.fix)))).replace(
        "\n  fix: ", f"\n  {translated('fix')}: "
    )


def _failed(message: str, code: int, debug: bool) -> int:
    try:
        if debug:
            click.echo(plain(traceback.format_exc()), err=True)
        click.echo(click.style(f"{translated('error')}: ", fg="red", bold=True) + plain(translated(message)), err=True)
        sys.stdout.flush()
    except OSError:  # nobody can be told, or what is left for a full disk cannot go there
        _to_nowhere()
    return code


def _to_nowhere() -> None:
    """Let what is still to be written vanish, so that the end of the process does not fail over it once more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            try:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
            except (OSError, ValueError):  # a stream without a file, in tests
                continue


def _speak_utf8() -> None:
    """Spanish and IPA must not fail on a console or pipe in a legacy code page (Windows)."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")
