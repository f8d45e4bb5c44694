"""Faults planted into recorded speech: which, how strong, and what each does to the audio. The same each time.

A measure that is to be believed must see them. Each is one fault alone: pitch, tempo and formants are altered apart from each
other (`ttskit.measure.alterations`), what is cut or said again is blended over 5 ms, so that no click gives it away. Faults of
phones, syllables and words need to know when each token is spoken; without that they are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.audio.trim import speech_span
from ttskit.corpus.times import onsets_s
from ttskit.measure import alterations
from ttskit.symbols import SymbolTable

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance

__all__ = ["FAULTS", "KnownSpeech", "PlantedFault", "known_times_s"]

_LETTERS = "aeiouáéíóúàèìòùâêîôûäëïöüy"  # vowels of an inventory that says nothing of its symbols


@dataclass(frozen=True)
class KnownSpeech:
    """Speech, and what is known of it.

    Args:
        audio: (S,) in [-1, 1].
        pitch_hz: (T,) its F0 on the frames of `mel`, unvoiced 0.
        mel: which gives frames their times, and the rate.
        tokens, token_words: (N,) what is said, and the word of each.
        symbols: their inventory.
        times_s: (N + 1,) when each token begins, and the last ends; None where it is not known.
        key: of the sentence: what is chosen by chance in it (a word, noise) follows from it.
    """

    audio: np.ndarray
    pitch_hz: np.ndarray
    mel: MelConfig
    tokens: tuple[str, ...]
    token_words: tuple[int | None, ...]
    symbols: SymbolTable
    times_s: np.ndarray | None = None
    key: str = ""

    @property
    def rate_hz(self) -> int:
        """Samples a second."""
        return self.mel.sample_rate_hz

    @cached_property
    def pitch_times_s(self) -> np.ndarray:
        """(T,) the moments of `pitch_hz`."""
        return np.array([self.mel.frame_centre(k) for k in range(len(self.pitch_hz))])

    def generator(self, what: str) -> np.random.Generator:
        """Chance for one fault of this sentence, the same each time and on every machine."""
        return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{what}/{self.key}".encode()).digest()[:8], "big"))

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Samples of tokens `first` … `last`."""
        assert self.times_s is not None
        ends = np.clip(np.round(self.times_s[[first, last + 1]] * self.rate_hz), 0, len(self.audio))
        return int(ends[0]), int(ends[1])

    @cached_property
    def words(self) -> list[tuple[int, int]]:
        """First and last token of each word that sounds, in order."""
        found: dict[int, list[int]] = {}
        for i, word in enumerate(self.token_words):
            if word is not None and self.tokens[i] not in self.symbols.silent:
                found.setdefault(word, []).append(i)
        return [(own[0], own[-1]) for _, own in sorted(found.items())]

    def is_vowel(self, i: int) -> bool:
        """Whether token `i` is one, by the inventory's features, else by its letter."""
        features = self.symbols.features.get(self.tokens[i])
        return features.get("type") == "vowel" if features else self.tokens[i].strip("ˈˌ").lower()[:1] in tuple(_LETTERS)


_Plant = Callable[[KnownSpeech, float], np.ndarray | None]


@dataclass(frozen=True)
class PlantedFault:
    """A fault that can be planted.

    Args:
        name: as in results.
        title: in words.
        unit: of its strength, put behind the number.
        strengths: from hardly there to plain.
        plant: `plant(speech, strength)` gives the audio with it, (S',) float32, or None where the sentence has no place for it.
        of_sentences: the strength is the share of sentences in per cent that have it once; others stay as they are.
    """

    name: str
    title: str
    unit: str
    strengths: tuple[float, ...]
    plant: _Plant
    of_sentences: bool = False

    def has_it(self, index: int, count: int, strength: float) -> bool:
        """Whether sentence `index` of `count` has the fault: all, or the share of them, evenly spread and at least one."""
        if not self.of_sentences:
            return True
        wanted = max(1, round(strength / 100 * count))
        return (index * wanted) // count != ((index - 1) * wanted) // count

    def shown(self, strength: float) -> str:
        """The strength with its unit."""
        return f"{strength:g} {self.unit}".strip()


def known_times_s(corpus: PreparedCorpus, utterance: PreparedUtterance) -> np.ndarray | None:
    """When each token of a recording begins (N + 1,): exact times, else those of an alignment that has them, else None."""
    exact = corpus.reference_times(utterance)
    if exact is not None or not hasattr(corpus, "has_alignment"):
        return exact
    for path in sorted((corpus.folder / "alignments").glob("*")):
        if path.is_dir() and corpus.has_alignment(utterance, path.name):
            starts = onsets_s(corpus, corpus.alignment(utterance, path.name))
            return np.append(np.maximum(starts, 0.0), utterance.samples / corpus.mel.sample_rate_hz)
    return None


# -- sound


