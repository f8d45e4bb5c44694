"""Robustness: what was skipped, repeated, cut or never ended, judged on the audio by one recogniser for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ttskit.config import CompareConfig
from ttskit.interfaces.measurement import NATURAL, Findings, Measure, Measurement, Remark, Row, Sample, Spoken
from ttskit.measure import metrics
from ttskit.measure.judge import Judge
from ttskit.measure.phones import VERDICTS, Verdict
from ttskit.measure.quality import path_between
from ttskit.measure.templates import template
from ttskit.pictures.charts import draw_verdicts

__all__ = ["DURATION_ERROR", "OK_SHARE", "PHONE_ERROR", "TITLES", "VERDICT_TEXT", "Judged", "Robustness"]

VERDICT_TEXT = {  # messages
    "ok": "nothing missing, nothing too much",
    "never-ending": "much longer than such a sentence takes, or stopped by the frame limit",
    "unclear": "too many wrong phones to follow",
    "cut": "the end is missing",
    "words skipped": "words in the sentence are missing",
    "words repeated": "a part is said again",
    "extra sounds": "something is said that is not in the text",
    "sounds missing": "a part of a word is missing",
    "sounds repeated": "a part of a word is said twice",
}
TITLES = {"test": "test sentences", "validation": "validation sentences", "hard": "hard sentences"}  # messages

PHONE_ERROR = Measure(
    "phone_error_rate",
    "phone error rate",
    "%",
    "lower",
    1,
    "A small phone recogniser, trained on the corpus's natural speech only, in many timbres, listens to the audio; errors "
    "(wrong, missing and additional phones) divided by the phones that should be said. Compare with its own "
    "errors on natural speech and on the recordings through the vocoder, which stand beside it.",
    100.0,
)
OK_SHARE = Measure(
    "ok_share",
    "sentences without fault",
    "%",
    "higher",
    0,
    "Share of sentences in which the recogniser finds nothing skipped, repeated, cut, endless, added or unclear.",
    100.0,
)
DURATION_ERROR = Measure(
    "duration_error_ms",
    "duration error, sentences without fault",
    "ms per phone",
    "lower",
    1,
    "The recording's exact phone boundaries, carried to the synthetic audio by the path of the cepstral distortion: mean "
    "absolute difference of phone durations. Judged on the audio, alike for all models, on the sentences that the recogniser "
    "finds without fault (others give DTW nothing to hold on to), so that it looks better the more sentences fail: secondary "
    "to the row on all sentences. Only for corpora with exact times.",
)

Judged = Sequence[tuple[Sample, Verdict]]


class Robustness(Measurement):
    """Every sample gets a verdict; rows are phone errors, sentences without fault and, where times are known, durations."""

    def measure(self, spoken: Spoken) -> Findings:
        """Train (or open) the judge of the corpus and let it hear everything; one that is not trusted says why, and no more."""
        judge = Judge.of(spoken.corpus, spoken.settings, spoken.tell, spoken.systems)
        if not judge.trusted:
            data = {"recogniser": judge.facts, "groups": _titles(spoken)}
            note = f"Robustness: no verdicts, the phone recogniser cannot judge: {judge.reason}"
            return Findings(template=template("robustness"), data=data, notes=[note])
        judged = list(zip(spoken.samples, judge.judge(spoken.samples, spoken.corpus), strict=True))
        rows: list[Row] = []
        figures = {}
        for group in spoken.groups:
            own = [(s, v) for s, v in judged if s.sentence.group == group]
            errors = tuple(s.observation(v.errors / max(1, v.phones), v.phones) for s, v in own)
            fine = tuple(s.observation(v.verdict == "ok") for s, v in own)
            rows += [Row(_named(PHONE_ERROR, group), errors), Row(_named(OK_SHARE, group), fine)]
            figures[f"verdicts_{group}"] = spoken.figure(f"verdicts_{group}.png")
            draw_verdicts(figures[f"verdicts_{group}"], _counts(own, spoken.labels), VERDICTS)
        if (durations := _duration_errors(spoken, judged)).observations:
            rows.append(durations)
        data: dict[str, Any] = {
            "recogniser": judge.facts,
            "thresholds": judge.thresholds.to_json(),
            "groups": _titles(spoken),
            "verdict_text": VERDICT_TEXT,
            "verdicts": {group: _counts([p for p in judged if p[0].sentence.group == group]) for group in spoken.groups},
            "own_alignments": _own_alignments(judged, spoken),
            "over_seeds": _over_seeds(judged, spoken),
            "hard": _hard_sentences(judged, spoken),
        }
        return Findings(rows, figures, template("robustness"), data, [_remark(s, v) for s, v in judged])


def _titles(spoken: Spoken) -> dict[str, str]:
    return {group: TITLES.get(group, group) for group in spoken.groups}


def _named(measure: Measure, group: str) -> Measure:
    return replace(measure, key=f"{measure.key}_{group}", title=f"{measure.title}, {TITLES.get(group, group)}")


def _counts(judged: Judged, labels: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
    """How often each verdict was given, by system; of `labels` and of natural speech only, if they are named."""
    counts: dict[str, Counter[str]] = {}
    for sample, verdict in judged:
        if labels is None or sample.system in (NATURAL, *labels):
            counts.setdefault(sample.system, Counter())[verdict.verdict] += 1
    return {system: {v: own[v] for v in VERDICTS if own[v]} for system, own in counts.items()}


def _duration_errors(spoken: Spoken, judged: Judged) -> Row:
    corpus, config = spoken.corpus, spoken.settings
    order = min(config.mcd_order, spoken.mel.bands - 1)
    found = []
    for sample, verdict in judged:
        recording = spoken.recording(sample)
        if recording is None or sample.system == NATURAL:
            continue
        times = corpus.reference_times(corpus.utterance(sample.sentence.id))
        if times is None:
            continue
        if verdict.verdict != "ok":  # DTW through noise runs straight and looks perfect
            found.append(sample.observation(float("nan")))
            continue
        path, _, _ = path_between(recording.sound, sample.sound, spoken.mel, order)
        said = np.array([t not in corpus.symbols.silent for t in sample.sentence.tokens])
        errors = np.abs(metrics.duration_errors_ms(times, path, spoken.mel))[said]
        found.append(sample.observation(errors.mean() if errors.size else float("nan")))
    return Row(DURATION_ERROR, tuple(found))


def _remark(sample: Sample, verdict: Verdict) -> Remark:
    words = sample.sentence.words
    facts = [f"{verdict.seconds:.2f} s", f"phone errors {verdict.errors} of {verdict.phones}"]
    if "unclear" not in verdict.faults:
        facts += _lists(words, skipped=verdict.skipped_words, repeated=verdict.repeated_words)
    if sample.finished is False:
        facts.append("ran into the frame limit")
    if sample.traversal is not None:
        own = _lists(words, skipped=sample.traversal.skipped, repeated=sample.traversal.repeated)
        facts += [f"its own alignment {fact}" for fact in own]
    tone = "ok" if verdict.verdict == "ok" else "unsure" if verdict.verdict == "unclear" else "bad"
    return Remark(
        sample.system,
        sample.sentence.id,
        sample.seed,
        verdict.verdict,
        tone,
        VERDICT_TEXT[verdict.verdict],
        tuple(facts),
        {"What the recogniser heard": " ".join(verdict.heard)},
    )


def _lists(words: Sequence[str], most: int = 8, **places: Sequence[int]) -> list[str]:
    named = {what: [words[w] for w in own if w < len(words)][:most] for what, own in places.items()}
    return [f"{what}: {', '.join(own)}" for what, own in named.items() if own]


def _own_alignments(judged: Judged, spoken: Spoken) -> dict[str, dict[str, dict]]:
    """How sentences ended, were skipped and repeated by autoregressive models' own alignments: shown, not scored."""
    found: dict[str, dict[str, dict]] = {}
    for label in spoken.labels:
        for group in spoken.groups:
            own = [s.traversal for s, _ in judged if (s.system, s.sentence.group) == (label, group) and s.traversal is not None]
            if own:
                found.setdefault(label, {})[group] = {
                    "sentences": len(own),
                    "finished": sum(t.finished for t in own),
                    "truncated": sum(not t.finished for t in own),
                    "skips": sum(bool(t.skipped) for t in own),
                    "repeats": sum(bool(t.repeated) for t in own),
                }
    return found


