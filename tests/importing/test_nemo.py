"""From a `.nemo` to speech: archives of our own, and those of the shared data where they are."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ttskit.audio.config import PRESETS
from ttskit.cli import cli
from ttskit.errors import InputError, MismatchError
from ttskit.importing import import_checkpoint
from ttskit.interfaces import AcousticInput
from ttskit.plugins import create_registry
from ttskit.runs.folder import RunFolder
from ttskit.synthesis.load import build_frontend, load_voice

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
NEMO = Path(os.environ.get("TTSKIT_PARITY_NEMO", SHARED / "parity_nemo"))
ARCHIVE, VOCODER = NEMO / "fastpitch_es_multispeaker_small.nemo", NEMO / "hifigan_44100_small.nemo"
needs_archives = pytest.mark.skipif(not ARCHIVE.exists() or not VOCODER.exists(), reason=f"no archives in {NEMO}")


def run_cli(*arguments: object) -> str:
    result = CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def rows(report) -> dict[str, tuple[str, str]]:
    return {what: (status, detail) for status, what, detail in report.rows}


def test_the_command_line_from_archive_to_speech(make_archive, tmp_path):
    run = tmp_path / "run"
    table = run_cli("import", make_archive(), "-o", run)
    assert all(word in table for word in ("understood", "ignored", "missing", "tokenizer", "44100 Hz", "--speakers"))
    said = run_cli("synthesize", "¡Hola, mundo viejo! Llovizna.", "--voice", run, "--speaker", "1", "-o", tmp_path / "a.wav")
    assert "a.wav" in said and (tmp_path / "a.wav").stat().st_size > 4_000


def test_the_run_is_whole_wherever_it_is_moved(make_archive, tmp_path):
    archive = make_archive()
    import_checkpoint(archive, tmp_path / "run")
    archive.unlink()
    shutil.move(tmp_path / "run", tmp_path / "moved")
    voice = load_voice(tmp_path / "moved")
    assert not voice.notes  # the frontend is as it was, although its dictionary lies elsewhere
    first, second = voice.synthesize("Hola. ¡Che!", speaker="0").parts
    # Sentences are spoken apart, each with NeMo's space at both ends.
    assert "".join(first.analysis.tokens) == " ˈola. " and "".join(second.analysis.tokens) == " ¡tʃˈe! "
    info = json.loads((tmp_path / "moved" / "run.json").read_text(encoding="utf-8"))
    assert str(tmp_path) not in json.dumps(info) and info["source"]["file"] == archive.name


def test_one_voice_however_the_archive_is_packed(make_archive, tmp_path):
    plain = import_checkpoint(make_archive(), tmp_path / "plain").run.weights()[0]

    def renamed(config: dict) -> None:  # class paths before NeMo moved them, and after
        config["target"] = "somewhere.older.FastPitchModel"
        config["text_tokenizer"]["_target_"] = "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.IPATokenizer"
        config["text_tokenizer"]["g2p"]["_target_"] = "nemo.collections.tts.g2p.models.i18n_ipa.IpaG2p"

    packed = make_archive("packed.nemo", "w:gz", prefix="", change=renamed)
    other = import_checkpoint(packed, tmp_path / "packed").run.weights()[0]
    assert plain.keys() == other.keys() and all(torch.equal(plain[name], other[name]) for name in plain)


def test_archives_of_22050_hz(make_archive, tmp_path):
    def narrow(config: dict) -> None:
        config["sample_rate"] = 22050
        config["preprocessor"].update(sample_rate=22050, n_fft=1024, n_window_size=1024, n_window_stride=256, highfreq=8000)

    run = import_checkpoint(make_archive(change=narrow), tmp_path / "run").run
    nvidia = PRESETS["nvidia-22050"]
    assert run.context.mel == replace(nvidia, window_periodic=False, log_guard_mode="add")
    assert load_voice(run.path).synthesize("Hola.", speaker="0").sample_rate_hz == 22050
    assert import_checkpoint(make_archive(), tmp_path / "wide").run.context.mel == PRESETS["nemo-44100"]


def test_loss_weights_and_where_the_speaker_is_heard(make_archive, tmp_path):
    def change(config: dict) -> None:
        config.update(dur_loss_scale=0.4, aligner_loss_scale=0.7, bin_loss_warmup_epochs=50, min_token_duration=1)

    options = import_checkpoint(make_archive(change=change), tmp_path / "run").run.info["options"]
    assert {k: options["loss"][k] for k in ("duration", "pitch", "forward_sum", "binarization", "binarization_ramp")} == {
        "duration": 0.4,
        "pitch": 0.1,
        "forward_sum": 0.7,
        "binarization": 0.7,
        "binarization_ramp": 50.0,
    }
    assert options["speaker"] == {"weight": 1.0, "predictors": True, "energy": False, "aligner": True, "decoder": False}
    assert options["min_duration"] == 1.0 and options["alignment"] == "learned"


def test_speakers_and_pitch_in_nemos_own_forms(make_archive, tmp_path):
    speakers, stats = tmp_path / "speakers.tsv", tmp_path / "stats.json"
    speakers.write_text("speaker\tspeaker_id\nbeto\t1\nana\t0\n", encoding="utf-8")
    stats.write_text(
        json.dumps({"default": {"pitch_mean": 180.0, "pitch_std": 60.0}, "1": {"pitch_mean": 120.0, "pitch_std": 20.0}}),
        encoding="utf-8",
    )
    archive = make_archive()
    done = import_checkpoint(archive, tmp_path / "run", speakers=speakers, pitch_stats=stats)
    context = done.run.context
    assert context.speakers.names == ("ana", "beto")
    assert (context.pitch["ana"].mean_hz, context.pitch["beto"].mean_hz, context.pitch["beto"].std_hz) == (180.0, 120.0, 20.0)
    voice = load_voice(tmp_path / "run")
    neutral, higher = (voice.synthesize("Hola mundo.", speaker="beto", pitch=p).parts[0].spectrogram.pitch for p in (0.0, 3.0))
    hz = neutral * 20.0 + 120.0
    torch.testing.assert_close(higher, (hz * 2 ** (3 / 12) - 120.0) / 20.0)
    short = tmp_path / "short.json"
    short.write_text('{"ana": 0}', encoding="utf-8")
    with pytest.raises(MismatchError, match="speakers do not fit"):
        import_checkpoint(archive, tmp_path / "other", speakers=short)
    assert not (tmp_path / "other").exists()


def test_a_control_in_hz_names_the_missing_file(make_archive, tmp_path):
    import_checkpoint(make_archive(), tmp_path / "run")
    with pytest.raises(InputError, match="no pitch statistics for speaker '1'") as caught:
        load_voice(tmp_path / "run").synthesize("Hola", speaker="1", pitch=2.0)
    assert "--pitch-stats" in caught.value.fix


def test_what_the_table_says(make_archive, tmp_path):
    said = rows(import_checkpoint(make_archive(), tmp_path / "run").report)
    assert said["tokenizer"] == (
        "understood",
        f"NeMo IPA, {len(RunFolder.open(tmp_path / 'run').context.symbols)} tokens from es_tiny.dict",
    )
    assert said["training settings"] == ("ignored", "optim")
    assert {what for what, (status, _) in said.items() if status == "missing"} == {"speaker names", "pitch statistics"}


def test_dictionaries_are_read_as_the_embedding_was_counted(make_archive, tmp_path):
    """NeMo 1.15 skipped words that start with an accented letter, and so had fewer tokens."""
    new = import_checkpoint(make_archive(), tmp_path / "new").run
    old = import_checkpoint(make_archive(letters="ascii"), tmp_path / "old").run
    assert (new.frontend.options["letters"], old.frontend.options["letters"]) == ("latin1", "ascii")
    assert len(new.context.symbols) > len(old.context.symbols)
    voices = [build_frontend(run.frontend, create_registry())[0] for run in (new, old)]
    assert [v.phonemize("árbol").replace(" ", "") for v in voices] == ["ˈaɾβol", "ÁROL"]  # no B in the older inventory


def test_another_tokenizer_with_its_symbols_in_a_file(make_archive, tmp_path):
    symbols = import_checkpoint(make_archive(), tmp_path / "run").run.context.symbols.symbols
    (tmp_path / "symbols.json").write_text(json.dumps(symbols), encoding="utf-8")
    other = make_archive(change=lambda c: c["text_tokenizer"].update(_target_="nemo.SpanishCharsTokenizer"))
    run = import_checkpoint(other, tmp_path / "letters", symbols=tmp_path / "symbols.json").run
    assert run.context.symbols.pad == "<pad>" and run.frontend.name == "characters"
    assert load_voice(run.path).synthesize("HOLA", speaker="0").parts[0].analysis.tokens == tuple("HOLA")


def test_spanish_rules_in_the_checkpoints_tokens(make_archive, tmp_path):
    """ʃ is a Rioplatense ll; a castilian ʎ or ʝ keeps its own token, and never becomes ʃ."""
    archive = make_archive()
    import_checkpoint(archive, tmp_path / "run", reading="spanish")
    voice = load_voice(tmp_path / "run")
    tokens = "".join(voice.synthesize("La calle 2: ya.", speaker="0").parts[0].analysis.tokens)
    assert tokens == " lˈa kˈaʃe dˈos: ʃˈa. "
    frontend = import_checkpoint(archive, tmp_path / "es", reading="spanish", dialect="castilian").run.frontend
    castilian = build_frontend(frontend, create_registry())[0].phonemize("calle").replace(" ", "")
    assert castilian in ("kˈaʎe", "kˈaʝe")


@needs_archives
def test_shared_archive_speaks_as_nemo_does(tmp_path):
    """Text to tokens to mel equals what NeMo computed, through the run alone."""
    import_checkpoint(ARCHIVE, tmp_path / "run")
    voice = load_voice(tmp_path / "run")
    inputs, outputs = np.load(NEMO / "fastpitch_inputs.npz"), np.load(NEMO / "fastpitch_outputs.npz")
    cases = json.loads((NEMO / "cases.json").read_text(encoding="utf-8"))["cases"]
    plain = {
        n: c
        for n, c in cases.items()
        if c["kind"] == "forward" and len(c["texts"]) == 1 and c["pace"] == 1.0 and not c.get("note") and not c["extra_inputs"]
    }
    assert plain
    for name, case in plain.items():
        symbols = voice.acoustic.context.symbols
        ids = symbols.ids(voice.frontend.analyze(case["texts"][0]).tokens)
        assert ids == inputs[f"{name}/tokens"][0].tolist()
        given = AcousticInput(torch.tensor([ids]), torch.tensor([len(ids)]), torch.tensor(case["speaker"]))
        spoken = voice.acoustic.infer(given)
        assert spoken.lengths.tolist() == case["num_frames"]
        torch.testing.assert_close(spoken.mel, torch.from_numpy(outputs[f"{name}/mel"]), atol=1e-4, rtol=0)


@needs_archives
def test_shared_archive_with_old_class_paths_gzipped(tmp_path):
    packed = tmp_path / "old.nemo"
    legacy = (NEMO / "model_config_legacy_names.yaml").read_bytes()
    with tarfile.open(ARCHIVE) as old, tarfile.open(packed, "w:gz") as new:
        for member in old:
            content = legacy if member.name.endswith("model_config.yaml") else None
            if member.isfile():
                content = content or old.extractfile(member).read()
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    old, now = (import_checkpoint(path, tmp_path / path.stem).run for path in (packed, ARCHIVE))
    assert old.context == now.context and old.info["options"] == now.info["options"]
    assert all(torch.equal(value, now.weights()[0][name]) for name, value in old.weights()[0].items())


@needs_archives
def test_shared_archives_speak_together(tmp_path):
    run_cli("import", ARCHIVE, "-o", tmp_path / "voice")
    import_checkpoint(VOCODER, tmp_path / "vocoder", discriminator_scale=1 / 32)
    for vocoder in ("griffinlim", tmp_path / "vocoder"):
        out = tmp_path / "a.wav"
        voice = ("--voice", tmp_path / "voice", "--vocoder", vocoder, "--speaker", "2")
        run_cli("synthesize", "Hola, ¿cómo andás?", *voice, "-o", out)
        assert out.stat().st_size > 20_000
    loaded = RunFolder.open(tmp_path / "vocoder").load()
    inputs, outputs = np.load(NEMO / "hifigan_inputs.npz"), np.load(NEMO / "hifigan_outputs.npz")
    for key in inputs.files:
        case = key.split("/")[0]
        wave = loaded.model.infer(torch.from_numpy(inputs[key]))
        torch.testing.assert_close(wave.flatten(), torch.from_numpy(outputs[f"{case}/wav"]).flatten(), atol=1e-4, rtol=0)