def _noise(speech: KnownSpeech, snr_db: float) -> np.ndarray:
    return alterations.with_noise(speech.audio, speech.rate_hz, snr_db, speech.generator("noise"))


def _low_pass(speech: KnownSpeech, below_hz: float) -> np.ndarray | None:
    return alterations.filtered(speech.audio, speech.rate_hz, below_hz) if below_hz < 0.45 * speech.rate_hz else None


def _level(speech: KnownSpeech, db: float) -> np.ndarray:
    return np.clip(speech.audio * 10 ** (db / 20), -1.0, 1.0).astype(np.float32)


def _formants(speech: KnownSpeech, factor: float) -> np.ndarray:
    return _resung(speech, formants=factor)


def _timbre(speech: KnownSpeech, factor: float) -> np.ndarray:
    """A longer vocal tract, and a source that falls by 3 dB an octave more for each tenth of it."""
    made = alterations.tilted(_resung(speech, formants=factor), speech.rate_hz, -30.0 * (1 - factor))
    return alterations.levelled(made, speech.audio, speech.rate_hz)


def _resung(
    speech: KnownSpeech, *, f0_ratio: float | np.ndarray = 1.0, tempo: float = 1.0, formants: float = 1.0
) -> np.ndarray:
    """Altered by overlap-add, which adds up to another level where grains come closer: put back."""
    contour = (speech.pitch_hz, speech.pitch_times_s)
    made = alterations.resung(speech.audio, speech.rate_hz, *contour, f0_ratio=f0_ratio, tempo=tempo, formants=formants)
    return alterations.levelled(made, speech.audio, speech.rate_hz)


# -- melody and time


def _shifted(speech: KnownSpeech, semitones: float) -> np.ndarray:
    return _resung(speech, f0_ratio=2.0 ** (semitones / 12))


def _flattened(speech: KnownSpeech, percent: float) -> np.ndarray | None:
    """So much less of each distance from the sentence's mean of log F0."""
    voiced = speech.pitch_hz > 0
    if not voiced.any():
        return None
    log_f0 = np.log(np.where(voiced, speech.pitch_hz, 1.0))
    return _resung(speech, f0_ratio=np.where(voiced, np.exp(percent / 100 * (log_f0[voiced].mean() - log_f0)), 1.0))


def _faster(speech: KnownSpeech, percent: float) -> np.ndarray:
    return _resung(speech, tempo=1 + percent / 100)


