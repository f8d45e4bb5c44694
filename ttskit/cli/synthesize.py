"""`ttskit synthesize`: text to audio."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import click

from ttskit.cli.output import echo, note, print_json
from ttskit.cli.own_stdout import aside
from ttskit.cli.texts import argument, file_lines, stdin_text
from ttskit.cli.values import GroupedCommand, Numbers, pairs
from ttskit.errors import InputError, UsageError
from ttskit.messages import translated

if TYPE_CHECKING:
    from ttskit.synthesis import Voice

__all__ = ["command"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_STDOUT = Path("-")
_ENDINGS, _FAULTS = ("finished", "truncated"), ("skipped", "repeated")  # messages
_VOICE, _TEXT = "Voice", "Text and audio"  # messages
_CONTROL = "Control (VALUES: one, or one per word or token: 1,0.8,-)"  # messages
_GROUPS = {
    _VOICE: ("run", "vocoder", "denoise", "checkpoint", "device", "precision", "seed", "changes"),
    _CONTROL: (
        "speaker",
        "pace",
        "pitch",
        "pitch_range",
        "energy",
        "pitch_hz",
        "pitch_st",
        "like",
        "like_speaker",
        "markup",
    ),
    _TEXT: ("lines", "out", "stream", "raw", "as_json"),
}


@click.command(
    cls=GroupedCommand, groups=_GROUPS, epilog='Example: ttskit synthesize "Hola, ¿cómo andás?" --voice runs/ana -o hola.wav'
)
@click.argument("text", required=False)
@click.option("--voice", "run", required=True, type=click.Path(path_type=Path), help="Run folder of an acoustic model.")
@click.option("--vocoder", help="A vocoder that needs no training, or a run folder. Default: the recipe's.")
@click.option("--denoise", type=float, default=0.0, metavar="SHARE", help="Of the vocoder's hum to take out; 1 is all of it.")
@click.option("--checkpoint", default="last", show_default=True, help="last, best or a step.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 …")
@click.option("--precision", default="fp32", show_default=True, help="fp32, or bf16, fp16, int8 where a part has it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same audio.")
@click.option("--option", "changes", multiple=True, metavar="KEY=VALUE", help="Another option of the model: monotonic=window")
@click.option("--speaker", metavar="NAME", help="Who speaks; a mix: ana:0.7,beto:0.3")
@click.option("--pace", type=Numbers(), default=1.0, metavar="VALUES", help="Speed factor; 1.2 is faster.")
@click.option("--pitch", type=Numbers(), default=0.0, metavar="VALUES", help="Shift in semitones.")
@click.option(
    "--pitch-range",
    type=Numbers(("flat", "invert")),
    default=1.0,
    metavar="VALUES",
    help="Liveliness, around the mean; or flat, invert.",
)
@click.option("--energy", type=Numbers(), default=1.0, metavar="VALUES", help="Factor on the predicted energy.")
@click.option("--pitch-hz", type=Numbers(only_lists=True), metavar="LIST", help="F0 in Hz per word or token.")
@click.option("--pitch-st", type=Numbers(only_lists=True), metavar="LIST", help="Semitones from the mean, per word or token.")
@click.option("--like", type=_FILE, help="A recording of TEXT whose prosody is copied.")
@click.option("--like-speaker", metavar="NAME", help="Who recorded it, if the voice knows them.")
@click.option("--markup/--no-markup", default=True, help="Whether {pace=0.8|words} is control.")
@click.option("--file", "lines", type=_FILE, help="A text file, one utterance a line.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="File; by its suffix .wav .mp3 .ogg …; - for stdout; with --file a folder. [out.wav]",
)
@click.option("--stream", is_flag=True, help="Write audio while it is made.")
@click.option("--raw", is_flag=True, help="Samples without a WAV header (16 bit, mono).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    text: str | None,
    run: Path,
    vocoder: str | None,
    denoise: float,
    lines: Path | None,
    out: Path | None,
    device: str,
    precision: str,
    checkpoint: str,
    changes: tuple[str, ...],
    stream: bool,
    raw: bool,
    as_json: bool,
    **how,
) -> None:
    """Speak TEXT (or standard input, or each line of a file) with a trained voice.

    \b
      ttskit synthesize "Hola, {pace=0.8|¿cómo andás?}" --voice runs/ana -o a.wav
      ttskit synthesize - --voice runs/ana --stream -o - < cuento.txt | mpv -
    """
    _check_target(out, folder=lines is not None, stream=stream, raw=raw)
    jobs = _jobs(text, lines, out)
    to_stdout = jobs[0][1] == _STDOUT
    if how["like"] is not None and lines is not None:
        raise UsageError("--like copies one recording, and --file has many lines", str(lines), "speak them one by one")
    from ttskit.synthesis import load_voice

    chosen = int(checkpoint) if checkpoint.isdecimal() else checkpoint
    with aside() as stdout:
        voice = load_voice(
            run, vocoder, device=device, checkpoint=chosen, precision=precision, denoise=denoise, options=pairs(changes)
        )
        _tell_immature(run, vocoder, chosen)
        results, failed = [], []
        for index, (line, path) in enumerate(jobs):
            try:
                results.append(_speak(voice, line, path, stdout, stream, raw, how))
            except InputError as error:
                if len(jobs) == 1:
                    raise
                failed.append(index)
                note(f"line {index + 1} skipped: {error}")
    if as_json:
        print_json(results, indent=1, err=to_stdout)
    else:
        for result in results:
            echo(
                ", ".join(
                    (
                        f"{result['path']}  {result['seconds']:.2f} s",
                        translated(f"real-time factor {result['real_time_factor']:.2f}"),
                        *([translated(f"first audio after {result['first_audio_s']:.2f} s")] if stream else []),
                    )
                )
                + _ending(result),
                err=to_stdout,
            )
    if failed:
        raise InputError(
            f"{len(failed)} of {len(jobs)} lines could not be spoken",
            "see the messages above",
            "correct those lines; the rest is written",
        )


def _tell_immature(run: Path, vocoder: str | None, checkpoint: str | int) -> None:
    """Say which part has hardly been trained, before it is heard."""
    from ttskit.runs.maturity import undertrained

    parts = [(run, checkpoint), *([(Path(vocoder), "best")] if vocoder and (Path(vocoder) / "run.json").is_file() else [])]
    for path, which in parts:
        if said := undertrained(path, which):
            note(f"note: {said}")


def _ending(result: dict[str, Any]) -> str:
    """How an autoregressive model went through the text, as one line's end; nothing for a parallel one."""
    if result["ended"] is None:
        return ""
    marks = [f"{translated(kind)}: {', '.join(result[kind])}" for kind in _FAULTS if result[kind]]
    return ", " + "; ".join([translated(result["ended"]), *marks])


