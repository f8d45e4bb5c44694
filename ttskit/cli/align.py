"""`ttskit align`: frames per token of a prepared corpus, from a model that aligns."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command(epilog="Example: ttskit align prepared/ana --from runs/fp-ana --name fastpitch")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--from", "run", required=True, type=click.Path(path_type=Path), help="Run whose model aligns (FastPitch).")
@click.option("--name", default="aligned", show_default=True, help="Name that recipes use: training.alignment.")
@click.option("--checkpoint", default="last", show_default=True, help="best, last or a step.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 …")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(data: Path, run: Path, name: str, checkpoint: str, device: str, as_json: bool) -> None:
    """Align a prepared corpus: frames per token, kept in DATA/alignments/NAME.

    Where the corpus carries exact token times, the boundary error is measured as well.

    \b
      ttskit align prepared/ana --from runs/fp-ana --name fastpitch
      ttskit train --model tacotron2 --data prepared/ana --set training.alignment=fastpitch
    """
    from ttskit.corpus.align import align

    report = align(data, run, name=name, checkpoint=int(checkpoint) if checkpoint.isdecimal() else checkpoint, device=device)
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
        return
    click.echo(f"{report.utterances} utterances aligned as {name!r} in {data / 'alignments' / name}")
    if report.boundary_error_ms is not None:
        click.echo(
            f"boundary error against the corpus's exact times: mean {report.boundary_error_ms:.1f} ms, "
            f"median {report.median_error_ms:.1f} ms"
        )
