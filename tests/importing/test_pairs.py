"""Public acoustic models with the vocoders that go with them: what fits is placed exactly, what does not is refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ttskit.audio.config import PRESETS, MelConfig
from ttskit.audio.mel import MelExtractor
from ttskit.cli import _run
from ttskit.errors import MismatchError
from ttskit.importing import import_checkpoint
from ttskit.interfaces import Spectrogram, Trainable
from ttskit.plugins import create_registry
from ttskit.synthesis import load_voice
from ttskit.synthesis.voice import Voice
from ttskit_griffinlim.config import GriffinLimOptions
from ttskit_griffinlim.model import GriffinLim
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.vocoder import Hifigan

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", SHARED / "parity_nemo"))
NEMO_VOCODER = replace(PRESETS["nemo-44100"], first_frame_centre_samples=256, log_guard_mode="clamp")


@pytest.fixture
def authors(tmp_path):
    """authors(name, **audio) -> a vocoder run from the files that HiFi-GAN's authors publish, small."""

    def make(name="hifigan", **audio):
        torch.manual_seed(0)
        settings = {"hop_size": 256, "sampling_rate": 22050, "num_mels": 80, **audio}
        rates = {256: [8, 8, 4], 512: [8, 8, 8]}[settings["hop_size"]]
        options = HifiganOptions(preset="tiny", upsample_rates=rates, upsample_kernel_sizes=[2 * r for r in rates])
        mel = MelConfig(settings["sampling_rate"], hop_samples=settings["hop_size"], bands=settings["num_mels"])
        config = {n: getattr(options.size(), n) for n in options.size().__dataclass_fields__}
        (tmp_path / "config.json").write_text(
            json.dumps({**config, **settings, "n_fft": 1024, "win_size": 1024, "fmin": 0, "fmax": 8000}), encoding="utf-8"
        )
        torch.save({"generator": Hifigan(options, mel).generator.state_dict()}, tmp_path / "g_00000010")
        import_checkpoint(tmp_path / "g_00000010", tmp_path / name)
        return tmp_path / name

    return make


def test_nvidias_fastpitch_with_the_authors_hifigan(dle_file, authors, tmp_path, capsys):
    import_checkpoint(dle_file, tmp_path / "fp")
    vocoder = authors()
    given = f"synthesize hello --voice {tmp_path / 'fp'} --vocoder {vocoder} --speaker 0 -o {tmp_path / 'a.wav'}"
    assert _run(given.split(), debug=False) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "place frames differently" in line]
    assert len(notes) == 1 and "moved by -128 samples (-5.8 ms)" in notes[0]
    assert "first_frame_centre_samples 0 / 128" in notes[0] and "magnitude_guard 0.0 / 1e-09" in notes[0]
    voice = load_voice(tmp_path / "fp", vocoder)
    speech = voice.synthesize("hello", speaker="0")
    whole = voice.vocoder.infer(speech.parts[0].spectrogram.mel)[0].numpy()
    np.testing.assert_allclose(speech.audio, whole[128:], atol=1e-6)  # to the sample


@pytest.mark.parametrize(
    ("audio", "said"),
    [
        ({"hop_size": 512}, "hop_samples: model 'fp' uses 256, vocoder 'other' uses 512"),
        ({"num_mels": 40}, "bands: model 'fp' uses 80, vocoder 'other' uses 40"),
        ({"sampling_rate": 16000}, "sample_rate_hz: model 22050, vocoder 16000"),
    ],
)
def test_another_rate_hop_or_band_count_is_refused_with_both_numbers(audio, said, dle_file, authors, tmp_path, capsys):
    import_checkpoint(dle_file, tmp_path / "fp")
    vocoder = authors("other", **audio)
    given = f"synthesize hello --voice {tmp_path / 'fp'} --vocoder {vocoder} --speaker 0 -o {tmp_path / 'a.wav'}"
    assert _run(given.split(), debug=False) == 1
    assert said in capsys.readouterr().err and not (tmp_path / "a.wav").exists()


