"""Word error of Whisper, from a checkpoint that the user names: what a recogniser makes of what was said, against the text.

Radford, Kim, Xu, Brockman, McLeavey & Sutskever 2023, "Robust Speech Recognition via Large-Scale Weak Supervision" (ICML). The
network and its vocabulary come from the package `openai-whisper`; a checkpoint is read as tensors and plain values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ttskit.errors import CheckpointError
from ttskit.interfaces.frontend import Frontend
from ttskit.interfaces.measurement import Measure, Sample, Spoken
from ttskit.plugins import create_registry
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.named import WhisperFile
from ttskit_predictors.networks import content_of, fill

__all__ = ["WhisperWords", "open_whisper", "word_errors", "words_of"]

_ACUTE = "\u0301"
_GREATEST = 65_536  # of a size in a checkpoint


class WhisperWords(SamplePredictor):
    """Word error rate of each sample; its weight is the number of words of the text."""

    name = "whisper"
    opinion = False
    measures = (
        Measure(
            "whisper_wer",
            "word error rate, by Whisper",
            "%",
            "lower",
            1,
            "Words that Whisper (Radford et al. 2023; 16 kHz, trained on many languages) leaves out, adds or "
            "takes for others, against the text, both as the corpus's frontend normalises them, without case, "
            "punctuation and accents. It guesses from context: it hears words that were said badly, and may "
            "make some up in silence.",
            100.0,
        ),
    )

    def lacking(self) -> str:
        if (self.options or WhisperFile()).file is None:
            return "whisper: left out, it reads a file that you name: compare.measurements: {whisper: {file: small.pt}}"
        return ""

    def start(self, spoken: Spoken) -> None:
        self._model = open_whisper(self.options.file).to(spoken.device)
        build = getattr(spoken.corpus, "frontend_instance", None)
        self._frontend: Frontend | None = build(create_registry()) if build is not None else None

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        said = words_of(sample.sentence.text, self._frontend)
        if not said:
            return {}
        return {"whisper_wer": word_errors(said, words_of(self._heard(audio), self._frontend)) / len(said)}

    def weight(self, sample: Sample) -> float:
        return float(max(1, len(words_of(sample.sentence.text, self._frontend))))

    def _heard(self, audio: np.ndarray) -> str:
        """What it writes down: greedily, so that the same sound gives the same words."""
        heard = self._model.transcribe(
            audio.astype(np.float32),
            language=self.options.language,
            task="transcribe",
            temperature=0.0,
            condition_on_previous_text=False,
            fp16=False,
            verbose=None,
        )
        return str(heard["text"])


def words_of(text: str, frontend: Frontend | None) -> list[str]:
    """Words as they are compared: normalised by the frontend, without case, punctuation and acute accents (ñ and ü stay)."""
    normal = frontend.normalize(text) if frontend is not None and text.strip() else text
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFD", normal.casefold()).replace(_ACUTE, ""))
    return re.findall(r"\w+", plain)


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words to leave out, add or exchange (Levenshtein 1966) to make one of the other."""
    before = list(range(len(heard) + 1))
    for i, one in enumerate(said, start=1):
        row = [i]
        for j, other in enumerate(heard, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
        before = row
    return before[-1]


def open_whisper(path: Path) -> Any:
    """The network of a checkpoint (tiny.pt … large-v3.pt), on the CPU.

    Raises:
        CheckpointError: it is none, or damaged; nothing in it was run.
    """
    return _opened(Path(path), Path(path).stat().st_mtime_ns if Path(path).is_file() else 0)


@lru_cache(maxsize=1)
def _opened(path: Path, _changed: int) -> Any:
    from whisper.model import ModelDimensions, Whisper

    content = content_of(path)
    dims = content.get("dims")
    names = set(ModelDimensions.__annotations__)
    good = isinstance(dims, Mapping) and set(dims) == names and all(type(n) is int and 0 < n < _GREATEST for n in dims.values())
    if not isinstance(dims, Mapping) or not good or not _as_large(dims, content.get("model_state_dict")):
        why = "the sizes under 'dims' are not those of its network"
        raise CheckpointError(
            f"{path} is not a checkpoint of Whisper", why, "give tiny.pt, small.pt, … as openai-whisper keeps them"
        )
    model = Whisper(ModelDimensions(**dims))
    fill(model, content, "model_state_dict", path)
    return model


def _as_large(dims: Mapping[str, int], tensors: object) -> bool:
    """Whether a network of these sizes has no more weights than the file, so that a small file cannot ask for all memory."""
    if not isinstance(tensors, Mapping):
        return False
    given = sum(one.numel() for one in tensors.values() if isinstance(one, torch.Tensor))
    layers = 12 * dims["n_audio_layer"] * dims["n_audio_state"] ** 2 + 16 * dims["n_text_layer"] * dims["n_text_state"] ** 2
    words = (dims["n_vocab"] + dims["n_text_ctx"]) * dims["n_text_state"] + dims["n_audio_ctx"] * dims["n_audio_state"]
    return layers + words <= given
