"""What a checkpoint says of itself is held against its own tensors; names and numbers of other libraries are read."""

from __future__ import annotations

import copy
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from fuzz_checkpoints import DLE_CONFIG, NEMO_CONFIG, fastpitch_state, hifigan_content, tacotron_state
from fuzz_harness import peak_mb, reset_peak
from fuzz_recipes import written

from ttskit.errors import TTSKitError
from ttskit.importing import import_checkpoint, torch_content
from ttskit.importing.inventories import pitch_statistics, speaker_table
from ttskit.importing.symbol_sets import english_basic
from ttskit.importing.tensors import tensors_of
from ttskit.plugins import create_registry
from ttskit.symbols import SpeakerTable

REGISTRY = create_registry()
SETUP = {"symbol_set": "english_basic", "sampling_rate": 8000, "filter_length": 256, "win_length": 256, "hop_length": 96,
         "mel_fmax": 4000.0}  # fmt: skip
FASTPITCH, TACOTRON = fastpitch_state(), tacotron_state()
GENERATOR, CONFIG = hifigan_content()


def imported(path: Path, content: object, **options: object):
    torch.save(content, path)
    return import_checkpoint(path, path.with_name("run"), registry=REGISTRY, **options)


def refused(path: Path, content: object, **options: object) -> TTSKitError:
    reset_peak()
    before = peak_mb()
    with pytest.raises(TTSKitError) as caught:
        imported(path, content, **options)
    assert not path.with_name("run").exists() and peak_mb() - before < 500
    assert "importer" not in caught.value.what  # our own failed in a way that nobody thought of
    return caught.value


def speaking(**changes: object) -> dict:
    return {"config": {**DLE_CONFIG, **changes}, "train_setup": SETUP, "state_dict": FASTPITCH}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"in_fft_n_layers": 10_000_000}, "encoder.layers must be less than or equal to 1000"),
        ({"out_fft_n_layers": 1_000}, "describe a larger model than it holds"),
        ({"in_fft_conv1d_filter_size": 10**9}, "describe"),
        ({"dur_predictor_n_layers": 2**40}, "duration_predictor.layers must be less than or equal to 1000"),
        ({"pitch_predictor_filter_size": 2**70}, "describe nothing that can be built"),
        ({"in_fft_n_layers": float("inf")}, "encoder.layers must be a valid integer, got Infinity"),
        ({"in_fft_n_layers": True}, "encoder.layers must be a valid integer, got true"),
        ({"in_fft_n_heads": "1"}, 'encoder.heads must be a valid integer, got "1"'),
        ({"in_fft_n_heads": -1}, "encoder.heads"),
        ({"p_in_fft_dropout": float("nan")}, "encoder.dropout"),
        ({"in_fft_conv1d_kernel_size": 0}, "encoder.kernel"),
        ({"speaker_emb_weight": [1]}, "speaker.weight must be"),
        ({"symbols_embedding_dim": None}, "different widths"),
    ],
)
def test_numbers_of_a_fastpitch(changes, said, tmp_path):
    error = refused(tmp_path / "model.pt", speaking(**changes))
    assert said in str(error)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sampling_rate", float("inf"), "sampling_rate is Infinity, must be a whole number from 1"),
        ("sampling_rate", True, "sampling_rate is true"),
        ("hop_length", "96", 'hop_length is "96"'),
        ("hop_length", 2**70, "hop_length is 1180591620717411303424"),
        ("filter_length", 10**400, "filter_length is 1000"),
        ("win_length", 0, "win_length is 0"),
        ("win_length", 512, "window_samples 512 is more than fft_samples 256"),
        ("mel_fmax", float("nan"), "mel_fmax is NaN, must be a number from 0"),
        ("mel_fmin", -5.0, "mel_fmin is -5.0"),
        ("p_arpabet", 10**400, "p_arpabet is 1000"),
    ],
)
def test_audio_settings_of_a_checkpoint(key, value, said, tmp_path):
    error = refused(tmp_path / "model.pt", {**speaking(), "train_setup": {**SETUP, key: value}})
    assert said in str(error)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("upsample_initial_channel", 2**40, "describe"),
        ("upsample_initial_channel", 2**70, "describe"),
        ("upsample_rates", [2] * 300 + [96], "upsample_kernel_sizes"),
        ("resblock_kernel_sizes", [99_999_999], "describe"),
        ("resblock_dilation_sizes", [[True, 2]], "resblock_dilation_sizes.0.0 must be a valid integer, got true"),
        ("resblock", "3", "resblock must be"),
        ("sampling_rate", 1e999, "sampling_rate is Infinity"),
        ("num_mels", 8.5, "num_mels is 8.5, must be a whole number"),
        ("hop_size", None, "hop_size is null"),
        ("fmax", "4000", 'fmax is "4000"'),
        ("n_fft", 10**400, "n_fft is 1000"),
    ],
)
def test_numbers_of_a_hifigan(key, value, said, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, key: value}), encoding="utf-8")
    error = refused(tmp_path / "g_1", {"generator": GENERATOR}, discriminator_scale=1 / 32)
    assert said in str(error)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("encoder.convolutions.9999999.0.conv.weight", "describe a larger model than it holds"),
        ("postnet.convolutions.9999999.0.conv.weight", "describe a larger model than it holds"),
        ("decoder.prenet.layers.9999999.linear_layer.weight", "describe a larger model than it holds"),
    ],
)
def test_layers_that_a_tacotron_only_names(name, said, tmp_path):
    error = refused(tmp_path / "model.pt", {"state_dict": {**TACOTRON, name: torch.zeros(8, 8, 5)}})
    assert said in str(error)


