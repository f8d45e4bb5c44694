"""UTMOS, from an ONNX file that the user names: naturalness of synthetic speech, predicted from the audio alone.

Saeki, Xin, Nakata, Koriyama, Takamichi & Saruwatari 2022, "UTMOS: UTokyo-SaruLab System for VoiceMOS Challenge 2022"
(Interspeech).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ttskit.errors import CheckpointError
from ttskit.interfaces.measurement import Measure, Sample, Spoken
from ttskit_predictors.asking import SamplePredictor
from ttskit_predictors.named import NamedFile
from ttskit_predictors.networks import onnx_network

__all__ = ["Utmos"]


class Utmos(SamplePredictor):
    """What the file's network says: one input, audio (1, S) float32 at 16 kHz in [-1, 1], and a first output of one number."""

    name = "utmos"
    measures = (
        Measure(
            "utmos",
            "UTMOS",
            "",
            "higher",
            2,
            "UTMOS (Saeki et al. 2022), 1 to 5: naturalness, as a network on wav2vec 2.0 predicts it that was "
            "trained on listening tests of English synthesis and voice conversion at 16 kHz (VoiceMOS 2022). "
            "Not trained on Spanish. By the ONNX file that was named.",
        ),
    )

    def lacking(self) -> str:
        if (self.options or NamedFile()).file is None:
            return "utmos: left out, it reads a file that you name: compare.measurements: {utmos: {file: utmos.onnx}}"
        return ""

    def start(self, spoken: Spoken) -> None:
        path = self.options.file
        self._network = onnx_network(path)
        inputs = self._network.inputs
        if len(inputs) != 1:
            why = f"it takes {', '.join(inputs) or 'nothing'}; one input is expected, audio (1, S) float32 at 16 kHz"
            raise CheckpointError(f"{path} is not UTMOS as it is read here", why, "export it anew, see docs/predictors.md")

    def scores(self, audio: np.ndarray, sample: Sample, spoken: Spoken) -> Mapping[str, float]:
        found = self._network(**{self._network.inputs[0]: audio[None].astype(np.float32)})[0]
        if found.size != 1:
            why = f"its first output has the shape {found.shape}; one number is expected"
            raise CheckpointError(f"{self.options.file} is not UTMOS as it is read here", why, "export it anew")
        return {"utmos": float(found.item())}
