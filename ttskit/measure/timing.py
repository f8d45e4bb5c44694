"""Timing: durations on all sentences, faulty ones as what they are, how fast is spoken, and where it pauses."""

from __future__ import annotations

import numpy as np

from ttskit.audio.config import MelConfig
from ttskit.interfaces.measurement import NATURAL, Findings, Measure, Measurement, Observation, Row, Sample, Spoken
from ttskit.measure import metrics
from ttskit.measure.paired import Pair, pair_of
from ttskit.measure.pauses import Activity, activity

__all__ = ["CHANCE", "MEASURES", "SpeechTiming", "phone_error_ms", "unexpected_pause_s"]

# A phone was said where its frames are paired with frames that resemble it more than this share of all others do. Phones of
# another voice, of a vocoder, through a low-pass or in noise at 20 dB lie at 0 to 0.15 in the median; what a path makes of
# noise alone or of one vowel held through the sentence at 0.44 and above.
CHANCE = 0.3

_BESIDE_S = 0.1  # on both sides of a pause: how far DTW may put it beside the recording's, or beside a comma

MEASURES = (
    Measure(
        "duration_error_all_ms",
        "duration error, all sentences",
        "ms per phone",
        "lower",
        1,
        "The recording's exact phone boundaries, carried to the synthetic audio by the path of the cepstral distortion, on "
        "every sentence: absolute differences of phone durations, summed and divided by the phones. A phone that is missing "
        "counts with its whole duration, what is said too much with its own, and a phone in whose place something else sounds "
        "with both. Only for corpora with exact times.",
    ),
    Measure(
        "speech_rate",
        "speech rate",
        "phones/s",
        "",
        1,
        "Phones that should be said (tokens that sound) per second of speech, pauses and edges taken off.",
    ),
    Measure(
        "pauses",
        "pauses inside the sentence",
        "per sentence",
        "",
        2,
        "Silences of at least 200 ms between the first and the last speech, by the energy of the audio against a threshold of "
        "its own (between 15 and 35 dB below its loud parts, 6 dB above its noise).",
    ),
    Measure("paused_ms", "length of all pauses", "ms per sentence", "", 0, "The same silences, added up."),
    Measure(
        "pause_error_ms",
        "pause error",
        "ms per sentence",
        "lower",
        0,
        "Absolute difference of the length of all pauses between the synthetic audio and the recording.",
    ),
    Measure(
        "unexpected_pause_ms",
        "longest pause inside a word group",
        "ms",
        "lower",
        0,
        "The longest silence at a place where the recording has none and the text no mark (which needs exact times), paired "
        "along the path of the cepstral distortion; 0 where there is none.",
    ),
)


class SpeechTiming(Measurement):
    """A row per measure, over all recorded sentences, whatever a recogniser says of them.

    Vocoders on the recordings' own mels have no timing of their own: nothing is found then.
    """

    def measure(self, spoken: Spoken) -> Findings:
        """Durations where the corpus has exact times; rate and pauses of natural speech as well."""
        if all(sample.one_clock for sample in spoken.samples):
            return Findings()
        found: dict[str, list[Observation]] = {measure.key: [] for measure in MEASURES}
        judged = [s for s in spoken.samples if spoken.recording(s) is not None]
        heard = {s.sentence.id: activity(s.audio, spoken.sample_rate_hz) for s in judged if s.system == NATURAL}
        with spoken.counted("timing", len(judged)) as advance:
            for sample in judged:
                for key, value in _of(sample, heard[sample.sentence.id], spoken).items():
                    found[key].append(sample.observation(value))
                advance(note=sample.system)
        rows = [Row(m, tuple(found[m.key]), m.key != "pauses") for m in MEASURES if found[m.key]]
        return Findings(rows)


