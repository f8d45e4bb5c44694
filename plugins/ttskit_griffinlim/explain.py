"""How Griffin-Lim found a waveform for one mel: the magnitudes it asks for, and how near each round comes to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ttskit.interfaces.explanation import Axis, Intervention, Recorded, Step, requested
from ttskit.interfaces.vocoder_explanation import VocoderExplanation

if TYPE_CHECKING:
    from ttskit_griffinlim.model import GriffinLim

BAND, FRAME, BIN, SAMPLE, ROUND = Axis("band"), Axis("frame"), Axis("bin"), Axis("sample"), Axis("round")
_ROUNDS = "griffinlim.rounds"


def interventions(vocoder: GriffinLim) -> tuple[Intervention, ...]:
    """It can stop earlier or go on for longer than its option says; after no round the phase is the random one."""
    return (Intervention(_ROUNDS, "so many rounds of phase search", (0, 1, 4, 16, 60)),)


@torch.no_grad()
def explain(
    vocoder: GriffinLim,
    mel: Tensor,
    generators: Sequence[torch.Generator] | None,
    asked: Mapping[str, str | int | float] | None,
) -> VocoderExplanation:
    """See `ExplainableVocoder.explain`."""
    offered = interventions(vocoder)
    applied = requested(asked, offered)
    rounds = int(applied.get(_ROUNDS, vocoder.options.iterations))
    distances: list[Tensor] = []
    last: dict[str, Tensor] = {}

    def watch(magnitudes: Tensor, signal: Tensor) -> None:
        last["magnitudes"], last["made"] = magnitudes, vocoder.analysed(signal).abs()
        distances.append(_distance(magnitudes, last["made"]).cpu())

    audio = vocoder.made(mel, rounds, watch)
    steps = (
        Step(
            "griffinlim.magnitudes",
            "linear magnitudes whose mel is nearest to the mel",
            (
                Recorded("magnitudes", last["magnitudes"].cpu().numpy(), (BIN, FRAME)),
                Recorded.of_row("mel", mel.float().cpu(), BAND, FRAME),
            ),
        ),
        Step(
            "griffinlim.phase",
            "how far the magnitudes of the signal are from those, round after round",
            (
                Recorded("distance", torch.stack(distances).numpy(), (ROUND,)),
                Recorded("made", last["made"].cpu().numpy(), (BIN, FRAME)),
            ),
            (_ROUNDS,),
        ),
        Step("vocoder.audio", "the waveform", (Recorded.of_row("audio", audio.cpu(), SAMPLE),)),
    )
    return VocoderExplanation(audio, steps, offered, applied)


def _distance(wanted: Tensor, made: Tensor) -> Tensor:
    """‖|X| − M‖ / ‖M‖ (Frobenius): the distance of Griffin and Lim (1984, section III) as a share of what is asked for."""
    return torch.linalg.norm(made - wanted) / torch.linalg.norm(wanted).clamp_min(1e-12)
