"""The report: what it says is what the numbers are, in both languages, and nothing that strangers wrote becomes part of it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from plain_statistics import plain_statistics

from ttskit_listen.plan import KINDS
from ttskit_listen.report import page as reports
from ttskit_listen.report import results as found_results
from ttskit_listen.report.page import render_report, write_report
from ttskit_listen.report.plainly import answers, claim
from ttskit_listen.report.results import agreement_of, names_of, results_of
from ttskit_listen.report.words import ReportWords


class Outline(HTMLParser):
    """Tags with their attributes' names, and addresses that the page would ask for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, tuple(name for name, _ in attributes)))
        self.addresses += [value for name, value in attributes if name in ("src", "href", "action", "srcset", "poster")]

    def handle_data(self, data):
        self.text.append(data)


def page_of(analysis):
    return (analysis.folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_says_what_was_found_in_both_languages(kind, analysed):
    _, analysis = analysed(kind)
    page, results = page_of(analysis), analysis.results
    assert results["listeners"]["received"] == 13 and "NaN" not in page and "undefined" not in page and "None" not in page
    outline = Outline(page)
    said = " ".join(" ".join(outline.text).split())
    for language in ("es", "en"):
        words = ReportWords(language)
        told = answers(results, words)
        assert told and all(" ".join(one[part].split()) in said for one in told for part in ("says", "fact", "sure"))
        assert claim(results, words) in said and words(f"kind.{kind}") in said
    assert sum(tag == "main" for tag, _ in outline.tags) == 2
    assert not [one for one in outline.addresses if re.match(r"(?i)\s*(https?:)?//|data:|javascript:", one)]


def test_a_difference_that_was_planted_is_the_answer(analysed):
    """fastpitch is liked more, by 0.8 steps (see answering.TASTE)."""
    _, analysis = analysed("cmos")
    english = answers(analysis.results, ReportWords("en"))[0]
    row = analysis.results["statistics"]["pairs"][0]
    assert (row["system"], row["against"]) == ("fastpitch", "tacotron2") and row["value"] > 0.4
    assert english["says"] == "fastpitch sounded better than tacotron2."
    assert f"+{row['value']:.2f} on the scale from −3 to 3" in english["fact"]
    spanish = answers(analysis.results, ReportWords("es"))[0]
    assert (
        spanish["says"] == "fastpitch sonó mejor que tacotron2." and f"+{row['value']:.2f}".replace(".", ",") in spanish["fact"]
    )


def test_worse_is_told_from_the_other_side(analysed):
    _, analysis = analysed("cmos")
    pair = {**analysis.results["statistics"]["pairs"][0], "value": -0.5, "low": -0.9, "high": -0.1, "word": "worse"}
    results = {**analysis.results, "statistics": {**analysis.results["statistics"], "pairs": [pair]}}
    told = answers(results, ReportWords("en"))[0]
    assert told["says"] == "tacotron2 sounded better than fastpitch."
    assert "+0.50" in told["fact"] and "+0.10 to +0.90" in told["fact"]
    for word, says in (("not known", "is not known"), ("equivalent", "sounded equally good")):
        told = answers({**results, "statistics": {"pairs": [{**pair, "word": word}]}}, ReportWords("en"))[0]
        assert says in told["says"]
    alone = {**pair, "low": 0.1, "value": 0.5, "high": 0.9, "word": "not known", "holm": 0.08}
    told = answers({**results, "statistics": {"pairs": [alone, alone, alone]}}, ReportWords("en"))[0]
    assert told["meaning"] == "By itself this pair would be told apart; corrected for all 3 pairs it is not."
    one = {**results, "statistics": {"pairs": [{**pair, "about": "these trainings"}]}}
    assert "these trainings only" in claim(one, ReportWords("en"))


def test_nothing_to_say_is_said(analysed, tmp_path):
    test, analysis = analysed("cmos")
    nothing = {**plain_statistics(analysis.heard), "pairs": [], "ordinal": None, "reliability": None, "variances": None}
    results = {**analysis.results, "statistics": nothing, "sentences": {"disagreed": [], "surest": []}}
    page = render_report(results)
    assert "There is nothing to say yet." in page and "Todavía no hay nada que decir." in page
    write_report(tmp_path, test, analysis.heard, results)
    assert (tmp_path / "pairs.csv").read_text().count("\n") == 1


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}</main>"


@pytest.mark.parametrize("kind", ["cmos", "transcribe"])
def test_what_strangers_write_stays_text(kind, analysed):
    """Comments, transcriptions, names of systems, files and titles: the page has the same tags as with plain words."""
    _, analysis = analysed(kind)

    def with_words(text):
        results = json.loads(json.dumps(analysis.results).replace("fastpitch", json.dumps(text)[1:-1]))
        results["test"]["title"] = {"es": text, "en": text}
        results["problems"] = [f"{text}: it cannot be read: no"]
        results["deviations"] = [text]
        results["comments"] = [{"question": "comment", "text": text}]
        results["statistics"]["notes"] = [text]
        for row in results["sentences"]["disagreed"]:
            row["text"] = text
        return Outline(
            render_report(results, sounds=frozenset(row for s in results["sentences"]["disagreed"] for row in s["sounds"]))
        )

    plain, hostile = with_words("abc"), with_words(HOSTILE)
    assert hostile.tags == plain.tags and sum(tag == "script" for tag, _ in hostile.tags) == 1
    assert not [name for _, names in hostile.tags for name in names if name.startswith("on")]
    assert "{{ 7*7 }}" in "".join(hostile.text)
    assert any("<script>alert(1)" in text for text in hostile.text)


