"""What each number of the report is: its unit, which way is better, and how it is measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of the report.

    Args:
        key: its name in results.json.
        title, unit: as shown.
        better: "lower", "higher" or "" where neither is.
        digits: decimals shown.
        how: one or two sentences on how it is measured.
        factor: what the stored value is multiplied with for display (100 for shares shown in %).
    """

    key: str
    title: str
    unit: str
    better: str
    digits: int
    how: str
    factor: float = 1.0

    def to_json(self) -> dict:
        """Plain data."""
        return asdict(self)


QUALITY = (
    Measure(
        "mcd_db",
        "mel-cepstral distortion",
        "dB",
        "lower",
        2,
        "Mel cepstra (cosine transform of the natural-log magnitude mel, coefficients 1 to {mcd_order}, "
        "c0 left out) of recording and synthetic audio, aligned by dynamic time warping with unweighted "
        "steps; mean over the path of 10/ln 10 · √(2 Σ Δc²). The vocoder's share is included: see the row"
        " “natural, through the vocoder”.",
    ),
    Measure(
        "lsd_db",
        "log-spectral distance",
        "dB",
        "lower",
        2,
        "Root mean square over frequency bins of the difference of the two spectra in dB, mean over the same path; "
        "spectra are floored 60 dB below the recording's loudest bin. Unlike the cepstra it sees the harmonics.",
    ),
    Measure(
        "log_f0_rmse_semitones",
        "F0 error",
        "semitones",
        "lower",
        2,
        "Root mean square of 12·log2 of the F0 ratio on frames of the same path that are voiced on both "
        "sides. F0 by the corpus's own extractor, in the speaker's range. One semitone is 100 cents.",
    ),
    Measure(
        "voicing_error",
        "voicing error",
        "%",
        "lower",
        1,
        "Share of path pairs where one side is voiced and the other is not.",
        100.0,
    ),
    Measure(
        "duration_error_ms",
        "duration error",
        "ms per phone",
        "lower",
        1,
        "The recording's exact phone boundaries, carried to the synthetic audio by the same path: mean "
        "absolute difference of phone durations. Judged on the audio, alike for all models, on the "
        "sentences that the recogniser finds without fault (others give DTW nothing to hold on to), and "
        "only for corpora with exact times.",
    ),
    Measure("length_ratio", "length", "× natural", "", 2, "Length of the synthetic audio divided by the recording's."),
    Measure(
        "mel_l1",
        "mel distance",
        "natural log",
        "lower",
        3,
        "Mean absolute difference between the model's own mel (before the vocoder) and the recording's, "
        "along the DTW path that makes it smallest.",
    ),
)

LEARNED = (
    Measure(
        "boundary_error_ms",
        "boundary error of its own alignment",
        "ms",
        "lower",
        1,
        "The model aligns the recording itself; mean absolute distance of phone onsets to the corpus's exact times.",
    ),
    Measure(
        "teacher_forced_mel_l1",
        "mel distance, target's frames given",
        "natural log",
        "lower",
        3,
        "Mean absolute difference to the recording's mel when the model is given the recording's durations or frames.",
    ),
    Measure(
        "free_mel_l1",
        "mel distance, free-running",
        "natural log",
        "lower",
        3,
        "As above, speaking freely, after dynamic time warping.",
    ),
    Measure(
        "attention_within",
        "attention on the right token",
        "% of steps",
        "higher",
        1,
        "Free-running: share of frames whose strongest attention lies within one token of the truth. The "
        "truth is the token that the recording says at the moment that DTW pairs with the frame.",
        100.0,
    ),
    Measure(
        "stopped",
        "stopped by itself",
        "% of sentences",
        "higher",
        0,
        "Share of sentences that ended by the stop token and not by the frame limit.",
        100.0,
    ),
)

PHONE_ERROR = Measure(
    "phone_error_rate",
    "phone error rate",
    "%",
    "lower",
    1,
    "A small phone recogniser, trained on the corpus's natural speech only, listens to the audio; errors "
    "(wrong, missing and additional phones) divided by the phones that should be said. Compare with its own "
    "error on natural speech.",
    100.0,
)

OK_SHARE = Measure(
    "ok_share",
    "sentences without fault",
    "%",
    "higher",
    0,
    "Share of sentences in which the recogniser finds nothing skipped, repeated, cut, endless, added or unclear.",
    100.0,
)
