"""Wrong files: one clear error each, nothing executed, no half run left behind."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch

from ttskit.cli import _run
from ttskit.errors import CheckpointError, MismatchError, TTSKitError, UsageError
from ttskit.importing import import_checkpoint, open_archive
from ttskit.importing.tensors import tensors_of


class Code:
    """A pickle that makes a folder when it is loaded the careless way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def refused(path: Path, run: Path, **options: object) -> TTSKitError:
    with pytest.raises(TTSKitError) as caught:
        import_checkpoint(path, run, **options)
    assert not run.exists()
    return caught.value


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_code_in_a_torch_file(tmp_path, legacy):
    trap, path = tmp_path / "executed", tmp_path / "model.pt"
    torch.save({"state_dict": {}, "config": Code(trap)}, path, _use_new_zipfile_serialization=not legacy)
    error = refused(path, tmp_path / "run")
    assert "more than tensors" in error.what and "mkdir" in error.why and not trap.exists()


def test_code_in_a_plain_pickle_and_in_an_archive(make_archive, tmp_path):
    trap, path = tmp_path / "executed", tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Code(trap)))
    assert isinstance(refused(path, tmp_path / "run"), CheckpointError)
    error = refused(make_archive(weights=saved({"a": Code(trap)})), tmp_path / "run")
    assert "model_weights.ckpt" in error.what and "more than tensors" in error.what and not trap.exists()


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_an_archive_that_is_cut(make_archive, tmp_path, mode, share):
    path = make_archive(mode=mode)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "cut short" in refused(path, tmp_path / "run").what


def test_a_torch_file_that_is_cut_or_empty(tmp_path):
    path = tmp_path / "model.pt"
    for content, word in (
        (saved({"state_dict": {"a": torch.ones(1000)}})[:2000], "cut short"),
        (b"", "empty"),
        (b"not a checkpoint", "is not a checkpoint"),
    ):
        path.write_bytes(content)
        assert word in refused(path, tmp_path / "run").what


def test_an_archive_of_another_model(make_archive, tmp_path):
    path = make_archive(change=lambda c: c.update(target="nemo.collections.asr.models.EncDecCTCModel"))
    error = refused(path, tmp_path / "run")
    assert "EncDecCTCModel" in error.why and "NeMo FastPitch" in error.why
    assert "not a NeMo FastPitch" in refused(path, tmp_path / "run", importer="nemo-fastpitch").what


def test_a_torch_file_of_another_model(tmp_path):
    path = tmp_path / "other.pt"
    torch.save({"state_dict": {"layer.weight": torch.ones(2)}, "epoch": 3}, path)
    error = refused(path, tmp_path / "run")
    assert "state_dict, epoch" in error.why


def test_a_dictionary_that_does_not_fit(make_archive, tmp_path):
    path = make_archive(dictionary="HOLA  ˈola\nCHE  tʃˈe\n")
    error = refused(path, tmp_path / "run")
    assert isinstance(error, MismatchError) and "does not fit the embedding" in error.what and "tokens" in error.why
    empty = make_archive("empty.nemo", dictionary="nothing\n")
    assert "not a pronunciation dictionary" in refused(empty, tmp_path / "run").why


