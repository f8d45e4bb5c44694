"""Fine-tuning by name: what every row starts from, what is kept bit for bit, and what is refused."""

import json
from dataclasses import replace

import pytest
import torch
from rich.console import Console

from ttskit.config.training import TransferConfig
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.errors import CheckpointError, ConfigError, MismatchError, UsageError
from ttskit.interfaces import AcousticInput, PitchStats
from ttskit.runs import RunFolder
from ttskit.symbols import SymbolTable
from ttskit.training.transfer import Inherited, plan_transfer, target_context
from ttskit_spanish.phonetics import PHONETICS

MODELS = ("fastpitch", "tacotron2", "transformertts")
KEEP_ALL = "training.transfer.keep_speakers=all"
NO_RATE = {
    "fastpitch": "models.fastpitch.options.optimizer.learning_rate=1e-30",
    "tacotron2": "models.tacotron2.options.learning_rate=1e-30",
    "transformertts": "models.transformertts.options.learning_rate=1e-30",
}
# batch statistics move without any rate; freezing them is the way to keep them
STILL = {
    "fastpitch": "models.fastpitch.options.optimizer.weight_decay=0",
    **dict.fromkeys(("tacotron2", "transformertts"), 'training.freeze=["*.norm.*"]'),
}


def speech(run, tokens, speaker, checkpoint="last"):
    """The mel of a loaded run for symbols and a speaker by name."""
    loaded = run.load(checkpoint=checkpoint)
    ids = torch.tensor([loaded.context.symbols.ids(tokens)])
    inputs = AcousticInput(ids, torch.tensor([ids.shape[1]]), torch.tensor([loaded.context.speakers.id(speaker)]))
    return loaded.model.infer(inputs, generators=[torch.Generator().manual_seed(1)]).mel


SAID = ("<edge>", "a", "b", "d", "e", ".", "<edge>")


@pytest.fixture
def moved(trained, new_corpus, random_run):
    """moved(model, source speakers, corpus speakers, overrides) -> (source, target) after one step that moves nothing."""

    def call(model, old, new, *overrides, **more):
        pitch = {name: PitchStats(100.0 + i, 9.0) for i, name in enumerate(old)}
        source = random_run("source", model, old, pitch=pitch)
        target = trained(
            model,
            run="target",
            steps=1,
            init_from=source.path,
            data=new_corpus("new", speakers=new),
            overrides=(NO_RATE[model], STILL[model], *overrides),
            **more,
        )
        return source, target

    return call


@pytest.mark.parametrize("model", MODELS)
def test_old_speakers_are_kept_bit_for_bit(model, moved):
    source, target = moved(model, ("carla", "dani", "eva"), ("ana",), KEEP_ALL)
    assert target.context.speakers.names == ("ana", "carla", "dani", "eva")
    for speaker in ("carla", "dani", "eva"):
        assert torch.equal(speech(source, SAID, speaker), speech(target, SAID, speaker))
    assert not torch.equal(speech(source, SAID, "carla"), speech(source, SAID, "dani"))
    pitch = target.context.pitch
    assert pitch["dani"] == PitchStats(101.0, 9.0) and pitch["ana"] == PitchStats(150.0, 20.0)


@pytest.mark.parametrize("model", MODELS)
def test_one_speaker_of_several_keeps_the_donors_voice(model, moved):
    """The new model has one speaker; without the vector of the donor it would be nobody's voice."""
    source, target = moved(model, ("carla", "dani"), ("ana",), "training.transfer.speaker_from=dani")
    assert target.context.speakers.names == ("ana",) and target.context.speaker_vectors
    assert torch.equal(speech(source, SAID, "dani"), speech(target, SAID, "ana"))
    assert RunFolder.open(target.path).context == target.context


@pytest.mark.parametrize("model", MODELS)
def test_one_speaker_becomes_several_bit_for_bit(model, moved):
    source, target = moved(model, ("solo",), ("ana", "beto"), KEEP_ALL)
    assert target.context.speakers.names == ("ana", "beto", "solo")
    for speaker in ("ana", "beto", "solo"):
        assert torch.equal(speech(source, SAID, "solo"), speech(target, SAID, speaker))
    plan = json.loads((target.path / "transfer.json").read_text(encoding="utf-8"))
    assert plan["tensors"]["zeros"] == plan["tensors"]["new"] and len(plan["tensors"]["new"]) == 1


