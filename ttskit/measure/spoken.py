"""Everything said once: natural speech, the recordings through the vocoder, every system × sentence × seed.

Sounds stay in memory up to a limit and wait on disk beyond it, so that two dozen systems with hundreds of sentences fit.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ttskit.audio.config import MelConfig
from ttskit.audio.files import write_wav
from ttskit.audio.loudness import played
from ttskit.config import CompareConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.interfaces.acoustic import Spectrogram
from ttskit.interfaces.measurement import NATURAL, RESYNTHESIS, Sample, Sentence, Sound, Spoken
from ttskit.interfaces.traversal import Traversal
from ttskit.measure.analysis import Analyser
from ttskit.measure.systems import System
from ttskit.progress import Counter, progress
from ttskit.synthesis.voice import part_seed

__all__ = ["MOST_BYTES", "SoundStore", "speak"]

MOST_BYTES = 512 * 1024**2  # of sounds in memory


class SoundStore:
    """Keeps sounds: the latest used in memory, at most `most_bytes` of them, the others in files of `folder`.

    A context manager: what lies on disk is removed at the end.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder, self.most_bytes = folder, most_bytes
        self._kept: OrderedDict[int, Sound] = OrderedDict()
        self._count = self._bytes = 0
        self._lock = threading.Lock()

    def __enter__(self) -> SoundStore:
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, sound: Sound) -> Callable[[], Sound]:
        """Take a sound; what is returned gives it back, bit for bit. Nobody can write into it: others are asked after."""
        with self._lock:
            key, self._count = self._count, self._count + 1
            self._add(key, sound)
        return partial(self._get, key)

    def _get(self, key: int) -> Sound:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            with np.load(self._path(key), allow_pickle=False) as data:
                sound = Sound(**{name: data[name] for name in data.files})
            self._add(key, sound)
            return sound

    def _add(self, key: int, sound: Sound) -> None:
        for array in _arrays(sound).values():
            array.flags.writeable = False
        self._kept[key] = sound
        self._bytes += _size(sound)
        while self._bytes > self.most_bytes and len(self._kept) > 1:
            oldest, gone = self._kept.popitem(last=False)
            self._bytes -= _size(gone)
            if not self._path(oldest).exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                np.savez(self._path(oldest), **_arrays(gone))

    def _path(self, key: int) -> Path:
        return self.folder / f"{key:06d}.npz"


def speak(
    systems: Sequence[System],
    sentences: Sequence[Sentence],
    corpus: PreparedCorpus,
    config: CompareConfig,
    analyse: Analyser,
    store: SoundStore,
    out: Path,
    device: str,
    tell: Callable[[str], None] = lambda text: None,
    counted: Callable[[str, int], AbstractContextManager[Counter]] = lambda title, total: progress(None, title, total),
) -> Spoken:
    """Let every system say every sentence once per seed; natural speech and the recordings through the vocoder come first.

    Each sentence is said whole, not cut into clauses, with a seed of its own. Audio goes to `out`/audio, all at one loudness,
    so that by ear nobody wins by being louder; measurements get the sounds as they are.
    """
    recorded = [s for s in sentences if s.recorded]
    samples: list[Sample] = []
    with counted("speaking", 2 * len(recorded) + len(systems) * len(sentences) * len(config.seeds)) as advance:

        def keep(made: Iterator[Sample]) -> None:
            for sample in made:
                samples.append(sample)
                advance(note=sample.system)

        keep(_natural(corpus, recorded, analyse, store, out))
        keep(_resynthesised(corpus, recorded, systems[0], analyse, store, out))
        for system in systems:
            for group in dict.fromkeys(s.group for s in sentences):
                own = [s for s in sentences if s.group == group]
                tell(f"{system.label} speaks {len(own)} {group} sentences")
                keep(_said(system, own, config.seeds, analyse, store, out))
    return Spoken(corpus, systems, sentences, samples, config, out, device, corpus.mel, tell, counted)


def _natural(
    corpus: PreparedCorpus, sentences: Sequence[Sentence], analyse: Analyser, store: SoundStore, out: Path
) -> Iterator[Sample]:
    for sentence in sentences:
        audio = np.asarray(corpus.audio(corpus.utterance(sentence.id)))
        sound = Sound(audio, *analyse(audio, sentence.speaker))
        path = _write(out, "natural", sentence, 0, audio, analyse.mel)
        yield Sample(sentence, NATURAL, 0, store.keep(sound), one_clock=True, audio_path=path)


def _resynthesised(
    corpus: PreparedCorpus, sentences: Sequence[Sentence], system: System, analyse: Analyser, store: SoundStore, out: Path
) -> Iterator[Sample]:
    """What a perfect acoustic model would sound like."""
    for index, sentence in enumerate(sentences):
        mel = torch.tensor(corpus.features(corpus.utterance(sentence.id)).mel)[None]
        audio = system.voice.waveform(Spectrogram(mel, torch.tensor([mel.shape[2]])), part_seed(0, index))
        sound = Sound(audio, *analyse(audio, sentence.speaker), mel=mel[0].numpy())
        path = _write(out, "vocoded", sentence, 0, audio, analyse.mel)
        yield Sample(sentence, RESYNTHESIS, 0, store.keep(sound), one_clock=True, audio_path=path)


def _said(
    system: System, sentences: Sequence[Sentence], seeds: Sequence[int], analyse: Analyser, store: SoundStore, out: Path
) -> Iterator[Sample]:
    for seed in seeds:
        for index, sentence in enumerate(sentences):
            own = part_seed(seed, index)
            (row,) = system.voice.spectrogram([sentence.tokens], speaker=sentence.speaker, seeds=[own])
            audio = system.voice.waveform(row, own)
            alignment = None if row.alignment is None else row.alignment[0].float().cpu().numpy()
            sound = Sound(audio, *analyse(audio, sentence.speaker), row.mel[0].float().cpu().numpy(), alignment)
            yield Sample(
                sentence,
                system.label,
                seed,
                store.keep(sound),
                finished=None if row.finished is None else bool(row.finished[0]),
                traversal=Traversal.of(row, sentence.token_words),
                audio_path=_write(out, system.label, sentence, seed, audio, analyse.mel),
            )


def _write(out: Path, system: str, sentence: Sentence, seed: int, audio: np.ndarray, mel: MelConfig) -> str:
    folder = "".join(c if c.isalnum() or c in "-_." else "-" for c in system)
    if folder != system:  # two labels that differ in such signs only must not share a folder
        folder += f"-{hashlib.sha256(system.encode()).hexdigest()[:6]}"
    name = f"audio/{folder}/{sentence.id}{f'_seed{seed}' if seed else ''}.wav"
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    write_wav(out / name, played(audio, mel.sample_rate_hz), mel.sample_rate_hz)
    return name


def _arrays(sound: Sound) -> dict[str, np.ndarray]:
    found = {name: getattr(sound, name) for name in Sound.__slots__}
    return {name: array for name, array in found.items() if array is not None}


def _size(sound: Sound) -> int:
    return sum(array.nbytes for array in _arrays(sound).values())
