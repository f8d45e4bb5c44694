"""`compare` from end to end on two models of a few steps: everything is measured, and the page holds together."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from ttskit.cli.compare import command
from ttskit.compare import ComparisonResults, compare
from ttskit.compare.results import COLUMNS, FORMAT
from ttskit.config import load_recipe
from ttskit.errors import CheckpointError, ConfigError, MismatchError, UsageError
from ttskit.interfaces import MeasurementPlugin
from ttskit.interfaces.measurement import RESYNTHESIS, Findings, Measure, Measurement, Row
from ttskit.measure.robustness import VERDICT_TEXT
from ttskit.plugins import Origin, create_registry
from ttskit.runs import RunFolder

SMALL = {
    "limit": 2,
    "hard_limit": 2,
    "pictures": 1,
    "speed_lengths": [6, 12],
    "speed_repeats": 1,
    "resamples": 200,
    "batch": 2,
    # a judge of a few steps, that everything it says can be looked at: it would not be trusted otherwise
    "recogniser": {"channels": 24, "dilations": [1, 2], "steps": 12, "batch": 4, "max_natural_error": 1.0},
}


class House(Measurement):
    """A section of somebody's own, with a template that greets the systems by name."""

    def measure(self, spoken):
        told = "<p>{{ data.voices }} voices: {{ labels | join(' & ') }}</p>{{ measures_table(rows) }}"
        rows = [Row(Measure("house_peak", "peak", "", "", 2), tuple(s.observation(abs(s.audio).max()) for s in spoken.samples))]
        return Findings(rows, template=told, data={"voices": len(spoken.systems)})


class BadTemplate(Measurement):
    def measure(self, spoken):
        return Findings(template="{{ nobody_knows_this }}", data={"kept": 1})


class Dies(Measurement):
    def measure(self, spoken):
        raise ZeroDivisionError("their fault")


def _offer(registry, name, cls, **facts):
    class Local(MeasurementPlugin):
        def load(self):
            return cls

    plugin = Local(name, name, "", facts={"title": f"{name.capitalize()} numbers", **facts})
    registry.found["measurement", name] = (plugin, Origin("theirs", "their-package", "2.1"))


@pytest.fixture(scope="module")
def results(prepared, tmp_path_factory) -> ComparisonResults:
    torch.set_num_threads(1)
    registry = create_registry()
    for name, cls in (("house", House), ("template", BadTemplate), ("dies", Dies)):
        _offer(registry, name, cls)
    out = tmp_path_factory.mktemp("compare") / "out"
    return compare(
        models=["tacotron2", "fastpitch"],
        data=prepared.folder,
        recipe="tiny",
        steps=2,
        out=out,
        seeds=[0, 1],
        device="cpu",
        registry=registry,
        **SMALL,
    )


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open, self.sources, self.links, self.ids, self.images_without_text = [], [], [], set(), 0

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in ("meta", "img", "br", "hr", "link", "input"):
            self.open.append(tag)
        self.sources += [found["src"]] if "src" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.ids |= {found["id"]} if "id" in found else set()
        self.images_without_text += tag == "img" and not found.get("alt")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"


def test_the_page_is_whole_and_needs_no_network(results):
    html = results.page.read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    assert page.open == [] and page.images_without_text == 0
    assert page.sources and all((results.folder / s).stat().st_size > 0 for s in page.sources)
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", html) and "@import" not in html and "<script" not in html
    assert "control" in page.ids and "asked against measured" in html
    assert "House numbers" in html and "<p>2 voices: tacotron2 &amp; fastpitch</p>" in html


def test_on_a_phone_the_page_shows_numbers(results):
    """Seen: at 390 px a table's first column filled the screen. There each cell stands on its own line and names its column."""
    page = (results.folder / "index.html").read_text(encoding="utf-8")
    assert "@media (max-width: 40rem)" in page
    tables = re.findall(r'<table class="cards">.*?</table>', page, flags=re.DOTALL)
    assert len(tables) > 5
    for table in tables:
        for row in re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2], flags=re.DOTALL):
            numbers = re.findall(r'<td class="n[^>]*>', row)
            assert numbers == re.findall(r'<td class="n[^>]*data-label="[^"]+"[^>]*>', row), row


