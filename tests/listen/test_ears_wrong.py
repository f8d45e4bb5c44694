"""A disagreement that was planted is found first, with its sounds."""

from __future__ import annotations

import dataclasses

import pytest
from ears_material import heard_of_truth, truth, write_values

from ttskit_listen.ears.correlations import ears_of


def wrong_of(tmp_path, given, heard, measures, better=None):
    return ears_of(heard, {}, [write_values(tmp_path / "v.csv", measures, better)], resamples=20)["wrong"]


@pytest.mark.parametrize("kind", ["mos", "mushra", "cmos", "ab", "transcribe"])
@pytest.mark.parametrize("better", ["higher", "lower"])
def test_a_planted_disagreement_is_found_first(tmp_path, kind, better):
    given = truth(1, systems=2, runs=1, sentences=16, sentence_sd=0.3, sound_sd=0.3, system_sd=0.3)
    quality = dict(given.quality)
    good, bad = ("system1", "1", "u005"), ("system0", "1", "u005")
    quality[good], quality[bad] = 1.5, -1.5
    heard = heard_of_truth(dataclasses.replace(given, quality=quality), kind, 30, 2, listener_sd=0.1)
    sign = 1 if better == "higher" else -1
    measure = {place: sign * value for place, value in quality.items()}
    measure[good], measure[bad] = sign * -1.5, sign * 1.5
    found = wrong_of(tmp_path, given, heard, {"fooled": measure, "honest": quality}, {"fooled": better})
    first = found[0]
    assert (first["measure"], first["sentence"]) == ("fooled", "u005")
    assert (first["system"], first["against"]) == ("system1", "system0")
    assert first["heard"] > 0 and first["measured"] == pytest.approx(sign * -3.0)
    assert first["text"] == "Oración u005."
    sounds = {name: (s.system, s.run, s.sentence) for name, s in heard.key.sounds.items()}
    assert [sounds[name] for name in first["sounds"]] == [good, bad]
    assert first["strength"] > 1.5 * max((one["strength"] for one in found if one["sentence"] != "u005"), default=0.0)


def test_a_measure_without_a_better_side_is_never_wrong(tmp_path):
    given = truth(3)
    found = wrong_of(tmp_path, given, heard_of_truth(given, "mos", 10, 4), {"m": given.measure(0.0, 5)}, {"m": ""})
    assert found == []


def test_what_few_listeners_said_is_held_for_less(tmp_path):
    """One answer of 2 against a measure is no stronger a disagreement than thirty of 2."""
    given = truth(6, systems=2, runs=1, sentences=12, system_sd=0.0, sentence_sd=0.0, sound_sd=0.2)
    quality = dict(given.quality)
    quality["system1", "1", "u003"], quality["system0", "1", "u003"] = 1.0, -1.0
    heard = heard_of_truth(dataclasses.replace(given, quality=quality), "cmos", 30, 7, listener_sd=0.0)
    few = [j for j in heard.judgements if j.sentence != "u008"]
    loud = next(j for j in heard.judgements if j.sentence == "u008")
    judged = [*few, dataclasses.replace(loud, value=2.0)]
    measure = {place: -1.0 if place[0] == "system1" else 1.0 for place in quality}
    found = wrong_of(tmp_path, given, dataclasses.replace(heard, judgements=judged), {"m": measure})
    by_sentence = {one["sentence"]: one for one in found}
    assert found[0]["sentence"] == "u003" and found[0]["heard"] < 2.5
    assert "u008" not in by_sentence or by_sentence["u008"]["strength"] < found[0]["strength"]


def test_a_few_of_each_measure_and_one_training_of_each_pair(tmp_path):
    given = truth(8, systems=3, runs=3, sentences=12)
    measures = {f"m{i}": given.measure(0.0, i) for i in range(30)}
    found = wrong_of(tmp_path, given, heard_of_truth(given, "mos", 12, 9), measures)
    assert 0 < len(found) <= 60
    for key in measures:
        own = [(one["sentence"], one["system"], one["against"]) for one in found if one["measure"] == key]
        assert len(own) <= 3 and len(set(own)) == len(own)
    assert [one["strength"] for one in found] == sorted((one["strength"] for one in found), reverse=True)
