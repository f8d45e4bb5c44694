"""What a newcomer saw in Spanish, on the way of `ttskit new`, that was English, wrong or did not work."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from ttskit.cli import cli
from ttskit.cli.help import METAVARS, in_language
from ttskit.cli.new_recipe import Plan, recipe_text
from ttskit.cli.output import print_table
from ttskit.cli.survey import FoundRecordings, Machine
from ttskit.config import load_recipe
from ttskit.errors import ConfigError
from ttskit.messages import Catalogue, translated
from ttskit.plugins import create_registry
from ttskit.progress import duration


@pytest.fixture(autouse=True)
def _spanish(monkeypatch):
    monkeypatch.setenv("TTSKIT_LANG", "es")
    monkeypatch.setenv("LANGUAGE", "es")


@pytest.mark.parametrize("gpu", [False, True])
def test_the_recipe_of_ttskit_new_opens_its_keys_are_those_of_english(tmp_path, monkeypatch, gpu):
    """The line `options: {dialect: …}` became `opciones:`, and `ttskit new` refused the recipe that it had written."""
    own = FoundRecordings(tmp_path / "ana", "ljspeech", {"ana": 40}, {"ana": 300.0}, {8000: 40}, 0, 0)
    plan = Plan(own, "ana", gpu, Machine("", None, 2, 3.0), "5m", tmp_path / "ana.yaml", "ana")
    texts = {}
    for name in ("en", "es"):
        monkeypatch.setenv("TTSKIT_LANG", name)
        texts[name] = recipe_text(plan, create_registry())
    code = {name: [line.partition("#")[0] for line in text.splitlines()] for name, text in texts.items()}
    assert code["es"] == code["en"]
    assert texts["es"] != texts["en"] and "# Lo que hay que escribir:" in texts["es"]
    plan.recipe.write_text(texts["es"], encoding="utf-8")
    assert load_recipe(plan.recipe).frontend.options == {"dialect": "rioplatense"}


def test_one_recording_and_one_processor_are_not_in_the_plural(tmp_path):
    one = FoundRecordings(tmp_path, "ljspeech", {"ana": 1}, {"ana": 60.0}, {}, 1, 1).line()
    assert one.startswith(
        "1 grabación, 1.0 minutos, ningún audio legible, ana (disposición: ljspeech), 1 archivo no se puede leer"
    )
    assert Machine("", None, 1, 24.0).line() == "sin GPU, 1 procesador, 24 GiB de memoria"
    assert Machine("A", 8.0, 2, None).line() == "A con 8 GiB, 2 procesadores"


@pytest.mark.parametrize("command", sorted(create_registry().all("command")))
def test_no_english_word_stands_for_a_value_in_the_help(command):
    shown = in_language(create_registry().get("command", command).load())
    several = list(shown.commands.values()) if isinstance(shown, click.Group) else [shown]
    for one in several:
        text = one.get_help(click.Context(one, info_name=command))
        words = {word for line in text.splitlines() for word in line.replace("[", " ").replace("]", " ").split()}
        assert not words & (set(METAVARS) - {"KIND"}), command
        assert "..." not in {line.strip()[-4:-1] for line in text.splitlines()} and " or " not in text


@pytest.mark.parametrize(("name", "language"), [("text", "es"), ("text", "en"), ("plugins", "es"), ("plugins", "en")])
def test_the_summaries_of_subcommands_are_whole(monkeypatch, name, language):
    monkeypatch.setenv("TTSKIT_LANG", language)
    shown = in_language(create_registry().get("command", name).load())
    text = shown.get_help(click.Context(shown, info_name=name))
    assert not [line for line in text.splitlines() if line.endswith("...") and "ARG" not in line]


def test_names_in_a_table_are_not_translated(capsys):
    """The command `check` was listed as `prueba`, the measurement `training` as `entrenamiento`."""
    print_table(("kind", "name", "what it is"), [("command", "check", "Says what is wrong"), ("measurement", "training", "")])
    shown = capsys.readouterr().out
    assert "check" in shown and "training" in shown and "clase" in shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("training.seed=x", "clave desconocida (hay: steps, budget_s"),
        ("corpus.test=x", "tiene que ser un número entero, y el texto no se puede leer como tal; se dio 'x'"),
        ("corpus.min_s=-1", "tiene que ser mayor"),
        ("modles.x=1", "clave desconocida, ¿quisiste decir 'models'?"),
        ("corpus.max_s=[1]", "tiene que ser un número; se dio [1]"),
        ("frontend=5", "tiene que ser una sección de claves y valores; se dio 5"),
    ],
)
def test_faults_of_a_recipe_are_told_in_spanish(given, said):
    with pytest.raises(ConfigError) as caught:
        load_recipe("base", [given])
    assert said in translated(caught.value.why), translated(caught.value.why)
    assert translated(caught.value.what).startswith("la receta no es válida: ")


def test_a_message_put_together_of_known_ones_is_known():
    catalogue = Catalogue({"{path} is silent": "{path} está en silencio", "record it again": "grabala otra vez"})
    assert catalogue.translated("a.wav is silent: record it again") == "a.wav está en silencio: grabala otra vez"
    assert catalogue.translated("x; record it again") == "x; grabala otra vez"
    assert catalogue.translated("one: two; three") == "one: two; three"


def test_a_mistyped_option_is_answered_in_spanish_to_the_end(monkeypatch, capsys):
    from ttskit.cli import main

    with pytest.raises(SystemExit):
        main(["train", "--daat", "x"])
    assert "¿Quisiste decir '--data'?" in capsys.readouterr().err


def test_time_left_is_told_in_spanish():
    assert translated(f"{duration(90)} left") == "faltan 2 min"
    assert translated(duration(4.2 * 86400)) == "4.2 días"
    assert translated("next:") == "ahora:" and translated("  or:") == "  o:"


def test_the_demand_for_an_option_is_told_in_spanish():
    shown = CliRunner().invoke(in_language(cli), ["compare", "--help"]).output
    assert "[obligatoria]" in shown and "required" not in shown