def test_a_player_and_the_intervals_come_before_the_tables(results):
    """Seen: the first player after 2,700 px, the first picture of intervals after 13,800."""
    page = (results.folder / "index.html").read_text(encoding="utf-8").partition("<main")[2]
    assert 0 < page.index("<audio") < page.index("<figure") < page.index('id="summary"')
    ids = re.findall(r'<article class="sentence" id="([^"]+)"', page)
    assert len(ids) == len(set(ids))  # the sentence at the top is not shown twice


def test_a_failing_section_loses_no_comparison(results):
    """Neither a measurement that raises nor a template that cannot be filled costs more than its own part."""
    notes = "\n".join(results.content["notes"])
    assert "(their-package 2.1): measurement 'dies' failed and is left out: ZeroDivisionError: their fault" in notes
    assert "section of measurement 'template' of their-package 2.1 failed" in notes and "nobody_knows_this" in notes
    assert "dies" not in results.content["measurements"] and results.data("template") == {"kept": 1}
    html = results.page.read_text(encoding="utf-8")
    assert "their fault" in html and "Template numbers" not in html
    assert {"quality", "robustness", "learned", "speed", "control", "training", "house"} <= set(results.content["measurements"])


def test_every_number_is_in_the_long_table_and_read_back(results):
    rows = results.observations()
    assert list(rows[0]) == list(COLUMNS)
    mcd = [r for r in rows if r["measure"] == "mcd_db"]
    assert {r["system"] for r in mcd} == {RESYNTHESIS, "tacotron2", "fastpitch"}
    assert {(r["seed"], r["training_seed"]) for r in mcd if r["system"] == "fastpitch"} == {(0, 1234), (1, 1234)}
    assert {(r["seed"], r["training_seed"]) for r in mcd if r["system"] == RESYNTHESIS} == {(None, None)}
    own = [r["value"] for r in mcd if r["system"] == "fastpitch"]
    assert sum(own) / len(own) == pytest.approx(results.row("mcd_db")["values"]["fastpitch"]["value"])
    errors = [r for r in results.observations("phone_error_rate_hard") if r["system"] == "tacotron2"]
    rate = sum(r["value"] * r["weight"] for r in errors) / sum(r["weight"] for r in errors)
    assert rate == pytest.approx(100 * results.row("phone_error_rate_hard")["values"]["tacotron2"]["value"])
    assert {r["group"] for r in errors} == {"hard"} and {r["unit"] for r in errors} == {"%"}
    peaks = results.observations("house_peak")
    assert {r["group"] for r in peaks} == {"test", "hard"} and "natural" in {r["system"] for r in peaks}


