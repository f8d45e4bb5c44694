"""What plugins declare is asked for by fact: advice names who has it, and a language's sounds come from who knows them."""

from __future__ import annotations

import pytest

from ttskit.articulation import feature_problems
from ttskit.interfaces import AcousticModelPlugin, FrontendPlugin, Phonetics
from ttskit.offers import declaring, phonetics_of, some_declaring
from ttskit.plugins import Origin, create_registry
from ttskit_spanish.phonetics import PHONETICS

BASQUE = Phonetics(merged={"tz": "ts"})


@pytest.fixture
def registry():
    """The installed plugins, a model of someone else's, and two frontends of a language that no built-in reads."""
    made = create_registry()
    for plugin in (
        AcousticModelPlugin("theirs", "", "x:Y", facts={"aligns": True, "controls": ["tempo"]}),
        FrontendPlugin("euskara", "", "x:Y", facts={"language": "eu", "phonetics": f"{__name__}:BASQUE"}),
        FrontendPlugin("euskara-letters", "", "x:Y", facts={"language": "eu"}),
    ):
        made.found[plugin.kind, plugin.name] = (plugin, Origin("theirs", "theirs", "1"))
    return made


def test_plugins_are_found_by_what_they_declare(registry):
    assert declaring(registry, "acoustic model", controls="tempo") == ["theirs"]
    assert "theirs" in declaring(registry, "acoustic model", aligns=True)
    assert "theirs" not in declaring(registry, "acoustic model", aligns=True, teacher_forced=True)
    assert declaring(registry, "acoustic model", teacher_forced=False) == ["theirs"]  # not declared is not so
    every = declaring(registry, "vocoder")
    assert sorted([*declaring(registry, "vocoder", trainable=True), *declaring(registry, "vocoder", trainable=False)]) == every
    assert some_declaring(registry, "acoustic model", controls="loudness") == "none is installed"


def test_a_languages_sounds_come_from_a_frontend_of_that_language(registry, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert phonetics_of("spanish", registry) is PHONETICS
    assert phonetics_of("nemo-ipa", registry) is PHONETICS  # Spanish as well, and says nothing itself
    assert phonetics_of("euskara", registry) == BASQUE == phonetics_of("euskara-letters", registry)
    assert phonetics_of("characters", registry) is PHONETICS  # of any language: the default recipe's frontend speaks
    assert phonetics_of("gone", registry) is PHONETICS
    registry.found.pop(("frontend", "spanish"))
    assert phonetics_of("nemo-ipa", registry) == Phonetics() == phonetics_of("characters", registry)


def test_the_letters_of_spanish_are_described_in_the_common_terms():
    assert feature_problems(PHONETICS.letters) == []


def test_advice_names_every_installed_model_that_can_do_it(registry, tmp_path):
    """Not only those that the core's author knew."""
    from ttskit.errors import UsageError
    from ttskit.runs.forced import require_teacher_forced
    from ttskit.training.fit import require_vocoder

    class Run:
        path, kind, model = tmp_path, "acoustic model", "theirs"

    with pytest.raises(UsageError) as caught:
        require_teacher_forced(Run, registry)
    assert caught.value.fix.endswith("a model that has it: fastpitch, tacotron2, transformertts")
    with pytest.raises(UsageError) as caught:
        require_vocoder(registry.get("acoustic model", "theirs"), False, registry)
    assert "--model with one of hifigan" in caught.value.fix


def test_dialects_in_the_help_are_those_of_the_installed_frontends(monkeypatch):
    from click.testing import CliRunner

    from ttskit.cli import frontend_options
    from ttskit.cli.import_checkpoint import command as import_
    from ttskit.cli.text import command as text

    def shown(command, *words):
        return " ".join(CliRunner().invoke(command, [*words, "--help"], terminal_width=200).output.split())

    assert "Whose pronunciation: rioplatense, latin_american, castilian." in shown(text, "phonemize")
    assert "es-AR, es-ES, es-MX, es-US." in shown(text, "normalize")
    assert "which: dictionary, spanish." in shown(import_)
    nobody = create_registry(only={"builtin"})
    monkeypatch.setattr(frontend_options, "create_registry", lambda: nobody)
    assert "Whose pronunciation. " in shown(text, "phonemize") and "castilian" not in shown(import_)
    broken = FrontendPlugin("broken", "", "x:Y", "no.such.module:Options")
    nobody.found["frontend", "broken"] = (broken, Origin("theirs", "theirs", "1"))
    assert "Whose pronunciation. " in shown(text, "phonemize")