def test_settings_that_ttskit_does_not_have(make_archive, tmp_path):
    def phonemes(config: dict) -> None:
        config["text_tokenizer"]["_target_"] = "nemo.EnglishPhonemesTokenizer"

    def english(config: dict) -> None:  # NeMo's locale where none is given
        del config["text_tokenizer"]["locale"]

    def heteronyms(config: dict) -> None:
        config["text_tokenizer"]["g2p"]["heteronyms"] = "nemo:heteronyms"

    def normalised(config: dict) -> None:
        config["preprocessor"]["normalize"] = "per_feature"

    def elsewhere(config: dict) -> None:
        config["text_tokenizer"]["g2p"]["phoneme_dict"] = "/etc/hostname"

    def larger(config: dict) -> None:
        config["symbols_embedding_dim"] = 32

    def without(config: dict) -> None:
        del config["input_fft"]

    def parts(config: dict) -> None:  # each would be another model with the same tensors
        config["input_fft"]["pre_lnorm"] = True
        config["alignment_module"]["dist_type"] = "cosine"
        config["speaker_encoder"] = {"gst_module": {}}

    expected = {
        parts: "pre_lnorm: True, alignment_module.dist_type: 'cosine', speaker_encoder",
        phonemes: "EnglishPhonemesTokenizer",
        english: "locale",
        heteronyms: "heteronyms",
        normalised: "per_feature",
        elsewhere: "/etc/hostname",
        larger: "size mismatch",
        without: "input_fft",
    }
    for number, (change, word) in enumerate(expected.items()):
        error = refused(make_archive(f"{number}.nemo", change=change), tmp_path / "run")
        assert word in error.why, change.__name__


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0):
    def extra(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        tar.addfile(info)

    return extra


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (_member("../outside"), "outside"),
        (_member("/etc/outside"), "outside"),
        (_member("a\\..\\..\\outside"), "outside"),
        (_member("C:/outside"), "outside"),
        (_member("link", tarfile.SYMTYPE, "/etc/passwd"), "not a plain file"),
        (_member("link", tarfile.LNKTYPE, "model_config.yaml"), "not a plain file"),
        (_member("pipe", tarfile.FIFOTYPE), "not a plain file"),
        (_member("./model_config.yaml"), "not a NeMo archive"),
    ],
)
def test_members_that_do_not_belong(make_archive, tmp_path, extra, word):
    assert word in refused(make_archive(extra=extra), tmp_path / "run").what


def test_absurd_sizes(make_archive, tmp_path):
    path = tmp_path / "bomb.nemo"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 40 << 20
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    with pytest.raises(CheckpointError, match="absurd size"):
        open_archive(path)
    with tarfile.open(tmp_path / "huge.nemo", "w") as tar:
        info = tarfile.TarInfo("huge")
        info.size = 1 << 40
        tar.fileobj.write(info.tobuf())
    with pytest.raises(CheckpointError, match=r"absurd size|cut short"):
        open_archive(tmp_path / "huge.nemo")
    with pytest.raises(CheckpointError, match="absurd size"):
        tensors_of({"a": torch.zeros(1).expand(1 << 40)}, "file")
    packed = tmp_path / "packed.pt"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(40 << 20))
    assert "more than it holds" in refused(packed, tmp_path / "run").what


def test_weights_that_are_no_numbers(make_archive, tmp_path):
    broken = {"fastpitch.encoder.word_emb.weight": torch.tensor([[float("nan")]])}
    assert "not finite" in refused(make_archive(weights=saved(broken)), tmp_path / "run").what
    assert "no tensors" in refused(make_archive(weights=saved([1, 2])), tmp_path / "run").what
    assert "not a FastPitch" in refused(make_archive(weights=saved({"a.weight": torch.ones(2)})), tmp_path / "run").what


def test_calls_that_are_wrong(make_archive, tmp_path):
    path = make_archive()
    with pytest.raises(UsageError, match="takes no --config"):
        import_checkpoint(path, tmp_path / "run", config=path)
    import_checkpoint(path, tmp_path / "run")
    with pytest.raises(UsageError, match="is not empty"):
        import_checkpoint(path, tmp_path / "run")
    assert (tmp_path / "run" / "run.json").is_file()
    assert "is a folder" in refused(tmp_path, tmp_path / "other").why


def test_the_command_line_says_it_in_one_message(tmp_path, capsys):
    (tmp_path / "junk.nemo").write_bytes(b"junk")
    assert _run(["import", str(tmp_path / "junk.nemo"), "-o", str(tmp_path / "run")], debug=False) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: junk.nemo is") and "Traceback" not in said
