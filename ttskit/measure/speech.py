"""What the systems say: test sentences and hard sentences, spoken whole and free-running, and measured on the audio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.files import write_wav
from ttskit.audio.mel import MelExtractor
from ttskit.config.comparison import CompareConfig
from ttskit.errors import InputError, TTSKitError
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.traversal import Traversal
from ttskit.measure import metrics
from ttskit.measure.systems import System
from ttskit.synthesis.voice import part_seed

if TYPE_CHECKING:
    from ttskit.corpus.prepared import PreparedCorpus, PreparedUtterance
    from ttskit.plugins import Registry

NATURAL, RESYNTHESIS = "natural", "natural, through the vocoder"


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence to be spoken; `utterance` is its recording, None for hard sentences."""

    id: str
    group: str
    text: str
    tokens: tuple[str, ...]
    token_words: tuple[int | None, ...]
    words: tuple[str, ...]
    speaker: str
    utterance: PreparedUtterance | None = None


@dataclass
class Sample:
    """One item spoken by one system with one seed.

    Args:
        mel: (M, T) of the model itself; None for natural speech.
        audio_mel: (M, T) of the audio, by the corpus's mel.
        pitch_hz: (T,) F0 of the audio.
        alignment: (T, N) of the model, or None.
        finished: whether an autoregressive model stopped by itself, else None.
        traversal: words skipped and repeated by an autoregressive model's own alignment: shown, not scored.
        audio_path: relative to the report's folder.
        scores: numbers by name, NaN where undefined.
    """

    item: Item
    system: str
    seed: int
    audio: np.ndarray
    audio_mel: np.ndarray
    pitch_hz: np.ndarray
    mel: np.ndarray | None = None
    alignment: np.ndarray | None = None
    finished: bool | None = None
    traversal: Traversal | None = None
    audio_path: str = ""
    scores: dict[str, float] = field(default_factory=dict)


class Analyser:
    """Mel and F0 of any audio as the corpus has them: its mel, its pitch extractor, its speaker's range."""

    def __init__(self, corpus: PreparedCorpus, registry: Registry) -> None:
        settings = (corpus.info.get("settings") or {}).get("corpus") or {}
        known = registry.all("pitch extractor")
        name = settings.get("pitch_extractor", "autocorrelation")
        self.pitch_extractor = name if name in known else next(iter(sorted(known)))
        self._pitch = registry.get("pitch extractor", self.pitch_extractor).load()
        self.mel, self._extract = corpus.mel, MelExtractor(corpus.mel)
        self._ranges = {name: s.get("pitch_range_hz", (50.0, 600.0)) for name, s in corpus.info["statistics"].items()}

    def __call__(self, audio: np.ndarray, speaker: str) -> tuple[np.ndarray, np.ndarray]:
        """Log mel (M, T) and F0 (T,) in Hz of audio (S,)."""
        audio = _long_enough(audio, self.mel)
        with torch.inference_mode():
            mel = self._extract(torch.from_numpy(audio.copy())[None])[0].numpy()
        low, high = self._ranges.get(speaker, (50.0, 600.0))
        pitch = np.asarray(self._pitch(audio, self.mel, float(low), float(high)), np.float32)
        return mel, pitch[: mel.shape[1]]


