"""Training seen from inside: the film's pictures and the helps' numbers, against what they are made of, by hand."""

from __future__ import annotations

import base64
import shutil
from itertools import product

import numpy as np
import pytest
from scipy.stats import betabinom

from ttskit.runs import RunFolder, read_film
from ttskit.runs.film import FilmFrame, write_frame
from ttskit_explain import films
from ttskit_explain.making import explain, open_lesson
from ttskit_explain.sections import training
from ttskit_explain.texts import PageTexts

SENTENCE = "La luna verde."


def shown(lesson, ref):
    """The array behind a reference, as the page reads it."""
    kept = lesson.sheet._arrays[ref["array"]]
    kind = {"f2": "<f2", "i4": "<i4"}[kept["type"]]
    return np.frombuffer(base64.b64decode(kept["base64"]), kind).astype(float).reshape(kept["shape"])


def cards_of(lesson):
    return {card.key: card for card in training.build(lesson)}


@pytest.fixture
def without_film(runs, tmp_path):
    """The first run as one that was trained before there were films."""
    run = shutil.copytree(runs[0], tmp_path / "old")
    shutil.rmtree(run / "film")
    return run


def test_the_film_is_that_of_the_run(lesson):
    card = cards_of(lesson)["training.film"]
    assert [note.key for note in card.notes] == []
    mine = {film["label"]: film for film in card.figures[0].spec["films"]}
    assert [mine[subject.label]["kind"] for subject in lesson.subjects] == ["attention", "soft"]
    for subject in lesson.subjects:
        whole, film = read_film(subject.run.path), mine[subject.label]
        assert film["steps"] == [frame.step for frame in whole] and film["steps"][-1] == 60
        assert film["tokens"] == list(whole[0].tokens) and card.values["sentence"] == whole[0].text.rstrip(".")
        pictures = shown(lesson, film["pictures"])
        by = film["pooled"]
        for i in (0, -1):
            there = whole[i].alignment
            assert pictures[i].shape == (len(film["tokens"]), -(-len(there) // by))
            np.testing.assert_allclose(pictures[i][:, 1], there[by : 2 * by].mean(0), atol=1e-3)
            np.testing.assert_allclose(pictures[i][:, -1], there[(len(there) - 1) // by * by :].mean(0), atol=1e-3)


def test_neighbours_are_averaged_and_the_rest_by_itself():
    alignment = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.2, 0.8], [0.4, 0.6]])
    assert films._pooled(alignment, 2).round(6).tolist() == [[0.75, 0.1, 0.4], [0.25, 0.9, 0.6]]


def test_losses_are_those_of_the_log(lesson):
    spec = cards_of(lesson)["training.film"].figures[0].spec
    subject = lesson.subjects[0]
    own = spec["losses"][subject.label]
    assert next(iter(own)) == "loss" and {"mel", "stop"} <= set(own)
    assert not {"gradient_norm", "learning_rate", "seconds", "diagonality", "epoch"} & set(own)
    rows = subject.run.metrics("train")
    assert own["mel"]["train"]["steps"] == [row["step"] for row in rows]
    assert own["mel"]["train"]["values"] == pytest.approx([row["mel"] for row in rows], rel=1e-4)
    assert own["mel"]["validation"]["steps"] == [row["step"] for row in subject.run.metrics("validation")]


def test_a_long_log_is_averaged():
    points = np.stack([np.arange(1, 1001), np.arange(1000) % 2], 1).astype(float)
    found = films._averaged(points)
    assert len(found["steps"]) == films._MOST_POINTS and found["steps"][-1] == 1000
    assert np.mean(found["values"]) == pytest.approx(0.5, abs=0.02)


def ramp(width):
    """A diagonal over 8 tokens, as wide as that."""
    distance = np.abs(np.arange(32)[:, None] / 4 - np.arange(8)[None])
    weights = np.exp(-distance / width)
    return weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("widths", "says"),
    [
        ((0.1, 0.1), {"word": "film_always"}),
        ((9.0, 9.0), {"word": "film_never"}),
        ((9.0, 0.1, 9.0, 0.1), {"word": "film_aligned", "step": 3}),
        ((0.1, 9.0), {"word": "film_never"}),
    ],
)
def test_from_when_on_it_is_a_diagonal(widths, says, tmp_path, lesson):
    for step, width in enumerate(widths):
        write_frame(tmp_path, FilmFrame(step, "attention", "u", "abc", tuple("abcdefgh"), ramp(width)))
    film, damaged = films.recorded_film("run", tmp_path, lesson.subjects[0].model.context.mel)
    assert damaged == 0 and training._aligned(film) == says
    assert film.diagonality[0] == pytest.approx(films.alignment_score(ramp(widths[0])).diagonality, abs=2e-3)


