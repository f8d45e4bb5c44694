"""The recipe that `ttskit new` writes, with a comment on each choice, and the three commands that make a voice of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ttskit.cli.advice import SENTENCE, command_line
from ttskit.cli.frontend_options import choices
from ttskit.cli.survey import FoundRecordings, Machine
from ttskit.config import load_recipe
from ttskit.errors import UsageError
from ttskit.messages import translated
from ttskit.plugins import Registry

__all__ = ["FEW_MINUTES", "LITTLE_MEMORY_GIB", "SMALL_GPU_GIB", "Plan", "recipe_text", "three_commands", "write_recipe"]

FEW_MINUTES = 30.0  # of speech: less goes further on top of a voice that can speak already
LITTLE_MEMORY_GIB, SMALL_GPU_GIB = 4.0, 8.0  # below which batches are made smaller


@dataclass(frozen=True)
class Plan:
    """What was asked and answered.

    Args:
        recordings: what there is.
        speaker: whose voice; None for all of several.
        gpu: whether a GPU trains it.
        machine: this one.
        time: of training, as people type it (1h).
        recipe: file to write.
        name: of the voice, for folders.
    """

    recordings: FoundRecordings
    speaker: str | None
    gpu: bool
    machine: Machine
    time: str
    recipe: Path
    name: str

    @property
    def _picks(self) -> str | None:
        """The speaker to count; a single one may have been given another name."""
        return self.speaker if len(self.recordings.speakers) > 1 else None

    @property
    def minutes(self) -> float:
        """Of speech that the voice is made of."""
        return self.recordings.minutes(self._picks)

    @property
    def utterances(self) -> int:
        """Recordings that it is made of."""
        return sum(n for name, n in self.recordings.utterances.items() if self._picks in (None, name))

    @property
    def telephone(self) -> bool:
        """Whether the recordings are of a telephone's rate, and a wider mel would be empty above it."""
        from ttskit.corpus.screening import RECIPES_BY_RATE

        rate = self.recordings.rate_hz
        return rate is not None and any(own <= rate < 1.25 * own for own in RECIPES_BY_RATE)


def recipe_text(plan: Plan, registry: Registry) -> str:
    """The recipe: what it says is little, why it says so stands beside it."""
    own, minutes, size = plan.recordings, plan.minutes, "base" if plan.gpu else "small"
    whole = load_recipe(size, registry=registry)  # what it extends: its choices are named, to be changed
    why = "the published size, for a GPU" if plan.gpu else "small models, for a machine without a GPU; with one: base"
    data = _plain(str(own.data))
    lines = [
        _commented(f"The voice {_plain(plan.name)}, as `ttskit new` was told: {data}, {minutes:.1f} minutes of speech."),
        _commented(
            "Every key can be changed; what is not here stands in the recipe it extends. A wrong key is told with its line."
        ),
        _commented("What to type:"),
        *(f"#   {_plain(line)}" for line in three_commands(plan)),
        _commented(why, f"extends: {size}"),
    ]
    if plan.telephone:
        low = f"the recordings have {own.rate_hz} Hz, and nothing above {(own.rate_hz or 0) // 2} Hz in them"
        lines.append(_commented(low, "mel: telephone-8000"))
    else:
        preset = whole.mel["preset"]
        lines.append(_commented("recordings of any rate are resampled to it; telephone-8000 is for 8 kHz", f"mel: {preset}"))
    options = ", ".join(f"{key}: {value}" for key, value in whole.frontend.options.items())
    others = ", ".join(name for name in choices("dialect") if name not in whole.frontend.options.values())
    lines += [
        "frontend:",
        _commented("reads the text; others: ttskit plugins list --kind frontend", f"  name: {whole.frontend.name}"),
        _commented(f"others: {others}" if others and "dialect" in whole.frontend.options else "", f"  options: {{{options}}}"),
        _commented("others: ttskit plugins list --kind 'acoustic model'", f"model: {whole.model}"),
        _commented("needs no training; one of your own comes later: docs/vocoder.md", f"vocoder: {whole.vocoder}"),
    ]
    lines += _splits(plan.utterances)
    lines += ["models:", f"  {whole.model}:", "    training:"]
    lines.append(_commented("training time; or steps: 3000", f"      budget_s: {plan.time}"))
    lines += [f"      {line}" for line in _batches(plan)]
    lines += ["training:", _commented("auto takes a GPU where there is one", f"  device: {'auto' if plan.gpu else 'cpu'}")]
    if minutes < FEW_MINUTES:
        lines += [
            _commented(
                "With so few minutes a voice learns sound and timing, not finesse. They go further on top of a voice that can"
            ),
            _commented("can speak already (docs/fine-tuning.md): ttskit import, then ttskit train --init-from."),
        ]
    return "\n".join(lines) + "\n"


def _commented(comment: str, code: str = "") -> str:
    """A line of the recipe. Its comment is in the reader's language; keys and values are the same in every one."""
    return "  ".join(filter(None, (code, f"# {translated(comment)}" if comment else "")))


def _splits(utterances: int) -> list[str]:
    """Of few recordings, as few as possible are kept from training."""
    if utterances >= 60:
        return []
    return [
        "corpus:",
        _commented("sentences that are not trained on, to watch the training by", "  validation: 1"),
        _commented("and to compare voices with", "  test: 1"),
    ]


def _batches(plan: Plan) -> list[str]:
    memory = plan.machine.gpu_memory_gib if plan.gpu else plan.machine.memory_gib
    if memory is not None and memory < (SMALL_GPU_GIB if plan.gpu else LITTLE_MEMORY_GIB):
        return [_commented(f"in a batch: there are {memory:.1f} GiB of memory", "max_utterances: 4")]
    return []


def three_commands(plan: Plan) -> list[str]:
    """Prepare, train, speak."""
    own = plan.recordings
    prepared, run = f"prepared/{plan.name}", f"runs/{plan.name}"
    # a single voice without a speaker column is called by the name that it is given; one of several is picked by it
    who = ["--speaker", plan.speaker] if plan.speaker is not None else []
    several = plan.speaker is None and len(own.speakers) > 1
    says = ["--speaker", own.speakers[0]] if several else []
    return [
        command_line("ttskit", "prepare", own.data, "--recipe", plan.recipe, *who, "--out", prepared),
        command_line("ttskit", "train", "--recipe", plan.recipe, "--data", prepared, "--run", run),
        command_line("ttskit", "synthesize", SENTENCE, "--voice", run, *says, "-o", f"{plan.name}.wav"),
    ]


def write_recipe(plan: Plan, registry: Registry) -> None:
    """Write the recipe; a file that is there stays.

    Raises:
        UsageError: there is one.
    """
    plan.recipe.parent.mkdir(parents=True, exist_ok=True)
    try:
        with plan.recipe.open("x", encoding="utf-8", newline="\n") as file:
            file.write(recipe_text(plan, registry))
    except FileExistsError as error:
        other = plan.recipe.with_name(f"{plan.recipe.stem}-2{plan.recipe.suffix}")
        raise UsageError(f"{plan.recipe} is there already", "it stays as it is", f"-o {other}") from error


def _plain(text: str) -> str:
    """Text that stays in a line of a comment, whatever a name holds."""
    return "".join(c if c.isprintable() else "?" for c in text)
