"""Which runs are compared through which vocoder and under which names, without loading any."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ttskit.audio.config import MelConfig
from ttskit.errors import MismatchError, UsageError
from ttskit.measure import systems as module
from ttskit.plugins import create_registry

MEL = MelConfig(bands=20)


@pytest.fixture
def load(monkeypatch):
    """load(runs, vocoder=…, kinds=…, mels=…, recipes=…) -> systems; what was loaded is in `load.said`."""
    registry, said = create_registry(), []

    def make(runs, vocoder=None, kinds=None, mels=None, recipes=None):
        kinds, mels, recipes = kinds or {}, mels or {}, recipes or {}

        class Run(SimpleNamespace):
            @classmethod
            def open(cls, path):
                return cls(path=Path(path), info={"corpus": {"folder": f"corpus of {Path(path).name}"}})

            def load(self, device, checkpoint, registry):
                said.append((self.path.name, device, checkpoint))
                name = self.path.name
                context = SimpleNamespace(mel=mels.get(name, MEL))
                recipe = SimpleNamespace(vocoder=recipes[name]) if name in recipes else None
                kind = kinds.get(name, "acoustic model")
                return SimpleNamespace(kind=kind, name="fastpitch", context=context, recipe=recipe, model=None, frontend=None)

        def vocoded(chosen, mel, device, registry, recipe):
            said.append(("vocoder", chosen))
            return object(), str(chosen)

        monkeypatch.setattr(module, "RunFolder", Run)
        monkeypatch.setattr(module, "load_vocoder", vocoded)
        monkeypatch.setattr(module, "build_frontend", lambda wanted, registry: (None, []))
        monkeypatch.setattr(module, "Voice", lambda frontend, model, vocoder, **more: SimpleNamespace(vocoder=vocoder, **more))
        said.clear()
        return module.load_systems(runs, vocoder, "cpu", "last", registry)

    make.said = said
    return make


def test_all_systems_speak_through_one_vocoder_the_named_or_the_first_recipes(load):
    """Planted: each through its own, so that vocoders were compared."""
    for vocoder, recipes, chosen in (
        (None, {}, "griffinlim"),
        (None, {"a": "one", "b": "two"}, "one"),
        (None, {"b": "two"}, "griffinlim"),
        ("mine", {"a": "one"}, "mine"),
    ):
        found = load(["runs/a", "runs/b"], vocoder, recipes=recipes)
        assert {s.voice.vocoder_name for s in found} == {chosen} and found[0].voice.vocoder is found[1].voice.vocoder
        assert [word for word in load.said if word[0] == "vocoder"] == [("vocoder", chosen)]
    assert [word for word in load.said if word[0] != "vocoder"] == [("a", "cpu", "last"), ("b", "cpu", "last")]


@pytest.mark.parametrize(
    ("runs", "labels"),
    [
        (["runs/a", "runs/b"], ["a", "b"]),
        (["one/a", "two/a"], ["one/a", "two/a"]),
        (["x/one/a", "y/one/a"], ["x/one/a", "y/one/a"]),
        (["one/a", "two/a", "b"], ["one/a", "two/a", "/b"]),
    ],
)
def test_systems_have_the_shortest_names_that_tell_them_apart(load, runs, labels):
    """Planted: two runs of one name were one system in every table."""
    found = [system.label for system in load(runs)]
    assert len(set(found)) == len(runs) and all(map(str.endswith, (f.replace("\\", "/") for f in found), labels))


def test_what_cannot_be_compared_is_refused(load, tmp_path):
    for runs, says in (([], "two runs"), (["a"], "two runs"), (["a", "./a"], "named twice"), (["a", "b/../a"], "named twice")):
        with pytest.raises(UsageError, match=says):
            load(runs)
    with pytest.raises(UsageError, match="b holds a vocoder"):
        load(["a", "b"], kinds={"b": "vocoder"})
    with pytest.raises(MismatchError, match="a and c disagree") as error:
        load(["a", "b", "c"], mels={"c": MelConfig(bands=21)})
    assert "bands" in error.value.why and "compare runs of one prepared corpus" in error.value.fix


def test_the_corpus_is_the_one_that_is_given_else_the_first_runs(load, tmp_path):
    systems = load(["a", "b"])
    with pytest.raises(UsageError, match="not known") as error:
        module.corpus_folder(systems, None)
    assert "corpus of a" in error.value.why
    systems[0].run.info["corpus"]["folder"] = str(tmp_path)
    with pytest.raises(UsageError, match="not known"):  # the folder alone is no prepared corpus
        module.corpus_folder(systems, None)
    (tmp_path / "corpus.json").write_text("{}", encoding="utf-8")
    assert module.corpus_folder(systems, None) == tmp_path
    assert module.corpus_folder(systems, "mine") == Path("mine")