def test_no_code_of_a_listener_is_in_the_report(analysed):
    for kind in ("cmos", "transcribe"):
        _, analysis = analysed(kind)
        codes = [one.code for one in analysis.heard.listeners]
        assert len(codes) == 13
        for path in analysis.folder.rglob("*"):
            if path.suffix in (".html", ".json", ".csv", ".tex", ".txt"):
                text = path.read_text(encoding="utf-8")
                assert not [code for code in codes if code in text], path.name


def test_results_have_the_fields_that_their_module_names(analysed):
    documented = set()
    for line in found_results.__doc__.splitlines():
        if found := re.match(r"((?:\w+, )*\w+)  +\S", line):
            documented.update(found[1].split(", "))
    _, analysis = analysed("mos")
    results = json.loads((analysis.folder / "results.json").read_text(encoding="utf-8"))
    assert set(results) == documented and results["format"] == 1
    test_fields = re.search(r"^test +(.*?)^listeners", found_results.__doc__, re.S | re.M)[1]
    assert not [name for name in results["test"] if name not in test_fields]


def test_numbers_that_are_none_become_null(analysed):
    _, analysis = analysed("cmos")
    results = results_of(analysis.heard, {**plain_statistics(analysis.heard), "odd": [float("nan"), float("inf")]})
    assert results["statistics"]["odd"] == [None, None]
    json.dumps(results, allow_nan=False)


def test_those_left_out_are_shown_with_their_rule(analysed):
    _, analysis = analysed("cmos")
    results, page = analysis.results, page_of(analysis)
    assert results["listeners"]["left_out"] == 1 and results["listeners"]["by_rule"] == {"most_hasty": 1}
    assert "answers before the sounds could have been heard: 1" in page
    assert page.count('class="out"') >= 2 and results["everyone"] is not None
    names = names_of(analysis.heard)
    (left,) = [row for row in results["screening"] if not row["kept"]]
    assert left["listener"] == names[next(one.code for one in analysis.heard.listeners if not one.kept)]
    assert left["checks"]["most_hasty"] == 1
    assert "broken.json" in results["problems"][0] and "broken.json" in page


def test_agreement_is_the_correlation_with_the_others(analysed):
    import numpy as np

    _, analysis = analysed("cmos")
    judgements = analysis.heard.all_judgements
    code = judgements[0].listener
    own = {(one.sentence, one.system): one.value for one in judgements if one.listener == code}
    others = {key: [o.value for o in judgements if o.listener != code and (o.sentence, o.system) == key] for key in own}
    expected = np.corrcoef(list(own.values()), [np.mean(values) for values in others.values()])[0, 1]
    assert agreement_of(judgements)[code] == pytest.approx(expected)


def test_a_change_of_rules_is_told(analysed, monkeypatch, tmp_path):
    monkeypatch.setattr(reports, "statistics_of", plain_statistics)
    test, _ = analysed("cmos")
    loose = test.design().rules.model_copy(update={"most_hasty": 1.0})
    analysis = reports.analyse_test(test, out=tmp_path / "report", rules=loose)
    assert analysis.results["listeners"]["left_out"] == 0
    line = "the rule most_hasty was changed after the fact, from 0.2 to 1.0"
    assert analysis.results["deviations"] == [line] and line in page_of(analysis)
    assert line in (tmp_path / "report" / "methods.en.txt").read_text()


@pytest.mark.parametrize(
    ("means", "ordinal", "differ"),
    [
        ((0.5, 0.1, 0.9), (0.8, 0.2, 1.4), False),
        ((0.5, -0.1, 1.1), (0.8, 0.2, 1.4), True),  # one interval leaves out 0
        ((0.5, 0.1, 0.9), (-0.8, -1.4, -0.2), True),
        ((0.1, -0.5, 0.7), (-0.1, -0.6, 0.4), False),  # neither says anything
        ((0.5, None, None), (0.8, 0.2, 1.4), True),
    ],
)
def test_the_two_models_are_said_to_agree_where_their_intervals_do(means, ordinal, differ):
    rows = [
        {"system": "b", "against": "a", "word": "not known", **dict(zip(("value", "low", "high"), numbers, strict=True))}
        for numbers in (means, ordinal)
    ]
    results = {"statistics": {"pairs": rows[:1], "ordinal": {"pairs": rows[1:]}}}
    assert reports._differing(results) == (["b − a"] if differ else [])
