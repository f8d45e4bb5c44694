"""Speaker similarity: how near a voice is to the speaker's own recordings, by the GE2E voice encoder.

Wan, Wang, Papir & Lopez Moreno 2018, "Generalized End-to-End Loss for Speaker Verification" (ICASSP). The weights lie in the
package `Resemblyzer`; the network is built here, since the package needs a part of scipy that is going away.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import librosa
import numpy as np
import torch
from torch import Tensor, nn

from ttskit.audio.files import resample
from ttskit.interfaces.measurement import NATURAL, Measure, Sample, Spoken
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.networks import content_of, fill
from ttskit_predictors.packages import file_in

__all__ = ["SpeakerSimilarity", "VoiceEncoder", "embedding_of", "voice_encoder"]

_RATE_HZ = 16_000
_WINDOW, _HOP, _BANDS = 400, 160, 40  # of the mel
_PART = 160  # frames of one part, 1.6 s
_PARTS_PER_S, _LEAST_COVERED = 1.3, 0.75  # how many parts a second begin, and how much of the last one must be sound
_WIDTH, _LAYERS = 256, 3
_LEVEL_DBFS = -30.0  # what is quieter is made as loud
_STEP = 480  # samples that are speech or not, 30 ms
_SMOOTHED, _KEPT = 8, 6  # steps: over which decisions are averaged, and of silence kept beside speech
_STRICTEST = 3  # of webrtcvad


class SpeakerSimilarity(SamplePredictor):
    """Cosine of a sample's embedding and the mean embedding of the speaker's recordings of the other sentences.

    A recording is so compared with the speaker's others, which is what a perfect voice would reach.
    """

    name = "similarity"
    opinion = False
    rate_hz = _RATE_HZ
    measures = (
        Measure(
            "speaker_similarity",
            "speaker similarity",
            "",
            "higher",
            3,
            "Cosine, −1 to 1, of the embedding of a sample and the mean one of the speaker's recordings of "
            "the other sentences, by the GE2E voice encoder (Wan et al. 2018; weights of Resemblyzer), "
            "trained on English read and interview speech at 16 kHz. It hears who speaks; how well, it does "
            "not hear.",
        ),
    )

    def start(self, spoken: Spoken) -> None:
        self._encoder = voice_encoder()
        self._known: dict[int, dict[str, dict[str, np.ndarray]]] = {}

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        speaker, sentence = sample.sentence.speaker, sample.sentence.id
        own = self._recordings(spoken, speaker)
        others = [own[name] for name in sorted(own) if name != sentence]
        if not others and sample.system != NATURAL:  # a single recording: of the same sentence, for want of another
            others = list(own.values())
        embedded = own[sentence] if sample.system == NATURAL and sentence in own else embedding_of(audio, self._encoder)
        if not others or embedded is None:
            return {}
        voice = np.mean(others, axis=0)
        return {"speaker_similarity": float(embedded @ voice / np.linalg.norm(voice))}

    def _recordings(self, spoken: Spoken, speaker: str) -> dict[str, np.ndarray]:
        """Embeddings of the speaker's recordings by sentence, found once for what was said."""
        known = self._known if id(spoken) in self._known else {id(spoken): {}}
        self._known = known  # of one comparison at a time
        by_speaker = known[id(spoken)]
        if speaker not in by_speaker:
            found = {}
            for one in spoken.of(NATURAL):
                if one.sentence.speaker == speaker:
                    audio = np.clip(resample(np.asarray(one.audio, np.float32), spoken.sample_rate_hz, _RATE_HZ), -1.0, 1.0)
                    embedded = embedding_of(audio, self._encoder)
                    if embedded is not None:
                        found[one.sentence.id] = embedded
            by_speaker[speaker] = found
        return by_speaker[speaker]


class VoiceEncoder(nn.Module):
    """Three LSTM layers, a projection and a rectifier. Names are the checkpoint's; two parameters of its loss stay unused."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_BANDS, _WIDTH, _LAYERS, batch_first=True)
        self.linear = nn.Linear(_WIDTH, _WIDTH)
        self.similarity_weight, self.similarity_bias = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))

    def forward(self, mels: Tensor) -> Tensor:
        """Embeddings (B, 256) of length 1 of mels (B, 160, 40), which are powers, not their logs."""
        _, (hidden, _) = self.lstm(mels)
        found = torch.relu(self.linear(hidden[-1]))
        return found / found.norm(dim=1, keepdim=True)


def voice_encoder() -> VoiceEncoder:
    """The encoder with the package's weights, opened once."""
    return _encoder(file_in("resemblyzer", "pretrained.pt"))


@lru_cache(maxsize=1)
def _encoder(path: Path) -> VoiceEncoder:
    encoder = VoiceEncoder()
    fill(encoder, content_of(path), "model_state", path)
    return encoder


def embedding_of(audio: np.ndarray, encoder: VoiceEncoder) -> np.ndarray | None:
    """(256,) of length 1, of audio (S,) at 16 kHz; None where there is no speech."""
    level = 20 * np.log10(np.sqrt(np.mean(np.square(audio, dtype=np.float64))) + 1e-12)
    speech = _without_silence(audio * 10 ** (max(0.0, _LEVEL_DBFS - level) / 20))
    if not len(speech):
        return None
    starts = _starts(len(speech))
    padded = np.pad(speech, (0, max(0, (starts[-1] + _PART) * _HOP - len(speech)))).astype(np.float32)
    mel = librosa.feature.melspectrogram(y=padded, sr=_RATE_HZ, n_fft=_WINDOW, hop_length=_HOP, n_mels=_BANDS).T
    parts = torch.from_numpy(np.stack([mel[s : s + _PART] for s in starts]).astype(np.float32))
    with torch.inference_mode():
        mean = encoder(parts).mean(0).numpy()
    size = float(np.linalg.norm(mean))
    return mean / size if np.isfinite(size) and size > 0 else None


def _starts(samples: int) -> list[int]:
    """First frames of the parts; the last one only if most of it is sound."""
    frames = int(np.ceil((samples + 1) / _HOP))
    step = round(_RATE_HZ / _PARTS_PER_S / _HOP)
    starts = list(range(0, max(1, frames - _PART + step + 1), step))
    covered = (samples - starts[-1] * _HOP) / (_PART * _HOP)
    return starts[:-1] if covered < _LEAST_COVERED and len(starts) > 1 else starts


def _without_silence(audio: np.ndarray) -> np.ndarray:
    """Steps of 30 ms that are speech or near to it, by webrtcvad."""
    import webrtcvad
    from scipy.ndimage import binary_dilation

    audio = audio[: len(audio) // _STEP * _STEP]
    if not len(audio):
        return audio
    pcm = np.clip(np.round(audio * 32767), -32768, 32767).astype("<i2")
    vad = webrtcvad.Vad(_STRICTEST)
    flags = np.array([vad.is_speech(step.tobytes(), _RATE_HZ) for step in pcm.reshape(-1, _STEP)], float)
    padded = np.concatenate([np.zeros((_SMOOTHED - 1) // 2), flags, np.zeros(_SMOOTHED // 2)])
    smooth = np.convolve(padded, np.ones(_SMOOTHED) / _SMOOTHED, "valid")
    kept = binary_dilation(np.round(smooth).astype(bool), np.ones(_KEPT + 1))
    return audio[np.repeat(kept, _STEP)]
