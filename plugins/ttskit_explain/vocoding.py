"""What the vocoder makes of the sentence, asked once and guarded; and how a neural one is built, trained here or not."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.interfaces.architecture import ReceptiveField, VocoderArchitecture
from ttskit.interfaces.descriptions import resolve
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators
from ttskit.interfaces.vocoder_explanation import VocoderExplanation
from ttskit.plugins import Origin
from ttskit_explain.lesson import Changes, Failed, Lesson, Subject

__all__ = ["Place", "Vocoding", "cone", "folded", "loudest", "open_vocoding", "period_of", "pooled"]

_VOICE_HZ = (60.0, 400.0)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the sentence a picture looks closely.

    Args:
        frame: the mel frame in its middle.
        token: the symbol that is said there; "" where the model does not say.
    """

    frame: int
    token: str


@dataclass
class Vocoding:
    """One subject's mel on its way to a waveform.

    Args:
        subject: whose mel.
        mel: (1, M, T).
        explanation: of its vocoder, nothing changed; the waveform begins at the first sample of frame 0.
        place: a vowel, or what is loudest.
        architecture: of its vocoder, or of one that is installed but not trained; None if there is none.
        untrained: name of that one; "" where the subject's own vocoder is shown.
    """

    lesson: Lesson
    subject: Subject
    mel: Tensor
    explanation: VocoderExplanation
    place: Place
    architecture: VocoderArchitecture | None
    untrained: str

    @property
    def vocoder(self) -> Vocoder:
        """Of the subject."""
        return self.subject.voice.vocoder

    @property
    def wave(self) -> np.ndarray:
        """(S,) in [-1, 1], T · hop samples."""
        return self.explanation.audio[0].float().cpu().numpy()

    @property
    def hop(self) -> int:
        """Samples per frame."""
        return self.vocoder.mel.hop_samples

    @property
    def frames(self) -> int:
        """T."""
        return int(self.mel.shape[2])

    def explain(self, changed: Changes | None = None) -> VocoderExplanation:
        """The same mel with something changed on the way.

        Raises:
            Failed: the vocoder did.
        """
        return _explained(self.lesson, self.subject, self.mel, changed)

    def heard(self, audio: Tensor, name: str) -> Mapping[str, object]:
        """What a player is told of a waveform (1, S). As loud as it came, so that variants can be compared."""
        samples, peak = audio[0].float().cpu().numpy(), max(1.0, float(audio.abs().max()))
        return self.lesson.sheet.audio(f"vocoder-{name}", samples / peak, self.vocoder.mel.sample_rate_hz)


def open_vocoding(lesson: Lesson, subject: Subject) -> Vocoding:
    """A subject's mel, made audible.

    Raises:
        Failed: the model or its vocoder did.
    """
    spectrogram = subject.spectrogram.row(0)
    mel = spectrogram.mel.to(subject.voice.device)
    explanation = _explained(lesson, subject, mel, None)
    vocoder, untrained = subject.voice.vocoder, ""
    built = _asked(lesson, _origin(lesson, subject), "architecture", vocoder.architecture)
    if built is None:
        built, untrained = _from_the_shelf(lesson, vocoder)
    wave = explanation.audio[0].float().cpu().numpy()
    return Vocoding(lesson, subject, mel, explanation, _place(subject, wave), built, untrained)


def _explained(lesson: Lesson, subject: Subject, mel: Tensor, changed: Changes | None) -> VocoderExplanation:
    vocoder, generators = subject.voice.vocoder, vocoder_generators([subject.seed])
    return _asked(lesson, _origin(lesson, subject), "explain", lambda: vocoder.explain(mel, generators, changed))


def _asked(lesson: Lesson, origin: Origin, doing: str, question: Callable[[], _T]) -> _T:
    found: list[_T] = []
    with lesson.registry.guard(origin, doing) as guard:
        found.append(question())
    if not found:
        raise Failed(str(guard.problem))
    return found[0]


def _origin(lesson: Lesson, subject: Subject) -> Origin:
    """Who offers the subject's vocoder: by the package that its class comes from, since a run is called anything."""
    package = type(subject.voice.vocoder).__module__.partition(".")[0]
    for name, plugin in lesson.registry.all("vocoder").items():
        if plugin.factory.partition(":")[0].partition(".")[0] == package:
            return lesson.registry.origin("vocoder", name)
    return subject.origin