def test_whole_durations_are_not_scored_and_a_wild_beginning_is_cut(tmp_path, lesson):
    mel = lesson.subjects[0].model.context.mel
    for step, each in ((0, 500), (1, 4)):
        write_frame(tmp_path, FilmFrame(step, "spoken", "u", "ab", ("a", "b"), np.repeat(np.eye(2), each, axis=0)))
    film, _ = films.recorded_film("run", tmp_path, mel)
    assert film.diagonality is None and training._aligned(film) is None
    assert film.pictures.shape == (2, 2, 16) and film.pictures[1].sum(1).tolist() == [4.0, 4.0]
    assert film.seconds == pytest.approx(
        [1000 * mel.hop_samples / mel.sample_rate_hz, 8 * mel.hop_samples / mel.sample_rate_hz]
    )


def test_a_long_film_keeps_its_ends(tmp_path, lesson):
    for step in range(70):
        write_frame(tmp_path, FilmFrame(step, "soft", "u", "ab", ("a", "b"), np.full((6, 2), 0.5)))
    film, _ = films.recorded_film("run", tmp_path, lesson.subjects[0].model.context.mel)
    assert len(film.steps) == films.MOST_FRAMES and (film.steps[0], film.steps[-1]) == (0, 69)


def test_an_old_run_is_shown_by_its_checkpoints(without_film, registry, tmp_path):
    lesson = open_lesson([without_film], SENTENCE, tmp_path / "page", registry=registry)
    cards = cards_of(lesson)
    assert "training.film" not in cards
    card, subject = cards["training.kept"], lesson.subjects[0]
    assert [note.key for note in card.notes] == ["film_of_checkpoints"]
    (film,) = card.figures[0].spec["films"]
    assert film["kind"] == "free" and film["steps"] == [one.step for one in RunFolder.open(without_film).checkpoints]
    spoken = subject.spectrogram.row(0).alignment[0].numpy()
    first = shown(lesson, film["pictures"])[-1][:, 0]
    np.testing.assert_allclose(first, spoken[: film["pooled"]].mean(0), atol=1e-3)


def test_checkpoints_that_cannot_speak_are_left_out(without_film, registry, tmp_path, lesson):
    (last,) = RunFolder.open(without_film).checkpoints
    broken = shutil.copytree(last.folder, last.folder.with_name("step_00000007"))
    (broken / "model.safetensors").write_bytes(b"")
    subject = open_lesson([without_film], SENTENCE, tmp_path / "page", registry=registry).subjects[0]
    assert films.checkpoints_as_film(subject).steps == (60,)


def test_damage_is_said_and_costs_its_picture_or_losses_only(runs, registry, tmp_path):
    run = shutil.copytree(runs[1], tmp_path / "damaged")
    (run / "film" / "step_00000003.npz").write_bytes(b"")
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write("no json\n")
    lesson = open_lesson([run], SENTENCE, tmp_path / "page", registry=registry)
    card = cards_of(lesson)["training.film"]
    assert [note.key for note in card.notes] == ["film_damaged", "losses_damaged"] and card.notes[0].values["frames"] == 1
    assert 3 not in card.figures[0].spec["films"][0]["steps"] and card.figures[0].spec["losses"] == {}


def test_an_aligner_has_its_film_too(run_of, registry, tmp_path):
    lesson = open_lesson([run_of("tacotron2")], SENTENCE, tmp_path / "page", aligner=run_of("fastpitch"), registry=registry)
    spec = cards_of(lesson)["training.film"].figures[0].spec
    assert [(film["label"], film["kind"]) for film in spec["films"]] == [("tacotron2", "attention"), ("fastpitch", "soft")]
    assert set(spec["losses"]) == {"tacotron2", "fastpitch"}


def test_the_fine_by_hand(lesson):
    card = cards_of(lesson)["training.guided"]
    spec, values = card.figures[0].spec, card.values
    N, T = values["tokens"], values["frames"]
    assert spec["every"] == 1 and len(lesson.subjects[0].tokens) == N
    n, t = np.arange(N)[:, None] / N, np.arange(T)[None] / T
    W = [1 - np.exp(-((n - t) ** 2) / (2 * g * g)) for g in spec["sigmas"]]
    np.testing.assert_allclose(shown(lesson, spec["penalties"]), W, atol=1e-3)
    attention = lesson.subjects[0].spectrogram.row(0).alignment[0].numpy().T
    for fine, (own, even, backwards) in zip(W, spec["paid"], strict=True):
        assert own == pytest.approx((attention * fine).sum(0).mean(), abs=1e-4)
        assert even == pytest.approx(fine.mean(), abs=1e-4)
        assert backwards == pytest.approx((attention[::-1] * fine).sum(0).mean(), abs=1e-4)
    assert values["own"] == spec["paid"][1][0] and spec["sigmas"][1] == 0.2


