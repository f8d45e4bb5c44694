"""What stands beside the page: tables that read back, LaTeX that is escaped, methods that name everything, all or nothing."""

from __future__ import annotations

import csv
import json
import re
import string
from pathlib import Path

import pytest
from plain_statistics import plain_statistics

import ttskit_listen
from ttskit_listen.judgements import HeardAnswers
from ttskit_listen.plan import KINDS
from ttskit_listen.report import page as reports
from ttskit_listen.report.methods import methods_of
from ttskit_listen.report.placing import placed_report
from ttskit_listen.report.tables import latex_escaped, write_tables
from ttskit_listen.report.words import ReportWords, _read

PLUGIN = Path(ttskit_listen.__file__).parent


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_a_row_that_reads_back(kind, analysed):
    _, analysis = analysed(kind)
    rows, heard = rows_of(analysis.folder / "ratings.csv"), analysis.heard
    assert len(rows) == len(heard.all_judgements)
    assert sum(row["kept"] == "true" for row in rows) == len(heard.judgements)
    assert sorted(float(row["value"]) for row in rows) == sorted(one.value for one in heard.all_judgements)
    pairs = rows_of(analysis.folder / "pairs.csv")
    assert [float(row["value"]) for row in pairs] == [row["value"] for row in analysis.results["statistics"]["pairs"]]
    listeners = rows_of(analysis.folder / "listeners.csv")
    assert len(listeners) == 13 and {row["variety"] for row in listeners} == {"rioplatense", "other"}


def test_a_spreadsheet_finds_no_formula_in_what_strangers_wrote(analysed, tmp_path):
    from dataclasses import replace

    _, analysis = analysed("transcribe")
    heard: HeardAnswers = analysis.heard
    texts = ["=1+1", "@SUM(A1)", "+54", "-1", "\tx", "plain", 'a "b", c\nd']
    said = [replace(one, text=text) for one, text in zip(heard.all_judgements, texts, strict=False)]
    write_tables(tmp_path, replace(heard, all_judgements=said), analysis.results)
    read = {row["text"] for row in rows_of(tmp_path / "ratings.csv")}
    assert read == {"'=1+1", "'@SUM(A1)", "'+54", "'-1", "' x", "plain", 'a "b", c d'}


def test_latex_is_escaped(analysed, tmp_path):
    assert latex_escaped(r"a_b & 50% \input{x} $#^~{}") == (
        r"a\_b \& 50\% \textbackslash{}input\{x\} \$\#\textasciicircum{}\textasciitilde{}\{\}"
    )
    _, analysis = analysed("ab")
    results = json.loads(json.dumps(analysis.results).replace("fastpitch", "fast_pitch 100%"))
    write_tables(tmp_path, analysis.heard, results)
    text = (tmp_path / "pairs.tex").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith("fast")]
    assert row.startswith(r"fast\_pitch 100\% & tacotron2 & $") and row.endswith(r"\\") and row.count("&") == 5
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}") == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["es", "en"])
def test_methods_name_what_guidelines_ask_for(kind, language, analysed):
    _, analysis = analysed(kind)
    text = "\n".join(methods_of(analysis.results, ReportWords(language)))
    assert "{" not in text and text == (analysis.folder / f"methods.{language}.txt").read_text("utf-8").strip().replace(
        "\n\n", "\n"
    )
    listeners = analysis.results["listeners"]
    for number in (listeners["received"], listeners["kept"], listeners["left_out"], analysis.results["test"]["trials"]):
        assert re.search(rf"\b{number}\b", text)
    asked = {
        "es": "reclutados pago nativos edades consigna etiquetas LUFS auriculares latinos exclusión semilla ttskit "
        "consentimiento teléfono entrenamiento oraciones intervalos",
        "en": "recruited paid native ages instructions labels LUFS headphones Latin exclusion seed ttskit consent phone "
        "training sentences intervals",
    }[language]
    missing = [word for word in asked.split() if word not in text]
    assert not missing and text.count("[") >= 10


def test_the_words_are_the_same_in_both_languages_and_all_are_used():
    spanish, english = _read("es"), _read("en")
    assert set(spanish) == set(english)

    def places(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [key for key in english if places(english[key]) != places(spanish[key])] == []
    own = PLUGIN / "texts" / "report.en.yaml"
    keys = re.findall(r'^"?([\w. ]+?)"?:', own.read_text(encoding="utf-8"), re.M)
    assert len(keys) == len(set(keys)) > 150
    sources = [*PLUGIN.rglob("*.py"), *(PLUGIN / "templates").glob("report*.jinja")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    # Keys that are put together: "rule.{name}.why", w('section.' ~ name) …
    made = re.compile(
        rf"({'|'.join(KINDS)}|fact|kind|rule|word|level|spread|section|sentences|language|shown|listeners|table|m)\."
    )
    assert [key for key in keys if f'"{key}"' not in code and f"'{key}'" not in code and not made.match(key)] == []


def test_a_report_that_fails_leaves_the_earlier_one(analysed, monkeypatch, tmp_path):
    monkeypatch.setattr(reports, "statistics_of", plain_statistics)
    test, _ = analysed("cmos")
    out = tmp_path / "report"
    reports.analyse_test(test, out=out)
    (out / "mine.txt").write_text("mine")
    (out / "audio" / "mine.flac").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def fail(*args, **more):
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(reports, "render_report", fail)
        reports.analyse_test(test, out=out, language="en")
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    sounds = {path.name for path in (out / "audio").glob("*.flac")} - {"mine.flac"}
    assert sounds
    with monkeypatch.context() as patch:
        patch.setattr(reports, "_copy_sounds", lambda *args: frozenset())
        reports.analyse_test(test, out=out)
    assert {path.name for path in (out / "audio").iterdir()} == {"mine.flac"} and (out / "mine.txt").read_text() == "mine"


def test_a_list_of_files_that_somebody_wrote_takes_nothing_away(tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_text("here")
    out = tmp_path / "report"
    deep = out / "data" / "deep"
    deep.mkdir(parents=True)
    (deep / "x.txt").write_text("here")
    names = ["../victim.txt", str(victim), "audio/../../victim.txt", "data/deep/x.txt", "C:\\x", 3]
    (out / "files.json").write_text(json.dumps(names[:-1]))
    with placed_report(out) as new:
        (new / "index.html").write_text("page")
    assert victim.read_text() == "here" and (deep / "x.txt").is_file()
    (out / "files.json").write_text(json.dumps(names))
    with placed_report(out) as new:
        (new / "index.html").write_text("page 2")
    assert (out / "index.html").read_text() == "page 2" and not list(out.glob(".new*"))


def test_nothing_stays_of_a_first_report_that_fails(tmp_path):
    with pytest.raises(RuntimeError), placed_report(tmp_path / "report"):
        raise RuntimeError("no")
    assert not (tmp_path / "report").exists()