LAUGHS = "\n".join(["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12))])


def archive(path: Path, text: str) -> Path:
    buffer = io.BytesIO()
    torch.save({f"fastpitch.{name}": value for name, value in FASTPITCH.items()}, buffer)
    with tarfile.open(path, "w") as tar:
        for name, data in (("model_config.yaml", text.encode()), ("model_weights.ckpt", buffer.getvalue())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target: x.FastPitchModel\na: &a [*a]", "line 2: an alias inside"),
        (LAUGHS, "more than 50000"),
        ("target: !!python/name:os.system", "values are not read"),
        ("target: " + "[" * 90_000, "more than 64 lists"),
        ("n: " + "1" * 5_000, "cannot be read as int"),
        ("date: !!timestamp never", "values are not read"),
        ("target: x.FastPitchModel\ntarget: y", "line 2: 'target' is written twice, first in line 1"),
        ("\x00", "U+0000"),
    ],
)  # fmt: skip
def test_nemos_configuration_is_bounded_alike(text, said, tmp_path):
    with pytest.raises(TTSKitError) as caught:
        import_checkpoint(archive(tmp_path / "a.nemo", text), tmp_path / "run", registry=REGISTRY)
    assert said in str(caught.value) and "model_config.yaml in a.nemo" in caught.value.what


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("preprocessor", "sample_rate", float("inf"), "sample_rate is Infinity"),
        ("preprocessor", "n_fft", 2**40, "n_fft is 1099511627776"),
        ("preprocessor", "features", True, "features is true"),
        ("preprocessor", "log_zero_guard_value", "small", 'log_zero_guard_value is "small"'),
        ("input_fft", "n_layer", 1_000, "describe a larger model than it holds"),
        ("output_fft", "d_inner", 2**40, "describe"),
        ("duration_predictor", "n_layers", "1", 'duration_predictor.layers must be a valid integer, got "1"'),
    ],
)
def test_numbers_of_a_nemo(section, key, value, said, tmp_path):
    config = copy.deepcopy(NEMO_CONFIG)
    config[section][key] = value
    symbols = tmp_path / "symbols.json"
    symbols.write_text(json.dumps(list(english_basic().symbols)), encoding="utf-8")
    with pytest.raises(TTSKitError) as caught:
        import_checkpoint(archive(tmp_path / "a.nemo", written(config)), tmp_path / "run", registry=REGISTRY, symbols=symbols)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "before", ["_orig_mod.", "module.", "model.", "module._orig_mod.", "_orig_mod.module.", "model._orig_mod.model."]
)
@pytest.mark.parametrize("which", ["FastPitch", "Tacotron 2", "HiFi-GAN"])
def test_names_of_compiled_and_wrapped_models_are_read(which, before, tmp_path):
    def wrapped(state: dict) -> dict:
        return {before + name: value for name, value in state.items()}

    if which == "FastPitch":
        done = imported(tmp_path / "model.pt", {**speaking(), "state_dict": wrapped(FASTPITCH)})
    elif which == "Tacotron 2":
        done = imported(tmp_path / "model.pt", {"state_dict": wrapped(TACOTRON)})
    else:
        (tmp_path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
        done = imported(tmp_path / "g_1", {"generator": wrapped(GENERATOR)}, discriminator_scale=1 / 32)
    name = {"FastPitch": "projection.weight", "Tacotron 2": "embedding.weight", "HiFi-GAN": "generator.conv_pre.bias"}[which]
    source = {"FastPitch": "proj.weight", "Tacotron 2": "embedding.weight", "HiFi-GAN": "conv_pre.bias"}[which]
    whole = {"FastPitch": FASTPITCH, "Tacotron 2": TACOTRON, "HiFi-GAN": GENERATOR}[which]
    assert torch.equal(done.run.weights()[0][name], whole[source])


def test_a_part_that_was_compiled_alone_is_read(tmp_path):
    state = {name.replace("decoder.", "decoder._orig_mod."): value for name, value in TACOTRON.items()}
    assert imported(tmp_path / "model.pt", {"state_dict": state}).importer == imported_name(tmp_path, TACOTRON)


def imported_name(folder: Path, state: dict) -> str:
    other = folder / "other"
    other.mkdir()
    return imported(other / "model.pt", {"state_dict": state}).importer


def test_names_that_would_fall_together_are_not_guessed(tmp_path):
    both = {**TACOTRON, "module.embedding.weight": torch.zeros(148, 8)}
    assert "do" in refused(tmp_path / "model.pt", {"state_dict": both}).what


@pytest.mark.parametrize(
    "value",
    [np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True), np.uint8(7), np.float16(0.5), np.dtype(">f8").type(0.25)],
)
def test_numpy_scalars_are_plain_numbers(value, tmp_path):
    torch.save({"state_dict": {}, "loss": value, "all": [value, {"x": value}]}, tmp_path / "a.pt")
    read = torch_content(tmp_path / "a.pt")
    assert read["loss"] == value and type(read["loss"]) in (int, float, bool) and read["all"] == [value, {"x": value}]


