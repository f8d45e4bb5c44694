"""SpanishFrontend: tokens, spans, unknown characters, speed, determinism, and the scores that must not fall."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from importlib import util
from pathlib import Path

import pytest

from ttskit.errors import ConfigError
from ttskit.plugins import create_registry
from ttskit_spanish.frontend import SpanishFrontend

SHARED = Path(os.environ.get("TTSKIT_SHARED", Path(__file__).resolve().parents[2] / ".." / "shared"))
EVALUATION = SHARED / "eval_spanish"


def test_the_registry_offers_it_with_its_options():
    plugin = create_registry().get("frontend", "spanish")
    assert isinstance(plugin.load()(), SpanishFrontend)
    assert plugin.load_options()().dialect == "rioplatense"


def test_tokens_and_their_words():
    analysis = SpanishFrontend().analyze("¿Vos, yo?")
    assert analysis.tokens == ("<edge>", "¿", "b", "ˈo", "s", ",", "ʃ", "ˈo", "?", "<edge>")
    assert analysis.token_words == (None, None, 0, 0, 0, None, 1, 1, None, None)
    assert [w.text for w in analysis.words] == ["vos", "yo"]


def test_space_tokens_stand_between_words_only_when_asked():
    text = "la casa, el río"
    assert " " not in SpanishFrontend().analyze(text).tokens
    tokens = SpanishFrontend(spaces=True).analyze(text).tokens
    assert tokens.count(" ") == 2
    assert tokens[tokens.index(",") + 1] != " "


def test_function_words_are_unstressed_in_a_phrase_and_stressed_alone():
    frontend = SpanishFrontend()
    first, second = frontend.analyze("para mí").words
    assert first.stress is None and not any("ˈ" in p for p in first.phonemes)
    assert second.stress == 0
    assert frontend.analyze("para").words[0].stress == 0


def test_spans_lead_back_to_the_text():
    analysis = SpanishFrontend().analyze("Son 21 casas, Dr. Paz.")
    back = {w.text: analysis.text[slice(*w.span)] for w in analysis.words}
    assert back == {"son": "Son", "veintiuna": "21", "casas": "casas", "doctor": "Dr.", "paz": "Paz"}


def test_decomposed_text_is_composed_first():
    analysis = SpanishFrontend().analyze("ma\u0301s n\u0303u")
    assert analysis.text == "más ñu"
    assert analysis.tokens == SpanishFrontend().analyze("más ñu").tokens


def test_unknown_characters_are_reported_where_they_stand_and_the_rest_is_read():
    analysis = SpanishFrontend().analyze("Hola 🙂 жук → chau\x00")
    assert [(u.character, u.position) for u in analysis.unknown] == [
        ("🙂", 5),
        ("ж", 7),
        ("у", 8),
        ("к", 9),
        ("→", 11),
        ("\x00", 17),
    ]
    assert [w.text for w in analysis.words] == ["hola", "chau"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "🙂"])
def test_nothing_to_speak_gives_edges_only(text):
    analysis = SpanishFrontend().analyze(text)
    assert analysis.words == () and analysis.tokens == ("<edge>", "<edge>")


def test_one_inventory_for_all_dialects_holds_every_token():
    text = "¿Llueve? ¡Zas! La caza, el chico; ñu: ya… — rey."
    tables = set()
    for dialect in ("rioplatense", "latin_american", "castilian"):
        frontend = SpanishFrontend(dialect=dialect)
        frontend.symbols.ids(frontend.analyze(text).tokens)
        tables.add(frontend.symbols)
    assert len(tables) == 1
    table = tables.pop()
    assert {"<pad>", "<edge>", " ", ".", "¿"} <= table.silent
    assert all(symbol in table.silent or table.features[symbol]["type"] for symbol in table.symbols)


def test_wrong_options_name_the_legal_ones():
    with pytest.raises(ConfigError) as caught:
        SpanishFrontend(dialect="andaluz", colour="red")
    assert "rioplatense" in str(caught.value) and "colour" in str(caught.value)


def test_fingerprint_tells_options_apart():
    one, two = SpanishFrontend().fingerprint(), SpanishFrontend(dialect="castilian").fingerprint()
    assert one == SpanishFrontend().fingerprint() and one.differences(two)


def test_any_string_is_read_or_reported_without_exception():
    """Random strings of troublesome characters: every letter and digit is in a word's span or unknown."""
    frontend, choice = SpanishFrontend(), random.Random(3)
    parts = [
        " ",
        "a",
        "s",
        "n",
        "1",
        "20",
        ".",
        ",",
        "-",
        "/",
        "$",
        "%",
        "º",
        "°",
        "h",
        "m",
        "X",
        "IV",
        "@",
        "#",
        "'",
        "(",
        "é",
        "ñ",
        "…",
        "+",
        "=",
        "\n",
        "\x1c",
        "🙂",
        "ж",
        "½",
        "²",
        "ü",
        "y",
        "Av.",
        "hs",
        "mayo",
        "km/h",
        "EE. UU.",
        "٣",
        "\u0301",
        "ﬁ",
        "www.",
        ".com",
        ":",
        "30",
        "\ufeff",
        "日",
    ]
    for _ in range(1500):
        analysis = frontend.analyze("".join(choice.choices(parts, k=choice.randint(0, 14))))
        frontend.symbols.ids(analysis.tokens)
        seen = {u.position for u in analysis.unknown}
        seen |= {i for r in analysis.readings if r.rule == "mark of a note" for i in range(*r.span)}
        for word in analysis.words:
            assert 0 <= word.span[0] < word.span[1] <= len(analysis.text)
            seen.update(range(*word.span))
        lost = [c for i, c in enumerate(analysis.text) if c.isalnum() and i not in seen]
        assert not lost, (analysis.text, lost)