def _from_the_shelf(lesson: Lesson, vocoder: Vocoder) -> tuple[VocoderArchitecture | None, str]:
    """How an installed vocoder that declares its architecture would be built for this mel, and its name."""
    for name, plugin in sorted(lesson.registry.all("vocoder").items()):
        declared = str(plugin.facts.get("architecture", ""))
        if declared:
            origin = lesson.registry.origin("vocoder", name)
            try:
                return _asked(lesson, origin, "architecture", partial(_declared, declared, vocoder.mel)), name
            except Failed:  # not for this mel
                continue
    return None, ""


def _declared(path: str, mel: MelConfig) -> VocoderArchitecture:
    found: VocoderArchitecture = resolve(path)(mel)
    return found


def _place(subject: Subject, wave: np.ndarray) -> Place:
    spectrogram, hop = subject.spectrogram.row(0), subject.voice.vocoder.mel.hop_samples
    level = np.sqrt(np.square(wave).reshape(-1, hop).mean(1))
    if spectrogram.durations is None:
        return Place(int(level.argmax()), "")
    features = subject.model.context.symbols.features
    vowels = {token for token in subject.tokens if features.get(token, {}).get("type") == "vowel"}
    return loudest(subject.tokens, spectrogram.durations[0].int().tolist(), level, vowels)


def loudest(tokens: Sequence[str], durations: Sequence[int], level: np.ndarray, vowels: Container[str]) -> Place:
    """The middle of the vowel that is loudest on average; the loudest frame where there is no vowel.

    Args:
        tokens: what is said.
        durations: frames of each.
        level: of each frame.
        vowels: those of the tokens that are vowels.
    """
    best, most, end = Place(int(level.argmax()), ""), 0.0, 0
    for token, frames in zip(tokens, durations, strict=False):
        start, end = end, end + frames
        inside = level[start:end]
        if token in vowels and len(inside) and inside.mean() > most:
            most, best = float(inside.mean()), Place(start + len(inside) // 2, token)
    return best


def period_of(wave: np.ndarray, middle: int, rate_hz: int) -> int:
    """Samples of one period of the voice around a sample: the lag of the highest autocorrelation (Rabiner 1977, section II)."""
    shortest, longest = int(rate_hz / _VOICE_HZ[1]), int(rate_hz / _VOICE_HZ[0])
    first = max(0, min(middle - longest, len(wave) - 2 * longest))
    piece = wave[first : first + 2 * longest].astype(np.float64)
    if len(piece) <= shortest + 1:
        return max(1, len(piece))
    piece = piece - piece.mean()
    lags = range(shortest, min(longest, len(piece) - 1))
    likeness = [
        float(piece[:-lag] @ piece[lag:] / np.sqrt((piece[:-lag] @ piece[:-lag]) * (piece[lag:] @ piece[lag:]) + 1e-12))
        for lag in lags
    ]
    # Twice the period is as like as the period: the first that comes near the best is taken.
    good = 0.9 * max(likeness)
    peaks = [
        i
        for i, value in enumerate(likeness)
        if value >= good
        and value >= (likeness[i - 1] if i else -2)
        and value >= (likeness[i + 1] if i + 1 < len(likeness) else -2)
    ]
    return shortest + (peaks[0] if peaks else int(np.argmax(likeness)))


def folded(wave: np.ndarray, period: int) -> np.ndarray:
    """(p, ⌊S / p⌋): row c, column r holds sample r · p + c; a period discriminator compares along the rows."""
    rows = len(wave) // period
    return wave[: rows * period].reshape(rows, period).T


def pooled(wave: np.ndarray, factor: int) -> np.ndarray:
    """What a scale discriminator sees: means of four samples every two, once for a factor of 2, twice for 4.

    Kumar et al. 2019, "MelGAN", section 2.2; beyond the ends are zeros.
    """
    found = torch.from_numpy(np.ascontiguousarray(wave, dtype=np.float32))[None, None]
    while factor > 1:
        found, factor = torch.nn.functional.avg_pool1d(found, 4, 2, padding=2), factor // 2
    return found[0, 0].numpy()


def cone(field: ReceptiveField, samples: int) -> np.ndarray:
    """What each of the first samples depends on, level by level: (samples, levels, 2) first and last place.

    Levels: the mel, what comes out of each upsampling stage but the last, the waveform.
    """
    found = []
    for sample in range(samples):
        levels = [(sample, sample)]
        first = last = sample
        for layer in reversed(field.layers):
            first, last = layer.seen(first, last)
            if layer.rate > 1:
                levels.append((first, last))
        levels[-1] = (first, last)  # the first stage's input is at the mel's own rate: the mel stands for both
        found.append(levels[::-1])
    return np.array(found, dtype=np.int64)
