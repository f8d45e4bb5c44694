"""YAML of strangers: a recipe, a value of --set, the recipe of a run. One clear error, soon, in little memory."""

from __future__ import annotations

import time

import pytest

from ttskit.cli import _run
from ttskit.config import load_recipe
from ttskit.errors import ConfigError
from ttskit.plugins import create_registry
from ttskit.reading import YamlFault, parse_yaml

REGISTRY = create_registry()


def laughs(height: int = 30, width: int = 10) -> str:
    lines = ["a0: &a0 [lol, lol]"]
    return "\n".join([*lines, *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, height))])


# What was seen, its text, and words of the right answer.
WRONG = {
    "alias laughs": (laughs(), "line 6: more than 50000 values, aliases counted"),
    "laughs of mappings": ("a: &a {k: 1}\nb: &b {<<: [*a, *a, *a]}\nc: {<<: [" + ", ".join(["*b"] * 9_000) + "]}", "more than"),
    "two by two": (laughs(60, 2), "more than 50000 values"),
    "a list in itself": ("seed: &a [*a]", "line 1: an alias inside of what it stands for"),
    "a mapping in itself": ("seed: 1\nmel: &m {x: {y: *m}}", "line 2: an alias inside of what it stands for"),
    "an alias of nothing": ("seed: *nobody", "undefined alias"),
    "a NUL": ("seed: 1\n\nmel: \x00", "line 3: the character U+0000 cannot stand in YAML"),
    "a bell": ("vocoder: \x07", "line 1: the character U+0007"),
    "an escaped NUL": ('vocoder: "a\\0b"', "line 1: the character U+0000 cannot stand in a text"),
    "an escaped escape": ('vocoder: "\\e[2J"', "the character U+001B"),
    "half a character": ('vocoder: "\\ud800"', "U+D800"),
    "a character beyond all": ('vocoder: "\\U00110000"', "chr() arg"),
    "int of a word": ("seed: 1\ntraining:\n  steps: !!int x", "line 3: 'x' cannot be read as int"),
    "int of nothing": ("seed: !!int", "cannot be read as int"),
    "bool of a word": ("seed: !!bool maybe", "cannot be read as bool"),
    "float of a word": ("seed: !!float 1,5", "cannot be read as float"),
    "a call": ("seed: !!python/object/apply:os.system [x]", "values are not read"),
    "a tuple": ("seed: !!python/tuple [1]", "values are not read"),
    "a set": ("seed: !!set {a, b}", "values are not read"),
    "binary": ("seed: !!binary aGk=", "values are not read"),
    "someone's tag": ("seed: !mine 3", "values are not read"),
    "4,301 digits": ("seed: " + "1" * 4_301, "line 1: '111"),
    "30 digits": ("seed: " + "1" * 30, "a whole number of more than 64 bits"),
    "hexadecimal without end": ("seed: 0x" + "f" * 5_000, "more than 64 bits"),
    "infinity": ("training: {steps_per_minute: .inf}", "'.inf' is not a finite number"),
    "minutes without end": ("training: {minutes: .inf}", "'.inf' is not a finite number"),
    "not a number": ("corpus: {min_s: .nan}", "'.nan' is not a finite number"),
    "1e999": ("corpus:\n  min_s: 1e999", "line 2: '1e999' is not a finite number"),
    "brackets": ("[" * 100_000, "more than 64 lists or mappings inside one another"),
    "braces": ("{a: " * 50_000, "more than 64 lists or mappings"),
    "blocks": ("\n".join(" " * i + "a:" for i in range(400)), "line 64: more than 64 lists"),
    "a list as key": ("? [a, b]\n: 1", "a key must be one word"),
    "a mapping as key": ("{{a: b}: 1}", "a key must be one word"),
    "two documents": ("seed: 1\n---\nseed: 2", "expected a single document"),
    "a tab": ("training:\n\tsteps: 1", "line 2"),
    "an open quote": ("seed: 'x", "found unexpected end of stream"),
    "too long": ("# " + "x" * 300_000, "300002 characters of YAML, the most are 262144"),
}


@pytest.mark.parametrize("seen", WRONG)
def test_a_recipe_is_refused_and_the_line_is_named(seen, tmp_path):
    text, said = WRONG[seen]
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode("utf-8"))
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load_recipe(path, registry=REGISTRY)
    line, _, rest = said.partition(": ") if said.startswith("line ") else ("", "", said)
    assert rest in str(caught.value) and "mine.yaml" in caught.value.what and len(str(caught.value)) < 2_000
    assert not line or f"mine.yaml:{line.removeprefix('line ')}:" in caught.value.what
    assert time.process_time() - started < 5


@pytest.mark.parametrize("seen", [name for name in WRONG if name not in ("two documents", "a tab")])
def test_set_is_refused_alike(seen):
    text, _ = WRONG[seen]
    with pytest.raises(ConfigError) as caught:
        load_recipe("tiny", [f"compare.limit={text}"], registry=REGISTRY)
    assert "--set compare.limit=" in str(caught.value) and len(str(caught.value)) < 2_000


