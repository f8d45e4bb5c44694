"""`ttskit import`: a public checkpoint becomes a run."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.cli.frontend_options import FrontendOption

__all__ = ["command"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import", epilog="Example: ttskit import tts_es_fastpitch.nemo -o runs/nemo")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", "run", required=True, type=click.Path(path_type=Path), help="Run folder to make.")
@click.option("--speakers", type=_FILE, help="Names of the speakers: TSV speaker, speaker_id, or JSON {name: id}.")
@click.option("--pitch-stats", type=_FILE, help="Pitch per speaker, as NeMo writes it; needed for shifts in semitones or Hz.")
@click.option("--symbols", type=_FILE, help="Symbols in the checkpoint's order, one a line; where the file has none.")
@click.option("--config", type=_FILE, help="The configuration; where it is config.json, by default the one beside FILE.")
@click.option("--reading", cls=FrontendOption, help="Where the run's frontend reads in several ways, which.")
@click.option("--dialect", cls=FrontendOption, help="With a reading that has dialects, which.")
@click.option("--ema", is_flag=True, default=None, help="Averaged weights instead of the last ones, where the file has both.")
@click.option("--as", "importer", help="Importer, where the content does not tell: ttskit plugins list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(file: Path, run: Path, importer: str | None, as_json: bool, **options) -> None:
    """Turn a public checkpoint into a run folder; its kind is found from its content.

    Prints what was understood, what was ignored and what the file lacks. Nothing in the file is executed.

    \b
      ttskit import es.nemo -o runs/nemo --speakers names.tsv --pitch-stats p.json
      ttskit synthesize "Hola" --voice runs/nemo --speaker 0 -o hola.wav
    """
    from ttskit.cli.advice import after_run, say_next
    from ttskit.cli.output import note, print_json, print_table
    from ttskit.importing import import_checkpoint

    done = import_checkpoint(file, run, importer=importer, **options)
    if as_json:
        rows = [dict(zip(("status", "what", "detail"), row, strict=True)) for row in done.report.rows]
        print_json({"run": run, "importer": done.importer, "kind": done.run.kind, "rows": rows})
        return
    order = {"understood": 0, "ignored": 1, "missing": 2}
    print_table(["", "what", "detail"], sorted(done.report.rows, key=lambda row: order.get(row[0], 3)), title=str(file))
    note(f"{done.run.kind} {done.run.model!r} in {run} (importer {done.importer})")
    say_next(*after_run(done.run, run))