def _over_seeds(judged: Judged, spoken: Spoken) -> dict[str, dict[str, dict]]:
    """Phone error rate and share without fault of each seed of synthesis, with their deviations."""
    config: CompareConfig = spoken.settings
    if len(config.seeds) < 2:
        return {}
    found: dict[str, dict[str, dict]] = {}
    for label in spoken.labels:
        for group in spoken.groups:
            own = {
                seed: [v for s, v in judged if (s.system, s.sentence.group, s.seed) == (label, group, seed)]
                for seed in config.seeds
            }
            rates = {s: sum(v.errors for v in vs) / max(1, sum(v.phones for v in vs)) for s, vs in own.items()}
            shares = {s: sum(v.verdict == "ok" for v in vs) / max(1, len(vs)) for s, vs in own.items()}
            found.setdefault(label, {})[group] = {
                name: {"by_seed": by_seed, "deviation": float(np.std(list(by_seed.values()), ddof=1))}
                for name, by_seed in (("phone_error_rate", rates), ("ok_share", shares))
            }
    return found


def _hard_sentences(judged: Judged, spoken: Spoken) -> list[Mapping]:
    """Every hard sentence with the verdicts of the systems, for the list on the page."""
    rows: dict[str, dict] = {}
    for sample, verdict in judged:
        if sample.sentence.group != "hard" or sample.system not in spoken.labels:
            continue
        row = rows.setdefault(sample.sentence.id, {"text": sample.sentence.text, "verdicts": {}})
        skipped = [] if "unclear" in verdict.faults else [sample.sentence.words[w] for w in verdict.skipped_words[:6]]
        row["verdicts"].setdefault(sample.system, []).append({"verdict": verdict.verdict, "skipped": skipped})
    return list(rows.values())
