"""From mel to waveform: what a mel leaves open, how a network of upsampling stages fills it in, who judged it, Griffin-Lim."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ttskit.interfaces.architecture import UpsamplingStage, VocoderArchitecture
from ttskit.interfaces.explanation import Intervention, Step
from ttskit_explain.cards import Card, Figure, Note
from ttskit_explain.lesson import Lesson
from ttskit_explain.vocoding import Vocoding, cone, folded, open_vocoding, period_of, pooled

__all__ = ["build"]

_NEAR = 8  # frames that are looked at closely
_CHANNELS = 24  # of a stage that are drawn: those that move most
_ZOOMS_S = (0.5, 0.1, 0.03)  # between the whole sentence and one period
_JUDGED = 660  # samples that are folded: a few periods of a voice, as wide as a picture
_MOST_ROUNDS = 4


def build(lesson: Lesson) -> Iterator[Card]:
    """The cards, for the first run that decodes in parallel, or the first; what fails costs those that come after it."""
    subject = lesson.first("parallel") or lesson.subjects[0]
    vocoding = open_vocoding(lesson, subject)
    yield _why(vocoding)
    yield from _rounds(vocoding)
    built = vocoding.architecture
    if built is None or not built.stages:
        yield Card("vocoder.no_network", notes=(Note("vocoder.no_network"),))
        return
    values, name = _sizes(vocoding, built), {"name": vocoding.untrained}
    notes = (Note("vocoder.structure_only", name),) if vocoding.untrained else ()
    again = (Note("vocoder.structure_again", name),) if vocoding.untrained else ()
    yield _stages(vocoding, built, values, notes)
    yield _field(vocoding, built, values, again)
    if any(stage.branches for stage in built.stages):
        yield _fusion(vocoding, built, values, again)
    if built.periods and built.scales:
        yield _judges(vocoding, built, values)


def _why(v: Vocoding) -> Card:
    """The mel and the waveform, from the whole sentence down to one period of a vowel."""
    rate, middle = v.vocoder.mel.sample_rate_hz, v.place.frame * v.hop + v.hop // 2
    period, samples = period_of(v.wave, middle, rate), len(v.wave)
    widths = [samples, *(int(s * rate) for s in _ZOOMS_S if period < int(s * rate) < samples), period]
    windows = []
    for width in widths:
        first = max(0, min(middle - width // 2, samples - width))
        windows.append({"first": first, "samples": width})
    spec = {
        "wave": v.lesson.sheet.array(v.wave),
        "mel": v.lesson.mel(v.subject.spectrogram),
        "hop": v.hop,
        "rate": rate,
        "windows": windows,
        "audio": v.heard(v.explanation.audio, "whole"),
    }
    values = {
        "frames": v.frames,
        "bands": v.vocoder.mel.bands,
        "samples": float(samples),
        "rate": float(rate),
        "hop": v.hop,
        "token": v.place.token or "…",
        "period": period,
        "period_ms": 1000 * period / rate,
        "f0": rate / period,
        "run": v.subject.label,
        "vocoder": v.subject.voice.vocoder_name,
    }
    return Card("vocoder.why", (Figure("vocoder.zoom", "vocoder-zoom", spec),), values=values)


def _sizes(v: Vocoding, built: VocoderArchitecture) -> dict[str, object]:
    """Numbers of the architecture, for the texts."""
    rate, hop, field = v.vocoder.mel.sample_rate_hz, v.hop, built.field
    widest = max((branch.places for stage in built.stages for branch in stage.branches), default=1)
    first, last = field.frames_of(v.place.frame * hop + hop // 2)
    return {
        "count": len(built.stages),
        "rates": " ".join(f"×{stage.rate}" for stage in built.stages),
        "product": " · ".join(str(stage.rate) for stage in built.stages),
        "hop": hop,
        "rate": float(rate),
        "frame_hz": rate / hop,
        "channels": built.channels,
        "last_channels": built.stages[-1].channels,
        "field_frames": field.frames,
        "field_ms": 1000 * field.frames * hop / rate,
        "field_samples": float(field.samples),
        "here_first": max(1, first + 1),
        "here_last": min(v.frames, last + 1),
        "widest": widest,
        "blocks": len(built.stages[0].branches),
        "kernels": ", ".join(str(branch.kernel) for branch in built.stages[0].branches),
        "periods": ", ".join(map(str, built.periods)),
        "scales": ", ".join(f"÷{scale}" for scale in built.scales if scale > 1),
        "judges": len(built.periods) + len(built.scales),
        "spread_ms": 1000 * max(built.periods, default=0) / rate,
    }


def _window(v: Vocoding) -> int:
    """The first of the frames that are looked at closely."""
    return max(0, min(v.place.frame - _NEAR // 2, v.frames - _NEAR))


def _shown_step(v: Vocoding, stage: UpsamplingStage) -> Step | None:
    """The explanation's step of a stage, where the subject's own vocoder is shown and has one."""
    if v.untrained or not stage.step:
        return None
    return v.explanation[stage.step]


def _stages(v: Vocoding, built: VocoderArchitecture, values: dict[str, object], notes: tuple[Note, ...]) -> Card:
    """Stage by stage: rate, channels, how many numbers; and the signals of a few frames, where the network is trained."""
    first, places = _window(v), 1
    levels: list[dict[str, Any]] = [
        {"rate": 1, "hz": built.stages[0].rate_hz / built.stages[0].rate, "channels": v.vocoder.mel.bands, "places": v.frames}
    ]
    for stage in built.stages:
        places *= stage.rate
        level: dict[str, Any] = {
            "rate": stage.rate,
            "kernel": stage.kernel,
            "hz": stage.rate_hz,
            "channels": stage.channels,
            "places": v.frames * places,
        }
        step = _shown_step(v, stage)
        if step is not None:
            signal = step.tensors[0].values[:, first * places : (first + _NEAR) * places]
            level["signal"] = v.lesson.sheet.array(signal[_most_moving(signal)])
        levels.append(level)
    spec = {
        "levels": levels,
        "first": first,
        "frames": min(_NEAR, v.frames),
        "hop": v.hop,
        "wave": v.lesson.sheet.array(v.wave[first * v.hop : (first + _NEAR) * v.hop]),
    }
    return Card("vocoder.stages", (Figure("vocoder.upsampling", "vocoder-stages", spec),), values=values, notes=notes)


def _most_moving(signal: np.ndarray) -> np.ndarray:
    """Channels of (channels, places) in the order of how much they move, at most so many as are drawn."""
    return np.argsort(-signal.std(1), kind="stable")[:_CHANNELS]


def _field(v: Vocoding, built: VocoderArchitecture, values: dict[str, object], notes: tuple[Note, ...]) -> Card:
    """Which frames a sample depends on, through every stage; for every place within a frame."""
    rates = [1, *np.cumprod([stage.rate for stage in built.stages]).tolist()]
    spec = {
        "cone": v.lesson.sheet.array(cone(built.field, v.hop)),
        "places": rates,  # per frame, level by level
        "hz": [built.stages[0].rate_hz / built.stages[0].rate, *(stage.rate_hz for stage in built.stages)],
        "hop": v.hop,
        "rate": v.vocoder.mel.sample_rate_hz,
        "frames": v.frames,
        "frame": v.place.frame,
        "mel": v.lesson.mel(v.subject.spectrogram),
    }
    figure = Figure("vocoder.cone", "vocoder-field", spec)
    notes = (*notes, Note("vocoder.remembers")) if built.remembers else notes
    return Card("vocoder.field", (figure,), ("vocoder_field",), values, notes)


def _fusion(v: Vocoding, built: VocoderArchitecture, values: dict[str, object], notes: tuple[Note, ...]) -> Card:
    """What each residual block of a stage sees, and what it makes of these frames; the sentence without one of them."""
    first, places, stages = _window(v), 1, []
    for stage in built.stages:
        places *= stage.rate
        blocks = [{"kernel": one.kernel, "dilations": one.dilations, "places": one.places} for one in stage.branches]
        drawn: dict[str, Any] = {"blocks": blocks, "hz": stage.rate_hz}
        step = _shown_step(v, stage)
        if step is not None and all(one.tensor for one in stage.branches):
            here = slice(first * places, (first + _NEAR) * places)
            mean = step.tensors[0].values[:, here]
            channel = int(_most_moving(mean)[0])
            lines = np.stack([*(step[one.tensor][channel, here] for one in stage.branches), mean[channel]])
            drawn |= {"lines": v.lesson.sheet.array(lines), "channel": channel}
        stages.append(drawn)
    spec = {"stages": stages, "first": first, "variants": _without(v, built)}
    return Card("vocoder.fusion", (Figure("vocoder.blocks", "vocoder-fusion", spec),), values=values, notes=notes)


def _without(v: Vocoding, built: VocoderArchitecture) -> list[dict[str, Any]]:
    """The sentence as it is and with a block of the first stage switched off, if the vocoder offers that."""
    step = _shown_step(v, built.stages[0])
    offered = {one.key: one for one in v.explanation.interventions}
    found: list[dict[str, Any]] = []
    for key in step.interventions[:1] if step is not None else ():
        for choice in offered[key].choices[: len(built.stages[0].branches)]:
            changed = v.explain({key: choice})
            found.append({"block": str(choice), "audio": v.heard(changed.audio, f"without-{choice}")})
    return [{"block": "", "audio": v.heard(v.explanation.audio, "with-all")}, *found] if found else []


def _judges(v: Vocoding, built: VocoderArchitecture, values: dict[str, object]) -> Card:
    """The waveform as each discriminator sees it: folded by its period, or pooled."""
    middle = v.place.frame * v.hop + v.hop // 2
    count = min(_JUDGED, len(v.wave))
    first = max(0, min(middle - count // 2, len(v.wave) - count))
    piece = v.wave[first : first + count]
    array = v.lesson.sheet.array
    spec = {
        "rate": v.vocoder.mel.sample_rate_hz,
        "period": period_of(v.wave, middle, v.vocoder.mel.sample_rate_hz),
        "folds": [{"period": p, "values": array(folded(piece, p))} for p in built.periods],
        "scales": [{"factor": f, "values": array(pooled(piece, f))} for f in built.scales],
    }
    equations = ("vocoder_judge", "vocoder_generator", "vocoder_features", "vocoder_total")
    return Card("vocoder.judges", (Figure("vocoder.folded", "vocoder-judges", spec),), equations, values)


def _rounds(v: Vocoding) -> list[Card]:
    """Where the vocoder searches in rounds: the sentence after a few of them, and how far it still is from what is asked."""
    found = _searching(v)
    if found is None:
        return []
    step, one = found
    rounds = sorted(int(choice) for choice in one.choices)
    heard, longest = [], None
    for count in rounds[-_MOST_ROUNDS - 1 :]:
        longest = v.explain({one.key: count})
        heard.append({"rounds": count, "audio": v.heard(longest.audio, f"round-{count}")})
    assert longest is not None
    distance = next(t.values for t in longest[step.key].tensors if [axis.name for axis in t.axes] == ["round"])
    spec = {"heard": heard, "distance": v.lesson.sheet.array(distance)}
    own = next(t.values for t in step.tensors if [axis.name for axis in t.axes] == ["round"])
    values = {
        "rounds": rounds[-1],
        "own": len(own) - 1,
        "vocoder": v.subject.voice.vocoder_name,
        "start": 100 * float(distance[0]),
        "end": 100 * float(distance[-1]),
    }
    return [Card("vocoder.rounds", (Figure("vocoder.distance", "vocoder-rounds", spec),), ("vocoder_distance",), values)]


def _searching(v: Vocoding) -> tuple[Step, Intervention] | None:
    """A step with a number per round, and the intervention that sets how many there are."""
    offered = {one.key: one for one in v.explanation.interventions}
    for step in v.explanation.steps:
        if any([axis.name for axis in tensor.axes] == ["round"] for tensor in step.tensors):
            for key in step.interventions:
                if all(isinstance(choice, int) for choice in offered[key].choices):
                    return step, offered[key]
    return None
