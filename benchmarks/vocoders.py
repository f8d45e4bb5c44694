"""Vocoders on held-out recordings: copy synthesis, teacher-forced mels, text to speech, and the denoiser.

    python benchmarks/vocoders.py prepared --vocoder runs/hifigan --vocoder griffinlim
    python benchmarks/vocoders.py prepared --vocoder runs/hifigan --from-acoustic runs/fastpitch --denoise 1 --out figures

Prints one table for each: mel L1, log-spectral distance, mel-cepstral distortion, F0 and voicing against the recordings,
and PESQ and STOI if the extra `intrusive` is installed, with 95 % intervals; with --out, audio and pictures go there.
Text to speech is free-running and lined up by DTW, so its rows compare vocoders, not models; PESQ and STOI, which
need one clock, are not taken of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
from ttskit.interfaces import Vocoder
from ttskit.measure.vocoders import VocoderFigures, held_out_clips, measure_vocoders, table, vocode
from ttskit.plugins import Registry, create_registry
from ttskit.runs.forced import forced_mels
from ttskit.synthesis.denoise import Denoised
from ttskit.synthesis.load import load_vocoder, load_voice


def free_running(
    corpus: PreparedCorpus, run: Path, vocoders: dict[str, Vocoder], clips: Sequence[PreparedUtterance], registry: Registry
) -> list[VocoderFigures]:
    """Each clip's text spoken by the run's model, through each vocoder, against its recording."""
    voice = load_voice(run, "griffinlim")
    rows = {u.id: voice.spectrogram([u.tokens], speaker=u.speaker, seeds=[0])[0].mel[0].cpu().numpy() for u in clips}
    said = {f"text, {run.name}": lambda u: rows[u.id]}
    return measure_vocoders(corpus, vocoders, said, clips, registry, one_clock=False)


def pauses_db(corpus: PreparedCorpus, vocoder: Vocoder, clips: Sequence[PreparedUtterance]) -> tuple[float, float]:
    """Median level of the quietest tenth of each clip's frames, in dB of full scale: (recording, vocoder)."""
    levels: list[tuple[float, float]] = []
    for u in clips:
        natural, audio = np.asarray(corpus.audio(u)), vocode(vocoder, np.asarray(corpus.features(u).mel), corpus.mel)
        a, b = (_frame_db(x, corpus.mel) for x in (natural, audio))
        quiet = np.argsort(a)[: max(1, len(a) // 10)]
        levels.append((float(np.median(a[quiet])), float(np.median(b[quiet[quiet < len(b)]]))))
    return tuple(np.median(np.array(levels), axis=0))


def _frame_db(audio: np.ndarray, mel: MelConfig) -> np.ndarray:
    frames = audio[: len(audio) // mel.hop_samples * mel.hop_samples].reshape(-1, mel.hop_samples).astype(np.float64)
    return 10 * np.log10((frames**2).mean(1) + 1e-12)


def main() -> None:
    """Read the arguments, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--vocoder", action="append", required=True, help="run folder, or griffinlim; several times")
    parser.add_argument("--from-acoustic", type=Path, action="append", default=[], help="acoustic run; several times")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--denoise", type=float, action="append", default=[], help="strength; several times")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    corpus, registry = PreparedCorpus.open(given.data), create_registry()
    clips = held_out_clips(corpus, given.clips)
    vocoders = {}
    for chosen in given.vocoder:
        vocoder, name = load_vocoder(chosen, corpus.mel, "cpu", registry)
        vocoders[name] = vocoder.eval()
    mels = {"natural": lambda u: corpus.features(u).mel}
    mels |= {f"forced, {run.name}": forced_mels(corpus, run, registry=registry) for run in given.from_acoustic}
    figures = measure_vocoders(corpus, vocoders, mels, clips, registry, given.out)
    for run in given.from_acoustic:
        figures += free_running(corpus, run, vocoders, clips, registry)
    print(f"{len(clips)} held-out clips")
    print(table(figures))
    for strength in given.denoise:
        print(f"\ndenoiser, strength {strength:g}: level of pauses, recording / plain / denoised, dB; then figures")
        for name, vocoder in vocoders.items():
            clean = Denoised(vocoder, strength).eval()
            (natural, plain), (_, cleaned) = (pauses_db(corpus, v, clips) for v in (vocoder, clean))
            print(f"{name}: {natural:.1f} / {plain:.1f} / {cleaned:.1f}")
            print(table(measure_vocoders(corpus, {f"{name}, denoised": clean}, {"natural": mels["natural"]}, clips, registry)))


if __name__ == "__main__":
    main()
