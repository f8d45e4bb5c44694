"""ESPnet's checkpoints as files: what is read, what is refused, and speech that is the network's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import yaml
from espnet_transformer_cases import BANDS, CASES, DATA, SYMBOLS, TEXT, filled, inputs_of

from ttskit.errors import CheckpointError
from ttskit.importing import import_checkpoint
from ttskit.interfaces import AcousticBatch, AcousticInput
from ttskit.runs.folder import RunFolder

STORED = dict(np.load(DATA).items())
TOKENS = ["<blank>", "<unk>", "<space>", *"abcdefgh", "<sos/eos>"]


def written(folder, case: str = "plain", state: dict | None = None, **changes):
    """A checkpoint and its config.yaml as ESPnet writes them, with mel statistics."""
    shapes = dict(line.split(" ", 1) for line in STORED[f"{case}/state"].tolist())
    made = {f"tts.{k}": torch.from_numpy(np.asarray(filled(k, tuple(json.loads(v))))) for k, v in shapes.items()}
    made |= {"normalize.mean": torch.linspace(-2, 1, BANDS), "normalize.std": torch.linspace(0.5, 2, BANDS)}
    made |= {"feats_extract.logmel.melmat": torch.zeros(513, BANDS)}
    torch.save({**made, **(state or {})}, folder / "valid.loss.best.pth")
    setup = {
        "tts": "transformer",
        "tts_conf": CASES[case],
        "token_list": TOKENS,
        "token_type": "phn",
        "g2p": "g2p_en",
        "feats_extract": "fbank",
        "feats_extract_conf": {
            "fs": "24k",
            "n_fft": 2048,
            "hop_length": 300,
            "win_length": 1200,
            "fmax": 7600,
            "n_mels": BANDS,
        },
        "normalize": "global_mvn",
        "version": "202402",
        "optim": "adam",
        **changes,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(setup), encoding="utf-8")
    return folder / "valid.loss.best.pth"


@pytest.mark.parametrize("case", CASES)
def test_an_imported_run_speaks_as_espnet(case, tmp_path):
    """Its normalised mels are ESPnet's, times the deviations, plus the means, of the file."""
    done = import_checkpoint(written(tmp_path, case), tmp_path / "run")
    assert done.importer == "espnet-transformer"
    model = RunFolder.open(tmp_path / "run").load().model.eval()
    mel = model.context.mel
    assert (mel.sample_rate_hz, mel.hop_samples, mel.window_samples) == (24_000, 300, 1200)
    assert (mel.f_min_hz, mel.f_max_hz, mel.log_base) == (80.0, 7600.0, "10")
    assert model.context.symbols.pad == "<blank>" and " " in model.context.symbols
    assert len(model.context.speakers) == (3 if case == "reduced" else 1)
    given = {k: torch.from_numpy(v) for k, v in inputs_of().items()}
    for row in range(3):
        cut = slice(row, row + 1)
        stored = torch.from_numpy(STORED[f"{case}/{row}/taught"]).T
        frames = stored.shape[1]
        normal = given["feats"][cut, :frames].transpose(1, 2)
        target = normal * model.mel_std[:, None] + model.mel_mean[:, None]
        speaker = given["sids"][cut] if case == "reduced" else torch.zeros(1, dtype=torch.long)
        batch = AcousticBatch(
            ("a",), given["text"][cut, : TEXT[row]], torch.tensor([TEXT[row]]), target, torch.tensor([frames]), speaker
        )
        expected = stored * torch.linspace(0.5, 2, BANDS)[:, None] + torch.linspace(-2, 1, BANDS)[:, None]
        torch.testing.assert_close(model.teacher_forced(batch).mel[0], expected, atol=1e-4, rtol=1e-4)
    spoken = model.infer(AcousticInput(given["text"][:1, :7], torch.tensor([7])))
    assert bool(torch.isfinite(spoken.mel).all())
    assert model.options.frames_per_token == 10.0 and model.options.rest_frames == 60


def test_what_was_understood_and_what_not_is_said(tmp_path):
    rows = import_checkpoint(written(tmp_path), tmp_path / "run").report.rows
    said = {what: (status, detail) for status, what, detail in rows}
    assert said["symbols"] == ("understood", f"{SYMBOLS}, from token_list")
    assert said["frontend"][0] == "missing" and "g2p_en" in said["frontend"][1]
    assert said["training settings"] == ("ignored", "optim")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tts": "tacotron2"}, "another model"),
        ({"tts_conf": {**CASES["plain"], "use_gst": True}}, "use_gst"),
        ({"tts_conf": {**CASES["plain"], "spk_embed_dim": 512}}, "spk_embed_dim"),
        ({"tts_conf": {**CASES["plain"], "encoder_concat_after": True}}, "encoder_concat_after"),
        ({"tts_conf": {**CASES["plain"], "aheads": 5}}, "cannot be shared"),
        ({"tts_conf": {**CASES["plain"], "eprenet_dropout_rate": "x"}}, "eprenet_dropout_rate"),
        ({"tts_conf": [1]}, "must be a mapping"),
        ({"token_list": TOKENS[:-1]}, "token_list has 11"),
        ({"token_list": None}, "--symbols FILE"),
        ({"feats_extract": "dio"}, "feats_extract"),
        ({"feats_extract_conf": {"log_base": 2.0}}, "log_base"),
        ({"feats_extract_conf": {"fs": "many"}}, "fs is"),
    ],
)
def test_settings_that_ttskit_does_not_have_are_named(changes, words, tmp_path):
    with pytest.raises(CheckpointError) as caught:
        import_checkpoint(written(tmp_path, **changes), tmp_path / "run")
    assert words in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_files_that_are_not_whole_are_refused(tmp_path):
    path = written(tmp_path, state={"tts.sid_emb2.weight": torch.zeros(2)})
    with pytest.raises(CheckpointError, match=r"sid_emb2\.weight"):
        import_checkpoint(path, tmp_path / "run")
    path = written(tmp_path)
    state = torch.load(path)
    torch.save({k: v for k, v in state.items() if not k.startswith("normalize.")}, path)
    with pytest.raises(CheckpointError, match=r"normalize\.mean"):
        import_checkpoint(path, tmp_path / "run")
    torch.save({k: v for k, v in state.items() if "decoders.1.norm2" not in k}, path)
    with pytest.raises(CheckpointError, match="whole"):
        import_checkpoint(path, tmp_path / "run")
    torch.save(state, path)
    (tmp_path / "config.yaml").unlink()
    with pytest.raises(CheckpointError, match="--config FILE"):
        import_checkpoint(path, tmp_path / "run")


def test_the_configuration_may_lie_elsewhere(tmp_path):
    (tmp_path / "exp").mkdir()
    path = written(tmp_path)
    (tmp_path / "config.yaml").rename(tmp_path / "exp" / "setup.yaml")
    import_checkpoint(path, tmp_path / "run", config=tmp_path / "exp" / "setup.yaml")
