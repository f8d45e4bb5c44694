"""Each predictor against what the code of its own package gives for the same sound: computed once, on made-up speech that is
the same on every machine; and anew where that package can be imported."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from predictor_packages import needs_distillmos, needs_encoder, needs_onnx, needs_silero, needs_visqol

from ttskit_predictors.networks import onnx_network
from ttskit_predictors.packages import file_in, missing

WITHIN = 0.01  # of a point: processors round differently


@needs_onnx
@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (1, {"dnsmos_ovrl": 2.28694, "dnsmos_sig": 2.80097, "dnsmos_bak": 3.15285, "dnsmos_p808": 3.06363}),
        (3, {"dnsmos_ovrl": 2.25515, "dnsmos_sig": 2.79266, "dnsmos_bak": 3.16813, "dnsmos_p808": 3.02744}),
    ],
    ids=["shorter than a window", "several windows"],
)
def test_dnsmos_is_that_of_its_package(made_up, times, expected):
    from ttskit_predictors.dnsmos import dnsmos_scores

    networks = [onnx_network(file_in("speechmos", "dnsmos_models", name)) for name in ("sig_bak_ovr.onnx", "model_v8.onnx")]
    assert dnsmos_scores(np.tile(made_up, times), *networks) == pytest.approx(expected, abs=WITHIN)


@needs_onnx
def test_plcmos_lies_where_the_draws_of_its_package_lie(made_up):
    """Six calls of the package, each with raters of its own: 1.936 … 2.003."""
    from ttskit_predictors.plcmos import Plcmos

    plcmos = Plcmos()
    plcmos.start(None)
    first, again = (plcmos.scores(made_up, None, None)["plcmos"] for _ in range(2))
    assert first == again
    assert first == pytest.approx(1.961, abs=0.06)


@needs_onnx
def test_plcmos_of_the_same_raters_is_that_of_its_package(made_up, monkeypatch):
    from speechmos import plcmos

    from ttskit_predictors.plcmos import plcmos_score

    raters = np.random.default_rng(5).normal(size=(15, 64)).astype(np.float32)
    given = iter(raters.astype(float))
    monkeypatch.setattr(np.random, "normal", lambda size: next(given)[None])
    expected = plcmos.PLCMOS()(made_up)["plcmos"]
    network = onnx_network(file_in("speechmos", "plcmos_models", "plcmos_v2.onnx"))
    assert plcmos_score(made_up, network, raters) == pytest.approx(expected, abs=1e-3)


@needs_distillmos
@pytest.mark.parametrize(("times", "expected"), [(1, 1.20386), (3, 1.18929)], ids=["shorter than a crop", "several crops"])
def test_distillmos_is_that_of_its_package(made_up, times, expected):
    from ttskit_predictors.distillmos import DistillMos

    predictor = DistillMos()
    predictor.start(None)
    assert predictor.scores(np.tile(made_up, times), None, None)["distillmos"] == pytest.approx(expected, abs=WITHIN)


@needs_distillmos
@pytest.mark.skipif(bool(missing(["xls_r_sqa"])), reason="needs xls-r-sqa")
def test_distillmos_is_built_as_in_its_package(monkeypatch):
    """Its class asks for torchaudio, which reads files there and is not needed here: an empty module stands in for it."""
    from ttskit_predictors.distillmos import DistillMosNetwork

    monkeypatch.setitem(sys.modules, "torchaudio", ModuleType("torchaudio"))
    theirs = pytest.importorskip("distillmos.sqa").ConvTransformerSQAModel(load_weights=False, segmenting_in_forward=False)
    torch.manual_seed(1)
    for buffer in theirs.buffers():  # running means and variances as those of a trained network: not 0 and 1
        if buffer.is_floating_point() and buffer.dim() == 1:
            buffer.uniform_(0.5, 1.5)
    ours = DistillMosNetwork()
    ours.load_state_dict(theirs.state_dict())
    audio = torch.randn(2, 122_880) * 0.1
    with torch.inference_mode():
        expected = theirs.eval()(audio)
        torch.testing.assert_close(ours.eval()(audio), expected.reshape(-1), atol=1e-4, rtol=1e-4)
    assert expected.reshape(-1)[0] != expected.reshape(-1)[1]


@needs_encoder
def test_the_voice_encoder_is_that_of_its_package(made_up):
    from ttskit_predictors.similarity import embedding_of, voice_encoder

    found = embedding_of(made_up, voice_encoder())
    assert np.linalg.norm(found) == pytest.approx(1.0)
    assert found[:8] == pytest.approx([0, 0, 0.19775, 0, 0, 0.00838, 0.03055, 0.11585], abs=5e-3)
    assert np.flatnonzero(found > 0.1)[:10].tolist() == [2, 7, 16, 21, 34, 66, 67, 83, 105, 109]


@needs_silero
def test_a_silence_is_a_pause_where_the_package_has_it(made_up):
    """Its own function gives speech at 0.034 … 3.902 s and 4.834 … 8.591 s, with 30 ms added at either side of each."""
    from ttskit_predictors.vad import heard_pauses, speech_probabilities

    audio = np.concatenate([made_up, np.zeros(16_000, np.float32), made_up])
    network = onnx_network(file_in("silero_vad", "data", "silero_vad.onnx"))
    found = heard_pauses(speech_probabilities(audio, network))
    assert found["vad_pauses"] == 1
    assert found["vad_pause_s"] == pytest.approx(4.834 - 3.902 + 0.06, abs=0.04)
    assert found["vad_silence"] == pytest.approx(found["vad_pause_s"] / (8.591 - 0.034 - 0.06), abs=0.01)


def test_speech_ends_where_the_probability_falls_low_and_not_where_it_wavers():
    from ttskit_predictors.vad import heard_pauses

    speech, wavering, silent = [0.9] * 10, [0.4] * 10, [0.1] * 10
    assert heard_pauses(np.array(speech + wavering + speech))["vad_pauses"] == 0
    assert heard_pauses(np.array(silent + speech + silent + speech + silent)) == pytest.approx(
        {"vad_pauses": 1, "vad_pause_s": 0.32, "vad_silence": 1 / 3}
    )
    assert heard_pauses(np.array(speech + silent[:6] + speech))["vad_pauses"] == 0  # 0.19 s
    assert heard_pauses(np.array(silent)) == {}
    assert heard_pauses(np.array(wavering)) == {}, "speech begins at 0.5"


@needs_visqol
def test_visqol_is_that_of_its_package(made_up, noisy):
    from ttskit_predictors.visqol import Visqol

    class Told:
        sample_rate_hz = 16_000

        def recording(self, sample):
            return Told

    Told.audio = made_up
    visqol = Visqol()
    visqol.start(None)
    same, with_noise = (visqol.scores(audio, None, Told())["visqol"] for audio in (made_up, noisy(made_up)))
    assert same == pytest.approx(5.0, abs=WITHIN)
    assert with_noise == pytest.approx(1.98142, abs=WITHIN)
