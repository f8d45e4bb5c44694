"""The audio settings of NeMo's checkpoints where a file leaves something out: NeMo's own defaults."""

import math

from ttskit.importing.mels import mel_of_nemo
from ttskit.importing.report import ImportReport

LEAST = {"sample_rate": 44100, "n_fft": 2048, "n_window_stride": 512, "n_window_size": 2048, "features": 80}


def test_what_a_preprocessor_leaves_out_is_nemos_default():
    mel = mel_of_nemo(LEAST, "x.nemo", ImportReport())
    assert (mel.magnitude_power, mel.f_min_hz, mel.f_max_hz, mel.window_periodic) == (2.0, 0.0, 22_050.0, False)
    assert (mel.log_guard_mode, math.log2(mel.log_guard), mel.first_frame_centre_samples) == ("add", -24.0, 0)


def test_what_it_says_is_taken():
    said = {"mag_power": 1.0, "lowfreq": 20, "highfreq": 8000, "exact_pad": True, "log_zero_guard_type": "clamp"}
    mel = mel_of_nemo({**LEAST, **said, "log_zero_guard_value": 1e-5}, "x.nemo", ImportReport())
    assert (mel.magnitude_power, mel.f_min_hz, mel.f_max_hz) == (1.0, 20.0, 8000.0)
    assert (mel.log_guard_mode, mel.log_guard, mel.first_frame_centre_samples) == ("clamp", 1e-5, 256)
