"""Who learns when: the generator alone, then the discriminators alone, then both.

The paper trains both from the first step, which wastes most of a short training: a generator that
makes noise teaches discriminators nothing, and they cost three quarters of a step. And fresh
discriminators beside a generator that speaks already would first teach it wrong things.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

from ttskit.interfaces.trainable import TrainState
from ttskit_hifigan.config import HifiganOptions


@dataclass(frozen=True, slots=True)
class Phases:
    """The order of a training; what a step does is a function of `TrainState`, so that resuming needs nothing more.

    Args:
        options: HiFi-GAN's.
        generator_given, judges_given: whether their weights come from another run.
    """

    options: HifiganOptions
    generator_given: bool = False
    judges_given: bool = False

    def starts(self, total_steps: int) -> tuple[int, int]:
        """The first step of the discriminators alone, and the first step of both."""
        share = 0.0 if self.generator_given else self.options.generator_warmup
        alone = round(share * total_steps)
        catching_up = (alone > 0 or self.generator_given) and not self.judges_given
        return alone, min(total_steps, alone + (self.options.discriminator_warmup if catching_up else 0))

    def players(self, state: TrainState) -> tuple[bool, bool]:
        """Whether (discriminators, generator) learn in this step."""
        judges, both = self.starts(state.total_steps)
        return state.step >= judges, state.step < judges or state.step >= both

    def rate(self, state: TrainState) -> float:
        """Factor on the learning rate of both optimisers."""
        o = self.options
        judges, _ = self.starts(state.total_steps)
        if state.step < judges:
            share = (1 + cos(pi * state.step / judges)) / 2  # falls along a half cosine to the rate that follows
            return 1.0 + (o.warmup_rate - 1.0) * share
        steps = o.value("decay_steps")
        decay = o.decay ** (state.epoch if steps is None else (state.step - judges) // steps)
        return decay * (o.fine_tuning_rate if self.generator_given else 1.0)
