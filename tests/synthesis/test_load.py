"""Voices out of run folders: what is put together, and every combination that is refused, in Python and on the command line."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import soundfile
import torch

from ttskit.audio.config import MelConfig
from ttskit.cli import _run
from ttskit.config import load_recipe
from ttskit.errors import CheckpointError, MismatchError, PluginError, UsageError
from ttskit.interfaces import ModelContext, PitchStats
from ttskit.plugins import create_registry
from ttskit.runs import RunFolder
from ttskit.symbols import SpeakerTable
from ttskit.synthesis import load_voice

REGISTRY = create_registry()
FRONTEND = REGISTRY.get("frontend", "spanish").load()(dialect="rioplatense")
MEL = MelConfig(bands=20)


@pytest.fixture(scope="module")
def make_run(tmp_path_factory):
    """make_run("fastpitch", mel=…, overrides=(…), steps=(…)) -> folder of an untrained run."""

    def make(model, mel=MEL, overrides=(), steps=(0,), frontend=None):
        torch.manual_seed(0)
        recipe = load_recipe("tiny", overrides, REGISTRY)
        options = recipe.options_for(model, REGISTRY)
        context = ModelContext(mel, FRONTEND.symbols, SpeakerTable(("ana",)), {"ana": PitchStats(200.0, 30.0)})
        kind = "vocoder" if model == "hifigan" else "acoustic model"
        run = RunFolder.create(
            tmp_path_factory.mktemp("runs") / model,
            kind=kind,
            model=model,
            options=options,
            recipe=recipe,
            context=context,
            frontend=frontend or FRONTEND.fingerprint(),
            registry=REGISTRY,
        )
        built = run.build(REGISTRY)[0]
        for step in steps:
            run.save(built, step)
        return run.path

    return make


@pytest.fixture(scope="module")
def fastpitch(make_run):
    return make_run("fastpitch")


@pytest.fixture(scope="module")
def hifigan(make_run):
    return make_run("hifigan")


def test_a_run_speaks_with_other_options_than_it_was_trained_with(make_run):
    run = make_run("tacotron2")
    assert load_voice(run).acoustic.options.monotonic == "none"
    voice = load_voice(run, options={"monotonic": "window", "frames_floor": 9})
    assert (voice.acoustic.options.monotonic, voice.acoustic.decoder.options.frames_floor) == ("window", 9)
    with pytest.raises(UsageError, match="no option 'monotonc'") as wrong:
        load_voice(run, options={"monotonc": "window"})
    assert "'monotonic'" in wrong.value.fix
    with pytest.raises(UsageError, match="cannot speak with monotonic=backward"):
        load_voice(run, options={"monotonic": "backward"})
    with pytest.raises(UsageError, match="cannot speak with prenet_channels=7") as wrong:
        load_voice(run, options={"prenet_channels": 7})
    assert "another network" in wrong.value.why


def test_the_command_says_how_a_sentence_was_gone_through(make_run, fastpitch, tmp_path, capsys):
    run = make_run("tacotron2", overrides=("models.tacotron2.options.stop_threshold=2",))
    words = ["synthesize", "La mesa. El sol.", "-o", str(tmp_path / "a.wav"), "--option", "frames_floor=8"]
    words += ["--option", "frames_per_token=0"]
    assert _run([*words, "--voice", str(run), "--option", "rest_frames=0", "--json"], False) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["ended"], told["finished"]) == ("truncated", False)
    # two steps a part: words that neither of them attends to
    voice = load_voice(run, options={"frames_floor": 8, "frames_per_token": 0, "rest_frames": 0})
    speech = voice.synthesize("La mesa. El sol.")
    parts = [(part.words, part.traversal) for part in speech.parts]
    assert told["skipped"] == [words[w] for words, traversal in parts for w in traversal.skipped] == ["la", "mesa", "el", "sol"]
    assert speech.faults() == {"skipped": told["skipped"], "repeated": told["repeated"]}

    assert _run([*words, "--voice", str(run)], False) == 0
    assert ", truncated; skipped: la, mesa, el, sol" in capsys.readouterr().out
    assert _run(["synthesize", "La mesa.", "-o", str(tmp_path / "a.wav"), "--voice", str(fastpitch), "--json"], False) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["ended"] is None and told["skipped"] == [] and told["finished"] is True
    for wrong, said in (
        ("monotonic", "not an option with a value"),
        ("monotonc=window", "did you mean 'monotonic'"),
        ("monotonic={", "cannot be read"),
    ):
        assert _run(["synthesize", "La mesa.", "--voice", str(run), "--option", wrong], False) == 2
        assert said in capsys.readouterr().err


def test_griffin_lim_takes_the_options_of_the_runs_recipe(make_run):
    voice = load_voice(make_run("fastpitch", overrides=("models.griffinlim.options.iterations=3",)))
    assert (voice.vocoder_name, voice.vocoder.options.iterations) == ("griffinlim", 3)


def test_the_vocoder_is_one_argument(fastpitch, hifigan):
    assert load_voice(fastpitch, hifigan).synthesize("hola").duration_s > 0


def test_another_version_of_the_frontend_is_told(make_run):
    older = replace(FRONTEND.fingerprint(), version="0.0.1")
    notes = load_voice(make_run("fastpitch", frontend=older)).synthesize("hola").notes
    assert any("frontend 'spanish' is not as it was in training" in note and "0.0.1" in note for note in notes)


def test_wrong_combinations_name_what_they_are(fastpitch, hifigan, make_run, tmp_path):
    with pytest.raises(UsageError, match="holds a vocoder, not an acoustic model") as error:
        load_voice(hifigan)
    assert f"--vocoder {hifigan}" in error.value.fix
    with pytest.raises(UsageError, match="holds an acoustic model, not a vocoder"):
        load_voice(fastpitch, fastpitch)
    with pytest.raises(UsageError, match="'hifigan' must be trained first"):
        load_voice(fastpitch, "hifigan")
    with pytest.raises(PluginError) as error:
        load_voice(fastpitch, "grifinlim")
    assert error.value.fix == "did you mean 'griffinlim'?"
    with pytest.raises(CheckpointError, match="is not a run folder"):
        load_voice(tmp_path / "nowhere")
    other = make_run("hifigan", mel=MelConfig(bands=20, sample_rate_hz=16_000, f_max_hz=8000.0))
    with pytest.raises(MismatchError) as error:
        load_voice(fastpitch, other)
    assert "model 22050, vocoder 16000" in error.value.why
    other = make_run("hifigan", mel=MelConfig(bands=20, f_max_hz=7600.0))
    with pytest.raises(MismatchError) as error:
        load_voice(fastpitch, other)
    assert "f_max_hz" in error.value.why and "8000" in error.value.why and "7600" in error.value.why


def test_another_placement_is_shifted_and_said(fastpitch, make_run):
    moved = make_run("hifigan", mel=replace(MEL, first_frame_centre_samples=128))
    speech = load_voice(fastpitch, moved).synthesize("hola")
    wanted = ("first_frame_centre_samples 0 / 128", "moved by -128 samples (-5.8 ms)")
    assert any(all(part in note for part in wanted) for note in speech.notes)


def test_a_truncated_checkpoint_offers_the_one_before(make_run, capsys, monkeypatch, tmp_path):
    run = make_run("fastpitch", steps=(1, 2))
    file = run / "checkpoints" / "step_00000002" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:500])
    monkeypatch.chdir(tmp_path)
    assert _run(["synthesize", "hola", "--voice", str(run), "--checkpoint", "last"], debug=False) == 1
    shown = capsys.readouterr().err
    assert "step_00000002 is damaged" in shown
    assert "step_00000001, is good" in shown
    assert "Traceback" not in shown
    assert _run(["synthesize", "hola", "--voice", str(run), "--checkpoint", "1"], debug=False) == 0


def test_a_run_of_another_version(make_run, capsys):
    run = make_run("fastpitch")
    info = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps({**info, "format": 99}), encoding="utf-8")
    assert _run(["synthesize", "hola", "--voice", str(run)], debug=False) == 1
    shown = capsys.readouterr().err
    assert "another version" in shown and "99" in shown and "Traceback" not in shown


@pytest.mark.parametrize("text", ["", " \n", "🙂", "\x07\x01", "¡¿...!?"])
def test_nothing_to_speak_exits_with_1(fastpitch, tmp_path, monkeypatch, capsys, text):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert _run(["synthesize", "-", "--voice", str(fastpitch)], debug=False) == 1
    shown = capsys.readouterr().err
    assert "error: nothing to speak" in shown and "Traceback" not in shown
    assert not list(tmp_path.iterdir())


def test_a_file_of_lines_speaks_what_it_can_and_says_the_rest(fastpitch, tmp_path, capsys):
    lines = tmp_path / "frases.txt"
    lines.write_bytes("\ufeffHola.\r\n\r\n🙂\r\nChau\x07 che 🙂.\r\n".encode())
    arguments = ["synthesize", "--voice", str(fastpitch), "--file", str(lines), "-o", str(tmp_path / "out")]
    assert _run(arguments, debug=False) == 1
    shown = capsys.readouterr().err
    assert "line 2 skipped: nothing to speak" in shown and "1 of 3 lines could not be spoken" in shown
    assert "not read: '\\x07' at character 4" in shown and "'🙂' at character 10" in shown
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0001.wav", "0003.wav"]
    assert soundfile.info(tmp_path / "out" / "0001.wav").frames > 0


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "mac_roman"])
def test_a_file_of_lines_in_any_encoding_is_spoken_alike(fastpitch, tmp_path, capsys, encoding):
    lines, words = tmp_path / "frases.txt", []
    arguments = ["synthesize", "--voice", str(fastpitch), "--file", str(lines), "-o", str(tmp_path / "out")]
    for content in ("¿mañana sí?\n".encode(), "¿mañana sí?\n".encode(encoding)):
        lines.write_bytes(content)
        assert _run(arguments, debug=False) == 0
        words.append((tmp_path / "out" / "0001.wav").read_bytes())
    assert words[0] == words[1]
    assert ("frases.txt, line 1: " in capsys.readouterr().err) == (encoding != "utf-16")


def test_lines_whose_letters_are_lost_are_not_spoken(fastpitch, tmp_path, capsys):
    lines = tmp_path / "frases.txt"
    arguments = ["synthesize", "--voice", str(fastpitch), "--file", str(lines), "-o", str(tmp_path / "out")]
    for content, told in (
        ("Hola.\nMa\ufffdana.\n".encode(), "line 2 of"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "it is a WAV sound"),
        ("¿hola? mañ".encode()[:-1], "is cut short"),
    ):
        lines.write_bytes(content)
        assert _run(arguments, debug=False) == 1 and told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_standard_input_in_another_encoding_is_not_spoken_with_holes(fastpitch, tmp_path, monkeypatch, capsys, encoding):
    heard = []
    for content in ("¿mañana?".encode(), "¿mañana?".encode(encoding)):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        assert _run(["synthesize", "-", "--voice", str(fastpitch), "-o", str(tmp_path / "a.wav")], debug=False) == 0
        heard.append((tmp_path / "a.wav").read_bytes())
    assert heard[0] == heard[1] and "not read" not in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_no_half_file(fastpitch, tmp_path, monkeypatch, capsys):
    import errno

    def full(self, target):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert _run(["synthesize", "hola", "--voice", str(fastpitch), "-o", str(tmp_path / "a.wav")], debug=False) == 1
    shown = capsys.readouterr().err
    assert f"error: the disk is full: cannot write {tmp_path / 'a.wav'}" in shown and "Traceback" not in shown
    assert f"are left on the disk of {tmp_path}" in shown and "no half file is left" in shown and "free some space" in shown
    assert not list(tmp_path.iterdir())


def test_a_voice_without_its_vocoders_hum(fastpitch, hifigan, tmp_path, capsys):
    plain, clean = load_voice(fastpitch, hifigan), load_voice(fastpitch, hifigan, denoise=1.0)
    silence = torch.full((1, MEL.bands, 60), -11.5)
    before, after = (v.vocoder.infer(silence)[0, 2000:-2000].abs().mean() for v in (plain, clean))
    assert float(after) < 0.5 * float(before)  # an untrained generator hums a lot
    whole = clean.synthesize("hola")
    joined = torch.cat([torch.from_numpy(chunk) for chunk in clean.stream("hola")])
    assert len(whole.audio) == len(plain.synthesize("hola").audio) == len(joined)
    assert float((joined - torch.from_numpy(whole.audio)).abs().max()) < 1e-5
    command = f"synthesize hola --voice {fastpitch} --vocoder {hifigan} -o {tmp_path / 'a.wav'} --denoise"
    assert _run([*command.split(), "1"], debug=False) == 0
    spoken = soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
    assert abs(spoken - whole.audio).max() < 1e-4
    assert _run([*command.split(), "-1"], debug=False) == 1
    assert "strength must be a number from 0 on" in capsys.readouterr().err


def test_the_vocoder_that_is_named_wins_over_the_recipes_and_that_over_the_default(make_run, hifigan):
    """Planted: the recipe's, whatever was asked for."""
    named = make_run("fastpitch", overrides=(f"vocoder={hifigan}",))
    assert load_voice(named).vocoder_name == hifigan.name
    assert load_voice(named, "griffinlim").vocoder_name == "griffinlim"
    (named / "config.yaml").unlink()  # an imported run has no recipe
    assert load_voice(named).vocoder_name == "griffinlim" and load_voice(named, hifigan).vocoder_name == hifigan.name


def test_a_voice_speaks_with_the_last_checkpoint_unless_another_is_named(make_run):
    """Planted: with the best one, while comparisons took the last."""
    path = make_run("fastpitch", steps=())
    run = RunFolder.open(path)
    model = run.build(REGISTRY)[0]
    weight = next(name for name, _ in model.named_parameters())
    for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0)):
        with torch.no_grad():
            model.state_dict()[weight].fill_(step)
        run.save(model, step, validation_loss=loss)
    for asked, step in (({}, 3), ({"checkpoint": "best"}, 2), ({"checkpoint": 1}, 1)):
        assert set(load_voice(path, **asked).acoustic.state_dict()[weight].flatten().tolist()) == {step}
