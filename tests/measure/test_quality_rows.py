"""The rows of quality on voices with one planted change each, and what may be chosen of them."""

from __future__ import annotations

import numpy as np
import pytest

from ttskit.errors import ConfigError
from ttskit.interfaces.measurement import NATURAL
from ttskit.measure import learned
from ttskit.measure.quality import Quality, QualityOptions, free_mel_l1
from ttskit.measure.quality_measures import DETAIL
from ttskit.measure.run import measure_all
from ttskit.plugins import create_registry


def same(audio, seed):
    return audio


def quiet(audio, seed):
    return audio * np.float32(10 ** (-12 / 20))


def dull(audio, seed):
    return np.convolve(audio, [0.25, 0.5, 0.25], "same")


def quiet_and_dull(audio, seed):
    return quiet(dull(audio, seed), seed)


def means(rows, **more):
    found = {}
    for row in rows:
        for o in row.observations:
            found.setdefault(row.measure.key, {}).setdefault(o.system, []).append(o.value)
    return {key: {system: float(np.mean(values)) for system, values in own.items()} for key, own in found.items()}


def test_twelve_decibels_are_seen_as_a_level_and_as_nothing_else(said):
    """They used to bring a dull voice nearer to the recordings."""
    found = means(Quality().measure(said(dull=dull, quiet=quiet_and_dull)).rows)
    assert found["level_db"]["quiet"] - found["level_db"]["dull"] == pytest.approx(-12.0, abs=0.05)
    for key in ("mcd_db", "lsd_db", "timbre_distance_db"):
        assert found[key]["quiet"] == pytest.approx(found[key]["dull"], abs=0.05) and found[key]["dull"] > 0.1, key


def test_the_mcd_says_which_it_is_and_the_other_definition_is_a_row_of_its_own(said):
    spoken = said(copy=same, dull=dull)
    plain, both = Quality().measure(spoken), Quality(QualityOptions(mcd="sptk")).measure(spoken)
    titles = {row.measure.key: row.measure.title for row in both.rows}
    assert titles["mcd_db"] == "mel-cepstral distortion (DCT of the 40-band mel, order 13)"
    assert titles["mcd_sptk_db"].startswith("mel-cepstral distortion (SPTK's mel cepstra, order 24, α 0.31")
    assert "mcd_sptk_db" not in {row.measure.key for row in plain.rows}
    found = means(both.rows)
    assert found["mcd_sptk_db"]["copy"] == pytest.approx(0.0, abs=1e-6) and found["mcd_sptk_db"]["dull"] > 0.3
    assert found["mcd_sptk_db"]["dull"] != pytest.approx(found["mcd_db"]["dull"], rel=0.05)
    assert found["mcd_db"] == means(plain.rows)["mcd_db"]


def test_the_definition_is_chosen_in_the_recipe(said):
    spoken = said(limit=1, copy=same)
    spoken.settings.measurements["quality"] = {"mcd": "sptk", "sptk_order": 12}
    (found,) = measure_all(spoken, create_registry(), only={"quality"})
    assert any("order 12" in row.row.measure.title for row in found.rows if row.row.measure.key == "mcd_sptk_db")
    spoken.settings.measurements["quality"] = {"mcd": "world"}
    with pytest.raises(ConfigError, match="quality"):
        measure_all(spoken, create_registry(), only={"quality"})


def test_details_stand_in_the_section_and_not_in_the_summary(said):
    rows = Quality().measure(said(copy=same)).rows
    assert {row.measure.key for row in rows if not row.summary} == DETAIL
    assert all(NATURAL not in {o.system for o in row.observations} for row in rows)


def test_two_mel_distances_cannot_be_read_as_one_scale(said):
    """One without a path stood above one with a path, in one unit and one table."""
    from ttskit.measure.quality_measures import quality_measures

    free = {m.key: m for m in quality_measures(said().mel, 13, 24)}["mel_l1"]
    assert free.unit != learned.TEACHER_FORCED.unit and "DTW" in free.unit and "frame by frame" in learned.TEACHER_FORCED.unit
    assert "free-running" in free.title and "teacher-forced" in learned.TEACHER_FORCED.title


def test_the_models_own_mel_is_compared_at_one_loudness(prepared):
    mel = prepared.mel
    target = np.asarray(prepared.features(prepared.utterances[0]).mel)
    lower = np.maximum(target - np.log(4.0), np.log(mel.log_guard))  # -12 dB, and what that loses in the floor
    assert free_mel_l1(target, lower, mel) > 0.5
    assert free_mel_l1(target, lower, mel, 20 * np.log10(4.0)) < 1e-6
    assert free_mel_l1(target, target, mel) == 0.0
