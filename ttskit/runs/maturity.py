"""Is a run trained enough to be judged by ear? Words for a voice that speaks after a handful of steps."""

from __future__ import annotations

from pathlib import Path

from ttskit.errors import TTSKitError
from ttskit.plugins import Registry
from ttskit.runs.checkpoints import CHOSEN, choose
from ttskit.runs.folder import RunFolder

__all__ = ["ENOUGH_STEPS", "LEAST_SHARE", "LEAST_STEPS", "planned_steps", "undertrained"]

LEAST_STEPS = 200  # from fresh weights, no model of ours says a word after fewer
ENOUGH_STEPS = 3000  # of the recipe for laptops: where a run has no plan of its own that is worth going on to
LEAST_SHARE = 0.1  # of the planned steps, below which the sound says nothing about the voice


def planned_steps(run: RunFolder, registry: Registry | None = None) -> int | None:
    """Steps that the run's recipe plans, or more if it was asked for more; None for imported checkpoints."""
    if run.total_steps is None:
        return None
    recipe = run.recipe(registry)
    wanted = None if recipe is None else recipe.training_for(run.model).steps
    return max(run.total_steps, wanted or 0)


def undertrained(path: str | Path, checkpoint: str | int | None = None, registry: Registry | None = None) -> str:
    """Why what is heard of a checkpoint is noise or mumbling, and how to go on; "" where nothing speaks against it.

    Says nothing of imported checkpoints, and of a fine-tuning only by its own plan: it could speak from the first step on.
    """
    run = RunFolder.open(path)
    planned = planned_steps(run, registry)
    if planned is None:
        return ""
    try:
        step = choose(run.checkpoints, CHOSEN[run.kind] if checkpoint is None else checkpoint, run.path).step
    except TTSKitError:  # there is none: whoever loads the run says so
        return ""
    least = LEAST_SHARE * planned if run.info.get("init_from") else max(LEAST_STEPS, LEAST_SHARE * planned)
    if step >= least:
        return ""
    goal = max(planned, ENOUGH_STEPS if planned <= step else 0)
    more = f" --steps {goal}" if goal > (run.total_steps or 0) else ""
    of = f"{step:,} of {planned:,} planned steps" if planned > step else f"{step:,} steps, all that were asked for"
    sound = "noise or mumbling is to be expected of it" if run.kind == "acoustic model" else "noise is to be expected of it"
    advice = f"go on with: ttskit train --resume --run {path}{more}"
    return f"{path} is undertrained ({of}): {sound}, and no fault of the text; {advice}"
