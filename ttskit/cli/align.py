"""`ttskit align`: frames per token of a prepared corpus, from a model that aligns or from files of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.output import json_option, note, print_json, say, stderr_console
from ttskit.cli.own_stdout import aside

__all__ = ["SHOWN", "command"]

SHOWN = 8


@click.command(epilog="Example: ttskit align prepared/ana --from runs/fp-ana --name fastpitch")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(path_type=Path),
    help="Run whose model aligns, or folder of TextGrids, tables (csv, tsv) or JSON files.",
)
@click.option("--name", default="aligned", show_default=True, help="Name that recipes use: training.alignment.")
@click.option("--textgrid/--no-textgrid", default=True, show_default=True, help="Write a TextGrid per utterance.")
@click.option("--pictures", type=click.IntRange(min=0), default=4, show_default=True, help="Utterances to draw.")
@click.option("--checkpoint", default="last", show_default=True, help="Of a run: best, last or a step.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 …")
@json_option
def command(
    data: Path, source: Path, name: str, textgrid: bool, pictures: int, checkpoint: str, device: str, as_json: bool
) -> None:
    """Align a prepared corpus: frames per token, kept in DATA/alignments/NAME with TextGrids and pictures.

    From a run the alignment is the model's own; from a folder it is another tool's (Montreal Forced Aligner, Praat):
    a TextGrid, a table (csv, tsv) or JSON for each utterance, matched with the tokens by sound. Where the corpus has
    exact times, the error is measured.

    \b
      ttskit align prepared/ana --from runs/fp-ana --name fastpitch
      ttskit align prepared/ana --from mfa_output --name mfa
      ttskit train --recipe tacotron2-minutes --data prepared/ana --run runs/t2
    """
    from ttskit.runs.align import WITHIN_MS, align

    with aside():
        report = align(
            data,
            source,
            name=name,
            checkpoint=int(checkpoint) if checkpoint.isdecimal() else checkpoint,
            device=device,
            textgrid=textgrid,
            pictures=pictures,
            console=stderr_console(),
        )
    if as_json:
        print_json(report.to_json())
        return
    place = data / "alignments" / name
    say(f"{report.utterances} utterances aligned as {name!r} in {place}")
    if report.boundary_error_ms is not None:
        within = ", ".join(f"{100 * report.within(limit):.0f} % within {limit}" for limit in WITHIN_MS)
        say(
            f"phone onsets against the corpus's exact times: mean {report.boundary_error_ms:.1f} ms, "
            f"median {report.median_error_ms:.1f} ms, {within} ms"
        )
    left_out = [p for p in report.problems if p.skipped]
    if report.problems:
        note(
            f"{len(left_out)} utterances have no alignment, {len(report.problems) - len(left_out)} remarks: "
            f"{place / 'problems.jsonl'}"
        )
    for problem in report.problems[:SHOWN]:
        note(f"  {problem.id}: {problem.kind}: {problem.reason}")
