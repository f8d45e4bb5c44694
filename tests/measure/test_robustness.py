"""Duration errors of known audio, and which way each built-in measure is better."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ttskit.interfaces.measurement import RESYNTHESIS, Row
from ttskit.measure import learned, quality, robustness
from ttskit.measure.phones import VERDICTS, Verdict


def durations(spoken, verdict_of):
    """Duration errors in ms by system, each sentence's."""
    judged = [(s, SimpleNamespace(verdict=verdict_of(s))) for s in spoken.samples]
    found = {}
    for o in robustness._duration_errors(spoken, judged).observations:
        found.setdefault(o.system, []).append(o.value)
    return found


def test_durations_are_judged_of_sounds_and_only_where_the_recogniser_finds_no_fault(said):
    def late(audio, seed):  # a quarter of a second more of the silence before the first sound
        return np.concatenate([np.full(2000, 0.0, np.float32), audio])

    spoken = said(copy=lambda audio, seed: audio, late=late, cut=lambda audio, seed: audio)
    found = durations(spoken, lambda s: "cut" if s.system == "cut" else "ok")
    assert set(found) == {RESYNTHESIS, "copy", "late", "cut"}  # neither natural speech nor hard sentences
    assert all(len(values) == 3 for values in found.values())
    np.testing.assert_allclose(found["copy"], 0.0, atol=1e-6)
    assert np.isnan(found["cut"]).all()
    assert max(found["late"]) < 3.0  # the edge that grew is no sound; counted, it alone would make 8 ms and more


def test_which_way_each_measure_is_better():
    known = (*quality._measures(13), robustness.PHONE_ERROR, robustness.OK_SHARE, robustness.DURATION_ERROR)
    known += (learned.BOUNDARIES, learned.TEACHER_FORCED, learned.ATTENTION, learned.STOPPED)
    ways = {way: {m.key for m in known if m.better == way} for way in ("higher", "")}
    neither = {"length_ratio", "level_db", "f0_shift_semitones", "f0_range_ratio", "formant_ratio"}
    assert ways == {"higher": {"ok_share", "attention_within", "stopped", "f0_correlation", "f0_compared"}, "": neither}
    assert {m.better for m in known} == {"lower", "higher", ""}


def test_a_sentence_without_fault_is_one_of_which_nothing_at_all_is_said(said, monkeypatch):
    """Planted: a sentence with words skipped counted as one without fault."""
    given = ["ok", *(v for v in VERDICTS if v != "ok")]
    spoken = said(limit=2, voice=lambda audio, seed: audio)
    names = [given[i % len(given)] for i in range(len(spoken.samples))]
    facts = ((), (), (), 1.0, 1.0)
    verdicts = [Verdict(name, () if name == "ok" else (name,), i, 10, *facts) for i, name in enumerate(names)]
    judge = SimpleNamespace(
        trusted=True, facts={}, thresholds=SimpleNamespace(to_json=dict), judge=lambda samples, corpus: verdicts
    )
    monkeypatch.setattr(robustness.Judge, "of", lambda *_: judge)
    monkeypatch.setattr(robustness, "_duration_errors", lambda *_: Row(robustness.DURATION_ERROR, ()))
    monkeypatch.setattr(robustness, "draw_verdicts", lambda *_: None)
    found = robustness.Robustness().measure(spoken)
    rows = {row.measure.key: row.observations for row in found.rows}
    judged = list(zip(spoken.samples, verdicts, strict=True))
    for group in ("test", "hard"):
        own = [v for s, v in judged if s.sentence.group == group]
        assert [o.value for o in rows[f"ok_share_{group}"]] == [float(v.verdict == "ok") for v in own]
        assert [(o.value, o.weight) for o in rows[f"phone_error_rate_{group}"]] == [(v.errors / 10, 10) for v in own]
    tones = {"ok": "ok", "unclear": "unsure"}
    assert [r.tone for r in found.remarks] == [tones.get(v.verdict, "bad") for v in verdicts]
    assert set(rows) == {f"{key}_{group}" for key in ("ok_share", "phone_error_rate") for group in ("test", "hard")}
