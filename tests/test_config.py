"""Recipes: layers, overrides, and every problem at once with file, line and nearest key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ttskit.config import Recipe, load_recipe, shipped_recipes
from ttskit.errors import ConfigError, PluginError
from ttskit.plugins import create_registry


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(name, overrides=()) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_recipe(name, overrides)
    return [caught.value.what, *caught.value.why.splitlines()]


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_parses_with_all_options_valid(name):
    registry = create_registry()
    recipe = load_recipe(name, registry=registry)
    for model in {recipe.model, *recipe.models}:
        recipe.options_for(model, registry)
        recipe.training_for(model)
        if model == "hifigan":
            recipe.options_for(model, registry).check_mel(recipe.mel_config())


def test_the_shipped_recipes_are_there():
    expected = {"base", "demo", "fastpitch", "hifigan", "tacotron2", "telephone-8000", "tiny", "two-speakers"}
    assert expected <= set(shipped_recipes())


def test_extends_merges_mappings_and_replaces_values(tmp_path):
    fastpitch = "models:\n  fastpitch:\n    options: {channels: 32}\n    training: {steps: 7}\n"
    write(tmp_path, "lower.yaml", "extends: base\nseed: 5\n" + fastpitch)
    upper = write(tmp_path, "upper.yaml", "extends: lower.yaml\nmodels:\n  fastpitch:\n    options: {padding: reference}\n")
    recipe = load_recipe(upper)
    assert recipe.seed == 5
    assert recipe.models["fastpitch"].options == {"channels": 32, "padding": "reference"}
    assert recipe.training_for("fastpitch").steps == 7
    assert recipe.frontend.options["dialect"] == "rioplatense"  # from base, two layers down


def test_options_are_the_plugins_own_class_with_its_defaults(tmp_path):
    registry = create_registry()
    recipe = load_recipe(write(tmp_path, "r.yaml", "models: {fastpitch: {options: {channels: 32}}}\n"), registry=registry)
    options = recipe.options_for("fastpitch", registry)
    assert type(options) is registry.get("acoustic model", "fastpitch").load_options()
    assert options.channels == 32
    assert recipe.options_for("tacotron2", registry) == registry.get("acoustic model", "tacotron2").load_options()()


def test_a_circle_of_recipes_is_shown(tmp_path):
    write(tmp_path, "a.yaml", "extends: b.yaml\n")
    write(tmp_path, "b.yaml", "extends: a.yaml\n")
    what, why = problems(tmp_path / "a.yaml")
    assert "circle" in what
    assert why == "a.yaml → b.yaml → a.yaml"


def test_every_problem_is_reported_at_once_with_file_line_and_nearest_key(tmp_path):
    recipe = write(
        tmp_path,
        "bad.yaml",
        """extends: base
modle: fastpitch
mel: {preset: telephone-8000, band: 3}
frontend: {name: spanish, options: {dialct: x}}
training:
  log_every: hola
models:
  fastpitch:
    options:
      chanels: 3
      encoder: {layer: 2}
  fastptch: {}
