"""Marks of tests that need a package which is in no extra, or which somebody left out."""

from __future__ import annotations

import pytest

from ttskit_predictors.packages import missing

needs_onnx = pytest.mark.skipif(bool(missing(["onnxruntime", "speechmos"])), reason="needs speechmos and onnxruntime")
needs_distillmos = pytest.mark.skipif(bool(missing(["distillmos"])), reason="needs distillmos")
needs_encoder = pytest.mark.skipif(bool(missing(["resemblyzer", "webrtcvad"])), reason="needs Resemblyzer and webrtcvad")
needs_silero = pytest.mark.skipif(bool(missing(["silero_vad", "onnxruntime"])), reason="needs silero-vad and onnxruntime")
needs_visqol = pytest.mark.skipif(bool(missing(["visqol"])), reason="needs visqol-python")