@pytest.mark.parametrize("value", [np.array([1.0]), np.str_("x"), np.datetime64("2024-01-01"), np.complex128(1j)])
def test_other_things_of_numpy_are_named(value, tmp_path):
    torch.save({"state_dict": {}, "x": value}, tmp_path / "a.pt")
    with pytest.raises(TTSKitError) as caught:
        torch_content(tmp_path / "a.pt")
    assert "NumPy scalar that is not a plain number" in str(caught.value) or "numpy" in str(caught.value)


def test_config_json_with_a_mark(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8-sig")
    assert imported(tmp_path / "g_1", {"generator": GENERATOR}, discriminator_scale=1 / 32).run.kind == "vocoder"


def test_many_tensors_of_one_storage():
    base = torch.zeros(1 << 20)
    with pytest.raises(TTSKitError, match="would unpack to more than it holds"):
        tensors_of({f"t{i}": base.view(1 << 20) for i in range(64)}, "a.pt")
    assert len(tensors_of({"a": base, "b": base}, "a.pt")) == 2


@pytest.mark.parametrize(
    "ids", ['{"ana": true}', '{"ana": 0.5}', '{"ana": 1e999}', '{"ana": null}', "speaker\tspeaker_id\nana\t٠", "[" * 9_000]
)
def test_ids_of_speakers_that_are_none(ids, tmp_path):
    (tmp_path / "s").write_text(ids, encoding="utf-8")
    with pytest.raises(TTSKitError):
        speaker_table(tmp_path / "s", 1)


@pytest.mark.parametrize("mean", ["true", '"200"', "null", "NaN", "1e999", "1" * 400, "[200]"])
def test_pitch_statistics_that_are_none(mean, tmp_path):
    (tmp_path / "p.json").write_text(f'{{"default": {{"pitch_mean": {mean}, "pitch_std": 30}}}}', encoding="utf-8")
    with pytest.raises(TTSKitError):
        pitch_statistics(tmp_path / "p.json", SpeakerTable(("0",)))