def _speak(voice: Voice, text: str, path: Path, stdout: TextIO, stream: bool, raw: bool, how: dict[str, Any]) -> dict[str, Any]:
    """Speak one utterance into its file; what the command reports of it."""
    if stream:
        spoken: Any = voice.stream(text, **how)
        with _audio_stream(stdout.buffer if path == _STDOUT else path, voice.sample_rate_hz, raw) as target:
            for chunk in spoken:
                target.write(chunk)
    else:
        spoken = voice.write(text, stdout.buffer if path == _STDOUT else path, raw=raw, **how)
    for said in spoken.notes:
        note(f"note: {said}")
    for unknown in spoken.unknown:
        note(f"note: not read: {unknown.character!r} at character {unknown.position}")
    faults = spoken.faults()
    return {
        "path": str(path),
        "seconds": round(spoken.duration_s, 3),
        "real_time_factor": round(spoken.real_time_factor, 3),
        "first_audio_s": round(spoken.first_audio_s, 3),
        "finished": spoken.finished,
        "ended": None if faults is None else "finished" if spoken.finished else "truncated",
        "skipped": (faults or {}).get("skipped", []),
        "repeated": (faults or {}).get("repeated", []),
        "parts": len(spoken.parts),
        "unknown": [[u.character, u.position] for u in spoken.unknown],
    }


@contextmanager
def _audio_stream(target: Path | BinaryIO, rate_hz: int, raw: bool) -> Iterator[Any]:
    from ttskit.audio.streams import AudioStream

    with AudioStream(target, rate_hz, raw) as stream:
        yield stream


def _check_target(out: Path | None, folder: bool, stream: bool, raw: bool) -> None:
    """`UsageError` for a name that says another format than would be written, before anything is loaded."""
    if out is None or out == _STDOUT or not out.suffix or (out.is_dir() and folder):
        return
    from ttskit.audio.encoding import WRITTEN, format_of

    known = out.suffix.lower() in WRITTEN
    if folder:
        if known:
            raise UsageError("--file writes a folder of files", f"{out} is the name of one sound file", f"-o {out.stem}")
        return
    if raw:
        if known:
            raise UsageError("--raw writes samples without a header", f"no player could read {out}", f"-o {out.stem}.raw")
        return
    if format_of(out) != ".wav" and stream:
        raise UsageError(
            "--stream writes WAV while it is made", f"{out.suffix} can be written whole only", "leave --stream out"
        )


def _jobs(text: str | None, lines: Path | None, out: Path | None) -> list[tuple[str, Path]]:
    if lines is not None:
        if text is not None:
            raise UsageError("both TEXT and --file given", "", "give one of them")
        folder = out or Path("out")
        if folder == _STDOUT:
            raise UsageError("--file writes a folder of files", "-o - is standard output", "name a folder")
        wanted = file_lines(lines)
        if not wanted:
            raise InputError(f"{lines} has no text", "", "write one utterance a line")
        return [(line, folder / f"{i + 1:04d}.wav") for i, line in enumerate(wanted)]
    text = stdin_text() if text is None or text == "-" else argument(text)
    if not text.strip():
        raise InputError("nothing to speak", "the text is empty", 'ttskit synthesize "Hola" --voice RUN')
    return [(text, out or Path("out.wav"))]
