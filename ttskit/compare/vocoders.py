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
from ttskit.audio.mel import MelExtractor
from ttskit.compare import metrics
from ttskit.compare.stats import Interval, mean_interval
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.interfaces.vocoder import Vocoder
from ttskit.training.pictures import draw_spectrogram, figure

Mels = Callable[[PreparedUtterance], np.ndarray]

MEASURES = {
    "mel_l1": "mean absolute difference of the two log mels (natural log)",
    "lsd_db": "log-spectral distance: root mean square over bins of the difference in dB, mean over frames; floor 60 dB",
    "mcd_db": "mel-cepstral distortion, coefficients 1 to 13, frame by frame, dB",
}
ORDER = 13


@dataclass(frozen=True, slots=True)
class VocoderFigures:
    """What one vocoder scored on one kind of mel; every measure is a mean over clips with its 95 % interval."""

    vocoder: str
    mels: str
    values: Mapping[str, Interval]

    def to_json(self) -> dict:
        """Plain data."""
        return {"vocoder": self.vocoder, "mels": self.mels, **{name: asdict(value) for name, value in self.values.items()}}


def held_out_clips(corpus: PreparedCorpus, limit: int) -> list[PreparedUtterance]:
    """At most `limit` utterances of the test split (else the validation split), evenly spread and long enough to measure."""
    least = corpus.mel.fft_samples + 2 * corpus.mel.hop_samples
    for split in ("test", "validation"):
        clips = [u for u in corpus.split(split) if u.samples >= least]  # reflection at the edges, and one window
        if clips:
            count = min(limit, len(clips))
            return [clips[round(k * (len(clips) - 1) / max(1, count - 1))] for k in range(count)]
    return []


def measure_vocoders(corpus: PreparedCorpus, vocoders: Mapping[str, Vocoder], mels: Mapping[str, Mels],
                     clips: Sequence[PreparedUtterance], out: Path | None = None, pictured: int = 4) -> list[VocoderFigures]:
    """Figures of every vocoder on every kind of mel.

    Args:
        vocoders: by the name to show; in evaluation mode, on their devices.
        mels: by the name to show, what gives the mel (M, T) of a clip.
        clips: what is measured.
        out: where audio, and pictures of the first `pictured` clips, go; None: nowhere.
    """
    scores: dict[tuple[str, str], dict[str, list[float]]] = {}
    extract = MelExtractor(corpus.mel)
    for index, clip in enumerate(clips):
        natural = np.asarray(corpus.audio(clip))
        shown = {"recording": natural}
        for kind, mel_of in mels.items():
            for name, vocoder in vocoders.items():
                audio = spoken(vocoder, np.asarray(mel_of(clip)), corpus.mel)
                shown[f"{name}, {kind} mel"] = audio
                for measure, value in compared(natural, audio, corpus.mel, extract).items():
                    scores.setdefault((name, kind), {}).setdefault(measure, []).append(value)
        if out is not None:
            _keep(out, clip, shown, corpus.mel, extract, index < pictured)
    return [VocoderFigures(name, kind, {measure: mean_interval(values) for measure, values in found.items()})
            for (name, kind), found in scores.items()]


def spoken(vocoder: Vocoder, mel: np.ndarray, config: MelConfig) -> np.ndarray:
    """Audio (S,) of a mel (M, T) on the recording's clock (what lies before its first sample is dropped)."""
    device = next(iter((*vocoder.parameters(), *vocoder.buffers())), torch.zeros(())).device
    with torch.inference_mode():
        wave = vocoder.infer(torch.tensor(mel, dtype=torch.float32)[None].to(device))[0].float().cpu().numpy()
    start = config.waveform_start_samples
    return wave[-start:] if start < 0 else np.concatenate([np.zeros(start, np.float32), wave])


def compared(natural: np.ndarray, audio: np.ndarray, config: MelConfig, extract: MelExtractor) -> dict[str, float]:
    """The measures of one clip."""
    samples = min(len(natural), len(audio))
    natural, audio = natural[:samples], audio[:samples]
    a, b = (metrics.natural_log_magnitude(_mel(extract, wave), config) for wave in (natural, audio))
    frames = np.arange(a.shape[1])
    order = min(ORDER, config.bands - 1)
    mcd = metrics.mel_cepstral_distortion_db(metrics.cepstrum(a, order), metrics.cepstrum(b, order),
                                             metrics.Path(frames, frames, 0.0))
    return {"mel_l1": float(np.abs(a - b).mean()), "lsd_db": metrics.log_spectral_distance_db(natural, audio, config),
            "mcd_db": mcd}


def table(figures: Sequence[VocoderFigures]) -> str:
    """The figures as lines of plain text."""

    def cell(interval: Interval, digits: int) -> str:
        return f"{interval.value:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"

    rows = [("vocoder", "mels", "mel L1", "LSD dB", "MCD dB")]
    rows += [(f.vocoder, f.mels, cell(f.values["mel_l1"], 3), cell(f.values["lsd_db"], 2), cell(f.values["mcd_db"], 2))
             for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _mel(extract: MelExtractor, wave: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return extract(torch.tensor(wave, dtype=torch.float32)[None])[0].numpy()


def _keep(out: Path, clip: PreparedUtterance, shown: Mapping[str, np.ndarray], config: MelConfig, extract: MelExtractor,
          picture: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, audio in shown.items():
        place = "".join(c if c.isalnum() or c in "-_." else "-" for c in name.replace(", ", "_"))
        write_wav(out / f"{clip.id}_{place}.wav", np.clip(audio, -1.0, 1.0), config.sample_rate_hz)
    if picture:
        drawn = {name: _mel(extract, audio) for name, audio in shown.items()}
        low, high = float(drawn["recording"].min()), float(drawn["recording"].max())
        with figure(out / f"{clip.id}.png", len(drawn), row_height=1.9) as axes:
            for ax, (name, mel) in zip(axes, drawn.items(), strict=True):
                draw_spectrogram(ax, mel, config, f"{clip.id}: {name}", low, high)
