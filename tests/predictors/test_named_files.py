"""Predictors that read a file which the user names: what the right file gives, and what any other file is told."""

from __future__ import annotations

import pickle
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ttskit.config import CompareConfig
from ttskit.errors import CheckpointError, ConfigError
from ttskit.measure.run import measurements
from ttskit.plugins import create_registry
from ttskit.testing import fake_speech, tiny_spoken
from ttskit_predictors.named import NamedFile, WhisperFile
from ttskit_predictors.nisqa import NisqaArguments, open_nisqa
from ttskit_predictors.nisqa_network import NisqaNetwork
from ttskit_predictors.packages import missing
from ttskit_predictors.whisper import WhisperWords, word_errors, words_of

_MEL = {"ms_n_mels": 48, "ms_seg_length": 15, "ms_n_fft": 4096, "ms_hop_length": 0.01, "ms_win_length": 0.02}
_CNN = {"cnn_c_out_1": 4, "cnn_c_out_2": 6, "cnn_c_out_3": 8}
_ATTENTION = {"td": "self_att", "pool": "att", "td_sa_d_model": 8, "td_sa_nhead": 1, "td_sa_num_layers": 2, "td_sa_h": 8}
_ADAPT = {"cnn_model": "adapt", "cnn_fc_out_h": None, "cnn_pool_1": [24, 7], "cnn_pool_2": [12, 5], "cnn_pool_3": [6, 3]}
PUBLISHED = {  # the arguments of the three files that decide, with fewer channels
    "nisqa.tar": _MEL
    | _CNN
    | _ATTENTION
    | _ADAPT
    | {"model": "NISQA_DIM", "ms_fmax": 20000, "ms_seg_hop_length": 4, "pool_att_h": 6},
    "nisqa_mos_only.tar": _MEL
    | _CNN
    | _ATTENTION
    | _ADAPT
    | {"model": "NISQA", "ms_fmax": 20000, "ms_seg_hop_length": 4, "pool_att_h": 6, "tr_bs": 80},
    "nisqa_tts.tar": _MEL
    | _CNN
    | {"model": "NISQA", "ms_fmax": 8000, "ms_seg_hop_length": 1, "cnn_model": "standard", "cnn_fc_out_h": 5}
    | {"td": "lstm", "td_lstm_h": 7, "pool": "last_step_bi", "td_sa_d_model": None},
}
KEYS = {
    "nisqa.tar": ["nisqa_mos", "nisqa_noisiness", "nisqa_discontinuity", "nisqa_coloration", "nisqa_loudness"],
    "nisqa_mos_only.tar": ["nisqa_mos"],
    "nisqa_tts.tar": ["nisqa_tts"],
}


@pytest.fixture
def checkpoint(tmp_path):
    """checkpoint("nisqa.tar", **changed) -> a file laid out as the published one, of random weights."""

    def write(name, **changed):
        arguments = PUBLISHED[name] | changed.pop("args", {})
        torch.manual_seed(0)
        state = NisqaNetwork(NisqaArguments.model_validate(PUBLISHED[name])).state_dict()
        torch.save({"args": arguments, "model_state_dict": state} | changed, tmp_path / name)
        return tmp_path / name

    return write


def onnx_file(path, inputs=("audio",)):
    """A network of one node, the mean of its first input, written by hand: the tests need no package that makes such files."""

    def varint(number):
        return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)

    def field(number, content):
        if isinstance(content, int):
            return varint(number << 3) + varint(content)
        content = content.encode() if isinstance(content, str) else content
        return varint(number << 3 | 2) + varint(len(content)) + content

    def value(name, *dimensions):
        shape = b"".join(field(1, field(2, d) if isinstance(d, str) else field(1, d)) for d in dimensions)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    node = (
        field(1, inputs[0])
        + field(2, "score")
        + field(4, "ReduceMean")
        + field(5, field(1, "keepdims") + field(3, 0) + field(20, 2))
    )
    graph = field(1, node) + field(2, "mean")
    graph += b"".join(field(11, value(name, 1, "S")) for name in inputs) + field(12, value("score"))
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13)))
    return path