def test_nemos_fastpitch_with_nemos_hifigan(tmp_path, capsys):
    archives = [NEMO / name for name in ("fastpitch_es_multispeaker_small.nemo", "hifigan_44100_small.nemo")]
    if not all(path.is_file() for path in archives):
        pytest.skip(f"no archives in {NEMO}")
    for path, name in zip(archives, ("fp", "hg"), strict=True):
        import_checkpoint(path, tmp_path / name)
    given = ["synthesize", "hola mundo", "--voice", str(tmp_path / "fp"), "--vocoder", str(tmp_path / "hg"), "--speaker", "0"]
    assert _run([*given, "-o", str(tmp_path / "a.wav")], debug=False) == 0
    (note,) = [line for line in capsys.readouterr().err.splitlines() if "place frames differently" in line]
    assert "moved by -256 samples (-5.8 ms)" in note and "log_guard_mode add / clamp" in note
    voice = load_voice(tmp_path / "fp", tmp_path / "hg")
    speech = voice.synthesize("hola mundo", speaker="0")
    whole = voice.vocoder.infer(speech.parts[0].spectrogram.mel)[0].numpy()
    np.testing.assert_allclose(speech.audio, whole[256:], atol=1e-6)


class _Fixed(Trainable):
    """Stands for an acoustic model: its mel is all that a voice needs to place audio."""

    def __init__(self, mel):
        super().__init__()
        self.context = type("Context", (), {"mel": mel})()


def clicks(config: MelConfig) -> tuple[np.ndarray, list[int]]:
    """Bursts of noise at known samples, none a multiple of a hop from another, in near silence."""
    rng = np.random.default_rng(0)
    audio = 1e-4 * rng.standard_normal(config.sample_rate_hz).astype(np.float32)
    places = [round(config.sample_rate_hz * s) for s in (0.1503, 0.3771, 0.6219, 0.8347)]
    for place in places:
        audio[place : place + 64] += 0.5 * rng.standard_normal(64).astype(np.float32)
    return audio, places


@pytest.mark.parametrize(
    ("acoustic", "vocoder", "shift"),
    [
        (PRESETS["nvidia-22050"], PRESETS["hifigan-22050"], -128),
        (PRESETS["hifigan-22050"], PRESETS["nvidia-22050"], 128),
        (PRESETS["nvidia-22050"], PRESETS["nvidia-22050"], 0),
        (PRESETS["nemo-44100"], NEMO_VOCODER, -256),
    ],
)
def test_clicks_come_out_where_they_were(acoustic, vocoder, shift):
    """Measured on the audio: half a hop would be 128 or 256 samples."""
    audio, places = clicks(acoustic)
    mel = MelExtractor(acoustic)(torch.from_numpy(audio)[None])
    voice = Voice(
        create_registry().get("frontend", "spanish").load()(),
        _Fixed(acoustic),
        GriffinLim(GriffinLimOptions(iterations=32), vocoder),
        name="m",
        vocoder_name="v",
    )
    assert any(f"moved by {shift:+d} samples" in note for note in voice.notes) == (shift != 0)
    spoken = voice.waveform(Spectrogram(mel, torch.tensor([mel.shape[2]])))
    width = acoustic.window_samples
    found = []
    for place in places:
        energy = spoken[place - width : place + width].astype(np.float64) ** 2
        found.append(float((energy * np.arange(-width, width)).sum() / energy.sum()) - 32)  # centre of the burst
    assert abs(np.mean(found)) < acoustic.hop_samples / 8, found


def test_placement_moves_content_does_not():
    a = PRESETS["nvidia-22050"]
    assert a.require_same_content(a, "a", "b") is None
    assert a.require_same_content(replace(a, log_guard=1e-6), "a", "b").endswith("(log_guard 1e-05 / 1e-06): times agree")
    with pytest.raises(MismatchError):
        a.require_same_content(replace(a, mel_norm="none"), "a", "b")
