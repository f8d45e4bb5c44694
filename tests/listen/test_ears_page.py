"""The page's part about measures beside ears, its pictures, and its tables."""

from __future__ import annotations

import csv
import re
import string
from importlib.resources import files
from xml.etree import ElementTree

import jinja2
import pytest
from ears_material import heard_of_truth, truth, write_values

from ttskit.reading import parse_yaml
from ttskit_listen.ears.correlations import ears_of
from ttskit_listen.ears.drawing import forest, scatters, standing_alone
from ttskit_listen.ears.export import EARS_COLUMNS, write_ears

HOSTILE = '<script>alert("x")</script> & {{ 7 * 7 }}'


class Words:
    """The texts of one language, as the report gives them to its templates."""

    def __init__(self, language: str) -> None:
        text = files("ttskit_listen").joinpath("texts", f"ears.{language}.yaml").read_text(encoding="utf-8")
        self.texts = dict(parse_yaml(text, texts=True))

    def __call__(self, key: str, /, **values: object) -> str:
        return self.texts[key].format(**values) if values else self.texts[key]

    def message(self, text: str) -> str:
        return text

    def number(self, value: float | None, digits: int = 2, *, sign: bool = False) -> str:
        return "–" if value is None else f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def page(ears, words) -> str:
    loader = jinja2.PackageLoader("ttskit_listen", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    sounds = {name for one in ears["wrong"] for name in one["sounds"]}
    given = {"ears": ears, "w": words, "words": words, "num": words.number, "percent": "95", "sounds": sounds}
    pictures = {"ears_figure": forest(ears, words), "ears_scatters": scatters(ears, words)}
    return environment.get_template("ears.html.jinja").render(**given, **pictures)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.fixture(scope="module", params=["mos", "cmos"])
def ears(request, tmp_path_factory):
    given = truth(1, systems=3, sentences=20)
    measures = {"good": given.measure(0.9, 2), "low": given.measure(0.8, 3, sign=-1), "noise": given.measure(0.0, 4)}
    measures |= {"flat": dict.fromkeys(given.quality, 1.0), HOSTILE: given.measure(0.5, 5), "aside": given.measure(0.6, 6)}
    path = write_values(tmp_path_factory.mktemp("ears") / "v.csv", measures, {"low": "lower", "aside": ""})
    return ears_of(heard_of_truth(given, request.param, 16, 7, natural=request.param == "mos"), {}, [path], resamples=100)


def test_both_languages_say_the_same():
    spanish, english = Words("es").texts, Words("en").texts
    assert list(spanish) == list(english)
    for key in spanish:
        assert places(spanish[key]) == places(english[key]), key


def test_every_text_is_used_and_every_use_has_a_text():
    template = files("ttskit_listen").joinpath("templates", "ears.html.jinja").read_text(encoding="utf-8")
    drawing = files("ttskit_listen").joinpath("ears", "drawing.py").read_text(encoding="utf-8")
    used = set(re.findall(r"'(ears\.[a-z_.]+[a-z_])'", template)) | set(re.findall(r"[\"'](ears\.[a-z_]+)[\"']", drawing))
    open_ended = ("ears.word.", "ears.warning.", "ears.note.")
    computed = {
        f"ears.{name}" for name in ("spearman", "pearson", "kendall", "within", "system", "holm", "lower", "higher", "neither")
    }
    texts = set(Words("en").texts)
    assert used <= texts
    assert {key for key in texts - used - computed if not key.startswith(open_ended)} == set()


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_page_shows_measures_warnings_and_disagreements(ears, language):
    words = Words(language)
    html = page(ears, words)
    assert words("ears.best", measure="good", value="", low="", high="").split(":")[0] in html
    assert html.count("<audio") == sum(len(one["sounds"]) for one in ears["wrong"])
    assert words("ears.word.with") in html and words("ears.warning.constant") in html
    assert "{" not in html.replace("{{ 7 * 7 }}", "")
    whole = html.replace("<audio controls ", '<audio controls="" ')
    ElementTree.fromstring(f"<div>{whole}</div>")  # every tag is closed, every text escaped


def test_nothing_that_a_table_names_is_run(ears):
    html = page(ears, Words("en"))
    assert "<script" not in html and "&lt;script&gt;" in html and "{{ 7 * 7 }}" in html
    assert "<script" not in standing_alone(forest(ears, Words("en")), HOSTILE)


def test_too_little_is_said_without_pictures(tmp_path):
    given = truth(2, sentences=1)
    path = write_values(tmp_path / "v.csv", {"m": given.measure(0.5, 1)})
    nothing = ears_of(heard_of_truth(given, "mos", 2, 3), {}, [path])
    for language in ("es", "en"):
        words = Words(language)
        html = page(nothing, words)
        assert words("ears.note.too_little") in html and "<table" not in html and "<svg" not in html


def test_the_picture_has_a_mark_and_a_line_for_each_measure_in_the_order_of_the_ranks(ears):
    picture = ElementTree.fromstring(standing_alone(forest(ears, Words("en")), "ears"))
    space = "{http://www.w3.org/2000/svg}"
    known = [row for row in ears["measures"] if row["sentence"]["spearman"]["value"] is not None]
    dots = picture.findall(f"{space}circle")
    assert len(dots) == len(known) == 5
    x = [float(one.get("cx")) for one in dots]
    for place, row in zip(x, known, strict=True):
        assert place == pytest.approx(12 + 336 * (row["sentence"]["spearman"]["value"] + 1) / 2, abs=0.1)
    assert [one.get("class") for one in dots] == ["hollow" if row["word"] == "not known" else "dot" for row in known]
    spans = [one for one in picture.findall(f"{space}line") if one.get("class") == "span"]
    assert len(spans) == 5 and len([one for one in picture.findall(f"{space}line") if one.get("class") == "limit"]) == 1
    assert "prefers-color-scheme: dark" in picture.find(f"{space}style").text


def test_small_pictures_tell_systems_apart_by_shape_too(ears):
    found = scatters(ears, Words("en"))
    assert len(found) == 4 and found[0][0] == ears["measures"][0]["key"]
    for _, _, picture, legend in found:
        assert len({re.sub(r'class="[^"]*"', "", str(mark)) for _, mark in legend}) == len(legend) == 3
        assert picture.count("<title>") == ears["points"]


def test_tables_for_other_programs(ears, tmp_path):
    names = write_ears(tmp_path, ears, Words("en"))
    assert sorted(names) == ["ears.csv", "ears.svg", "ears.tex"]
    rows = list(csv.DictReader((tmp_path / "ears.csv").open(encoding="utf-8", newline="")))
    assert tuple(rows[0]) == EARS_COLUMNS and len(rows) == len(ears["measures"])
    for row, own in zip(rows, ears["measures"], strict=True):
        value = own["sentence"]["spearman"]["value"]
        assert row["sentence_spearman_value"] == ("" if value is None else repr(value))
        assert row["word"] == own["word"] and row["measure"].lstrip("'") == own["key"]
    latex = (tmp_path / "ears.tex").read_text(encoding="utf-8")
    assert latex.count("\\\\") == len(ears["measures"]) + 1 and "\\{\\{ 7" in latex and "\\textless{}script" in latex
    assert write_ears(tmp_path, None, Words("en")) == [] == write_ears(tmp_path, {"measures": []}, Words("en"))


def test_a_formula_of_a_spreadsheet_is_text(ears, tmp_path):
    row = {**ears["measures"][0], "key": "=1+1", "title": "@cmd"}
    write_ears(tmp_path, {**ears, "measures": [row]}, Words("en"))
    assert (tmp_path / "ears.csv").read_text(encoding="utf-8").splitlines()[1].startswith("'=1+1,'@cmd,")