# Values that PyYAML's own rules made into something else, or pydantic took for a number.
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: 2024-13-45", "mine.yaml:1: seed: must be a valid integer"),
        ("training: {steps: 2024-01-02}", "got '2024-01-02'"),
        ("training:\n  steps: true", "mine.yaml:2: training.steps: must be a number, got true"),
        ("corpus: {min_s: no}", "corpus.min_s: must be a number, got false"),
        ("compare: {seeds: [0, true]}", "compare.seeds.1: must be a number, got true"),
        (
            "models: {fastpitch: {options: {encoder: {layers: yes}}}}",
            "models.fastpitch.options.encoder.layers: must be a number",
        ),
        ("mel: {bands: true}", "bands must be a valid integer, got true"),
        ("mel: {bands: '40'}", 'bands must be a valid integer, got "40"'),
        ("mel: {hop_samples: 25.5}", "hop_samples must be a valid integer, got 25.5"),
        ("mel: {bands: 10000000}", "bands is 1e+07, must be 1 … 4096"),
        ("mel: {preset: [1]}", "unknown mel preset [1]"),
        ("seed: 9223372036854775808", "seed: must be less than 9223372036854775808"),
        ("seed: 1\nseed: 2", "mine.yaml:2: seed: written twice"),
        ("vocoder: " + "a" * 5_000, "unknown vocoder"),
        ("<<: {extends: 3}", "extends: must be one name or path, got 3"),
        ("extends: [base]", 'extends: must be one name or path, got ["base"]'),
        ("extends: mine.yaml", "recipes extend each other in a circle"),
        ("extends: " + "a" * 300, "File name too long"),
        ("extends: " + "a/" * 5_000, "name too long"),
        ("extends: ~nobody-at-all/x", "extends: no recipe '~nobody-at-all/x'"),
    ],
)
def test_a_value_of_another_kind_is_told(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_recipe("mine.yaml", registry=REGISTRY)
    assert said in str(caught.value).replace("Filename", "File name") and len(str(caught.value)) < 2_000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"extends: tiny\nvocoder: Pe\xf1a\n", "mine.yaml:2: not UTF-8 text"),
        ("seed: 1".encode("utf-16"), "mine.yaml:1: not UTF-8 text"),
        ("seed: 1".encode("utf-16-le"), "the character U+0000"),
        (b"# x\n" * 400_000, "more than 1 MiB"),
    ],
)
def test_bytes_that_are_no_recipe(data, said, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load_recipe(tmp_path / "mine.yaml", registry=REGISTRY)
    assert said in str(caught.value)


def test_a_chain_of_recipes_has_an_end(tmp_path):
    for number in range(60):
        (tmp_path / f"r{number}.yaml").write_text(f"extends: ./r{number + 1}.yaml\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="32 recipes extend each other"):
        load_recipe(tmp_path / "r0.yaml", registry=REGISTRY)


def test_keys_of_set_have_an_end():
    with pytest.raises(ConfigError, match="overrides are not valid") as caught:
        load_recipe("tiny", [".".join("a" * 3_000) + "=1"], registry=REGISTRY)
    assert "3000 keys inside one another" in caught.value.why


def test_a_thousand_problems_are_not_all_shown(tmp_path):
    (tmp_path / "mine.yaml").write_text("models: {" + ", ".join(f"m{i}: {{}}" for i in range(1_000)) + "}", encoding="utf-8")
    with pytest.raises(ConfigError, match="1000 problems") as caught:
        load_recipe(tmp_path / "mine.yaml", registry=REGISTRY)
    assert caught.value.why.count("\n") == 40 and caught.value.why.endswith("… and 960 more")


def test_what_is_right_is_read_as_before():
    read = parse_yaml(
        "a: &x [1, 1e-3, 0x1F, yes, ~, 2.5, '7']\nb: *x\nc: {<<: {d: 1}, e: 2}\nf: 2024-01-02\ng: |\n  uno\n  dos\n"
    )
    assert read["a"] == [1, 0.001, 31, True, None, 2.5, "7"] and read["b"] == read["a"]
    assert read["c"] == {"d": 1, "e": 2} and read["f"] == "2024-01-02" and read["g"] == "uno\ndos\n"
    assert parse_yaml("") is None and parse_yaml("no: 007", texts=True) == {"no": "007"}
    assert parse_yaml("a: {<<: &m {k: 1}, k: 2}") == {"a": {"k": 2}}


def test_options_of_a_command_are_refused_alike(capsys):
    for value in ("[" * 10_000, "!!int x", "&a [*a]", "\x00"):
        assert _run(["synthesize", "hola", "--voice", "nowhere", "--option", f"x={value}"], debug=False) in (1, 2)
        assert "internal error" not in capsys.readouterr().err


def test_a_run_whose_own_recipe_is_hostile_says_so_on_resume(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text(laughs(), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.yaml:6: not valid YAML"):
        load_recipe(tmp_path / "run", registry=REGISTRY)


def test_a_fault_knows_its_line():
    with pytest.raises(YamlFault) as caught:
        parse_yaml("a: 1\nb: !!int x")
    assert caught.value.line == 2 and "cannot be read as int" in caught.value.reason