def _of(sample: Sample, recorded: Activity, spoken: Spoken) -> dict[str, float]:
    """Every number of one sample by its key."""
    corpus, config = spoken.corpus, spoken.settings
    said = recorded if sample.system == NATURAL else activity(sample.audio, spoken.sample_rate_hz)
    sounds = np.array([t not in corpus.symbols.silent for t in sample.sentence.tokens])
    values = {
        "speech_rate": float(sounds.sum() / said.speaking_s) if said.speaking_s > 0 else float("nan"),
        "pauses": float(len(said.pauses_s)),
        "paused_ms": 1000.0 * said.paused_s,
    }
    if sample.system == NATURAL:
        return values
    order = min(config.mcd_order, spoken.mel.bands - 1)
    pair = pair_of(spoken, sample, order, all(s.one_clock for s in spoken.samples))
    assert pair is not None
    times = corpus.reference_times(corpus.utterance(sample.sentence.id))
    marks = np.zeros((0, 2))
    if times is not None:
        values["duration_error_all_ms"] = phone_error_ms(pair, times, sounds, recorded, said, spoken.mel)
        marked = [
            t in corpus.symbols.silent and t not in (corpus.symbols.space, corpus.symbols.pad) for t in sample.sentence.tokens
        ]
        marks = np.stack([times[:-1], times[1:]], 1)[np.array(marked)]
    values["pause_error_ms"] = 1000.0 * abs(said.paused_s - recorded.paused_s)
    values["unexpected_pause_ms"] = 1000.0 * unexpected_pause_s(pair.path, recorded, said, spoken.mel, marks)
    return values


def phone_error_ms(
    pair: Pair, times_s: np.ndarray, sounds: np.ndarray, recorded: Activity, said: Activity, mel: MelConfig
) -> float:
    """Duration error in ms per phone of a sentence, from N + 1 exact boundaries and which of its N tokens are sounds.

    Boundaries are carried along the path, so that the phones of a word that was left out become as good as nothing and differ
    by their whole duration, and what was inserted makes the phone beside it longer by its own. Two things a path alone cannot
    see: a phone in whose place something else sounds (`CHANCE`) counts as missing, its own duration, and as inserted, what
    stands for it; and speech that was inserted where the recording is silent counts with its length. NaN without sounds.
    """
    if not sounds.any():
        return float("nan")
    times_s = np.asarray(times_s, float)
    carried = metrics.transferred_times(times_s, pair.path, mel)
    own, there = np.diff(times_s), np.diff(carried)
    error = np.where(_was_said(pair, times_s, mel), np.abs(there - own), own + np.maximum(there, 0.0))[sounds].sum()
    for token in np.flatnonzero(~sounds):
        more = said.sounding_s(*carried[token : token + 2]) - recorded.sounding_s(*times_s[token : token + 2])
        error += max(0.0, more)
    return 1000.0 * float(error) / float(sounds.sum())


def unexpected_pause_s(
    path: metrics.Path, recorded: Activity, said: Activity, mel: MelConfig, marks_s: np.ndarray | None = None
) -> float:
    """Length of the longest pause of `said` that is paired with no pause of `recorded` and no mark of the text; 0 for none.

    Args:
        marks_s: (K, 2) start and end of the recording's tokens that are marks, where exact times are known.
    """
    hop_s, first_s = mel.hop_samples / mel.sample_rate_hz, mel.frame_centre(0)
    allowed = [*recorded.pauses_s, *(np.zeros((0, 2)) if marks_s is None else marks_s)]
    longest = 0.0
    for start, end in said.pauses_s:
        frames = (np.array([start, end]) - first_s) / hop_s
        within = (path.synthetic >= frames[0]) & (path.synthetic <= frames[1])
        if not within.any():
            continue
        low, high = first_s + path.reference[within][[0, -1]] * hop_s
        if not any(a - _BESIDE_S <= high and low <= b + _BESIDE_S for a, b in allowed):
            longest = max(longest, end - start)
    return longest


def _was_said(pair: Pair, times_s: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Per token (N,), whether its frames are paired with frames that resemble them more than chance would have it.

    The rank of a pair: the share of all frames of the other side that are nearer to the one than its partner is, both ways. A
    rank knows no scale, so that it asks the same of a good vocoder and of a bad one; and cepstra are taken without their mean
    over the sentence, so that a microphone, a low-pass or noise, which colour all frames alike, do not look like other phones.
    """
    path = pair.path
    distance = metrics.euclidean(*(c - c.mean(1, keepdims=True) for c in (pair.reference, pair.synthetic)))
    own = distance[path.reference, path.synthetic]
    rank = ((distance[path.reference] < own[:, None]).mean(1) + (distance[:, path.synthetic] < own[None]).mean(0)) / 2
    moments = mel.frame_centre(0) + path.reference * mel.hop_samples / mel.sample_rate_hz
    token = np.searchsorted(times_s, moments, side="right") - 1
    inside = (token >= 0) & (token < len(times_s) - 1)
    count = np.bincount(token[inside], minlength=len(times_s) - 1)
    total = np.bincount(token[inside], weights=rank[inside], minlength=len(times_s) - 1)
    return total <= CHANCE * np.maximum(count, 1)
