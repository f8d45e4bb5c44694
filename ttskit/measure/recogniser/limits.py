"""What natural speech teaches a judge to allow, in any timbre, and how much of what is planted it then finds.

Limits of likelihood ratios are set with speech that the recogniser was not trained on: above what sentences without any slip
reach, as they are, and noisy, low-passed, quieter and with other formants, which changes no word; and where speech with
planted slips leaves room, halfway to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.measure.phones import Expected, Thresholds, align_phones, calibrate
from ttskit.measure.recogniser.listening import PhoneListener
from ttskit.measure.recogniser.splices import cut_points, said_twice, without
from ttskit.measure.recogniser.timbres import PLANTED, as_heard

__all__ = ["FALSE_ALARMS", "MARGIN", "WEAKEST", "limits_of"]

MARGIN = 0.5  # nats above what natural speech reaches
FALSE_ALARMS = 2.0  # percent of natural sentences that a limit may be passed by
WEAKEST = 10.0  # percentile of the planted slips that a limit lies halfway to
_SYLLABLE = 2  # phones of a planted stretch that is said twice


def limits_of(
    listener: PhoneListener,
    expected: Sequence[Expected],
    mels: Sequence[np.ndarray],
    seconds: Sequence[float],
    config: MelConfig,
    seed: int,
    clocks: Sequence[np.ndarray] | None = None,
) -> tuple[Thresholds, dict]:
    """Thresholds and facts about the sentences that set them.

    Args:
        listener: hears.
        expected, mels, seconds: what each sentence says, its log mel (M, T) and length.
        config: of the mels.
        seed: of timbres' noise and of the places of slips.
        clocks: mels in which the phones are looked for, where they are to be cut at the places of the recording.
    """
    rng = np.random.default_rng(seed)
    as_said = listener.network.posteriors(mels)
    # Two timbres a sentence, all of them in turn: each is heard by many sentences and the time stays bounded.
    turns = [PLANTED[(2 * i + k) % len(PLANTED)] for i in range(len(mels)) for k in range(2)]
    owners = [i for i in range(len(mels)) for _ in range(2)]
    changed = listener.network.posteriors([as_heard(mels[i], t, config, rng) for i, t in zip(owners, turns, strict=True)])
    plain = list(zip(expected, as_said, strict=True))
    other = [(expected[i], h) for i, h in zip(owners, changed, strict=True)]
    pool = plain + other
    spelt = [listener.network.spelt(own) for _, own in pool]
    thresholds = calibrate([e for e, _ in pool], spelt, [*seconds, *(seconds[i] for i in owners)])
    highest = _highest(listener, pool)
    planted = _planted(listener, expected, mels, clocks or mels, rng)
    limits = {kind: _between(highest[kind], planted[kind]) for kind in ("missing", "twice")}
    wrong = [align_phones(e.phones, heard).errors for (e, _), heard in zip(pool, spelt, strict=True)]
    phones = max(1, sum(len(e.phones) for e in expected))
    facts = {
        "natural_phone_error_rate": sum(wrong[: len(plain)]) / phones,
        "other_timbres_phone_error_rate": sum(wrong[len(plain) :]) / (2 * phones),
        "found": {kind: _share(planted[kind], limits[kind]) for kind in limits},
        "planted": {kind: len(planted[kind]) for kind in limits},
        "false_alarms": {kind: _share(highest[kind][: len(plain)], limits[kind]) for kind in limits},
    }
    return replace(thresholds, missing=limits["missing"], twice=limits["twice"]), facts


def _highest(listener: PhoneListener, heard: Sequence[tuple[Expected, Tensor]]) -> dict[str, list[float]]:
    """The highest ratio of each sentence in which nothing is missing or said twice."""
    found: dict[str, list[float]] = {"missing": [], "twice": []}
    for expected, one in heard:
        edits = listener.ratios(one, expected)
        if edits is not None:
            for kind, edit in (("missing", edits.likeliest_missing), ("twice", edits.likeliest_twice)):
                found[kind].append(edit.ratio if edit is not None else 0.0)
    return found


def _planted(
    listener: PhoneListener,
    expected: Sequence[Expected],
    mels: Sequence[np.ndarray],
    clocks: Sequence[np.ndarray],
    rng: np.random.Generator,
) -> dict[str, list[float]]:
    """The highest ratio of its kind in each sentence with one phone cut out, and with two phones of a word said twice."""
    cut: Mapping[str, list[tuple[Expected, np.ndarray]]] = {"missing": [], "twice": []}
    for text, mel, clock in zip(expected, mels, listener.network.posteriors(clocks), strict=True):
        count = len(text.phones)
        points = cut_points(clock.numpy(), listener.classes(text), listener.network.stride) if count > 1 else None
        if points is None:
            continue
        sound = torch.tensor(mel)
        lost = int(rng.integers(count))
        cut["missing"].append((text, without(sound, points, lost, lost + 1).numpy()))
        inside = [i for i in range(count - 1) if text.words[i] == text.words[i + 1]]
        if inside:
            start = int(rng.choice(inside))
            cut["twice"].append((text, said_twice(sound, points, start, start + _SYLLABLE).numpy()))
    found = {}
    for kind, sentences in cut.items():
        heard = listener.network.posteriors([mel for _, mel in sentences])
        found[kind] = _highest(listener, [(e, h) for (e, _), h in zip(sentences, heard, strict=True)])[kind]
    return found


def _between(natural: Sequence[float], planted: Sequence[float]) -> float:
    """A limit that natural speech seldom passes, and that lies halfway to planted slips where these are far away.

    Never below 0: what is less likely than the text as it stands is not reported.
    """
    least = float(np.percentile(natural, 100 - FALSE_ALARMS)) + MARGIN if len(natural) else 0.0
    weakest = float(np.percentile(planted, WEAKEST)) if len(planted) else least
    return max(0.0, least, (least + weakest) / 2)


def _share(ratios: Sequence[float], limit: float) -> float | None:
    return float(np.mean(np.asarray(ratios) > limit)) if len(ratios) else None