def test_the_documented_schema_is_what_is_written(results):
    text = (Path(__file__).resolve().parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    assert f"format {FORMAT}" in text
    missing = [key for key in (*results.content, *COLUMNS, *results.row("mcd_db")) if f"`{key}`" not in text]
    assert missing == []


def test_no_measure_has_two_rows(results):
    keys = [row["key"] for m in results.content["measurements"].values() for row in m["rows"]]
    assert len(keys) == len(set(keys)) and "free_mel_l1" not in keys
    assert results.row("mel_l1")["values"].keys() == {"tacotron2", "fastpitch"}


def test_results_json_says_everything(results):
    content = json.loads((results.folder / "results.json").read_text(encoding="utf-8"))
    assert content == ComparisonResults.open(results.folder).content
    keys = {row["key"] for row in content["summary"]}
    assert {
        "mcd_db",
        "voicing_error",
        "mel_l1",
        "phone_error_rate_test",
        "phone_error_rate_hard",
        "boundary_error_ms",
        "attention_within",
        "latency_s",
        "throughput",
        "parameters",
        "training_s",
    } <= keys
    mcd = results.row("mcd_db")
    assert mcd["values"]["fastpitch"]["low"] <= mcd["values"]["fastpitch"]["value"] <= mcd["values"]["fastpitch"]["high"]
    assert "tacotron2 − fastpitch" in mcd["differences"]
    # the recording's own mel through the vocoder is nearer to it than two untrained models
    through = mcd["values"]["natural, through the vocoder"]["value"]
    assert through < min(mcd["values"][n]["value"] for n in results.labels)
    assert [len(s["lengths"]) for s in results.data("speed")["systems"].values()] == [2, 2]
    control = results.data("control")["systems"]
    assert list(control) == ["fastpitch"]  # the other has no controls
    assert {"pace", "pitch", "pitch_range", "energy"} <= {row["control"] for row in control["fastpitch"]["rows"]}
    assert results.data("training")["systems"]["fastpitch"]["curves"]["train"]["step"][-1] == 2
    assert len(content["sentences"]) == 4 and {s["group"] for s in content["sentences"]} == {"test", "hard"}
    by_seed = {(v["system"], v["seed"]) for s in content["sentences"] for v in s["samples"]}
    assert {("fastpitch", 0), ("fastpitch", 1), ("tacotron2", 1), ("natural", 0)} <= by_seed


def test_own_alignments_and_seeds_are_shown(results):
    robustness, html = results.data("robustness"), results.page.read_text(encoding="utf-8")
    assert list(robustness["own_alignments"]) == ["tacotron2"]  # parallel models cannot lose their way
    own = robustness["own_alignments"]["tacotron2"]["hard"]
    assert own["sentences"] == 4 and own["finished"] + own["truncated"] == 4  # two sentences, two seeds
    spread = robustness["over_seeds"]["tacotron2"]["hard"]["phone_error_rate"]
    first, second = spread["by_seed"].values()
    assert spread["deviation"] == pytest.approx(abs(first - second) / 2**0.5)
    remarks = [v["remarks"] for s in results.content["sentences"] for v in s["samples"]]
    assert all(next(m["chip"] for m in own if m["measurement"] == "robustness") in VERDICT_TEXT for own in remarks)
    assert "shown and not scored" in html and "over 2 seeds of synthesis" in html
    drawn = [path for own in results.content["pictures"].values() for path in own.values()]
    assert drawn and not any("_seed1" in path for path in drawn)  # of the first seed
    aids = next(s["aids"] for s in results.content["systems"] if s["label"] == "tacotron2")
    assert "guided attention until 100% of training" in aids and "Help that it names: " in html
    parallel = next(s for s in results.content["systems"] if s["label"] == "fastpitch")
    assert parallel["help"]["supervision"] == ["pitch", "energy"] and any("pitch" in words for words in parallel["aids"])


def test_what_differs_is_told(results):
    facts = {f["name"]: f for f in results.content["comparability"]}
    assert facts["training data"]["same"] and facts["vocoder"]["same"] and facts["budget"]["same"]
    assert facts["decoding"]["values"] == ["autoregressive", "parallel"] and not facts["decoding"]["same"]


def test_the_command_compares_runs_and_prints_the_table_with_a_page_in_the_readers_language(results, tmp_path, monkeypatch):
    monkeypatch.setenv("TTSKIT_LANG", "es")
    runs = [str(results.folder / "runs" / name) for name in results.labels]
    arguments = [*runs, "-o", str(tmp_path / "again"), "--limit", "1", "--no-hard", "--json", "--device", "cpu"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    shown = json.loads(done.stdout)
    assert shown["systems"][0]["label"] == "tacotron2" and (tmp_path / "again" / "index.html").is_file()
    content = ComparisonResults.open(tmp_path / "again").content
    assert [s["group"] for s in content["sentences"]] == ["test"]
    judge = content["measurements"]["robustness"]["data"]["recogniser"]
    assert judge["cached"] is False  # other settings than the fixture's: another judge
    page = (tmp_path / "again" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="es">' in page and "Comparación de tacotron2 y fastpitch" in page and "Qué se aprendió" in page
    shown = re.sub(r"<style.*?</style>|<pre.*?</pre>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.findall(r"\b(the|and|of|sentences|is)\b", shown)
    titles = {m["title"] for found in content["measurements"].values() for m in found["rows"]}
    assert any(t.startswith("mel-cepstral distortion (DCT of the ") for t in titles)  # the data stays English


def test_a_judge_that_errs_on_most_natural_phones_calls_nothing_better_than_natural_speech(results, tmp_path):
    deaf = {"channels": 8, "dilations": [1], "steps": 1}
    runs = [results.folder / "runs" / name for name in results.labels]
    content = compare(runs, out=tmp_path / "out", device="cpu", seeds=[0, 1], **{**SMALL, "recogniser": deaf}).content
    robustness = content["measurements"]["robustness"]
    judge = robustness["data"]["recogniser"]
    assert not judge["trusted"] and judge["natural_phone_error_rate"] > 0.35 and "natural sentences" in judge["reason"]
    assert robustness["rows"] == [] and "verdicts" not in robustness["data"]
    assert not [row["key"] for row in content["summary"] if row["key"].startswith(("phone_error", "ok_share"))]
    assert not [m for s in content["sentences"] for v in s["samples"] for m in v["remarks"] if m["chip"]]
    keys = {row["key"] for m in content["measurements"].values() for row in m["rows"]}
    assert "duration_error_ms" not in keys  # means something only in sentences found without fault
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    assert page.open == [] and {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    assert "No verdicts." in html and judge["reason"].split(",")[0] in html and "without fault, %" not in html


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs/a", "--budget", "10m", "-o", "x"], "not both"),
        (["--models", "a,b", "--budget", "10m", "--steps", "3", "-o", "x"], "not both"),
        (["--models", "a,b", "--budget", "soon", "-o", "x"], "not a duration"),
        (["--seeds", "one", "-o", "x"], "whole numbers"),
        (["--models", "a,b", "--steps", "a=many,b=1", "-o", "x"], "neither a whole number"),
        (["--models", "a,b", "--steps", "0", "-o", "x"], "1 or more"),
    ],
)
def test_wrong_calls_are_explained(arguments, message):
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2 and message in done.output


def test_refusals(results, prepared, tmp_path):
    run = results.folder / "runs" / "fastpitch"
    with pytest.raises(UsageError, match="two runs"):
        compare([run], data=prepared.folder, out=tmp_path)
    with pytest.raises(UsageError, match="named twice"):
        compare([run, run], data=prepared.folder, out=tmp_path)
    with pytest.raises(UsageError, match="no corpus is given"):
        compare(models=["tacotron2", "fastpitch"], out=tmp_path)
    with pytest.raises(UsageError, match="unknown setting"):
        compare([run, run], data=prepared.folder, out=tmp_path, limt=3)
    with pytest.raises(ConfigError, match="'robustness' has no options"):  # before anything is trained
        compare(
            models=["tacotron2", "fastpitch"],
            data=prepared.folder,
            recipe="tiny",
            out=tmp_path / "untrained",
            measurements={"robustness": {"power": 2}},
        )
    assert not (tmp_path / "untrained").exists()
    with pytest.raises(CheckpointError, match="not a comparison"):
        ComparisonResults.open(tmp_path)


@pytest.mark.parametrize(("asked", "loaded"), [({}, "last"), ({"checkpoint": "best"}, "best"), ({"checkpoint": 7}, 7)])
def test_runs_speak_with_the_checkpoint_that_is_asked_for(asked, loaded, tmp_path, monkeypatch):
    calls = []

    def load_systems(runs, vocoder, device, checkpoint, registry):
        calls.append((list(runs), vocoder, device, checkpoint))
        raise UsageError("enough is known", "", "")

    monkeypatch.setattr("ttskit.compare.experiment.load_systems", load_systems)
    with pytest.raises(UsageError, match="enough is known"):
        compare(["a", "b"], recipe="tiny", out=tmp_path / "out", vocoder="griffinlim", device="cpu", **asked)
    assert calls == [(["a", "b"], "griffinlim", "cpu", loaded)]


def test_a_corpus_with_another_mel_is_refused(results, prepared, tmp_path):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(prepared.folder, other, ignore=shutil.ignore_patterns("recogniser", "features"))
    info = json.loads((other / "corpus.json").read_text(encoding="utf-8"))
    info["mel"]["hop_samples"] = 80
    (other / "corpus.json").write_text(json.dumps(info), encoding="utf-8")
    runs = [results.folder / "runs" / name for name in results.labels]
    with pytest.raises(MismatchError, match="disagree on audio") as refused:
        compare(runs, data=other, out=tmp_path / "out")
    assert "one prepared corpus" in refused.value.fix


def test_the_steps_of_a_budget_replay_it_bit_for_bit(prepared, tmp_path):
    registry = create_registry()
    recipe = load_recipe("tiny", ("training.validate_every=1000", "training.samples=0", "compare.steps=9"), registry=registry)
    names = ["tacotron2", "fastpitch"]

    def run(out, **limit):
        return compare(
            models=names,
            data=prepared.folder,
            recipe=recipe,
            out=tmp_path / out,
            device="cpu",
            hard=False,
            registry=registry,
            **limit,
            **SMALL,
        )

    first = run("budget", budget_s=0.5).content
    steps = {system["model"]: system["step"] for system in first["systems"]}
    assert all(one["budget"]["budget_s"] == 0.5 for one in first["runs"])  # though the recipe names steps
    with pytest.raises(UsageError, match="do not fit"):
        run("wrong", steps={"fastpitch": 2})
    run("replay", steps=steps)
    for name in names:
        weights = [RunFolder.open(tmp_path / out / "runs" / name).weights("last") for out in ("budget", "replay")]
        assert weights[0][1] == weights[1][1] == steps[name]
        assert all(torch.equal(value, weights[1][0][key]) for key, value in weights[0][0].items())


def test_the_first_screen_answers_and_says_first_of_what(results):
    """Seen: no sentence answered the question, and "AR" and "NAR" stood nowhere."""
    page = results.page.read_text(encoding="utf-8")
    head = page.partition("<header>")[2].partition("</header>")[0]
    answer = results.content["answer"]
    assert (answer["ar"], answer["nar"], answer["about"]) == (["tacotron2"], ["fastpitch"], "these trainings")
    assert head.index("One training each: nothing here is about the models.") < head.index(
        "These trainings, AR (autoregressive:"
    )
    assert "NAR (non-autoregressive:" in head
    # two sentences are too few to say anything, whatever the numbers are
    assert {f["word"] for f in answer["findings"]} == {"not known"} and "Cannot tell in " in head
    assert not [d for row in results.content["summary"] for d in row["differences"] if d["marked"]] and ' sure"' not in page
    assert "It is not the decoding alone: " in head and "learned from the recordings" in head


def test_every_row_that_two_systems_have_has_their_difference_with_its_sentences(results):
    """Seen: 14 of 23 rows had none."""
    rows = results.content["summary"]
    both = [row for row in rows if all(row["values"][label] for label in results.labels)]
    assert len(both) > 12 and all(len(row["differences"]) == 1 for row in both)
    for row in both:
        (difference,) = row["differences"]
        counts = {row["values"][label]["count"] for label in results.labels}
        assert difference["count"] <= min(counts) and difference["value"] == pytest.approx(
            difference["means"][0] - difference["means"][1], abs=1e-9
        )
    assert [row["led"] for row in rows] == sorted(row["led"] for row in rows)  # what was led by the recording stands last
