"""All fuzzers, and how often each is asked: in the short run of the tests, and of 20,000 inputs in the long one."""

from __future__ import annotations

import fuzz_checkpoints
import fuzz_folders
import fuzz_listening
import fuzz_recipes
import fuzz_speech
from fuzz_harness import Fuzzer

__all__ = ["TARGETS"]

# name → (fuzzer, inputs of the short run, share of the long one)
TARGETS: dict[str, tuple[Fuzzer, int, float]] = {
    "recipes": (fuzz_recipes.recipes, 50, 0.12),
    "overrides": (fuzz_recipes.overrides, 30, 0.08),
    "runs": (fuzz_folders.runs, 60, 0.12),
    "corpora": (fuzz_folders.corpora, 80, 0.12),
    "comparisons": (fuzz_folders.comparisons, 80, 0.06),
    "labels": (fuzz_folders.labels, 80, 0.06),
    "torch files": (fuzz_checkpoints.torch_files, 20, 0.06),
    "vocoders": (fuzz_checkpoints.vocoders, 10, 0.04),
    "archives": (fuzz_checkpoints.archives, 20, 0.06),
    "pickles": (fuzz_checkpoints.pickles, 20, 0.04),
    "lists": (fuzz_speech.lists, 60, 0.06),
    "text grids": (fuzz_speech.text_grids, 60, 0.06),
    "audio": (fuzz_speech.audio, 60, 0.06),
    "texts": (fuzz_speech.texts, 60, 0.06),
    "answer files": (fuzz_listening.answer_files, 60, 0.04),
    "listening tests": (fuzz_listening.listening_tests, 60, 0.04),
}
