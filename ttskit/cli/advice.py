"""What to type next, with the paths at hand: each command that makes something ends by naming what makes use of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ttskit.cli.output import echo
from ttskit.messages import translated

if TYPE_CHECKING:
    from ttskit.corpus.problems import Problem
    from ttskit.runs.folder import RunFolder

__all__ = ["SENTENCE", "after_prepare", "after_run", "command_line", "say_next"]

SENTENCE = "Hola, ¿cómo andás?"
_PLAIN = re.compile(r"[\w./:=,+@%\\~-]+")  # words that no shell reads as anything else


def command_line(*words: str | Path) -> str:
    """A command as it is typed in bash, zsh, PowerShell or cmd: what has blanks or marks in it stands in quotes."""
    texts = [str(word) for word in words]
    return " ".join(text if _PLAIN.fullmatch(text) else '"' + text.replace('"', '\\"') + '"' for text in texts)


def say_next(*commands: str) -> None:
    """Name the commands on stderr."""
    for index, line in enumerate(commands):
        echo(f"{translated('next:' if index == 0 else '  or:')} {line}", err=True)


def after_prepare(
    data: Path,
    out: Path,
    recipe: str,
    overrides: Sequence[str],
    problems: Sequence[Problem],
    speaker: str | None = None,
    gpu: bool | None = None,
) -> list[str]:
    """What follows a preparation: to train, at a size that fits this machine.

    Args:
        data, out, recipe, overrides, speaker: as they were given to `prepare`.
        problems: that it found. Where recordings have another rate than the recipe is made for, preparing again comes first.
        gpu: whether there is one; None to look.
    """
    again = [m for p in problems if p.kind == "low rate" and (m := re.search(r"--recipe (\S+)", p.reason))]
    if again and not any(o.partition("=")[0].startswith("mel") for o in overrides):
        better = again[0].group(1)
        other = out.with_name(f"{out.name}-{better.rpartition('-')[2]}")
        who = ["--speaker", speaker] if speaker else []
        return [command_line("ttskit", "prepare", data, "--recipe", better, "--out", other, *who), _train(out, recipe, gpu)]
    return [_train(out, recipe, gpu)]


def _train(data: Path, recipe: str, gpu: bool | None) -> str:
    shipped = recipe in ("base", "telephone-8000")  # what the corpus is like; the models are at their published sizes
    if gpu is None:
        import torch

        gpu = torch.cuda.is_available()
    size = ["--recipe", "small"] if shipped and not gpu else [] if recipe == "base" else ["--recipe", recipe]
    run = Path("runs") / data.resolve().name
    size += ["--init-from", "RUN"] if recipe.startswith("finetune") else []  # the shipped ones start from a voice that speaks
    return command_line("ttskit", "train", *size, "--data", data, "--run", run.as_posix())


def after_run(run: RunFolder, path: Path, acoustic: str | Path | None = None) -> list[str]:
    """What follows a finished run: to speak with it.

    Args:
        path: of the run, as it was typed.
        acoustic: for a vocoder, the run that it was fitted to.
    """
    if run.kind != "acoustic model":
        voice = acoustic if acoustic is not None else "RUN"
        return [command_line("ttskit", "synthesize", SENTENCE, "--voice", voice, "--vocoder", path, "-o", "hola.wav")]
    speakers = run.context.speakers.names
    who = ["--speaker", speakers[0]] if len(speakers) > 1 else []
    return [command_line("ttskit", "synthesize", SENTENCE, "--voice", path, *who, "-o", "hola.wav")]