def test_the_mean_of_all_and_donors_by_name(moved):
    source, target = moved("fastpitch", ("carla", "dani"), ("ana", "beto"), "training.transfer.speaker_from={ana: dani}")
    old, new = source.weights()[0]["speaker_embedding.weight"], target.weights()[0]["speaker_embedding.weight"]
    assert torch.equal(new[0], old[1]) and torch.allclose(new[1], old.mean(0), atol=1e-7)


def test_symbols_go_by_name_role_and_sound(trained, new_corpus, random_run):
    """q of the run stands for nothing here; o is new; padding and edges have other numbers."""
    source = random_run("source")
    still = (NO_RATE["fastpitch"], STILL["fastpitch"])
    target = trained(steps=1, init_from=source.path, data=new_corpus("new"), overrides=still)
    old, new = source.weights()[0]["embedding.weight"], target.weights()[0]["embedding.weight"]
    here, there = target.context.symbols, source.context.symbols
    for symbol in ("a", "b", "d", "<pad>", "<edge>", ".", " "):
        assert torch.equal(new[here.ids([symbol])[0]], old[there.ids([symbol])[0]]), symbol
    plan = json.loads((target.path / "transfer.json").read_text(encoding="utf-8"))["symbols"]
    come = {row["name"]: row["from"] for row in plan["new"]}
    assert come["i"] == ["e"] and come["f"] == ["b"]  # by the sounds that letters spell
    assert torch.equal(new[here.ids(["i"])[0]], old[there.ids(come["i"])[0]])
    assert plan["dropped"] == ["q"] and "a" in plan["kept"]


def test_the_table_is_printed_before_the_first_step(trained, new_corpus, tmp_path, random_run):
    source = random_run("source", speakers=("carla", "dani"))
    shown = Console(file=(tmp_path / "out.txt").open("w", encoding="utf-8"), width=200)
    trained(steps=1, init_from=source.path, data=new_corpus("new", speakers=("ana",)), console=shown)
    shown.file.close()
    text = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert text.index("dropped") < text.index("fastpitch on cpu")
    lines = [line.split() for line in text.splitlines()]
    assert ["symbols", "9", "6", "1"] in lines and ["speakers", "0", "1", "2"] in lines
    assert "new speakers: ana (mean of 2)" in text and "dropped speakers: carla, dani" in text
    assert "pitch statistics: ana (the corpus)" in text and "dropped symbols: q" in text


def test_options_come_from_the_run(trained, registry, new_corpus, tmp_path, random_run):
    from ttskit.config import load_recipe

    wide = load_recipe("tiny", ("models.fastpitch.options.channels=24",), registry=registry).options_for("fastpitch", registry)
    source = random_run("source", options=wide)
    from ttskit.training import train

    plain = load_recipe("finetune", ("training.samples=0", "training.device=cpu", "mel.bands=20"), registry=registry)
    data = PreparedCorpus.open(new_corpus("new"))
    more = {"model": "fastpitch", "data": data, "run": tmp_path / "target", "registry": registry}
    target = train(plain, steps=1, init_from=source.path, **more)
    options = target.load().options
    assert options.channels == 24 and options.encoder == wide.encoder
    assert options.optimizer.learning_rate == 2e-4 and options.loss.binarization_start == 0
    assert load_recipe(target.path, registry=registry).options_for("fastpitch", registry) == options
    again = train(plain, steps=2, resume=True, **more)
    assert again.total_steps == 2  # the plain recipe resumes it: what it does not say is the run's own
    with pytest.raises(MismatchError, match="has other sizes") as error:  # `tiny` asks for 16 channels
        trained(run="third", steps=1, init_from=source.path, data=data)
    assert "24" in error.value.why and "16" in error.value.why and "leave the model's options out" in error.value.fix
    assert not (tmp_path / "third").exists()


def test_steps_from_the_minutes_of_speech(trained, monkeypatch):
    from ttskit.training import speech_models

    assert speech_models.LEAST_STEPS == 200
    monkeypatch.setattr(speech_models, "LEAST_STEPS", 2)
    run = trained(run="few", steps=None, overrides=("training.steps_per_minute=60",))
    minutes = run.info["steps"]["minutes"]
    assert 0.05 < minutes < 0.2 and run.total_steps == run.checkpoints[-1].step == round(minutes * 60) > 2
    assert trained(run="least", steps=None, overrides=("training.steps_per_minute=1",)).total_steps == 2