def _pause(speech: KnownSpeech, ms: float) -> np.ndarray | None:
    """Between two words with nothing between them; without times, where it is quietest inside the sentence."""
    if speech.times_s is None:
        first, last = speech_span(speech.audio, speech.rate_hz, margin_s=0.0)
        place = first + (last - first) // 4
        width = max(1, round(0.02 * speech.rate_hz))
        power = np.convolve(speech.audio[place : last - (last - first) // 4].astype(np.float64) ** 2, np.ones(width), "valid")
        if not power.size:
            return None
        at = place + int(np.argmin(power)) + width // 2
    else:
        words = speech.words
        inside = [b for (_, a), (b, _) in pairwise(words) if _only_space(speech, a + 1, b)]
        if not inside:
            return None
        at, _ = speech.span(*[inside[speech.generator("pause").integers(len(inside))]] * 2)
    count = round(ms / 1000 * speech.rate_hz)
    silence = _quietest(speech) * speech.generator("silence").standard_normal(count)
    return alterations.joined(speech.audio, [(0, at), silence, (at, len(speech.audio))], speech.rate_hz)


def _only_space(speech: KnownSpeech, first: int, end: int) -> bool:
    return all(speech.tokens[i] == speech.symbols.space for i in range(first, end))


def _quietest(speech: KnownSpeech) -> float:
    """RMS of the quietest 20 ms: the room, which a pause has as well."""
    width = max(1, round(0.02 * speech.rate_hz))
    power = np.convolve(speech.audio.astype(np.float64) ** 2, np.ones(width) / width, "valid")
    return float(np.sqrt(max(power.min(initial=0.0), 0.0))) if power.size else 0.0


def _cut(speech: KnownSpeech, ms: float) -> np.ndarray | None:
    """So much of the end of the speech is missing, and what silence stood behind it."""
    first, last = speech_span(speech.audio, speech.rate_hz, margin_s=0.0)
    end = last - round(ms / 1000 * speech.rate_hz)
    return alterations.joined(speech.audio, [(0, end), np.zeros(1)], speech.rate_hz)[:-1] if end > first else None


# -- what is said


def _syllable_twice(speech: KnownSpeech, percent: float = 100.0) -> np.ndarray | None:
    """A consonant and its vowel in the middle of the sentence, said again at once."""
    if speech.times_s is None:
        return None
    pairs = [
        i
        for first, last in speech.words
        for i in range(first, last)
        if not speech.is_vowel(i) and speech.is_vowel(i + 1) and speech.tokens[i] not in speech.symbols.silent
    ]
    if not pairs:
        return None
    i = pairs[speech.generator("syllable").integers(len(pairs))]
    start, end = speech.span(i, i + 1)
    return alterations.joined(speech.audio, [(0, end), (start, len(speech.audio))], speech.rate_hz)


def _phones_removed(speech: KnownSpeech, count: float) -> np.ndarray | None:
    """Phones of words of three phones or more, each of another word as long as there are some."""
    if speech.times_s is None:
        return None
    rng = speech.generator("phone")
    long = [(first, last) for first, last in speech.words if last - first >= 2]
    if len(long) < count:
        return None
    chosen = rng.permutation(len(long))[: int(count)]
    return _without(speech, [(i, i) for k in chosen for i in [int(rng.integers(long[k][0], long[k][1] + 1))]])


def _words_removed(speech: KnownSpeech, count: float) -> np.ndarray | None:
    chosen = _some_words(speech, int(count))
    return None if chosen is None else _without(speech, chosen)


def _words_repeated(speech: KnownSpeech, count: float) -> np.ndarray | None:
    chosen = _some_words(speech, int(count))
    if chosen is None:
        return None
    spans, at = [], 0
    for first, last in chosen:
        start, end = speech.span(first, last)
        spans.append((at, end))
        at = start
    return alterations.joined(speech.audio, [*spans, (at, len(speech.audio))], speech.rate_hz)


def _some_words(speech: KnownSpeech, count: int) -> list[tuple[int, int]] | None:
    """Words of two phones or more, neither the first nor the last, in order; None if there are too few or no times."""
    inner = [(first, last) for first, last in speech.words[1:-1] if last > first]
    if speech.times_s is None or len(inner) < count:
        return None
    return [inner[k] for k in sorted(speech.generator("word").permutation(len(inner))[:count])]


def _without(speech: KnownSpeech, tokens: list[tuple[int, int]]) -> np.ndarray:
    spans, at = [], 0
    for first, last in sorted(tokens):
        start, end = speech.span(first, last)
        spans.append((at, start))
        at = end
    return alterations.joined(speech.audio, [*spans, (at, len(speech.audio))], speech.rate_hz)


_BELOW, _DB, _HZ, _TIMES = "dB below the speech", "dB", "Hz", "× frequency"  # messages
_TRACT, _SEMITONES = "× frequency of formants, and a darker source", "semitones"  # messages
_RANGE, _PERCENT, _MS = "% of its range taken away", "%", "ms"  # messages
_SENTENCES, _EACH = "% of the sentences", "a sentence"  # messages

FAULTS: Mapping[str, PlantedFault] = {
    fault.name: fault
    for fault in (
        PlantedFault("noise", title="white noise", unit=_BELOW, strengths=(30.0, 20.0, 10.0), plant=_noise),
        PlantedFault("low_pass", title="low-pass", unit=_HZ, strengths=(6000.0, 4000.0, 2000.0), plant=_low_pass),
        PlantedFault("level", title="another level", unit=_DB, strengths=(-1.0, -3.0, -12.0), plant=_level),
        PlantedFault("formants", title="shifted formants", unit=_TIMES, strengths=(1.03, 1.1, 1.2), plant=_formants),
        PlantedFault("timbre", title="another speaker's timbre", unit=_TRACT, strengths=(0.95, 0.9, 0.8), plant=_timbre),
        PlantedFault("f0_up", title="higher F0", unit=_SEMITONES, strengths=(0.5, 1.0, 3.0), plant=_shifted),
        PlantedFault("f0_down", title="lower F0", unit=_SEMITONES, strengths=(-0.5, -1.0, -3.0), plant=_shifted),
        PlantedFault("f0_flat", title="flattened F0", unit=_RANGE, strengths=(25.0, 50.0, 100.0), plant=_flattened),
        PlantedFault("tempo", title="faster", unit=_PERCENT, strengths=(3.0, 10.0, 25.0), plant=_faster),
        PlantedFault("pause", title="a pause inside a word group", unit=_MS, strengths=(50.0, 150.0, 400.0), plant=_pause),
        PlantedFault("cut", title="the end cut off", unit=_MS, strengths=(50.0, 150.0, 400.0), plant=_cut),
        PlantedFault(
            "syllable_twice",
            title="a syllable said twice",
            unit=_SENTENCES,
            strengths=(10.0, 33.0, 100.0),
            plant=_syllable_twice,
            of_sentences=True,
        ),
        PlantedFault("phone_removed", title="phones left out", unit=_EACH, strengths=(1.0, 2.0, 4.0), plant=_phones_removed),
        PlantedFault("word_removed", title="words left out", unit=_EACH, strengths=(1.0, 2.0, 3.0), plant=_words_removed),
        PlantedFault("word_repeated", title="words said twice", unit=_EACH, strengths=(1.0, 2.0, 3.0), plant=_words_repeated),
    )
}
