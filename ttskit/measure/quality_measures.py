"""What the numbers of quality are: every row, its unit and how it is measured."""

from __future__ import annotations

from ttskit.audio.config import MelConfig
from ttskit.interfaces.measurement import Measure
from ttskit.measure.melcepstrum import warping

__all__ = ["DETAIL", "LONG_KNOWN", "quality_measures"]

# Rows that are read beside others, in the section and not in the summary.
DETAIL = frozenset({"f0_range_ratio", "f0_correlation", "f0_gross_errors", "f0_compared"})
# What is asked of vocoders on the recordings' own mels, where height, level and timbre are given.
LONG_KNOWN = frozenset(
    {"mcd_db", "mcd_sptk_db", "lsd_db", "log_f0_rmse_semitones", "voicing_error", "audio_mel_l1", "length_ratio", "mel_l1"}
)


def quality_measures(mel: MelConfig, order: int, sptk_order: int) -> tuple[Measure, ...]:
    """All of them, in order, for a mel and the orders of the two kinds of cepstra."""
    return (
        Measure(
            "mcd_db",
            f"mel-cepstral distortion (DCT of the {mel.bands}-band mel, order {order})",
            "dB",
            "lower",
            2,
            f"Mel cepstra (cosine transform of the natural-log magnitude mel, coefficients 1 to {order}, c0 left out) of "
            "recording and synthetic audio at one loudness, aligned by dynamic time warping with unweighted steps; mean over "
            "the path of 10/ln 10 · √(2 Σ Δc²). The vocoder's share is included: natural speech stands there through the "
            "vocoder. Not the number of papers that take SPTK's or WORLD's mel cepstra: measurements.quality.mcd: sptk gives "
            "that one too.",
            brief="MCD",
        ),
        Measure(
            "mcd_sptk_db",
            f"mel-cepstral distortion (SPTK's mel cepstra, order {sptk_order}, α {warping(mel.sample_rate_hz):.3f})",
            "dB",
            "lower",
            2,
            "The same formula on mel cepstra as SPTK's mcep has them (Tokuda et al. 1994: fitted to the spectrum of each "
            f"frame of the audio, on a frequency axis warped by α; coefficients 1 to {sptk_order}, c0 left out), along a DTW "
            "path of their own. For numbers of the literature; values of two definitions cannot be compared.",
        ),
        Measure(
            "lsd_db",
            "log-spectral distance",
            "dB",
            "lower",
            2,
            "Root mean square over frequency bins of the difference of the two spectra in dB, at one loudness, mean over the "
            "same path; spectra are floored 60 dB below the recording's loudest bin. Unlike the cepstra it sees the harmonics.",
        ),
        Measure(
            "log_f0_rmse_semitones",
            "F0 error",
            "semitones",
            "lower",
            2,
            "Root mean square of 12·log2 of the F0 ratio on frames of the same path that are voiced on both "
            "sides. F0 by the corpus's own extractor, in the speaker's range. One semitone is 100 cents. The F0 frame error "
            "beside it is of all frames.",
            brief="F0",
        ),
        Measure(
            "f0_frame_error",
            "F0 frame error",
            "%",
            "lower",
            1,
            "Share of all pairs of the path with the wrong voicing, or with an F0 more than 20 % off the recording's (Chu & "
            "Alwan 2009): a frame that was left unvoiced is an error here, where it merely leaves the F0 error.",
            100.0,
        ),
        Measure(
            "f0_shift_semitones",
            "F0 shift",
            "semitones",
            "",
            2,
            "Median over pairs voiced on both sides of 12·log2 (synthetic / recording): above 0 the voice is higher than the "
            "recording, below 0 lower.",
        ),
        Measure(
            "f0_range_ratio",
            "F0 range",
            "× natural",
            "",
            2,
            "Semitones from the 10th to the 90th percentile of the synthetic audio's voiced frames, divided by the "
            "recording's: below 1 flatter, above 1 livelier.",
        ),
        Measure(
            "f0_correlation",
            "F0 correlation",
            "",
            "higher",
            2,
            "Pearson's correlation of log F0 over pairs voiced on both sides: whether the melody moves with the recording's, "
            "wherever it lies. 0 for a monotone, and where fewer than 10 pairs can be compared.",
        ),
        Measure(
            "f0_gross_errors",
            "gross F0 errors",
            "%",
            "lower",
            1,
            "Share of pairs voiced on both sides whose F0 is more than 20 % off the recording's (gross pitch error).",
            100.0,
        ),
        Measure(
            "f0_compared",
            "frames whose F0 was compared",
            "%",
            "higher",
            1,
            "Of the pairs that are voiced in the recording, the share voiced on both sides: what F0 error, shift, correlation "
            "and gross errors were asked of.",
            100.0,
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
            "level_db",
            "level",
            "dB re natural",
            "",
            1,
            "Loudness of the synthetic audio minus the recording's (ITU-R BS.1770, gated, so pauses do not count). Every "
            "distance is taken after this difference has been made up for.",
        ),
        Measure(
            "timbre_distance_db",
            "timbre distance",
            "dB",
            "lower",
            2,
            "Distance of the average spectra over frames voiced on both sides, by the formula of the mel-cepstral distortion: "
            "what stays the same through the sentence, be it the speaker's vocal tract, a microphone or the vocoder.",
        ),
        Measure(
            "formant_ratio",
            "formants",
            "× natural",
            "",
            3,
            "The factor on the frequency axis that brings the recording's voiced spectra nearest to the synthetic ones (as "
            "vocal tract length normalisation; constant colouring taken off): 1 is the same vocal tract, above 1 a shorter "
            "one.",
        ),
        Measure(
            "audio_mel_l1",
            "mel distance of the audio",
            "natural log",
            "lower",
            3,
            "Mean absolute difference of the two log mels at one loudness, frame by frame: of speech that keeps the "
            "recording's time.",
        ),
        Measure("length_ratio", "length", "× natural", "", 2, "Length of the synthetic audio divided by the recording's."),
        Measure(
            "mel_l1",
            "mel distance, free-running",
            "natural log, after DTW",
            "lower",
            3,
            "Mean absolute difference between the model's own mel (before the vocoder) and the recording's at one loudness, "
            "along the DTW path that makes it smallest. Not on the scale of a distance frame by frame, which has no path to "
            "choose.",
        ),
    )