SOUNDS = {"a": {"type": "vowel", "height": "open", "backness": "central"}}


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"speaker_from": "danny"}, UsageError, "near: dani"),
        ({"speaker_from": {"anna": "dani"}}, UsageError, "'anna' is not a new speaker"),
        ({"keep_speakers": ["zoe"]}, UsageError, "no speaker 'zoe' to keep"),
    ],
)
def test_wrong_names(change, error, says, corpus, tmp_path, random_run):
    source = random_run("source", speakers=("carla", "dani")).context
    config = TransferConfig(**change)
    with pytest.raises(error) as raised:
        plan_transfer(tmp_path, 0, source, target_context(corpus, source, config), corpus, config, letters=PHONETICS.letters)
    assert says in f"{raised.value.what} {raised.value.why}"


def test_wrong_runs_leave_one_clear_error(trained, new_corpus, tmp_path, random_run):
    greek = SymbolTable(("<pad>", *"αβγδεζηθ"), "<pad>", features={"α": SOUNDS["a"]})
    source = random_run("greek", symbols=greek)
    with pytest.raises(MismatchError, match="unrelated frontends") as error:
        trained(steps=1, init_from=source.path)
    assert "of the corpus's 11 sounds 0 are in the run and 3 have a near one" in error.value.why
    with pytest.raises(MismatchError, match="another model"):
        trained("tacotron2", steps=1, init_from=source.path)
    other = random_run("other")
    info = json.loads((other.path / "run.json").read_text(encoding="utf-8"))
    info["context"]["mel"]["sample_rate_hz"] = 16000
    (other.path / "run.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(MismatchError) as error:
        trained(steps=1, init_from=other.path)
    assert "16000" in error.value.why and "ttskit prepare" in error.value.fix
    info["context"]["mel"]["sample_rate_hz"] = 22050
    info["context"]["symbols"]["symbols"].append("z")
    (other.path / "run.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(CheckpointError, match="does not fit its own symbols") as error:
        trained(steps=1, init_from=other.path)
    assert "10 rows" in error.value.why and "11" in error.value.why
    with pytest.raises(UsageError, match="there are no old speakers to keep"):
        trained(steps=1, overrides=(KEEP_ALL,))
    assert not (tmp_path / "run").exists()


def test_a_vocoder_knows_no_speakers(trained):
    with pytest.raises(UsageError, match="does not distinguish speakers"):
        trained("hifigan", steps=1, overrides=(KEEP_ALL,))


def test_a_run_that_was_fine_tuned_is_fine_tuned_again(trained, new_corpus, random_run):
    source = random_run("source", speakers=("carla", "dani"))
    still = (NO_RATE["fastpitch"], STILL["fastpitch"])
    first = trained(run="first", steps=1, init_from=source.path, data=new_corpus("a", speakers=("ana",)), overrides=still)
    second = trained(run="second", steps=1, init_from=first.path, data=new_corpus("b", speakers=("beto",)), overrides=still)
    assert torch.equal(speech(first, SAID, "ana"), speech(second, SAID, "beto"))


def test_rows_are_plain_data():
    row = Inherited("ʃ", ("s",), False, "sound")
    assert replace(row, why="x").name == "ʃ"


def test_a_model_of_a_third_party_needs_only_its_declaration(corpus, tmp_path, random_run):
    """No built-in name is known to the core: a made-up model with other names is carried over the same way."""
    from torch import nn

    from ttskit.training.transfer import carry_over

    class Theirs(nn.Module):
        def __init__(self, context):
            super().__init__()
            self.glyphs, self.people = nn.Embedding(len(context.symbols), 3), nn.Embedding(len(context.speakers), 2)
            self.rest = nn.Linear(3, 3)

        def inventory_parameters(self):
            return {"glyphs.weight": "symbols", "people.weight": "speakers"}

    source = random_run("source", speakers=("carla", "dani")).context
    config = TransferConfig(keep_speakers=["dani"])
    target = target_context(corpus, source, config)
    plan = plan_transfer(tmp_path, 3, source, target, corpus, config, letters=PHONETICS.letters)
    old, new = Theirs(source), Theirs(target)
    done = carry_over(plan, old.state_dict(), source, new)
    assert done.tensors["by row"] == ("glyphs.weight", "people.weight") and done.tensors["kept"] == ("rest.weight", "rest.bias")
    assert torch.equal(new.people.weight[2], old.people.weight[1])
    for symbol in "abde":
        assert torch.equal(new.glyphs.weight[target.symbols.ids(symbol)[0]], old.glyphs.weight[source.symbols.ids(symbol)[0]])


def test_everything_frozen_is_refused(trained):
    with pytest.raises(ConfigError, match="everything is frozen"):
        trained(steps=1, overrides=('training.freeze=["*"]',))