def test_ten_thousand_words_take_seconds_and_grow_linearly():
    frontend = SpanishFrontend()
    line = "Vos sabés que el 24/3 a las 10:30 hay 21 personas en la plaza, ¿no? "
    frontend.analyze(line)

    def spent(times: int) -> float:
        start = time.process_time()
        assert len(frontend.analyze(line * times).words) > 14 * times
        return time.process_time() - start

    long = min(spent(700) for _ in range(2))  # a collection of garbage may fall into one of them
    assert len(frontend.analyze(line * 700).words) > 10_000 and long < 10
    assert long < 12 * max(spent(175), 0.02)


def test_the_frontend_imports_no_torch():
    code = "import sys, ttskit_spanish.frontend as f; f.SpanishFrontend().analyze('hola'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture(scope="module")
def score():
    if not EVALUATION.is_dir():
        pytest.skip("the evaluation sets are not here (TTSKIT_SHARED)")
    spec = util.spec_from_file_location("score", EVALUATION / "score.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (EVALUATION / name).read_text(encoding="utf-8").splitlines() if line]


@pytest.mark.parametrize(("name", "least"), [("normalization_ar_dev.tsv", 0.97), ("normalization_dev.tsv", 0.95)])
def test_normalisation_scores(score, tmp_path, name, least):
    frontend = SpanishFrontend()
    hypothesis = tmp_path / "hyp.tsv"
    hypothesis.write_text("".join(f"{r[1]}\t{frontend.normalize(r[1])}\n" for r in rows(name)), encoding="utf-8")
    assert accuracy("norm", name, hypothesis, 3) >= least * 100


def test_syllable_scores(score, tmp_path):
    frontend = SpanishFrontend()
    hypothesis = tmp_path / "hyp.tsv"
    lines = []
    for row in rows("syllables_dev.tsv"):
        word = frontend.analyze(row[0]).words[0]
        lines.append(f"{row[0]}\t{'-'.join(word.syllables)}\t{word.stress}\n")
    hypothesis.write_text("".join(lines), encoding="utf-8")
    assert accuracy("syll", "syllables_dev.tsv", hypothesis, 4) >= 99.0


def accuracy(kind: str, name: str, hypothesis: Path, column: int) -> float:
    command = [sys.executable, str(EVALUATION / "score.py"), kind, "--set", str(EVALUATION / name), "--hyp", str(hypothesis)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONUTF8": "1"}).stdout
    line = next(line for line in out.splitlines() if line.startswith("ALL "))
    return float(line.split()[column])


def test_word_error_on_common_words_stays_below_the_goal(score, tmp_path):
    """Issue goal 0.12 % of words; a sample of 3,000 allows for 6."""
    for tag, dialect in (("ca", "castilian"), ("la", "latin_american")):
        frontend = SpanishFrontend(dialect=dialect)
        sample = [r for r in rows(f"g2p_{tag}_dev.tsv") if r[2] == "common"][::6]
        part, hypothesis = tmp_path / "part.tsv", tmp_path / "hyp.tsv"
        part.write_text("".join("\t".join(r) + "\n" for r in sample), encoding="utf-8")
        said = [(r[0], " ".join(frontend.analyze(r[0]).words[0].phonemes)) for r in sample]
        hypothesis.write_text("".join(f"{w}\t{p}\n" for w, p in said), encoding="utf-8")
        command = [sys.executable, str(EVALUATION / "score.py"), "g2p", "--set", str(part), "--hyp", str(hypothesis)]
        out = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONUTF8": "1"}).stdout
        values = next(line for line in out.splitlines() if line.startswith("ALL ")).split()
        assert float(values[4]) <= 0.2 and float(values[8]) <= 0.3
