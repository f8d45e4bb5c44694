"""NISQA: quality and its dimensions, or naturalness of synthesis, from the audio alone, by a file that the user names.

Mittag, Naderi, Chehadi & Möller 2021, "NISQA: A Deep CNN-Self-Attention Model for Multidimensional Speech Quality Prediction
with Crowdsourced Datasets" (Interspeech), and Mittag & Möller 2020, "Deep Learning Based Assessment of Synthetic Speech
Naturalness" (Interspeech). Its three published files (nisqa.tar, nisqa_mos_only.tar, nisqa_tts.tar; CC BY-NC-SA 4.0) are torch
checkpoints of tensors and plain arguments; the network is built from the arguments and takes the tensors by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttskit.errors import CheckpointError
from ttskit.interfaces.measurement import Measure, Sample, Spoken
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.named import NamedFile
from ttskit_predictors.networks import content_of, fill
from ttskit_predictors.nisqa_network import NisqaNetwork

__all__ = ["Nisqa", "NisqaArguments", "OpenedNisqa", "open_nisqa"]

_RATE_HZ = 48_000
_NATURAL = Measure(
    "nisqa_tts",
    "NISQA-TTS naturalness",
    "",
    "higher",
    2,
    "NISQA-TTS (Mittag & Möller 2020), 1 to 5: naturalness of synthetic speech, as a network predicts it that "
    "was trained on listening tests of synthesis and voice conversion in several languages (Blizzard and "
    "Voice Conversion Challenges), up to 8 kHz.",
)
_DIMENSIONS = (
    Measure(
        "nisqa_mos",
        "NISQA",
        "",
        "higher",
        2,
        "NISQA (Mittag et al. 2021), 1 to 5: overall quality, as a network predicts it that was trained on "
        "crowds' judgements of English and German speech through telephony, codecs and noise, at 48 kHz. Not "
        "trained on synthesis, nor on Spanish.",
    ),
    Measure(
        "nisqa_noisiness",
        "NISQA noisiness",
        "",
        "higher",
        2,
        "NISQA (Mittag et al. 2021), 1 to 5: how free of noise, as a network predicts it that was trained on "
        "crowds' judgements of English and German speech through telephony, codecs and noise, at 48 kHz. Not "
        "trained on synthesis, nor on Spanish.",
    ),
    Measure(
        "nisqa_discontinuity",
        "NISQA discontinuity",
        "",
        "higher",
        2,
        "NISQA (Mittag et al. 2021), 1 to 5: how free of gaps, as a network predicts it that was trained on "
        "crowds' judgements of English and German speech through telephony, codecs and noise, at 48 kHz. Not "
        "trained on synthesis, nor on Spanish.",
    ),
    Measure(
        "nisqa_coloration",
        "NISQA coloration",
        "",
        "higher",
        2,
        "NISQA (Mittag et al. 2021), 1 to 5: how free of coloration, as a network predicts it that was "
        "trained on crowds' judgements of English and German speech through telephony, codecs and noise, at "
        "48 kHz. Not trained on synthesis, nor on Spanish.",
    ),
    Measure(
        "nisqa_loudness",
        "NISQA loudness",
        "",
        "higher",
        2,
        "NISQA (Mittag et al. 2021), 1 to 5: how fitting its loudness, as a network predicts it that was "
        "trained on crowds' judgements of English and German speech through telephony, codecs and noise, at "
        "48 kHz. Not trained on synthesis, nor on Spanish.",
    ),
)


class Nisqa(SamplePredictor):
    """Whatever the file predicts: five dimensions, quality alone, or naturalness of synthesis."""

    name = "nisqa"
    rate_hz = _RATE_HZ
    measures = (*_DIMENSIONS, _NATURAL)

    def lacking(self) -> str:
        if (self.options or NamedFile()).file is None:
            return "nisqa: left out, it reads a file that you name: compare.measurements: {nisqa: {file: nisqa.tar}}"
        return ""

    def start(self, spoken: Spoken) -> None:
        self._opened = open_nisqa(self.options.file)

    def told(self) -> Sequence[Measure]:
        return [measure for measure in self.measures if measure.key in self._opened.keys]

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        return self._opened(audio)


class NisqaArguments(BaseModel):
    """What of a checkpoint's arguments decides the network and what it hears; anything else in them is of its training."""

    model_config = ConfigDict(extra="ignore", strict=False)

    model: str = Field(pattern="^NISQA(_DIM)?$")
    cnn_model: str = Field(pattern="^(adapt|standard)$")
    td: str = Field(pattern="^(self_att|lstm)$")
    td_2: str = Field("skip", pattern="^skip$")
    pool: str = Field(pattern="^(att|last_step_bi)$")
    ms_n_mels: int = Field(ge=48, le=48)
    ms_seg_length: int = Field(ge=15, le=15)
    ms_seg_hop_length: int = Field(ge=1, le=100)
    ms_n_fft: int = Field(ge=64, le=65_536)
    ms_hop_length: float = Field(gt=1e-4, lt=1)
    ms_win_length: float = Field(gt=1e-4, lt=1)
    ms_fmax: float = Field(gt=100, le=_RATE_HZ / 2)
    cnn_c_out_1: int = Field(ge=1, le=256)
    cnn_c_out_2: int = Field(ge=1, le=256)
    cnn_c_out_3: int = Field(ge=1, le=256)
    cnn_fc_out_h: int | None = Field(None, ge=1, le=1024)
    cnn_pool_1: tuple[int, int] | None = None
    cnn_pool_2: tuple[int, int] | None = None
    cnn_pool_3: tuple[int, int] | None = None
    td_sa_d_model: int | None = Field(None, ge=1, le=512)
    td_sa_nhead: int | None = Field(None, ge=1, le=64)
    td_sa_num_layers: int | None = Field(None, ge=1, le=8)
    td_sa_h: int | None = Field(None, ge=1, le=2048)
    td_lstm_h: int | None = Field(None, ge=1, le=1024)
    pool_att_h: int | None = Field(None, ge=1, le=2048)


