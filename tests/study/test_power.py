"""What a design can show: more seeds show less, an hour is spent where it helps, nothing is said without variances."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from ttskit.errors import InputError, UsageError

pytest.importorskip("ttskit.measure.inference.power")

from ttskit.compare.results import COLUMNS
from ttskit_study.layout import StudyFolder
from ttskit_study.locked import Lock
from ttskit_study.power import given_spread, power_lines, power_of_study, power_rows
from ttskit_study.state import RunState, write_state

GIVEN = ["mcd_db:run=0.7,sentence=0.6,residual=0.4"]


def with_seeds(made, count: int) -> None:
    study = StudyFolder(made.out)
    lock = Lock.read(study)
    lock.model_copy(update={"seeds": list(range(1, count + 1))}).write(study)


def observed(made, run_sd: float, sentences: int = 12, seeds: int = 4) -> None:
    """Numbers of a pilot with known spreads."""
    rng = np.random.default_rng(3)
    with_seeds(made, seeds)
    study = StudyFolder(made.out)
    for system in ("frames", "whole"):
        for seed in range(1, seeds + 1):
            place = study.cell(f"{system}-all", seed)
            place.spoken.mkdir(parents=True, exist_ok=True)
            run = rng.normal(0, run_sd)
            with place.observations.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                for i in range(sentences):
                    row = dict.fromkeys(COLUMNS, "") | {"system": system, "training_seed": seed, "seed": 0}
                    row |= {"sentence": f"u{i}", "measure": "mcd_db", "weight": 1, "value": 7 + run + 0.1 * rng.normal()}
                    writer.writerow(row)
            write_state(place, RunState("done", "", seconds={"train": 90.0, "speak": 12.0}))


def test_more_seeds_show_smaller_differences(planned_once, planned):
    few = power_of_study(planned.out, spread=given_spread(GIVEN))[0]
    with_seeds(planned, 5)
    many = power_of_study(planned.out, spread=given_spread(GIVEN))[0]
    assert many.pairs < few.pairs / 1.5 and few.matters == 0.3
    assert set(few.factors) == {"decoding"} and few.factors["decoding"] == pytest.approx(few.pairs)
    assert few.components.run == pytest.approx(0.49)


def test_where_runs_differ_the_next_hour_buys_seeds(planned):
    found = power_of_study(planned.out, spread=given_spread(["mcd_db:run=1,sentence=0.5,residual=0.1"]))
    assert found[0].options[0].what in ("runs", "minutes")
    sentences = next(option for option in found[0].options if option.what == "sentences")
    assert sentences.smallest > found[0].options[0].smallest
    lines = power_lines(found, 1.0)
    assert "is not enough: 0.3 matter" in lines[0] and "are best spent on" in lines[1]
    columns, rows = power_rows(found)
    assert columns[0] == "measure" and rows[0][:3] == ["mcd_db", "0.3", "1"]


def test_a_pilot_gives_its_spreads(planned):
    observed(planned, run_sd=0.8)
    own = power_of_study(planned.out)[0].components
    assert 0.2 < own.run**0.5 < 2.0 and own.residual**0.5 == pytest.approx(0.1, rel=0.3)


def test_a_system_that_has_not_learned_to_speak_does_not_take_the_others_variances(planned):
    """Seen: of one cell a single sentence of one training had an F0, and nothing at all was said of the design."""
    observed(planned, run_sd=0.8)
    whole = power_of_study(planned.out)[0]
    study = StudyFolder(planned.out)
    for seed in range(1, 5):
        place = study.cell("whole-all", seed).observations
        head, first, *rest = place.read_text(encoding="utf-8").splitlines()
        lost = [row.rsplit(",", 3) for row in rest]
        kept = [first] if seed == 1 else []
        place.write_text("\n".join([head, *kept, *(",".join([a, "nan", *b]) for a, _, *b in lost), ""]), encoding="utf-8")
    found = power_of_study(planned.out)
    assert found[0].without == ("whole",) and whole.without == ()
    assert found[0].components.residual ** 0.5 == pytest.approx(0.1, rel=0.3)
    assert power_lines(found, 1.0)[-1] == "mcd_db: variances without whole, with too few numbers"


def test_without_a_pilot_it_says_how_to_get_one(planned):
    with pytest.raises(InputError) as error:
        power_of_study(planned.out)
    assert "no training of the pilot is done" in error.value.why and "--spread" in error.value.fix


def test_spreads_that_are_none(planned):
    for wrong in ("mcd_db", "mcd_db:run=1", "mcd_db:run=x,sentence=1,residual=1", ":run=1,sentence=1,residual=1"):
        with pytest.raises(UsageError, match="--spread"):
            given_spread([wrong])
    with pytest.raises(InputError, match="no variances of a primary measure"):
        power_of_study(planned.out, spread=given_spread(["stoi:run=1,sentence=1,residual=1"]))
