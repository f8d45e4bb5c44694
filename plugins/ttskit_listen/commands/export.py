"""`ttskit listen export`: answers of the server as files, and a test for other platforms."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import json_option, note, print_json, say

__all__ = ["export"]


@click.command(name="export")
@click.argument("test", type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Choice(["answers", "webmushra", "prolific"]), required=True, help="What is written.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder or file.  [default: in the test's folder]")
@click.option("--address", default="", metavar="URL", help="Of the server, as participants reach it (prolific).")
@click.option("--lang", "language", type=click.Choice(["es", "en"]), help="Language of the texts.  [default: yours]")
@json_option
def export(test: Path, target: str, out: Path | None, address: str, language: str | None, as_json: bool) -> None:
    """Write what came in on the server as files of answers, or the test for another platform.

    answers: answers/answers-CODE.json. webmushra: configurations and WAV, for mushra, abx and mos. prolific: the link,
    the completion code and what to check.

    \b
    Example:
      ttskit listen export test --to answers
      ttskit listen export test --to prolific --address https://voces.example.org/
    """
    from ttskit.errors import UsageError
    from ttskit.messages import language as spoken
    from ttskit_listen.exporting import export_answers, export_prolific
    from ttskit_listen.folder import TestFolder
    from ttskit_listen.webmushra import export_webmushra

    chosen, folder = language or ("es" if spoken() == "es" else "en"), TestFolder(test)
    if target == "answers" and out is not None:
        raise UsageError("-o does not go with --to answers", f"they belong in {folder.answers}", "leave it out")
    if target == "answers":
        written = export_answers(folder)
        if as_json:
            print_json([str(path) for path in written])
            return
        say(f"{len(written)} files of answers in {folder.answers}")
        note(f"Next: ttskit listen analyse {test}")
        return
    path = export_webmushra(folder, chosen, out) if target == "webmushra" else export_prolific(folder, address, chosen, out)
    if as_json:
        print_json({"out": str(path)})
        return
    say(f"Read {path / 'README.txt' if target == 'webmushra' else path}")
