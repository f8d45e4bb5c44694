"""How a training pass is led at one moment of training: the aids that fade, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ttskit_tacotron2.config import Tacotron2Options


@dataclass(frozen=True, slots=True)
class Lead:
    """Aids of one teacher-forced pass, 0 for none.

    Args:
        context_share: share of the attention's context that comes from given durations.
        prior: strength of the near-diagonal prior on the attention's log scores (1 as in Badlani et al. 2022).
        hidden_frames: share of the teacher's steps that the decoder does not see.
    """

    context_share: float = 0.0
    prior: float = 0.0
    hidden_frames: float = 0.0

    @classmethod
    def at(cls, progress: float, options: Tacotron2Options) -> Lead:
        """What the options say for this share of training. The prior fades, so that its end is no shock."""
        until, ramp = options.alignment_prior_until, options.frame_dropout_ramp
        return cls(
            options.context_mixing if progress < options.context_mixing_until else 0.0,
            max(0.0, 1.0 - progress / until) if until > 0 else 0.0,
            options.frame_dropout * (min(1.0, progress / ramp) if ramp > 0 else 1.0),
        )


ALONE = Lead()
