"""The plan of the demo: the smallest study, two systems with two trainings each, written as a file that people can read."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

from ttskit.config import load_recipe, shipped_recipes
from ttskit.corpus.storage import write_atomic
from ttskit.errors import UsageError
from ttskit.messages import translated

__all__ = ["ALIGNER_OPTIONS", "AR", "NAR", "SEEDS", "plan_text", "write_plan"]

AR, NAR = "tacotron2", "fastpitch"
SEEDS = (1, 2)
_TEMPLATE = Path(__file__).with_name("study.yaml.in")
# The aligner sees token embeddings and mels only, so everything behind it may be small: on the demo
# corpus it finds phone onsets as well as the full model does (11 ms), in a fraction of the time.
_STACK = {"layers": 1, "filter_channels": 64}
ALIGNER_OPTIONS = {
    "channels": 64,
    "energy": False,
    **{f"{side}.{key}": value for side in ("encoder", "decoder") for key, value in _STACK.items()},
}
_ALIGNER_BATCH = 8  # utterances: the aligner learns from the number of steps
_FACTORS = {AR: {"decoding": "AR", "block": "LSTM"}, NAR: {"decoding": "NAR", "block": "transformer"}}
_HOW_TO_TRAIN = {"models", "budget_s", "steps"}  # of a comparison; a study has systems and a budget


def plan_text(recipe: str, steps: int | None, aligner_steps: int) -> str:
    """The plan as YAML: both systems learn from equally many utterances, those of the recipe's (or `steps`) steps.

    Args:
        recipe: of both systems and their aligner; a shipped one's name or a file.
        steps: steps of the first system that say how many utterances, instead of the recipe's.
        aligner_steps: steps of the short training that finds durations for both, whose cost is charged to both.

    Raises:
        ConfigError: the recipe.
    """
    named = recipe if recipe in shipped_recipes() else str(Path(recipe).resolve())
    loaded = load_recipe(recipe)
    training = loaded.training_for(AR)
    count = training.steps if steps is None else steps
    if count is None:
        raise UsageError(f"{recipe} does not say how many steps to train", "its budget is one of time", "give --steps 500")
    batch = min(_ALIGNER_BATCH, loaded.training_for(NAR).max_utterances)
    learned: dict[str, Any] = {"alignment": "learned", **ALIGNER_OPTIONS}
    aligner: dict[str, Any] = {f"options.{key}": value for key, value in learned.items()}
    aligner |= {"training.alignment": None, "training.max_utterances": batch, "training.validate_every": aligner_steps}
    differences = [f"models.{NAR}.{key}={json.dumps(value)}" for key, value in aligner.items()]
    speak = {"limit": loaded.compare.limit, "hard_limit": loaded.compare.hard_limit}
    speak |= loaded.compare.model_dump(mode="json", exclude_defaults=True, exclude=_HOW_TO_TRAIN)
    systems = {
        name: {"recipe": named, "model": name, "factors": factors, "durations": True} for name, factors in _FACTORS.items()
    }
    question = translated(
        "Does FastPitch (parallel, transformer) speak better than Tacotron 2 (frame by frame, LSTM), from minutes of speech?"
    )
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        question=_inline(question),
        systems="\n".join(f"  {name}: {_inline(system)}" for name, system in systems.items()),
        seeds=_inline(list(SEEDS)),
        aligner=_inline(named),
        differences="\n".join(f"    - {_inline(difference)}" for difference in differences),
        aligner_utterances=aligner_steps * batch,
        utterances=count * training.max_utterances,
        speak=_inline(speak),
    )


def write_plan(path: Path, text: str) -> None:
    """Write the plan, unless it stands there already."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomic(path, lambda half: half.write_text(text, encoding="utf-8", newline="\n"))


def _inline(value: Any) -> str:
    """A value on one line: JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
