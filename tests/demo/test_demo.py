"""`ttskit demo`: every stage from nothing to the page; done stages are kept; the slow test holds the figures of the README."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("espeakng_loader", reason="the demo corpus needs the extra `demo`")

from ttskit.compare import ComparisonResults
from ttskit.corpus.prepared import PreparedCorpus
from ttskit.corpus.times import boundary_errors_ms
from ttskit.errors import MismatchError, TrainingError, UsageError
from ttskit.measure.learned import _batch
from ttskit.measure.systems import load_systems
from ttskit.plugins import create_registry
from ttskit.runs.align import align
from ttskit.symbols import SpeakerTable
from ttskit.synthesis import load_voice
from ttskit_demo.planned import AR, NAR, SEEDS, plan_text
from ttskit_demo.processes import Program, together
from ttskit_demo.run import demo
from ttskit_listen.folder import TestFolder
from ttskit_study.plan import read_plan

STAGES = ["corpus", "prepare", "plan", "aligner", "study", "report", "compare", "class", "listen"]
# as `demo`, of `cells-small`: both are trained on durations, which the plan's aligner finds
RECIPE = """
extends: tiny
models:
  fastpitch: {options: {alignment: external}}
  tacotron2: {options: {attention_supervision_weight: 1.0}}
"""


def _seconds(folder):
    return json.loads((folder / "stages.json").read_text(encoding="utf-8"))["seconds"]


def _without_study(done, tmp_path):
    """A copy of a demo that is done, whose stage "study" is not."""
    out = tmp_path / "demo"
    shutil.copytree(done, out, copy_function=shutil.copy2)
    known = json.loads((out / "stages.json").read_text(encoding="utf-8"))
    del known["seconds"]["study"]
    (out / "stages.json").write_text(json.dumps(known), encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    recipe = tmp_path_factory.mktemp("recipe") / "cells.yaml"
    recipe.write_text(RECIPE, encoding="utf-8")
    out = tmp_path_factory.mktemp("demo")
    return out, demo(out, recipe=str(recipe), sentences=16, steps=4), str(recipe)


def test_the_pages_and_their_parts_exist(small):
    out, report, _ = small
    assert (report.page, report.comparison) == (out / "study/report/index.html", out / "comparison/index.html")
    assert report.page.is_file() and report.comparison.is_file()
    assert report.lesson == out / "class/index.html" and report.lesson.is_file()
    assert list(report.stages) == STAGES
    assert report.listening == out / "listening"
    assert [s.name for s in TestFolder(report.listening).design().systems] == ["tacotron2", "fastpitch"]
    found = ComparisonResults.open(out / "comparison")
    assert [s["label"] for s in found.content["systems"]] == ["tacotron2", "fastpitch"]
    assert [r["label"] for r in found.content["runs"]] == ["tacotron2", "tacotron2-2", "fastpitch", "fastpitch-2"]
    assert list((out / "comparison" / "audio").rglob("*.wav"))


def _all_but_listening(out):
    """A demo whose other stages are done, and what its console says."""
    out.mkdir()
    settings = {"recipe": "tiny", "sentences": 16, "steps": 4, "seeds": list(SEEDS)}
    known = {"settings": settings, "seconds": dict.fromkeys(STAGES[:-1], 1.0)}
    (out / "stages.json").write_text(json.dumps(known), encoding="utf-8")
    console = Console(file=io.StringIO(), width=200)
    return demo(out, recipe="tiny", sentences=16, steps=4, console=console), console.file.getvalue()


def test_a_demo_with_nothing_to_listen_to_is_still_a_demo(tmp_path):
    report, said = _all_but_listening(tmp_path / "demo")  # there is no comparison in it
    assert report.listening is None and list(report.stages) == STAGES
    assert "without a listening test: " in said and "nothing to listen to" in said


def test_a_demo_without_the_plugin_has_one_stage_less(tmp_path, monkeypatch):
    monkeypatch.setenv("TTSKIT_PLUGINS", "builtin,demo")
    report, said = _all_but_listening(tmp_path / "demo")
    assert report.listening is None and list(report.stages) == STAGES[:-1]
    assert "stage 8 of 8" in said and "listen" not in said


def test_both_systems_learn_from_equally_much_and_the_aligner_is_charged_to_both(small):
    out = small[0]
    costs = {
        path.parent.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in (out / "study" / "cells").glob("*/*/cost.json")
    }
    assert set(costs) == {"tacotron2-all", "fastpitch-all"}
    assert {cost["utterances"] for cost in costs.values()} == {8}  # 4 steps of 2
    assert all(cost["needs"]["utterances"] == 8 for cost in costs.values())
    trained = [path.parent.name for path in (out / "study" / "cells").glob("*/*/run")]
    assert sorted(trained) == sorted([str(seed) for seed in SEEDS] * 2)


def test_a_run_of_each_system_is_a_voice(small, tmp_path):
    out = small[0]
    for name in (AR, NAR):
        load_voice(out / "runs" / name).synthesize("Hola.").save(tmp_path / f"{name}.wav")
        assert (tmp_path / f"{name}.wav").stat().st_size > 1000


def test_the_page_asks_for_nothing_from_the_network(small):
    for path in (small[1].page, small[1].comparison, small[1].lesson):
        page = path.read_text(encoding="utf-8")
        assert "http://" not in page.replace("http://www.w3.org", "")
        assert "https://" not in page


def test_the_aligner_aligned_every_utterance_to_learn_from(small):
    out = small[0]
    lines = (out / "prepared" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    aligned = list((out / "prepared" / "alignments").glob("study-all-*/*.json"))
    assert len(lines) == 16 and len(aligned) == sum(json.loads(line)["split"] != "test" for line in lines)


def test_aligning_a_corpus_of_other_speakers_is_refused(small, tmp_path):
    other = tmp_path / "prepared"
    shutil.copytree(small[0] / "prepared", other)
    info = json.loads((other / "corpus.json").read_text(encoding="utf-8"))
    info["speakers"] = ["otra", *info["speakers"]]
    (other / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(MismatchError, match="does not know speaker 'otra'"):
        align(other, small[0] / "study" / "aligners" / "all" / "run")


def test_learned_numbers_speakers_as_the_model_does(small):
    """A run that knows more speakers than the corpus: their numbers in the corpus are not the model's."""
    out = small[0]
    corpus = PreparedCorpus.open(out / "prepared")
    system = load_systems([out / "runs" / NAR, out / "runs" / AR], None, "cpu", "last", create_registry())[0]
    names = SpeakerTable(("otra", *corpus.speakers.names))
    loaded = replace(system.loaded, context=replace(system.loaded.context, speakers=names))
    batch = _batch(replace(system, loaded=loaded), corpus, corpus.split("validation"))
    assert set(batch.speaker.tolist()) == {1}


