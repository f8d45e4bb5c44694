"""`ttskit synthesize`: text to audio."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ttskit.errors import InputError, UsageError


@click.command(epilog='Example: ttskit synthesize "Hola, ¿cómo andás?" --voice runs/ana -o hola.wav')
@click.argument("text", required=False)
@click.option("--voice", "run", required=True, type=click.Path(path_type=Path), help="Run folder of an acoustic model.")
@click.option("--vocoder", help="Vocoder: plugin name (griffinlim) or run folder. Default: the recipe's.")
@click.option(
    "--file", "lines", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A text file, one utterance a line."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="WAV file; with --file a folder.  [default: out.wav / out]")
@click.option("--speaker", help="Speaker's name, in a voice of several.")
@click.option("--pace", type=float, default=1.0, show_default=True, help="Speed factor; 1.2 is faster.")
@click.option("--pitch", type=float, default=0.0, show_default=True, help="Shift in semitones.")
@click.option("--pitch-range", type=float, default=1.0, show_default=True, help="Liveliness: factor on F0 around its mean.")
@click.option("--energy", type=float, default=1.0, show_default=True, help="Factor on the predicted energy.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same audio.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 …")
@click.option(
    "--precision", default="fp32", show_default=True, help="How weights are held: fp32, or fp16, int8 where the model has it."
)
@click.option("--checkpoint", default="best", show_default=True, help="best, last or a step.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    text: str | None,
    run: Path,
    vocoder: str | None,
    lines: Path | None,
    out: Path | None,
    device: str,
    precision: str,
    checkpoint: str,
    as_json: bool,
    **how,
) -> None:
    """Speak TEXT (or standard input, or each line of a file) with a trained voice.

    \b
      ttskit synthesize "Hola" --voice runs/ana --pace 1.1 -o hola.wav
      ttskit synthesize --file frases.txt --voice runs/ana -o audio/
    """
    jobs = _jobs(text, lines, out)
    from ttskit.synthesis import load_voice

    chosen = int(checkpoint) if checkpoint.isdecimal() else checkpoint
    voice = load_voice(run, vocoder, device=device, checkpoint=chosen, precision=precision)
    controls = {"pitch_range": how.pop("pitch_range"), **how}
    results, failed = [], []
    for index, (line, path) in enumerate(jobs):
        try:
            speech = voice.synthesize(line, **controls)
        except InputError as error:
            if len(jobs) == 1:
                raise
            failed.append(index)
            click.echo(f"line {index + 1} skipped: {error}", err=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        speech.save(path)
        for note in speech.notes:
            click.echo(f"note: {note}", err=True)
        for unknown in speech.unknown:
            click.echo(f"note: not read: {unknown.character!r} at character {unknown.position}", err=True)
        results.append(
            {
                "path": str(path),
                "seconds": round(speech.duration_s, 3),
                "real_time_factor": round(speech.real_time_factor, 3),
                "finished": speech.finished,
                "parts": len(speech.parts),
                "unknown": [[u.character, u.position] for u in speech.unknown],
            }
        )
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False, indent=1))
    else:
        for result in results:
            click.echo(
                f"{result['path']}  {result['seconds']:.2f} s, real-time factor {result['real_time_factor']:.2f}"
                + ("" if result["finished"] else ", cut at the frame limit")
            )
    if failed:
        raise InputError(
            f"{len(failed)} of {len(jobs)} lines could not be spoken",
            "see the messages above",
            "mend those lines; the rest is written",
        )


def _jobs(text: str | None, lines: Path | None, out: Path | None) -> list[tuple[str, Path]]:
    if lines is not None:
        if text is not None:
            raise UsageError("both TEXT and --file given", "", "give one of them")
        folder = out or Path("out")
        try:
            content = lines.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{lines} is not UTF-8", f"byte {error.start}", "save it as UTF-8") from error
        wanted = [line for line in content.splitlines() if line.strip()]
        if not wanted:
            raise InputError(f"{lines} has no text", "", "write one utterance a line")
        return [(line, folder / f"{i + 1:04d}.wav") for i, line in enumerate(wanted)]
    if text is None or text == "-":
        text = sys.stdin.buffer.read().decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise InputError("nothing to speak", "the text is empty", 'ttskit synthesize "Hola" --voice RUN')
    return [(text, out or Path("out.wav"))]
