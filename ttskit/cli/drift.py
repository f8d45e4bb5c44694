"""`ttskit drift`: how far old voices have moved in a fine-tuning."""

from __future__ import annotations

import math
from pathlib import Path

import click

from ttskit.cli.output import json_option, print_json, print_table, stderr_console
from ttskit.cli.own_stdout import aside

__all__ = ["command"]


@click.command(epilog="Example: ttskit drift runs/nemo runs/ana --data prepared/old")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Prepared corpus whose test sentences are spoken.")
@click.option("--speaker", "speakers", multiple=True, help="Only this one.  [default: those of the corpus that both know]")
@click.option("--limit", type=click.IntRange(min=1), default=12, show_default=True, help="Sentences per speaker.")
@click.option("--vocoder", help="Plugin or run.  [default: the first run's]")
@click.option("--checkpoint", default="last", show_default=True, help="last, best or a step, of both runs.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps.")
@json_option
def command(
    before: Path,
    after: Path,
    data: Path,
    speakers: tuple[str, ...],
    limit: int,
    vocoder: str | None,
    checkpoint: str,
    device: str,
    as_json: bool,
) -> None:
    """Measure how far the voices of run BEFORE have moved in run AFTER.

    Both speak the same sentences; MCD and F0 are between their audio (0: nothing has changed), and against the
    recordings where the corpus has some of that speaker (before → after).

    \b
      ttskit drift runs/nemo runs/ana --data prepared/old --speaker arf_05679
    """
    from ttskit.compare.drift import drift
    from ttskit.measure.plain import plain

    with aside():
        rows = drift(
            before,
            after,
            data,
            speakers=speakers,
            limit=limit,
            vocoder=vocoder,
            device=device,
            checkpoint=checkpoint,
            console=stderr_console(),
        )
    if as_json:
        print_json(plain([row.to_json() for row in rows]))
        return

    def one(value: float, form: str = ".2f") -> str:
        return format(value, form) if math.isfinite(value) else "–"  # no frame was voiced in both

    def pair(values: tuple[float, float] | None, unit: str) -> str:
        return "" if values is None else f"{one(values[0])} → {one(values[1])} {unit}"

    columns = ["speaker", "sentences", "MCD moved", "F0 moved", "F0 shift", "length", "MCD to natural", "F0 to natural"]
    shown = []
    for r in rows:
        moved = [f"{r.mcd_db:.2f} dB", f"{one(r.f0_rmse_semitones)} st", f"{one(r.f0_shift_semitones, '+.2f')} st"]
        natural = [pair(r.natural_mcd_db, "dB"), pair(r.natural_f0_semitones, "st")]
        shown.append([r.speaker, r.sentences, *moved, f"{r.length_ratio:.2f} ×", *natural])
    print_table(columns, shown)
