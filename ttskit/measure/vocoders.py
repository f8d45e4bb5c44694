"""Vocoders on held-out clips: recordings' mels and teacher-forced ones into audio, measured against the recording.

Each clip keeps its time, so that everything is compared frame by frame, without warping.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.files import write_wav
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.interfaces.vocoder import Vocoder, vocoder_generators
from ttskit.measure import intrusive, metrics
from ttskit.measure.speech import Analyser
from ttskit.measure.stats import Interval, mean_interval
from ttskit.pictures.speech import draw_spectrogram, figure
from ttskit.plugins import Registry

Mels = Callable[[PreparedUtterance], np.ndarray]

MEASURES = {
    "mel_l1": "mean absolute difference of the two log mels (natural log)",
    "lsd_db": "log-spectral distance: root mean square over bins of the difference in dB, mean over frames; floor 60 dB",
    "mcd_db": "mel-cepstral distortion, coefficients 1 to 13, frame by frame, dB",
    "f0_semitones": "root mean square difference of F0 in semitones, where the recording and the vocoder are voiced",
    "voicing_error": "share of frames where only one of the two is voiced, 0 to 1",
}
MEASURES |= intrusive.MEASURES  # of these, those whose packages are installed
_COLUMNS = {
    "mel_l1": ("mel L1", 3),
    "lsd_db": ("LSD dB", 2),
    "mcd_db": ("MCD dB", 2),
    "f0_semitones": ("F0 st", 2),
    "voicing_error": ("voicing", 3),
    "pesq": ("PESQ", 2),
    "stoi": ("STOI", 3),
}  # heading and digits
ORDER = 13


@dataclass(frozen=True, slots=True)
class VocoderFigures:
    """What one vocoder scored on one kind of mel; measures are means over clips with 95 % intervals, None if undefined."""

    vocoder: str
    mels: str
    values: Mapping[str, Interval | None]

    def to_json(self) -> dict:
        """Plain data."""
        values = {name: value and asdict(value) for name, value in self.values.items()}
        return {"vocoder": self.vocoder, "mels": self.mels, **values}


def held_out_clips(corpus: PreparedCorpus, limit: int) -> list[PreparedUtterance]:
    """At most `limit` utterances of the test split (else the validation split), evenly spread and long enough to measure."""
    least = corpus.mel.fft_samples + 2 * corpus.mel.hop_samples
    for split in ("test", "validation"):
        clips = [u for u in corpus.split(split) if u.samples >= least]  # reflection at the edges, and one window
        if clips:
            count = min(limit, len(clips))
            return [clips[round(k * (len(clips) - 1) / max(1, count - 1))] for k in range(count)]
    return []


def measure_vocoders(
    corpus: PreparedCorpus,
    vocoders: Mapping[str, Vocoder],
    mels: Mapping[str, Mels],
    clips: Sequence[PreparedUtterance],
    registry: Registry,
    out: Path | None = None,
    pictured: int = 4,
) -> list[VocoderFigures]:
    """Figures of every vocoder on every kind of mel.

    Args:
        vocoders: by the name to show; in evaluation mode, on their devices.
        mels: by the name to show, what gives the mel (M, T) of a clip.
        clips: what is measured.
        registry: where the corpus's pitch extractor is found.
        out: where audio, and pictures of the first `pictured` clips, go; None: nowhere.
    """
    scores: dict[tuple[str, str], dict[str, list[float]]] = {}
    analyse = Analyser(corpus, registry)
    for index, clip in enumerate(clips):
        natural = np.asarray(corpus.audio(clip))
        shown = {"recording": natural}
        for kind, mel_of in mels.items():
            for name, vocoder in vocoders.items():
                audio = spoken(vocoder, np.asarray(mel_of(clip)), corpus.mel, index)
                shown[f"{name}, {kind} mel"] = audio
                for measure, value in compared(natural, audio, analyse, clip.speaker).items():
                    scores.setdefault((name, kind), {}).setdefault(measure, []).append(value)
        if out is not None:
            _keep(out, clip, shown, analyse, index < pictured)
    return [
        VocoderFigures(name, kind, {measure: mean_interval(values) for measure, values in found.items()})
        for (name, kind), found in scores.items()
    ]


def spoken(vocoder: Vocoder, mel: np.ndarray, config: MelConfig, seed: int = 0) -> np.ndarray:
    """Audio (S,) of a mel (M, T) on the recording's clock (what lies before its first sample is dropped).

    `seed` is the clip's, which a stochastic vocoder's noise follows from.
    """
    device = next(iter((*vocoder.parameters(), *vocoder.buffers())), torch.zeros(())).device
    with torch.inference_mode():
        given = torch.tensor(mel, dtype=torch.float32)[None].to(device)
        wave = vocoder.infer(given, generators=vocoder_generators([seed]))[0].float().cpu().numpy()
    start = config.waveform_start_samples
    return wave[-start:] if start < 0 else np.concatenate([np.zeros(start, np.float32), wave])


def compared(
    natural: np.ndarray, audio: np.ndarray, analyse: Analyser, speaker: str, one_clock: bool = True
) -> dict[str, float]:
    """The measures of one clip, natural and audio (S,); F0 is NaN where none is found on both sides.

    On one clock frames are compared in turn; otherwise (speech with a timing of its own) along a DTW path, and without
    PESQ and STOI, which need one clock.
    """
    config = analyse.mel
    if one_clock:
        samples = min(len(natural), len(audio))
        natural, audio = natural[:samples], audio[:samples]
    (mel, f0), (other_mel, other_f0) = (analyse(wave, speaker) for wave in (natural, audio))
    a, b = (metrics.natural_log_magnitude(m, config) for m in (mel, other_mel))
    cepstra = [metrics.cepstrum(m, min(ORDER, config.bands - 1)) for m in (a, b)]
    frames = np.arange(a.shape[1])
    path = metrics.Path(frames, frames, 0.0) if one_clock else metrics.align_cepstra(*cepstra)
    return {
        "mel_l1": float(np.abs(a[:, path.reference] - b[:, path.synthetic]).mean()),
        "lsd_db": metrics.log_spectral_distance_db(natural, audio, config, None if one_clock else path),
        "mcd_db": metrics.mel_cepstral_distortion_db(*cepstra, path),
        "f0_semitones": metrics.log_f0_rmse_semitones(f0, other_f0, path),
        "voicing_error": metrics.voicing_error(f0, other_f0, path),
        **(intrusive.intrusive_scores(natural, audio, config.sample_rate_hz) if one_clock else {}),
    }


def table(figures: Sequence[VocoderFigures]) -> str:
    """The figures as lines of plain text."""

    def cell(interval: Interval | None, digits: int) -> str:
        if interval is None:
            return "–"
        return f"{interval.value:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"

    columns = {name: column for name, column in _COLUMNS.items() if any(name in f.values for f in figures)}
    rows = [("vocoder", "mels", *(heading for heading, _ in columns.values()))]
    rows += [(f.vocoder, f.mels, *(cell(f.values.get(name), digits) for name, (_, digits) in columns.items())) for f in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _keep(out: Path, clip: PreparedUtterance, shown: Mapping[str, np.ndarray], analyse: Analyser, picture: bool) -> None:
    config = analyse.mel
    out.mkdir(parents=True, exist_ok=True)
    for name, audio in shown.items():
        place = "".join(c if c.isalnum() or c in "-_." else "-" for c in name.replace(", ", "_"))
        write_wav(out / f"{clip.id}_{place}.wav", np.clip(audio, -1.0, 1.0), config.sample_rate_hz)
    if picture:
        drawn = {name: analyse(audio, clip.speaker)[0] for name, audio in shown.items()}
        low, high = float(drawn["recording"].min()), float(drawn["recording"].max())
        with figure(out / f"{clip.id}.png", len(drawn), row_height=1.9) as axes:
            for ax, (name, mel) in zip(axes, drawn.items(), strict=True):
                draw_spectrogram(ax, mel, config, f"{clip.id}: {name}", low, high)