class Opened:
    """What runs when a hostile file is unpickled."""

    def __reduce__(self):
        return (open, ("ran", "w"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_published_layout_gives_its_scores(checkpoint, name):
    opened = open_nisqa(checkpoint(name))
    audio = fake_speech("mesa", 48_000)
    found = opened(audio)
    assert list(found) == KEYS[name]
    assert np.isfinite(list(found.values())).all()
    assert opened(audio) == found
    assert opened(0.1 * audio) != found, "it hears how loud it is"
    assert opened(audio[:4_000]) == {}, "shorter than one segment"


def test_nisqa_stands_in_a_comparison_with_the_rows_of_its_file(checkpoint, tmp_path):
    registry = create_registry()
    found = {}
    for name in ("nisqa.tar", "nisqa_tts.tar"):
        make = registry.get("measurement", "nisqa").load()
        found[name] = make(NamedFile(file=checkpoint(name))).measure(tiny_spoken(tmp_path, seeds=(0,)))
        assert [row.measure.key for row in found[name].rows if "hard" not in row.measure.key] == KEYS[name]
        assert found[name].notes == []


def test_a_file_that_could_run_code_is_refused_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = tmp_path / "nisqa.tar"
    torch.save({"args": Opened(), "model_state_dict": {}}, hostile)
    with pytest.raises(CheckpointError, match="more than tensors and plain values"):
        open_nisqa(hostile)
    hostile.write_bytes(pickle.dumps(Opened()))
    with pytest.raises(CheckpointError):
        open_nisqa(hostile)
    assert not (tmp_path / "ran").exists()


def test_wrong_files_are_one_clear_error(checkpoint, tmp_path):
    whole = checkpoint("nisqa.tar").read_bytes()
    other = tmp_path / "other.tar"
    for content in (b"no checkpoint", whole[: len(whole) // 2], b"PK\x03\x04" + bytes(100), struct.pack("<q", 3)):
        other.write_bytes(content)
        with pytest.raises(CheckpointError):
            open_nisqa(other)
    for wrong, told in (
        ({"args": {"model": "NISQA_DE"}}, "model"),
        ({"args": {"td": "self_att", "td_sa_d_model": None}}, "lacks"),
        ({"args": {"td_sa_d_model": 10**9}}, "td_sa_d_model"),
        ({"args": {"cnn_pool_1": [10**6, 7]}}, "cnn_pool"),
        ({"args": {"td_sa_nhead": 3}}, "divisible"),
        ({"model_state_dict": {}}, "Missing"),
        ({"model_state_dict": {"cnn": 3}}, "no tensors"),
    ):
        with pytest.raises(CheckpointError) as caught:
            open_nisqa(checkpoint("nisqa.tar", **wrong))
        assert told in f"{caught.value.what} {caught.value.why}", wrong
    torch.save([1, 2], other)
    with pytest.raises(CheckpointError, match="should be"):
        open_nisqa(other)
    content = torch.load(checkpoint("nisqa.tar"), weights_only=True)
    content["model_state_dict"]["cnn.model.conv1.bias"][0] = float("nan")
    torch.save(content, other)
    with pytest.raises(CheckpointError, match="damaged"):
        open_nisqa(other)


@pytest.mark.parametrize("name", ["nisqa", "utmos", "whisper"])
def test_without_a_file_a_note_says_what_to_write(name, tmp_path, monkeypatch):
    monkeypatch.setattr("ttskit_predictors.asking.missing", lambda modules: [])
    found = create_registry().get("measurement", name).load()().measure(tiny_spoken(tmp_path, seeds=(0,)))
    assert not found.rows
    assert len(found.notes) == 1
    assert f"compare.measurements: {{{name}: {{file: " in found.notes[0]


@pytest.mark.parametrize("name", ["nisqa", "utmos", "whisper"])
def test_a_file_that_is_not_there_is_told_before_anything_is_said(name, tmp_path):
    registry = create_registry()
    for given in (tmp_path / "none", tmp_path):
        with pytest.raises(ConfigError, match="there is no file"):
            measurements(registry, CompareConfig(measurements={name: {"file": str(given)}}))
    (tmp_path / "empty").touch()
    with pytest.raises(ConfigError, match="0 bytes"):
        measurements(registry, CompareConfig(measurements={name: {"file": str(tmp_path / "empty")}}))


@pytest.mark.skipif(bool(missing(["onnxruntime"])), reason="needs onnxruntime")
def test_utmos_is_what_its_network_says(tmp_path):
    make = create_registry().get("measurement", "utmos").load()
    spoken = tiny_spoken(tmp_path, seeds=(0,))
    sample = spoken.samples[0]
    sample.sound.audio[:] = 0.25
    found = make(NamedFile(file=onnx_file(tmp_path / "utmos.onnx"))).measure(spoken)
    (value,) = [o.value for o in found.rows[0].observations if (o.system, o.sentence) == (sample.system, sample.sentence.id)]
    assert value == pytest.approx(0.25, abs=0.01)
    for wrong, told in (
        (onnx_file(tmp_path / "two.onnx", ("audio", "rate")), "one input"),
        (tmp_path / "no.onnx", "onnxruntime says"),
    ):
        if not wrong.exists():
            wrong.write_bytes(b"no network")
        with pytest.raises(CheckpointError) as caught:
            make(NamedFile(file=wrong)).measure(spoken)
        assert told in caught.value.why


def test_words_are_compared_as_the_frontend_normalises_them():
    frontend = create_registry().get("frontend", "spanish").load()()
    assert words_of("¿Qué hora es? Son las 3, ¡che!", frontend) == words_of("que hora es son las tres che", frontend)
    assert words_of("el niño y la cigüeña", None) == ["el", "niño", "y", "la", "cigüeña"]
    assert words_of(" ", frontend) == []


def test_word_errors_are_the_fewest():
    said = "el perro ladra de noche".split()
    assert word_errors(said, said) == 0
    assert word_errors(said, "perro ladra toda de noche".split()) == 2
    assert word_errors(said, []) == 5
    assert word_errors([], said) == 5
    assert word_errors("a b c".split(), "b c d".split()) == 2


def test_word_error_rates_weigh_sentences_by_their_words(tmp_path, monkeypatch):
    heard = {"u00": "mesa luna", "u01": "gato", "u02": "un perro verde y más"}
    spoken = tiny_spoken(tmp_path, seeds=(0,))
    lengths = {len(s.audio): s.sentence.id for s in spoken.samples if s.sentence.recorded}
    model = SimpleNamespace(transcribe=lambda audio, **options: {"text": heard[model.now]}, now="")
    monkeypatch.setattr("ttskit_predictors.asking.missing", lambda modules: [])
    monkeypatch.setattr("ttskit_predictors.whisper.open_whisper", lambda path: SimpleNamespace(to=lambda device: model))
    (tmp_path / "small.pt").write_bytes(b"read by a stand-in")
    measurement = WhisperWords(WhisperFile(file=tmp_path / "small.pt"))
    scores = measurement.scores

    def told(audio, sample, spoken):
        model.now = sample.sentence.id if sample.sentence.id in heard else "u00"
        return scores(audio, sample, spoken)

    monkeypatch.setattr(measurement, "scores", told)
    row = measurement.measure(spoken).rows[0]
    own = {o.sentence: (o.value, o.weight) for o in row.observations if o.system == "one"}
    assert own == {"u00": (0.0, 2.0), "u01": (0.5, 2.0), "u02": (1.5, 2.0)}
    assert lengths


@pytest.mark.skipif(bool(missing(["whisper"])), reason="needs openai-whisper")
def test_a_checkpoint_of_whisper_is_read_and_asked(tmp_path):
    from whisper.model import ModelDimensions, Whisper

    from ttskit_predictors.whisper import open_whisper

    torch.manual_seed(0)
    sizes = {"n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 16, "n_audio_head": 2, "n_audio_layer": 1, "n_vocab": 51_865}
    sizes |= {"n_text_ctx": 448, "n_text_state": 16, "n_text_head": 2, "n_text_layer": 1}
    path = tmp_path / "tiny.pt"
    torch.save({"dims": sizes, "model_state_dict": Whisper(ModelDimensions(**sizes)).state_dict()}, path)
    make = WhisperWords(WhisperFile(file=path))
    found = make.measure(tiny_spoken(tmp_path, seeds=(0,)))
    assert found.notes == []
    assert all(o.value >= 0 and o.weight >= 1 for row in found.rows for o in row.observations)
    state = Whisper(ModelDimensions(**sizes)).state_dict()
    for wrong in ({"n_mels": "80"}, {"n_audio_state": 65_000}, {"n_text_layer": 3_000}):
        torch.save({"dims": sizes | wrong, "model_state_dict": state}, path)
        with pytest.raises(CheckpointError, match="not a checkpoint of Whisper"):
            open_whisper(path)
