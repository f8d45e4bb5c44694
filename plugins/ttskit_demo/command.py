"""`ttskit demo`: everything once, on a corpus made on the spot."""

from __future__ import annotations

from pathlib import Path

import click

from ttskit.messages import translated
from ttskit.terminal import plain, plain_json


@click.command(epilog="Example: ttskit demo --out demo")
@click.option("--out", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="Folder for everything.")
@click.option("--recipe", default="demo", show_default=True, help="Recipe of both systems.")
@click.option("--sentences", type=click.IntRange(min=8), help="Use only so many sentences (a quick look; learns little).")
@click.option("--steps", type=click.IntRange(min=1), help="Train each model so many steps instead of the recipe's.")
@click.option("--json", "as_json", is_flag=True, help="Print the pages' paths and the stage times as JSON.")
def command(out: Path, recipe: str, sentences: int | None, steps: int | None, as_json: bool) -> None:
    """Make a Spanish corpus, and the smallest study on it: Tacotron 2 and FastPitch, two trainings each.

    Both learn from equally many utterances, led by one aligner. It ends with a page that shows how they speak.
    Takes at most 15 minutes on two CPU cores. Run it again to go on after an interruption.

    \b
      ttskit demo --out demo
      ttskit demo --out quick --sentences 24 --steps 20
    """
    from ttskit_demo.run import demo

    report = demo(out, recipe=recipe, sentences=sentences, steps=steps)
    if as_json:
        pages = {"page": str(report.page), "comparison": str(report.comparison), "class": str(report.lesson)}
        if report.listening is not None:
            pages["listening"] = str(report.listening)
        click.echo(plain_json({**pages, "stages_s": report.stages}, indent=1))
        return
    for name, seconds in report.stages.items():
        click.echo(f"{name:10} {seconds:7.1f} s")
    click.echo(f"{'all':10} {sum(report.stages.values()):7.1f} s")
    click.echo(plain(translated(f"The runs looked at closely: {report.comparison}")))
    click.echo(plain(translated(f"How they turn a sentence into speech, for a class: {report.lesson}")))
    if report.listening is not None:
        click.echo(plain(translated(f"Listen yourself, blind: ttskit listen serve {report.listening}")))
    click.echo(plain(translated(f"Open {report.page}")))