class OpenedNisqa:
    """A file's network and how its spectrogram is made.

    Args:
        arguments: of the checkpoint.
        network: filled.
    """

    def __init__(self, arguments: NisqaArguments, network: NisqaNetwork) -> None:
        self.arguments, self.network = arguments, network
        dimensions = [m.key for m in _DIMENSIONS]
        self.keys = (
            dimensions if arguments.model == "NISQA_DIM" else dimensions[:1] if arguments.td == "self_att" else ["nisqa_tts"]
        )

    def __call__(self, audio: np.ndarray) -> dict[str, float]:
        """Scores of audio (S,) at 48 kHz, by key."""
        a = self.arguments
        mel = librosa.feature.melspectrogram(
            y=audio.astype(np.float32),
            sr=_RATE_HZ,
            n_fft=a.ms_n_fft,
            hop_length=int(_RATE_HZ * a.ms_hop_length),
            win_length=int(_RATE_HZ * a.ms_win_length),
            pad_mode="reflect",
            power=1.0,
            n_mels=a.ms_n_mels,
            fmax=a.ms_fmax,
        )
        decibels = librosa.amplitude_to_db(mel, ref=1.0, amin=1e-4, top_db=80.0)
        if decibels.shape[1] < a.ms_seg_length:
            return {}  # too short for one segment
        segments = np.lib.stride_tricks.sliding_window_view(decibels, a.ms_seg_length, axis=1)[:, :: a.ms_seg_hop_length]
        ready = torch.from_numpy(np.ascontiguousarray(segments.transpose(1, 0, 2), np.float32))[:, None]  # (T, 1, 48, 15)
        with torch.inference_mode():
            return dict(zip(self.keys, self.network(ready).tolist(), strict=True))


def open_nisqa(path: Path) -> OpenedNisqa:
    """The network of a published file.

    Raises:
        CheckpointError: it is none of the three, or damaged; nothing in it was run.
    """
    return _opened(Path(path), Path(path).stat().st_mtime_ns if Path(path).is_file() else 0)


@lru_cache(maxsize=1)
def _opened(path: Path, _changed: int) -> OpenedNisqa:
    content = content_of(path)
    given: Any = content.get("args")
    try:
        arguments = NisqaArguments.model_validate(given)
        network = NisqaNetwork(arguments)
    except (ValidationError, TypeError, ValueError, AssertionError) as error:
        first = (
            error.errors(include_url=False)[0] if isinstance(error, ValidationError) else {"loc": ("args",), "msg": str(error)}
        )
        why = f"{'.'.join(map(str, first['loc'])) or 'args'}: {first['msg']}"
        fix = "give nisqa.tar, nisqa_mos_only.tar or nisqa_tts.tar"
        raise CheckpointError(f"{path} is none of NISQA's files", why, fix) from error
    fill(network, content, "model_state_dict", path)
    return OpenedNisqa(arguments, network)
