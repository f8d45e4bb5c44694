"""What must come out whoever computes it: speech above the same with noise, a speaker nearer to themself than to another."""

from __future__ import annotations

import numpy as np
import pytest
from predictor_packages import needs_distillmos, needs_encoder, needs_onnx, needs_silero, needs_visqol

from ttskit.testing import fake_speech
from ttskit_predictors.networks import onnx_network
from ttskit_predictors.packages import file_in


@needs_onnx
def test_dnsmos_and_plcmos_prefer_speech_to_noisy_speech(recorded, noisy):
    from ttskit_predictors.dnsmos import Dnsmos
    from ttskit_predictors.plcmos import Plcmos

    for predictor in (Dnsmos(), Plcmos()):
        predictor.start(None)
        for audio in recorded[:2]:
            clean, bad = predictor.scores(audio, None, None), predictor.scores(noisy(audio), None, None)
            assert all(clean[key] > bad[key] + 0.3 for key in clean), (clean, bad)


@needs_distillmos
def test_distillmos_prefers_speech_to_noisy_speech(recorded, noisy):
    from ttskit_predictors.distillmos import DistillMos

    predictor = DistillMos()
    predictor.start(None)
    clean, bad = (predictor.scores(audio, None, None)["distillmos"] for audio in (recorded[0], noisy(recorded[0])))
    assert clean > bad + 0.5


@needs_encoder
def test_a_speaker_is_nearer_to_themself_than_to_another(recorded):
    from ttskit_predictors.similarity import embedding_of, voice_encoder

    encoder = voice_encoder()
    own = [embedding_of(audio, encoder) for audio in recorded]
    other = embedding_of(fake_speech("una voz que no es de nadie habla un rato", 16_000, f0_hz=110), encoder)
    same = [one @ another for i, one in enumerate(own) for another in own[:i]]
    assert min(same) > 0.75
    assert max(one @ other for one in own) < min(same) - 0.1


@needs_silero
def test_a_silence_put_into_recorded_speech_is_heard_as_a_pause(recorded):
    from ttskit_predictors.vad import heard_pauses, speech_probabilities

    network = onnx_network(file_in("silero_vad", "data", "silero_vad.onnx"))
    half = len(recorded[0]) // 2
    paused = np.concatenate([recorded[0][:half], np.zeros(9_600, np.float32), recorded[0][half:]])
    before, after = (heard_pauses(speech_probabilities(audio, network)) for audio in (recorded[0], paused))
    assert after["vad_pauses"] == before["vad_pauses"] + 1
    assert after["vad_pause_s"] - before["vad_pause_s"] == pytest.approx(0.6, abs=0.15)


@needs_visqol
def test_visqol_falls_with_noise(recorded, noisy):
    from visqol import VisqolApi

    api = VisqolApi()
    api.create(mode="speech", use_lattice_model=False)
    audio = recorded[0].astype(float)
    quiet = np.clip(audio + np.random.default_rng(0).standard_normal(len(audio)) * 0.002, -1, 1)
    scores = [api.measure_from_arrays(audio, one, 16_000).moslqo for one in (audio, quiet, noisy(recorded[0]).astype(float))]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[1] > scores[2]