def _long_enough(audio: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Reflection needs more samples than the edge; the rest is for a model that says almost nothing."""
    audio = np.asarray(audio, np.float32)
    return np.pad(audio, (0, max(0, mel.edge_samples + mel.fft_samples - len(audio))))


def recorded_items(corpus: PreparedCorpus, config: CompareConfig, registry: Registry) -> list[Item]:
    """Sentences of the test (or validation) split, evenly spread over it if there is a limit."""
    frontend = corpus.frontend_instance(registry)
    items = []
    for u in _spread(corpus.split(config.split), config.limit):
        analysis = frontend.analyze(u.text)
        # The manifest keeps no spelling by word; a frontend that has changed since may read other words.
        same = analysis.tokens == u.tokens
        words = tuple(w.text for w in analysis.words) if same else _word_tokens(u.tokens, u.token_words)
        items.append(Item(u.id, config.split, u.text, u.tokens, u.token_words, words, u.speaker, u))
    return items


def hard_sentences() -> list[str]:
    """Lines that break synthesisers: repetition, spelling, digits, tongue twisters, one word, very long."""
    text = files("ttskit.measure").joinpath("hard_es.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]


def hard_items(corpus: PreparedCorpus, config: CompareConfig, registry: Registry) -> list[Item]:
    """The hard sentences, read by the corpus's own frontend; a line that it cannot read is left out.

    Raises:
        InputError: a file without lines, or not UTF-8.
    """
    if config.hard_file is None:
        lines = hard_sentences()
    else:
        path = Path(config.hard_file)
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not UTF-8", f"byte {error.start}", "save it as UTF-8") from error
        if not lines:
            raise InputError(f"{path} has no sentences", "", "write one a line")
    frontend = corpus.frontend_instance(registry)
    speaker = max(corpus.speakers.names, key=lambda n: corpus.info["statistics"][n].get("seconds", 0.0))
    items = []
    for number, text in enumerate(lines, start=1):
        try:
            analysis = frontend.analyze(text)
            corpus.symbols.ids(analysis.tokens)
        except TTSKitError:
            continue
        if analysis.words:
            items.append(
                Item(
                    f"hard_{number:03d}",
                    "hard",
                    text,
                    analysis.tokens,
                    analysis.token_words,
                    tuple(w.text for w in analysis.words),
                    speaker,
                )
            )
    return _spread(items, config.hard_limit)


def natural_samples(corpus: PreparedCorpus, items: Sequence[Item], analyse: Analyser, out: Path) -> list[Sample]:
    """The recordings themselves, analysed by the same code as the synthetic speech."""
    samples = []
    for item in items:
        audio = corpus.audio(item.utterance)
        mel, pitch = analyse(audio, item.speaker)
        samples.append(Sample(item, NATURAL, 0, audio, mel, pitch, audio_path=_write(out, "natural", item, 0, audio, analyse)))
    return samples


def resynthesised_samples(
    corpus: PreparedCorpus, items: Sequence[Item], system: System, analyse: Analyser, out: Path
) -> list[Sample]:
    """The recordings' mels through the shared vocoder: what a perfect acoustic model would sound like."""
    samples = []
    for index, item in enumerate(items):
        frames = torch.tensor(corpus.features(item.utterance).mel)[None]
        audio = system.voice.waveform(Spectrogram(frames, torch.tensor([frames.shape[2]])), part_seed(0, index))
        mel, pitch = analyse(audio, item.speaker)
        samples.append(
            Sample(
                item,
                RESYNTHESIS,
                0,
                audio,
                mel,
                pitch,
                mel=frames[0].numpy(),
                audio_path=_write(out, "vocoded", item, 0, audio, analyse),
            )
        )
    return samples


def spoken_samples(
    system: System,
    items: Sequence[Item],
    seeds: Sequence[int],
    analyse: Analyser,
    out: Path,
    advance: Callable[[], None] = lambda: None,
) -> list[Sample]:
    """Each item spoken whole (not cut into clauses) by one system, once per seed."""
    samples = []
    for seed in seeds:
        for index, item in enumerate(items):
            own = part_seed(seed, index)
            (row,) = system.voice.spectrogram([item.tokens], speaker=item.speaker, seeds=[own])
            audio = system.voice.waveform(row, own)
            mel, pitch = analyse(audio, item.speaker)
            samples.append(
                Sample(
                    item,
                    system.label,
                    seed,
                    audio,
                    mel,
                    pitch,
                    mel=row.mel[0].float().cpu().numpy(),
                    alignment=None if row.alignment is None else row.alignment[0].float().cpu().numpy(),
                    finished=None if row.finished is None else bool(row.finished[0]),
                    traversal=Traversal.of(row, item.token_words),
                    audio_path=_write(out, system.label, item, seed, audio, analyse),
                )
            )
            advance()
    return samples


def score(
    sample: Sample,
    natural: Sample,
    corpus: PreparedCorpus,
    config: CompareConfig,
    others: dict[str, Callable[..., float]] | None = None,
) -> list[str]:
    """Fill in `sample.scores` against the recording of the same sentence; returns problems of third-party metrics.

    Everything but `mel_l1` is measured on the audio, so that the vocoder is included, and alike for all.
    """
    mel = corpus.mel
    order = min(config.mcd_order, mel.bands - 1)
    reference = metrics.cepstrum(metrics.natural_log_magnitude(natural.audio_mel, mel), order)
    synthetic = metrics.cepstrum(metrics.natural_log_magnitude(sample.audio_mel, mel), order)
    path = metrics.align_cepstra(reference, synthetic)
    rate = mel.sample_rate_hz
    sample.scores |= {
        "mcd_db": metrics.mel_cepstral_distortion_db(reference, synthetic, path),
        "lsd_db": metrics.log_spectral_distance_db(
            _long_enough(natural.audio, mel), _long_enough(sample.audio, mel), mel, path
        ),
        "log_f0_rmse_semitones": metrics.log_f0_rmse_semitones(natural.pitch_hz, sample.pitch_hz, path),
        "voicing_error": metrics.voicing_error(natural.pitch_hz, sample.pitch_hz, path),
        "length_ratio": len(sample.audio) / max(1, len(natural.audio)),
    }
    if sample.mel is not None:
        target = np.asarray(corpus.features(sample.item.utterance).mel)
        sample.scores["mel_l1"] = metrics.mel_l1_after_dtw(
            metrics.natural_log_magnitude(target, mel), metrics.natural_log_magnitude(sample.mel, mel)
        )
    times = corpus.reference_times(sample.item.utterance)
    if times is not None:
        spoken = np.array([t not in corpus.symbols.silent for t in sample.item.tokens])
        errors = np.abs(metrics.duration_errors_ms(times, path, mel))[spoken]
        sample.scores["duration_error_ms"] = float(errors.mean()) if errors.size else float("nan")
    problems = []
    for name, metric in (others or {}).items():
        try:
            sample.scores[name] = float(metric(natural.audio, sample.audio, rate))
        except Exception as error:  # a third party's code may raise anything; one metric must not cost the report
            sample.scores[name] = float("nan")
            problems.append(f"metric {name!r} failed on {sample.item.id}: {type(error).__name__}: {error}")
    return problems


def _write(out: Path, system: str, item: Item, seed: int, audio: np.ndarray, analyse: Analyser) -> str:
    folder = "".join(c if c.isalnum() or c in "-_." else "-" for c in system)
    name = f"audio/{folder}/{item.id}{f'_seed{seed}' if seed else ''}.wav"
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    write_wav(out / name, np.clip(audio, -1.0, 1.0), analyse.mel.sample_rate_hz)
    return name


def _spread(items: list, limit: int | None) -> list:
    if limit is None or limit >= len(items):
        return items
    return [items[i] for i in sorted({round(k * (len(items) - 1) / max(1, limit - 1)) for k in range(limit)})]


def _word_tokens(tokens: Sequence[str], token_words: Sequence[int | None]) -> tuple[str, ...]:
    """Each word as its tokens."""
    count = max((w for w in token_words if w is not None), default=-1) + 1
    return tuple("".join(t for t, w in zip(tokens, token_words, strict=True) if w == k) for k in range(count))
