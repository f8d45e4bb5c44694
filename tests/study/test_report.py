"""The report on disk: page, data, tables, archive, of whole studies and of what there is of others."""

from __future__ import annotations

import csv
import json
import math
import re
import zipfile
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from made_study import AIDED, made_study

from ttskit.audio.loudness import speech_level_dbfs
from ttskit.errors import CheckpointError, UsageError
from ttskit_study.report import write_report

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """What stands in a page; closing tags must fit."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.figures: Counter[str] = Counter()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids[found["id"]] += 1
        self.links += [found["href"]] if "href" in found else []
        self.sources += [found["src"]] if "src" in found else []
        self.figures[found.get("data-figure", "")] += 1

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A study with everything on its page."""
    folder = made_study(
        tmp_path_factory.mktemp("study"),
        systems=AIDED,
        minutes=(5, 20),
        seeds=3,
        audio=True,
        effects={("NAR",): {"mcd_db": -1.5}},
        failed={("fastpitch-5min", 2): "out of memory at step 120"},
        pending=[("fastpitch-5min", 3)],
        deviations=[{"what": "budget.utterances", "when": "now", "before": 4800, "after": 2400, "why": "no <time>"}],
    )
    return write_report(folder, mixed=False).parent


@pytest.fixture(scope="module")
def page(reported):
    return Page((reported / "index.html").read_text(encoding="utf-8"))


def test_the_page_is_well_formed_and_its_ids_are_its_own(page):
    assert max(page.ids.values()) == 1
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_page_asks_no_network(reported, page):
    text = (reported / "index.html").read_text(encoding="utf-8")
    assert "http:" not in text and "https:" not in text and "//cdn" not in text
    assert all((reported / link).is_file() for link in page.links if not link.startswith("#"))
    assert page.sources == []


def test_every_figure_is_there_in_both_languages(page):
    primary = ("mcd_db", "phone_error_rate_test", "log_f0_rmse_semitones")
    wanted = [f"{kind}-{key}" for kind in ("picture", "curve", "forest") for key in primary]
    wanted += [f"strip-{key}" for key in ("phone_error_rate_test", "ok_share_test", "phone_error_rate_hard")]
    wanted += ["speed-first-audio", "speed-latency", "cost-utterances", "cost-multiply_adds", "cost-seconds"]
    assert {name: page.figures[name] for name in wanted} == dict.fromkeys(wanted, 2)


def test_both_languages_are_whole(reported):
    """What one language has, the other has: the same sections in the same order, and no English on the Spanish page."""
    text = (reported / "index.html").read_text(encoding="utf-8")
    english, spanish = (re.search(rf'<main lang="{name}".*?</main>', text, re.S).group() for name in ("en", "es"))
    ids = [re.findall(r'id="(?:en|es)-([\w-]+)"', part) for part in (english, spanish)]
    assert ids[0] == ids[1] and len(ids[0]) > 10
    left = " ".join(Page(re.sub(r"<(pre|h1)\b.*?</\1>", "", spanish, flags=re.S)).texts)  # plan and question are as written
    for word in (
        "Learning",
        "Effects",
        "trainings",
        "is better",
        "not known",
        "sentences",
        "Measure",
        "failed",
        "minutes",
    ):
        assert word not in left, word
    assert "mejor" in left and "no se sabe" in left


def test_the_first_screen_answers_before_anything_else(reported):
    text = (reported / "index.html").read_text(encoding="utf-8")
    body = text[text.index("<body") :]
    order = [
        body.index(mark)
        for mark in (
            "<h1",
            "NAR is better than AR in mel-cepstral distortion",
            'data-figure="picture-mcd_db"',
            'data-figure="curve-mcd_db"',
        )
    ]
    assert order == sorted(order)


def test_what_is_missing_is_said_with_its_reason(page):
    said = " ".join(page.texts)
    assert "This study is not complete: 2 trainings are missing" in said
    assert "out of memory at step 120" in said
    assert "no <time>" in said  # of a deviation: escaped, as it was written


