"""`ttskit explain`: a page that shows how runs turn a sentence into speech."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import json_option, note, print_json, say, stderr_console
from ttskit.cli.own_stdout import aside

__all__ = ["command"]


@click.command(name="explain")
@click.argument("runs", metavar="RUN [RUN …]", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("text")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the page.")
@click.option("--vocoder", help="Vocoder: a plugin that needs no training, or a run.  [default: what each run names]")
@click.option("--aligner", type=click.Path(path_type=Path), help="Run that found the durations that the others were given.")
@click.option("--speaker", help="Whose voice.  [default: the first of each run]")
@click.option("--lang", "language", type=click.Choice(["es", "en"]), help="Language seen first.  [default: yours]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is random.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps.")
@click.option("--only", multiple=True, metavar="SECTION", help="Only this section; may be given several times.")
@json_option
def command(
    runs: tuple[Path, ...],
    text: str,
    out: Path,
    vocoder: str | None,
    aligner: Path | None,
    speaker: str | None,
    language: str | None,
    seed: int,
    device: str,
    only: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show block by block how trained runs turn a sentence into speech.

    Writes a page that opens from disk, in Spanish and English: attention, gates, positions, durations and
    pitch of this very sentence, what changes without them, and AR beside NAR on one clock.

    \b
    Example:
      ttskit explain runs/tacotron2 runs/fastpitch "¿Venís mañana?" -o clase
    """
    from ttskit.messages import language as spoken
    from ttskit_explain.making import explain

    with aside():
        report = explain(
            runs,
            text,
            out,
            vocoder=vocoder,
            aligner=aligner,
            speaker=speaker,
            language=language or ("es" if spoken() == "es" else "en"),
            seed=seed,
            device=device,
            only=only,
            console=stderr_console(),
        )
    for name, why in report.failed.items():
        note(f"{name}: {why}")
    if as_json:
        print_json(
            {
                "page": str(report.page),
                "bytes": report.bytes,
                "seconds": report.seconds,
                "failed": report.failed,
            }
        )
        return
    say(f"Open {report.page}")