def test_the_prior_by_hand(lesson):
    card = cards_of(lesson)["training.prior"]
    spec, values = card.figures[0].spec, card.values
    N, T = values["tokens"], values["frames"]
    whole = np.stack([betabinom(N - 1, t, T - t + 1).pmf(np.arange(N)) for t in range(1, T + 1)], 1)
    priors = shown(lesson, spec["priors"])
    np.testing.assert_allclose(priors[-1], whole, atol=1e-3)
    weak = whole ** spec["strengths"][1]
    np.testing.assert_allclose(priors[1], weak / weak.sum(0), atol=1e-3)
    column = whole[:, values["middle"] - 1]
    assert values["likeliest"] == column.argmax() + 1 and values["share"] == pytest.approx(100 * column.max(), abs=0.01)


def test_the_staircase_has_the_given_durations(lesson):
    card = cards_of(lesson)["training.supervised"]
    spec, values = card.figures[0].spec, card.values
    giver = lesson.subjects[1]
    durations = giver.spectrogram.durations[0].tolist()
    reduction = lesson.subjects[0].system.frames_per_step
    frames = np.repeat(np.arange(len(durations)), durations)
    target = shown(lesson, spec["target"])
    assert spec["giver"] == giver.label and target.shape[1] == -(-len(frames) // reduction) == values["steps"]
    for step in range(target.shape[1]):
        mine = np.bincount(frames[step * reduction : (step + 1) * reduction], minlength=len(durations))
        np.testing.assert_allclose(target[:, step], mine / mine.sum(), atol=1e-3)
    assert values["longest_frames"] == durations[giver.tokens.index(values["longest"])]


def test_without_a_parallel_run_the_staircase_is_that_of_the_attention(run_of, registry, tmp_path):
    lesson = open_lesson([run_of("tacotron2")], SENTENCE, tmp_path / "page", registry=registry)
    card = cards_of(lesson)["training.supervised"]
    assert card.figures[0].spec["giver"] == "tacotron2"
    assert shown(lesson, card.figures[0].spec["target"]).sum() == pytest.approx(card.values["steps"], abs=0.1)


def test_where_no_run_gives_an_alignment_the_film_stays(runs, registry, tmp_path, monkeypatch):
    lesson = open_lesson(runs, SENTENCE, tmp_path / "page", registry=registry)

    def fails(*_, **__):
        raise RuntimeError("no")

    for subject in lesson.subjects:
        monkeypatch.setattr(type(subject.model), "explain", fails)
        monkeypatch.setattr(type(subject.model), "aids", fails)
    cards = cards_of(lesson)
    assert list(cards) == ["training.film", "training.helps", "training.nothing"]
    assert len(cards["training.film"].figures[0].spec["films"]) == 2
    assert [note.key for note in cards["training.helps"].notes] == ["failed", "failed"]


def test_helps_are_those_that_the_runs_declare(lesson):
    runs = cards_of(lesson)["training.helps"].figures[0].spec["runs"]
    for run, subject in zip(runs, lesson.subjects, strict=True):
        said = [aid["key"].format(**aid["values"]) for aid in run["aids"]]
        assert said == list(subject.model.aids()) and said


def everything_on():
    """Every help that the built-in models can declare, several times with other numbers."""
    from ttskit_fastpitch.config import FastPitchOptions
    from ttskit_tacotron2.config import Tacotron2Options
    from ttskit_transformertts.config import TransformerTTSOptions

    leads = {
        "attention_supervision_weight": 1.0,
        "context_mixing": 0.9,
        "guided_attention_weight": 1.0,
        "forward_sum_weight": 1.0,
        "alignment_prior_until": 0.3,
        "reduction": 2,
        "rest_frames": 8,
    }
    for monotonic in ("window", "forward"):
        yield from Tacotron2Options(
            **leads,
            reduction_schedule=[[4, 0.4], [3, 0.7]],
            prenet_input="last",
            frame_dropout=0.3,
            stop_positive_weight=5,
            monotonic=monotonic,
        ).aids()
    yield from TransformerTTSOptions(**leads).aids()
    for alignment, pitch in product(("external", "learned"), ("fourier", "linear")):
        try:
            yield from FastPitchOptions(alignment=alignment, pitch_embedding=pitch).aids()
        except ValueError:
            continue


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_help_of_the_models_here_has_its_words(language):
    words = PageTexts(language).parts["words"]
    keys = {training._worded(aid)["key"] for aid in everything_on()}
    assert len(keys) >= 18 and {key for key in keys if key not in words} == set()
    if language == "es":
        assert {key for key in keys if words[key] == key} == set()


def test_the_section_is_made(runs, registry, tmp_path):
    report = explain(runs, SENTENCE, tmp_path / "page", only=["training"], registry=registry)
    assert report.failed == {} and (tmp_path / "page" / "data" / "training.js").stat().st_size < 3_000_000
    html = report.page.read_text(encoding="utf-8")
    assert html.count("La película del entrenamiento: 60 pasos") >= 1 and "The film of the training: 60 steps" in html