def test_tables_have_the_numbers_of_results_json(reported):
    content = json.loads((reported / "results.json").read_text(encoding="utf-8"))
    with (reported / "effects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(content["effects"]) > 50
    for written, effect in zip(rows, content["effects"], strict=True):
        assert written["effect"] == effect["effect"] and written["word"] == (effect["word"] or "")
        for key in ("value", "low", "high", "p", "p_holm", "standardised"):
            assert (float(written[key]) if written[key] else None) == effect[key], key
    latex = (reported / "effects.tex").read_text(encoding="utf-8")
    assert latex.count("\\begin{tabular}") == latex.count("\\end{tabular}") == 1 and "\\toprule" in latex
    for effect in (e for e in content["effects"] if e["measure"] in content["picture"]):
        digits = content["measures"][effect["measure"]]["digits"]
        low, high = (f"{effect[end]:+.{digits}f}" for end in ("low", "high"))
        if all(float(x) != 0 for x in (low, high)) and abs(effect["low"]) < 1000:
            assert f"[${low}$, ${high}$]" in latex, effect["effect"]
    assert not re.search(
        r"(?<!\\)[%&_#](?![^\n]*\\\\$)", "\n".join(x for x in latex.splitlines() if x[:1] != "%" and "&" not in x)
    )


def test_every_observation_is_in_the_tidy_table_with_its_factors(reported):
    with (reported / "measurements.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames[:7] == ["system", "decoding", "block", "durations", "minutes", "corpus", "training_seed"]
    own = [row for row in rows if row["system"] != "natural"]
    assert len(own) == (6 * 2 * 3 - 2) * (5 * 12 + 4)  # trainings × numbers
    assert {row["decoding"] for row in own if row["system"].startswith("fastpitch")} == {"NAR"}
    natural = [row for row in rows if row["system"] == "natural"]
    assert len(natural) == 5 * 12 + 4 and {row["decoding"] for row in natural} == {""}
    content = json.loads((reported / "results.json").read_text(encoding="utf-8"))
    cell = next(p for p in content["means"]["mcd_db"] if p["cell"] == "tacotron2-20min")
    values = [
        float(row["value"]) for row in own if (row["system"], row["minutes"], row["measure"]) == ("tacotron2", "20", "mcd_db")
    ]
    assert sum(values) / len(values) == pytest.approx(cell["value"])


def test_the_archive_has_all_but_checkpoints_and_is_the_same_twice(reported, tmp_path):
    with zipfile.ZipFile(reported / "study.zip") as archive:
        names = archive.namelist()
    for name in ("plan.yaml", "lock.json", "deviations.json", "speed.json", "report/index.html", "report/measurements.csv"):
        assert name in names
    assert "cells/tacotron2-5min/1/cost.json" in names and "cells/tacotron2-5min/1/spoken/observations.csv" in names
    assert any(name.startswith("report/audio/tacotron2-5min/1/") for name in names)
    assert not [name for name in names if "/run/" in name or name.endswith(("safetensors", "study.zip"))]


def test_players_are_at_one_level_whatever_was_spoken(reported):
    levels = []
    for path in sorted((reported / "audio").rglob("*.wav")):
        audio, rate = soundfile.read(path)
        levels.append(speech_level_dbfs(audio.astype(np.float32), rate))
    assert len(levels) == (6 * 2 * 3 - 2 + 1) * 3
    assert max(levels) - min(levels) < 0.2  # they were 15 dB apart
    data = re.search(r'id="samples">(.*?)</script>', (reported / "index.html").read_text(encoding="utf-8"), re.S).group(1)
    samples = json.loads(data)
    assert len(samples["spoken"]) == 34 * 3 and {one["seed"] for one in samples["spoken"]} == {1, 2, 3}
    assert all((reported / one["audio"]).is_file() for one in samples["spoken"])


def test_the_self_test_and_the_judges_own_error_are_printed(page):
    said = " ".join(" ".join(page.texts).split())
    assert "0 of 3 comparisons were called a difference" in said
    assert "a word left out" in said and "20 % of sentences" in said and "not seen" in said
    assert "6.1 %" in said


def test_what_was_not_equal_is_listed_and_the_aligner_charged(reported, page):
    content = json.loads((reported / "results.json").read_text(encoding="utf-8"))
    facts = {one["fact"]: one for one in content["comparable"]["facts"]}
    assert facts["decoding"]["planned"] and not facts["parameters"]["same"] and not facts["parameters"]["planned"]
    assert facts["durations given in training"]["values"] == ["yes", "yes", "no", "no", "no", "no"]
    costs = {one["cell"]: one for one in content["cost"]}
    assert costs["tacotron2-5min"]["together"]["utterances"] == 6400
    assert costs["tacotron2-alone-5min"]["together"]["utterances"] == costs["fastpitch-5min"]["together"]["utterances"] == 4800


# Parts of a study


def test_one_training_each_is_said_first(tmp_path):
    text = write_report(made_study(tmp_path / "s", seeds=1), mixed=False).read_text(encoding="utf-8")
    assert text.count('data-note="one-training"') == 2
    assert "One training each: nothing here is about the models." in text


def test_a_study_that_has_not_begun_has_a_page(tmp_path):
    folder = made_study(tmp_path / "s", seeds=1, speed=False)
    for path in sorted((folder / "cells").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    text = write_report(folder, mixed=False).read_text(encoding="utf-8")
    Page(text)
    assert 'data-note="nothing"' in text and "4 trainings are missing" in text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("spoken/observations.csv", "system,value\nx,1\n", "observations.csv is missing or damaged"),
        ("spoken/sentences.json", "{", "tacotron2-5min/1 cannot be read"),
        ("cell.json", "[]", "cell.json is missing or damaged"),
        ("state.json", "{}", "state.json is damaged"),
    ],
)
def test_a_damaged_training_is_a_missing_one_and_the_rest_goes_on(tmp_path, name, content, said):
    folder = made_study(tmp_path / "s", seeds=3)
    (folder / "cells/tacotron2-5min/1" / name).write_text(content, encoding="utf-8")
    page = write_report(folder, mixed=False)
    results = json.loads((page.parent / "results.json").read_text(encoding="utf-8"))
    (missing,) = results["trainings"]["missing"]
    assert said in missing["why"] and (missing["cell"], missing["seed"]) == ("tacotron2-5min", 1)
    assert results["trainings"]["done"] == 11 and results["effects"]


def test_a_number_that_is_undefined_is_left_out(tmp_path):
    folder = made_study(tmp_path / "s", seeds=3)
    path = folder / "cells/tacotron2-5min/1/spoken/observations.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("tacotron2") and ",mcd_db," in line)
    lines[at] = re.sub(r",mcd_db,[^,]*,", ",mcd_db,nan,", lines[at])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    results = json.loads((write_report(folder, mixed=False).parent / "results.json").read_text(encoding="utf-8"))
    assert results["measures"]["mcd_db"]["dropped"] == 1
    assert all(math.isfinite(r["value"]) for r in results["effects"])


def test_a_primary_measure_without_a_finite_number_is_said_to_be_absent(tmp_path):
    """Seen: short trainings whose speech had no voiced frame, and a page that failed over it."""
    folder = made_study(tmp_path / "s", seeds=2, minutes=(5, 20))
    for path in folder.glob("cells/*/*/spoken/observations.csv"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r",log_f0_rmse_semitones,[^,]*,", ",log_f0_rmse_semitones,nan,", text), encoding="utf-8")
    text = write_report(folder, mixed=False).read_text(encoding="utf-8")
    Page(text)
    assert "The primary measure log_f0_rmse_semitones was planned and has no numbers." in text


def test_a_folder_that_is_no_study_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="is not a study"):
        write_report(tmp_path)
    with pytest.raises(UsageError, match="unknown language"):
        write_report(made_study(tmp_path / "s", seeds=1), language="fr")


def test_one_language_and_hidden_names_on_request(tmp_path):
    folder = made_study(tmp_path / "s", seeds=1, audio=True)
    text = write_report(folder, out=tmp_path / "out", language="es", blind=True, mixed=False).read_text(encoding="utf-8")
    assert '<html lang="es">' in text and '<main lang="en"' not in text and "data-to=" not in text.partition("<script")[0]
    assert 'data-blind="true"' in text and (tmp_path / "out" / "study.zip").is_file() and not (folder / "report").exists()


def test_no_p_value_is_zero(reported):
    text = (reported / "index.html").read_text(encoding="utf-8")
    assert "&lt; 0.001" in text and ">0.000<" not in text
