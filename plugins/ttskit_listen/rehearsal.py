"""A rehearsal: the answers of simulated listeners in a folder of their own, never beside those of people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ttskit.corpus.storage import write_atomic, write_json
from ttskit.disk import explain
from ttskit.errors import InputError, UsageError
from ttskit_listen.folder import TestFolder
from ttskit_listen.simulated import MARK, Truth, planted, simulate

__all__ = ["NOTE", "Rehearsed", "rehearsed"]

NOTE = "rehearsal.txt"  # in the folder: what was planted


@dataclass(frozen=True)
class Rehearsed:
    """What was written.

    Args:
        folder: of the files.
        files: how many listeners.
        truth: what is so in their world.
    """

    folder: Path
    files: int
    truth: Truth


def rehearsed(
    test: TestFolder,
    out: Path,
    *,
    listeners: int | None = None,
    careless: int = 0,
    leaves: int = 0,
    difference: float = 0.5,
    seed: int = 1,
) -> Rehearsed:
    """Write answers-CODE.json for simulated listeners into `out`; an earlier rehearsal there is replaced.

    Args:
        test: what they answer.
        out: a folder that holds nothing else.
        listeners: all of them; as many as the test plans where none is given.
        careless, leaves, difference, seed: as `simulate` and `planted` have them.

    Raises:
        UsageError: the folder is for answers of people, or holds something else; or no listener can be so.
        InputError: `test` is no test.
        CheckpointError: a file of the test is damaged.
        TTSKitError: the folder cannot be written.
    """
    plan, key, design = test.plan(), test.key(), test.design()
    truth = planted(design, difference)
    files = simulate(plan, key, design, truth, listeners or design.listeners, seed, careless, leaves)
    earlier = _earlier(test, out)
    with explain(InputError, out):
        out.mkdir(parents=True, exist_ok=True)
        for path in earlier:
            path.unlink()
        for file in files:
            write_json(out / f"answers-{file.listener}.json", file.model_dump(mode="json"))
        qualities = "".join(f"{name}: {quality:.2f}\n" for name, quality in truth.systems.items())
        about = f"Simulated listeners of the test {plan.id}: nobody listened.\n"  # no message
        about += "Quality of the systems, in points of five:\n"  # no message
        text = f"{about}{qualities}careless: {careless}, left half-way: {leaves}, seed: {seed}\n"  # no message
        write_atomic(out / NOTE, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))
    return Rehearsed(out, len(files), truth)


def _earlier(test: TestFolder, out: Path) -> list[Path]:
    """Files of an earlier rehearsal in `out`, which has nothing else in it."""
    place = out.resolve()
    for theirs in (test.answers, test.public, test.report):
        if place == theirs.resolve() or theirs.resolve() in place.parents:
            why = "simulated answers never lie among those of people, nor on the pages"
            raise UsageError(f"{out} belongs to the test itself", why, "give another folder: -o OTHER")
    if not out.exists():
        return []
    with explain(InputError, out):
        there = sorted(out.iterdir())
    for path in there:
        ours = path.name == NOTE or (path.name.startswith("answers-") and f"-{MARK}" in path.name and path.suffix == ".json")
        if not ours or not path.is_file():
            why = f"{path.name} is not a simulated answer"
            raise UsageError(f"{out} holds something else", why, "give a new folder: -o OTHER")
    return there