def test_a_second_call_does_nothing_again(small):
    out, report, recipe = small
    made = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    assert made
    again = demo(out, recipe=recipe, sentences=16, steps=4)
    assert again == report
    assert {p: p.stat().st_mtime_ns for p in made} == made


def test_a_stage_that_was_stopped_goes_on_and_no_training_is_made_again(small, tmp_path):
    """As after a kill before the last of four trainings."""
    out = _without_study(small[0], tmp_path)
    lost = out / "study" / "cells" / "fastpitch-all" / "2"
    for path in (lost / "run", lost / "spoken", out / "runs"):
        shutil.rmtree(path)
    (lost / "state.json").unlink()
    kept = {p: p.stat().st_mtime_ns for p in (out / "study" / "cells").rglob("weights*") if lost not in p.parents}
    kept |= {p: p.stat().st_mtime_ns for p in (out / "prepared").rglob("*") if p.is_file()}
    report = demo(out, recipe=small[2], sentences=16, steps=4)
    assert sorted(report.stages) == sorted(STAGES)
    assert sorted(path.name for path in (out / "runs").iterdir()) == ["fastpitch", "fastpitch-2", "tacotron2", "tacotron2-2"]
    assert kept and {p: p.stat().st_mtime_ns for p in kept} == kept
    assert json.loads((lost / "state.json").read_text(encoding="utf-8"))["status"] == "done"


def test_other_settings_in_the_same_folder_are_refused(small):
    with pytest.raises(UsageError, match="other settings"):
        demo(small[0], recipe=small[2], sentences=16, steps=5)


def test_a_training_that_fails_says_why_and_keeps_the_rest(small, tmp_path):
    out = _without_study(small[0], tmp_path)
    broken = out / "study" / "cells" / "fastpitch-all" / "2"
    shutil.rmtree(broken / "run")
    (broken / "run").write_text("no folder", encoding="utf-8")
    (broken / "state.json").unlink()
    with pytest.raises(TrainingError) as caught:
        demo(out, recipe=small[2], sentences=16, steps=4)
    assert "study failed (exit 1)" in caught.value.what and "run the demo again" in caught.value.fix
    assert "cells/fastpitch-all/2: " in caught.value.why and "tacotron2" not in caught.value.why
    assert "study" not in _seconds(out)


def test_a_program_that_fails_stops_the_others_and_shows_its_last_words(tmp_path):
    bad = Program("bad", [sys.executable, "-c", "import sys; sys.exit('no such thing')"], tmp_path / "bad.log")
    slow = Program("slow", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "slow.log")
    with pytest.raises(TrainingError) as caught:
        together([slow, bad], [], Console(file=io.StringIO()))
    assert "bad failed (exit 1)" in caught.value.what and "no such thing" in caught.value.why


def test_the_plan_of_the_demo_is_one_that_a_study_takes(tmp_path):
    (tmp_path / "plan.yaml").write_text(plan_text("demo", None, 300), encoding="utf-8")
    plan = read_plan(tmp_path / "plan.yaml")
    assert plan.budget.utterances == 7200 and plan.aligner.budget.utterances == 2400 and plan.seeds == [1, 2]
    assert {name: one.factors["decoding"] for name, one in plan.systems.items()} == {"tacotron2": "AR", "fastpitch": "NAR"}
    assert all(one.durations is True for one in plan.systems.values())
    assert (plan.speak.limit, plan.speak.hard_limit) == (12, 12)


@pytest.mark.slow
def test_both_systems_learn_what_the_readme_says(tmp_path):
    demo(tmp_path)
    corpus = PreparedCorpus.open(tmp_path / "prepared")
    (alignment,) = (tmp_path / "prepared" / "alignments").glob("study-all-*")
    found = [boundary_errors_ms(corpus, u, corpus.alignment(u, alignment.name)) for u in corpus.split("validation")]
    assert np.concatenate(found).mean() <= 25
    results = ComparisonResults.open(tmp_path / "comparison")

    def values(key, system):
        by_run = results.row(key)["values"]
        return [by_run[run]["value"] for run in (system, f"{system}-2")]

    assert max(values("teacher_forced_mel_l1", NAR)) <= 0.45
    assert min(values("attention_within", AR)) >= 0.85
    assert min(values("stopped", AR)) >= 0.90
    assert max(values("mel_l1", AR)) <= 0.70
    assert sum(_seconds(tmp_path).values()) <= 900
