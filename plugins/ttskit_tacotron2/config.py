"""Options of Tacotron 2. The defaults are the published sizes (Shen et al. 2018; NVIDIA's recipe)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from ttskit.interfaces import TrainState


class Tacotron2Options(BaseModel):
    """Everything about Tacotron 2 that a recipe can set.

    Frames are mel frames, steps are decoder steps of `reduction` frames, shares are of training's progress.
    """

    model_config = ConfigDict(extra="forbid")

    # Encoder.
    embedding_channels: int = Field(512, ge=1, description="width of the token embedding")
    encoder_channels: int = Field(512, ge=2, description="width of the encoder's output, both directions together (even)")
    encoder_convolutions: int = Field(3, ge=1, description="convolutions before the encoder's LSTM")
    encoder_kernel: int = Field(5, ge=1, description="their kernel, in tokens (odd)")
    encoder_dropout: float = Field(0.5, ge=0, lt=1, description="dropout after each encoder convolution, in training")

    # Decoder.
    reduction: int = Field(1, ge=1, description="frames per decoder step (r); more is faster and aligns sooner, 1 is finest")
    reduction_schedule: list[tuple[int, float]] = Field(
        [], description="larger r early in training, as [r, until share of training]: [[6, 0.2], [4, 0.4]]; then `reduction`"
    )
    prenet_channels: int = Field(256, ge=1, description="width of the prenet, the bottleneck on the previous frames")
    prenet_layers: int = Field(2, ge=1, description="layers of the prenet")
    prenet_dropout: float = Field(0.5, ge=0, lt=1, description="dropout of the prenet")
    prenet_dropout_at_inference: bool = Field(True, description="keep the prenet's dropout when speaking, as published; seeded")
    prenet_input: Literal["all", "last"] = Field("all", description="frames of the last step that the prenet sees")
    attention_lstm: int = Field(1024, ge=1, description="units of the LSTM that asks the attention")
    decoder_lstm: int = Field(1024, ge=1, description="units of the second LSTM")
    decoder_lstms: Literal[1, 2] = Field(2, description="2 as published; 1 reads frames from the attention LSTM, cheaper")
    attention_dropout: float = Field(0.1, ge=0, lt=1, description="dropout on the attention LSTM's hidden state, in training")
    decoder_dropout: float = Field(0.1, ge=0, lt=1, description="dropout on the second LSTM's hidden state, in training")
    attention_channels: int = Field(128, ge=1, description="width in which query, memory and location are compared")
    location_channels: int = Field(32, ge=1, description="filters over previous and cumulative attention")
    location_kernel: int = Field(31, ge=1, description="their kernel, in tokens (odd)")

    mel_mean: float = Field(
        0.0, description="the network works on (mel − mel_mean) / mel_std; as published 0 and 1; near the data learns faster"
    )
    mel_std: float = Field(1.0, gt=0, description="see mel_mean")

    # Postnet.
    postnet_channels: int = Field(512, ge=1, description="width of the postnet")
    postnet_convolutions: int = Field(5, ge=1, description="convolutions of the postnet")
    postnet_kernel: int = Field(5, ge=1, description="their kernel, in frames (odd)")
    postnet_dropout: float = Field(0.5, ge=0, lt=1, description="dropout after each postnet convolution, in training")

    # Padding.
    padding: Literal["masked", "reference"] = Field(
        "masked", description="masked: a sentence gives the same alone and in a batch; reference: the public code's leak"
    )
    mask_outputs: bool = Field(True, description="padding: reference only: zero padded outputs before the loss (mask_padding)")

    # Loss.
    mel_loss: Literal["mse", "l1", "mse+l1"] = Field("mse", description="distance between mels; published: mse")
    stop_weight: float = Field(1.0, ge=0, description="weight of the stop token's loss")
    stop_positive_weight: float = Field(5.0, gt=0, description="how much more a missed stop costs than a false one")
    guided_attention_weight: float = Field(
        1.0, ge=0, description="weight of the guided attention loss, a soft diagonal (Tachibana et al. 2018); 0 for none"
    )
    guided_attention_sigma: float = Field(0.2, gt=0, description="its tolerance, as a share of the sentence")
    guided_attention_until: float = Field(1.0, ge=0, le=1, description="share of training after which it is switched off")
    attention_supervision_weight: float = Field(
        0.0, ge=0, description="weight of the attention's cross-entropy against given durations; asks the corpus for durations"
    )
    context_mixing: float = Field(
        0.0, ge=0, le=1, description="share of the attention's context taken from given durations early in training"
    )
    context_mixing_until: float = Field(0.4, ge=0, le=1, description="share of training after which contexts are its own")
    forward_sum_weight: float = Field(
        0.0, ge=0, description="weight of the forward-sum loss, by which attention learns to align alone (Badlani et al. 2022)"
    )
    alignment_prior_until: float = Field(
        0.0, ge=0, le=1, description="share of training in which a near-diagonal prior on attention fades; 0: none (ibid.)"
    )

    # Teacher forcing.
    frame_dropout: float = Field(
        0.0, ge=0, lt=1, description="share of the teacher's steps hidden in training, so that speech survives its own errors"
    )
    frame_dropout_with: Literal["mean", "own"] = Field(
        "mean", description="seen instead: mean frame (Liu et al. 2019) or own output, a second pass (Duckworth et al. 2019)"
    )
    frame_dropout_ramp: float = Field(0.0, ge=0, le=1, description="share of training over which frame_dropout rises to this")

    # Speaking.
    stop_threshold: float = Field(0.5, gt=0, description="stop when the stop probability is above this")
    keep_stop_frame: bool = Field(True, description="keep the step that stops (it is trained as the last real one)")
    rest_frames: int = Field(60, ge=0, description="also stop after so many frames of attention at rest on the last token")
    frames_per_token: float = Field(25.0, ge=0, description="the most frames of a sentence, per token…")
    frames_floor: int = Field(100, ge=1, description="…and in addition to them")
    monotonic: Literal["none", "window", "forward"] = Field(
        "none", description="aid when speaking: attention only near its last place, or forward attention (Zhang et al. 2018)"
    )
    window_back: int = Field(1, ge=0, description="tokens that the window reaches back")
    window_ahead: int = Field(3, ge=1, description="tokens that the window reaches ahead")

    # Training.
    learning_rate: float = Field(1e-3, gt=0, description="Adam's learning rate")
    schedule: Literal["constant", "cosine", "exponential"] = Field("constant", description="how the learning rate falls")
    warmup: float = Field(0.0, ge=0, lt=1, description="share of training over which the learning rate rises")
    decay_from: float = Field(0.0, ge=0, lt=1, description="share of training after which it falls")
    final_factor: float = Field(0.01, gt=0, le=1, description="what is left of the learning rate at the end")
    betas: tuple[float, float] = Field((0.9, 0.999), description="decay of Adam's moments")
    eps: float = Field(1e-8, gt=0, description="added to the root of Adam's second moment")
    weight_decay: float = Field(1e-6, ge=0, description="Adam's L2 penalty")
    clip_norm: float = Field(1.0, gt=0, description="limit of the gradient norm")

    @model_validator(mode="after")
    def check(self) -> Tacotron2Options:
        """Rules between fields, all reported together."""
        problems = [
            f"{name} is {getattr(self, name)}, must be odd so that frames and tokens keep their place"
            for name in ("encoder_kernel", "postnet_kernel", "location_kernel")
            if getattr(self, name) % 2 == 0
        ]
        if self.encoder_channels % 2:
            problems.append(f"encoder_channels is {self.encoder_channels}, must be even (half for each direction)")
        if self.warmup > self.decay_from > 0:
            problems.append(f"warmup {self.warmup:g} ends after decay_from {self.decay_from:g}")
        problems += self._schedule_problems()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _schedule_problems(self) -> list[str]:
        factors, shares = [r for r, _ in self.reduction_schedule], [until for _, until in self.reduction_schedule]
        if not factors:
            return []
        shown = f"reduction_schedule {[list(pair) for pair in self.reduction_schedule]}"
        problems = []
        if [*factors, self.reduction] != sorted({*factors, self.reduction}, reverse=True):
            problems.append(f"{shown}: r must fall step by step, down to reduction {self.reduction}")
        if shares != sorted(set(shares)) or not 0 < shares[0] <= shares[-1] < 1:
            problems.append(f"{shown}: shares must rise, between 0 and 1")
        if self.prenet_input != "last":
            problems.append(f"{shown} needs prenet_input: last, since the prenet's input must keep its width")
        return problems

    def reduction_at(self, progress: float) -> int:
        """Frames per decoder step at this share of training."""
        return next((r for r, until in self.reduction_schedule if progress < until), self.reduction)

    @property
    def most_frames(self) -> int:
        """Frames that the output projection can give in a step: the largest r of the schedule."""
        return max([self.reduction, *(r for r, _ in self.reduction_schedule)])

    @property
    def needs_durations(self) -> bool:
        """Whether training asks the corpus for frames per token."""
        return self.attention_supervision_weight > 0 or (self.context_mixing > 0 and self.context_mixing_until > 0)

    def rate_factor(self, state: TrainState) -> float:
        """Factor on the learning rate: rise over `warmup`, hold, fall from `decay_from` to `final_factor`."""
        done, start = state.progress, max(self.decay_from, self.warmup)
        if done < self.warmup:
            return (state.step + 1) / (self.warmup * state.total_steps + 1)
        if self.schedule == "constant" or done <= start:
            return 1.0
        fallen = (done - start) / (1.0 - start)
        if self.schedule == "exponential":
            return self.final_factor**fallen
        return self.final_factor + (1.0 - self.final_factor) * 0.5 * (1.0 + math.cos(math.pi * fallen))

    def alignment_due(self, total_steps: int) -> int:
        """Shown durations, hundreds of steps; led to the diagonal, some thousands; alone, what hours of speech take."""
        if self.needs_durations:
            return min(3_000, int((max(self.context_mixing_until, 0.3) + 0.1) * total_steps))
        led = self.guided_attention_weight > 0 or self.forward_sum_weight > 0 or self.alignment_prior_until > 0
        return min(8_000, int(0.4 * total_steps)) if led else min(20_000, int(0.5 * total_steps))

    def aids(self) -> tuple[str, ...]:
        """What goes beyond Shen et al. 2018, in words."""
        reductions = [*(r for r, _ in self.reduction_schedule), self.reduction]
        return tuple(
            words
            for used, words in (
                (self.attention_supervision_weight > 0, "attention supervised by durations"),
                (self.context_mixing > 0, f"contexts from durations until {self.context_mixing_until:.0%} of training"),
                (self.guided_attention_weight > 0, f"guided attention until {self.guided_attention_until:.0%} of training"),
                (self.forward_sum_weight > 0, "forward-sum loss on the attention"),
                (self.alignment_prior_until > 0, f"diagonal prior fading until {self.alignment_prior_until:.0%} of training"),
                (self.reduction > 1 or self.reduction_schedule, f"{', '.join(map(str, reductions))} frames per step"),
                (self.frame_dropout > 0, f"{self.frame_dropout:.0%} of the teacher's frames hidden"),
                (self.stop_positive_weight != 1, f"a missed stop costs {self.stop_positive_weight:g} times"),
                (self.rest_frames > 0, "stops when attention rests at the end"),
                (self.monotonic != "none", f"{self.monotonic} attention when speaking"),
            )
            if used
        )