corpus: {min_s: 30}
""",
    )
    found = problems(recipe, ["vocoder=grifinlim", "training.precission=fp32"])
    text = "\n".join(found)
    assert found[0] == "the recipe is not valid: 10 problems"
    for expected in (
        f"{recipe}:2: modle: unknown key, did you mean 'model'?",
        f"{recipe}:3: mel.band: unknown key, did you mean 'bands'?",
        f"{recipe}:4: frontend.options.dialct: unknown key, did you mean 'dialect'?",
        f"{recipe}:6: training.log_every: must be a valid integer",
        f"{recipe}:10: models.fastpitch.options.chanels: unknown key, did you mean 'channels'?",
        f"{recipe}:11: models.fastpitch.options.encoder.layer: unknown key, did you mean 'layers'?",
        f"{recipe}:12: models.fastptch: unknown model 'fastptch'",
        f"{recipe}:13: corpus: min_s 30 must be below max_s",
        "--set vocoder=grifinlim: vocoder: unknown vocoder 'grifinlim'",
        "--set training.precission=fp32: training.precission: unknown key, did you mean 'precision'?",
    ):
        assert expected in text


def test_a_problem_in_an_extended_file_names_that_file(tmp_path):
    write(tmp_path, "lower.yaml", "extends: base\n\ntraining: {stepz: 3}\n")
    upper = write(tmp_path, "upper.yaml", "extends: lower.yaml\nseed: 1\n")
    assert f"{tmp_path / 'lower.yaml'}:3: training.stepz: unknown key, did you mean 'steps'?" in problems(upper)


def test_an_override_wins_and_is_read_as_yaml():
    overrides = ["training.steps=12", "models.fastpitch.options.loss.pitch=1e-3", "seed=9", "vocoder=runs/hifi"]
    recipe = load_recipe("base", overrides)
    assert recipe.training.steps == 12
    assert recipe.models["fastpitch"].options["loss"]["pitch"] == pytest.approx(0.001)
    assert (recipe.seed, recipe.vocoder) == (9, "runs/hifi")


@pytest.mark.parametrize("override", ["training.steps", "=3", "a..b=1", "seed=[1", "seed={a: 1"])
def test_an_override_that_cannot_be_read_is_named(override):
    what, why = problems("base", [override])
    assert what == "overrides are not valid"
    assert f"--set {override}" in why


def test_steps_replace_a_budget_below_and_the_other_way_round(tmp_path):
    path = write(tmp_path, "r.yaml", "training: {budget_s: 10m}\nmodels: {tacotron2: {training: {steps: 3}}}\n")
    recipe = load_recipe(path)
    assert (recipe.training_for("fastpitch").budget_s, recipe.training_for("fastpitch").steps) == (600.0, None)
    assert (recipe.training_for("tacotron2").budget_s, recipe.training_for("tacotron2").steps) == (None, 3)
    assert load_recipe(path, ["training.steps=4"]).training.budget_s is None


def test_one_word_swaps_the_mel_and_drops_what_was_said_of_the_old(tmp_path):
    lower = write(tmp_path, "lower.yaml", "extends: base\nmel: {preset: nvidia-22050, bands: 64}\n")
    assert load_recipe(lower).mel_config().bands == 64
    assert load_recipe(lower, ["mel=telephone-8000"]).mel_config().bands == 80
    assert load_recipe(lower, ["mel.f_min_hz=50"]).mel_config().bands == 64
    with pytest.raises(ConfigError, match="not valid") as caught:
        load_recipe(lower, ["frontend=other"])
    assert "unknown frontend 'other'" in caught.value.why
    assert "dialect" not in caught.value.why  # the old frontend's options are gone with it


def test_an_impossible_mel_is_a_recipe_problem(tmp_path):
    path = write(tmp_path, "r.yaml", "seed: 1\nmel:\n  preset: telephone-8000\n  f_max_hz: 9000\n")
    assert any(line.startswith(f"{path}:2: mel: ") and "f_max_hz" in line for line in problems(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nseed: 2\n", "written twice"),
        ("seed: [1\n", "not valid YAML"),
        ("- a\n", "a recipe is a mapping"),
        ("extends: [base]\n", "must be one name"),
        ("extends: bse\n", "no recipe 'bse'"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path, text, message):
    path = write(tmp_path, "r.yaml", text)
    found = problems(path)
    assert message in found[0]
    assert str(path) in found[0]


def test_latin_1_and_byte_order_marks(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("seed: 1\n# año\n".encode("latin-1"))
    assert f"{tmp_path / 'latin.yaml'}:2: not UTF-8" in problems(tmp_path / "latin.yaml")[0]
    (tmp_path / "bom.yaml").write_bytes("\ufeffseed: 4\n".encode())
    assert load_recipe(tmp_path / "bom.yaml").seed == 4


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(ConfigError) as caught:
        load_recipe("fastptch")
    assert caught.value.fix == "did you mean 'fastpitch'?"


def test_the_resolved_recipe_reads_back_equal_also_from_a_run_folder(tmp_path):
    recipe = load_recipe("demo", ["seed=3"])
    write(tmp_path, "config.yaml", recipe.to_yaml())
    assert load_recipe(tmp_path).model_dump() == recipe.model_dump()


def test_a_plugins_dataclass_options_are_checked_like_pydantic_ones(tmp_path):
    from ttskit.interfaces.descriptions import VocoderPlugin

    registry = create_registry()
    origin = registry.origin("vocoder", "griffinlim")
    # any plain dataclass that can be imported serves as an options class
    registry.found["vocoder", "plain"] = (VocoderPlugin("plain", "", "x:y", "ttskit.symbols:SpeakerTable"), origin)
    path = write(tmp_path, "r.yaml", "models: {plain: {options: {name: [ana]}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_recipe(path, registry=registry)
    assert "models.plain.options.name: unknown key, did you mean 'names'?" in caught.value.why


def test_a_plugin_without_options_refuses_some(tmp_path):
    from ttskit.interfaces.descriptions import VocoderPlugin

    registry = create_registry()
    registry.found["vocoder", "bare"] = (VocoderPlugin("bare", "", "x:y"), registry.origin("vocoder", "griffinlim"))
    assert load_recipe("base", registry=registry).options_for("bare", registry) == {}
    with pytest.raises(ConfigError, match="1 problem") as caught:
        load_recipe(write(tmp_path, "r.yaml", "models: {bare: {options: {a: 1}}}\n"), registry=registry)
    assert "vocoder 'bare' has no options" in caught.value.why


def test_options_of_an_unknown_model():
    with pytest.raises(PluginError, match="unknown model 'fastptch'") as caught:
        Recipe().options_for("fastptch", create_registry())
    assert caught.value.fix == "did you mean 'fastpitch'?"


def test_reading_a_recipe_imports_no_torch():
    program = (
        "import sys; from ttskit.config import load_recipe; load_recipe('demo'); "
        "print([m for m in ('torch', 'librosa', 'numba', 'matplotlib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
