"""Tests whose truth is known: what listeners say of sounds whose quality was drawn, and measures that go with it as asked."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from ttskit_listen.judgements import HeardAnswers, Judgement
from ttskit_listen.plan import Form, Key, Kind, ListeningDesign, ListeningPlan, SoundKey, SystemHeard, Trial

__all__ = ["Truth", "heard_of_truth", "truth", "write_values"]

Place = tuple[str, str, str]  # system, run, sentence


@dataclass(frozen=True)
class Truth:
    """Quality of each sound."""

    quality: Mapping[Place, float]
    systems: tuple[str, ...]
    runs: tuple[str, ...]
    sentences: tuple[str, ...]

    def measure(self, rho: float, seed: int, sign: float = 1.0) -> dict[Place, float]:
        """A measure whose correlation with quality, over all sounds, is about rho."""
        random = np.random.default_rng(seed)
        values = np.array(list(self.quality.values()))
        z = (values - values.mean()) / values.std()
        noise = random.standard_normal(len(values))
        return dict(zip(self.quality, sign * (rho * z + np.sqrt(1 - rho**2) * noise), strict=True))


def truth(
    seed: int,
    *,
    systems: int = 3,
    runs: int = 2,
    sentences: int = 12,
    system_sd: float = 0.5,
    run_sd: float = 0.2,
    sentence_sd: float = 0.4,
    sound_sd: float = 0.5,
) -> Truth:
    """Draw the quality of every sound."""
    random = np.random.default_rng(seed)
    names = tuple(f"system{i}" for i in range(systems))
    said = tuple(f"u{i:03d}" for i in range(sentences))
    trained = tuple(str(i + 1) for i in range(runs))
    of_sentence = dict(zip(said, sentence_sd * random.standard_normal(sentences), strict=True))
    quality = {}
    for name in names:
        own = system_sd * random.standard_normal()
        for run in trained:
            lucky = run_sd * random.standard_normal()
            for sentence in said:
                quality[name, run, sentence] = own + lucky + of_sentence[sentence] + sound_sd * random.standard_normal()
    return Truth(quality, names, trained, said)


def heard_of_truth(
    given: Truth,
    kind: Kind,
    listeners: int,
    seed: int,
    *,
    noise: float = 0.8,
    listener_sd: float = 0.4,
    natural: bool = False,
    rounded: bool = True,
) -> HeardAnswers:
    """What listeners say of it: each hears each sentence, of one pair or of every system, runs rotating."""
    random = np.random.default_rng(seed)
    judged: list[Judgement] = []
    pairs = list(combinations(range(len(given.systems)), 2))
    for number in range(listeners):
        code = f"{number:02d}-abcdefgh"
        own = listener_sd * random.standard_normal()
        for place, sentence in enumerate(given.sentences):
            run = lambda step, number=number, place=place: given.runs[(number + place // step) % len(given.runs)]  # noqa: E731
            about = {"listener": code, "trial": f"{number}-{place}", "place": place, "kind": kind}
            about |= {"sentence": sentence, "group": "test", "speaker": "ana"}
            if kind in ("cmos", "ab", "abx"):
                one, other = pairs[(number + place) % len(pairs)]
                later, earlier = given.systems[other], given.systems[one]
                runs = run(1), run(len(given.runs))
                apart = given.quality[later, runs[0], sentence] - given.quality[earlier, runs[1], sentence]
                said = apart + own * 0.5 + noise * random.standard_normal()
                if kind == "cmos":
                    value = float(np.clip(np.round(said), -3, 3)) if rounded else said
                elif kind == "ab":
                    value = float(said > 0)
                else:
                    value = float(random.random() < 0.5 + 0.5 * np.tanh(abs(apart)))
                sides = {"system": later, "run": runs[0], "against": earlier, "against_run": runs[1]}
                judged.append(Judgement(**about, value=value, **sides))
                continue
            for system in given.systems:
                trained = run(1)
                said = given.quality[system, trained, sentence] + own + noise * random.standard_normal()
                if kind == "mos":
                    value = float(np.clip(np.round(3 + said), 1, 5)) if rounded else 3 + said
                elif kind == "mushra":
                    value = float(np.clip(50 + 20 * said, 0, 100))
                else:
                    value = float(random.binomial(10, 1 / (1 + np.exp(1 + said))))
                weight = 10.0 if kind == "transcribe" else 1.0
                judged.append(Judgement(**about, value=value, system=system, run=trained, weight=weight))
            if natural:
                judged.append(Judgement(**about, value=5.0, system="natural", run=""))
    return HeardAnswers(_plan(kind), _key(kind, given), _design(kind, given, listeners, natural), [], judged, judged)


def write_values(path: Path, measures: Mapping[str, Mapping[Place, float]], better: Mapping[str, str] | None = None) -> Path:
    """A table of a stranger: fewer columns than ours."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["system", "run", "sentence", "measure", "value", "better"])
        for key, values in measures.items():
            for place, value in values.items():
                writer.writerow([*place, key, repr(float(value)), (better or {}).get(key, "higher")])
    return path


def _plan(kind: Kind) -> ListeningPlan:
    sounds: Sequence[str] = {"cmos": "ab", "ab": "ab", "abx": "abx"}.get(kind, "a")
    form = Form(trials=(Trial(id="t", sounds=tuple(sounds)),))
    return ListeningPlan(id="made", kind=kind, title={"en": "made"}, forms=(form,))


def _key(kind: Kind, given: Truth) -> Key:
    said = {
        f"s{number:04d}": SoundKey(system=system, run=run, sentence=sentence, text=f"Oración {sentence}.")
        for number, (system, run, sentence) in enumerate(given.quality)
    }
    return Key(id="made", sounds=said, roles={})


def _design(kind: Kind, given: Truth, listeners: int, natural: bool) -> ListeningDesign:
    systems = [SystemHeard(name=name, runs=given.runs) for name in given.systems]
    systems += [SystemHeard(name="natural", natural=True)] if natural else []
    counts = {"listeners": listeners, "forms": 1, "trials": 1, "sentences": given.sentences}
    about = {"id": "made", "kind": kind, "title": {"en": "made"}, "made": "2026-11-28", "ttskit": "0.1.0", "source": "folders"}
    return ListeningDesign(**about, **counts, systems=tuple(systems))
