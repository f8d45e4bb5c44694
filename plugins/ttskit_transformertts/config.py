"""Options of Transformer-TTS. The defaults are the public implementation's sizes (ESPnet; Li et al. 2019)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from ttskit.interfaces import TrainState


class TransformerStackOptions(BaseModel):
    """A stack of transformer blocks: the encoder or the decoder."""

    model_config = ConfigDict(extra="forbid")

    layers: int = Field(6, ge=1, description="blocks of the stack")
    heads: int = Field(8, ge=1, description="attention heads of each block; they share the width among them")
    filter_channels: int = Field(1024, ge=1, description="width inside the feed-forward network")
    kernel: int = Field(1, ge=1, description="its kernel, in positions (odd); 1 as published; above 1 in the encoder only")
    norm: Literal["before", "after"] = Field(
        "before", description="LayerNorm before each part, as ESPnet trains, or after it, as in Vaswani et al. 2017"
    )
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout on what each part adds, and inside the feed-forward network")
    position_dropout: float = Field(0.1, ge=0, lt=1, description="dropout after positions are added")
    attention_dropout: float = Field(0.1, ge=0, lt=1, description="dropout on the attention weights")


class TransformerTTSOptions(BaseModel):
    """Everything about Transformer-TTS that a recipe can set.

    Frames are mel frames, steps are decoder steps of `reduction` frames, shares are of training's progress.
    """

    model_config = ConfigDict(extra="forbid")

    channels: int = Field(512, ge=2, description="width of both stacks (even)")
    encoder: TransformerStackOptions = Field(TransformerStackOptions(), description="the stack over tokens")
    decoder: TransformerStackOptions = Field(
        TransformerStackOptions(), description="the stack over frames; it attends to the encoder in each block"
    )

    # Before the encoder.
    embedding_channels: int = Field(512, ge=1, description="width of the token embedding")
    encoder_prenet_channels: int = Field(512, ge=1, description="width of the encoder's prenet")
    encoder_prenet_convolutions: int = Field(3, ge=1, description="convolutions of the encoder's prenet")
    encoder_prenet_kernel: int = Field(5, ge=1, description="their kernel, in tokens (odd)")
    encoder_prenet_dropout: float = Field(0.5, ge=0, lt=1, description="dropout after each of them, in training")
    end_token: bool = Field(False, description="append an end token of its own to every sentence, as ESPnet does")

    # Before the decoder.
    reduction: int = Field(1, ge=1, description="frames per decoder step (r); more is faster and aligns sooner, 1 is published")
    prenet_channels: int = Field(256, ge=1, description="width of the prenet, the bottleneck on the previous frame")
    prenet_layers: int = Field(2, ge=1, description="layers of the prenet")
    prenet_dropout: float = Field(0.5, ge=0, lt=1, description="dropout of the prenet")
    prenet_dropout_at_inference: bool = Field(True, description="keep the prenet's dropout when speaking, as ESPnet; seeded")

    mel_mean: float = Field(
        0.0, description="the network works on (mel − mel_mean) / mel_std, kept with the weights; near the data learns faster"
    )
    mel_std: float = Field(1.0, gt=0, description="see mel_mean")

    # Postnet.
    postnet_channels: int = Field(256, ge=1, description="width of the postnet")
    postnet_convolutions: int = Field(5, ge=1, description="convolutions of the postnet")
    postnet_kernel: int = Field(5, ge=1, description="their kernel, in frames (odd)")
    postnet_dropout: float = Field(0.5, ge=0, lt=1, description="dropout after each postnet convolution, in training")

    # Padding.
    padding: Literal["masked", "reference"] = Field(
        "masked", description="masked: a sentence gives the same alone and in a batch; reference: the public code's leak"
    )
    mask_loss: bool = Field(True, description="padding: reference only: leave padded frames out of the losses (use_masking)")

    # Loss.
    mel_loss: Literal["mse", "l1", "mse+l1"] = Field("l1", description="distance between mels; ESPnet: l1")
    stop_weight: float = Field(1.0, ge=0, description="weight of the stop token's loss")
    stop_positive_weight: float = Field(
        5.0, gt=0, description="how much more a missed stop costs than a false one; published: 5 to 8"
    )
    aided_layers: int = Field(2, ge=1, description="decoder blocks, counted from the last, whose attention the aids below lead")
    aided_heads: int = Field(2, ge=1, description="heads of each of them that are led; the others stay free")
    guided_attention_weight: float = Field(
        1.0, ge=0, description="weight of the guided attention loss, a soft diagonal (Tachibana et al. 2018); 0 for none"
    )
    guided_attention_sigma: float = Field(0.4, gt=0, description="its tolerance, as a share of the sentence")
    guided_attention_until: float = Field(1.0, ge=0, le=1, description="share of training after which it is switched off")
    attention_supervision_weight: float = Field(
        0.0, ge=0, description="weight of the attention's cross-entropy against given durations; asks the corpus for durations"
    )
    context_mixing: float = Field(
        0.0, ge=0, le=1, description="share of what led heads read that is taken from given durations early in training"
    )
    context_mixing_until: float = Field(
        0.4, ge=0, le=1, description="share of training after which what they read is their own"
    )
    forward_sum_weight: float = Field(
        0.0, ge=0, description="weight of the forward-sum loss, by which attention learns to align alone (Badlani et al. 2022)"
    )
    alignment_prior_until: float = Field(
        0.0, ge=0, le=1, description="share of training in which a near-diagonal prior on led heads fades; 0: none (ibid.)"
    )

    # Speaking.
    stop_threshold: float = Field(0.5, gt=0, description="stop when the stop probability is above this")
    keep_stop_frame: bool = Field(True, description="keep the step that stops (it is trained as the last real one)")
    rest_frames: int = Field(60, ge=0, description="also stop after so many frames of led attention at rest on the last token")
    frames_per_token: float = Field(25.0, ge=0, description="the most frames of a sentence, per token…")
    frames_floor: int = Field(100, ge=0, description="…and in addition to them")

    # Training.
    learning_rate: float = Field(5e-4, gt=0, description="Adam's learning rate, at its peak")
    schedule: Literal["inverse_sqrt", "constant", "cosine"] = Field(
        "inverse_sqrt", description="how it falls; inverse_sqrt: Vaswani et al. 2017, rising over warmup_steps"
    )
    warmup_steps: int = Field(8000, ge=1, description="schedule: inverse_sqrt only: steps over which the learning rate rises")
    warmup: float = Field(0.0, ge=0, lt=1, description="the other schedules: share of training over which it rises")
    final_factor: float = Field(0.01, gt=0, le=1, description="schedule: cosine only: what is left of it at the end")
    betas: tuple[float, float] = Field((0.9, 0.98), description="decay of Adam's moments")
    eps: float = Field(1e-9, gt=0, description="added to the root of Adam's second moment")
    weight_decay: float = Field(0.0, ge=0, description="Adam's L2 penalty")
    clip_norm: float = Field(1.0, gt=0, description="limit of the gradient norm")

    @model_validator(mode="after")
    def check(self) -> TransformerTTSOptions:
        """Rules between fields, all reported together."""
        kernels = {
            "encoder.kernel": self.encoder.kernel,
            "encoder_prenet_kernel": self.encoder_prenet_kernel,
            "postnet_kernel": self.postnet_kernel,
        }
        problems = [
            f"{name} is {kernel}, must be odd so that frames and tokens keep their place"
            for name, kernel in kernels.items()
            if kernel % 2 == 0
        ]
        if self.decoder.kernel != 1:
            problems.append(f"decoder.kernel is {self.decoder.kernel}, must be 1: a step must not see the steps after it")
        if self.channels % 2:
            problems.append(f"channels is {self.channels}, must be even (sines and cosines of positions)")
        problems += [
            f"channels {self.channels} cannot be shared among {name}.heads {stack.heads}"
            for name, stack in (("encoder", self.encoder), ("decoder", self.decoder))
            if self.channels % stack.heads
        ]
        if self.aided_layers > self.decoder.layers:
            problems.append(f"aided_layers is {self.aided_layers}, decoder.layers only {self.decoder.layers}")
        if self.aided_heads > self.decoder.heads:
            problems.append(f"aided_heads is {self.aided_heads}, decoder.heads only {self.decoder.heads}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def needs_durations(self) -> bool:
        """Whether training asks the corpus for frames per token."""
        return self.attention_supervision_weight > 0 or (self.context_mixing > 0 and self.context_mixing_until > 0)

    @property
    def leads_attention(self) -> bool:
        """Whether any aid leads the attention of the aided heads."""
        weights = self.guided_attention_weight, self.forward_sum_weight, self.alignment_prior_until
        return self.needs_durations or any(weight > 0 for weight in weights)

    def watched_heads(self, layer: int) -> int:
        """Heads of decoder block `layer` (from 0) that tell where the voice is: the led ones; all of them where none is led."""
        if not self.leads_attention:
            return self.decoder.heads
        return self.aided_heads if layer >= self.decoder.layers - self.aided_layers else 0

    def rate_factor(self, state: TrainState) -> float:
        """Factor on the learning rate."""
        if self.schedule == "inverse_sqrt":
            step = state.step + 1
            return min(step / self.warmup_steps, math.sqrt(self.warmup_steps / step))
        done = state.progress
        if done < self.warmup:
            return (state.step + 1) / (self.warmup * state.total_steps + 1)
        if self.schedule == "constant":
            return 1.0
        fallen = (done - self.warmup) / (1.0 - self.warmup)
        return self.final_factor + (1.0 - self.final_factor) * 0.5 * (1.0 + math.cos(math.pi * fallen))

    def alignment_due(self, total_steps: int) -> int:
        """Shown durations, hundreds of steps; led to the diagonal, some thousands; alone, what hours of speech take."""
        if self.needs_durations:
            return min(3_000, int((max(self.context_mixing_until, 0.3) + 0.1) * total_steps))
        return min(8_000, int(0.4 * total_steps)) if self.leads_attention else min(20_000, int(0.5 * total_steps))

    def aids(self) -> tuple[str, ...]:
        """What goes beyond Li et al. 2019, in words."""
        where = f"in led heads ({self.aided_heads} of {self.decoder.heads}, last layers: {self.aided_layers})"
        return tuple(
            words
            for used, words in (
                (self.attention_supervision_weight > 0, f"attention supervised by durations {where}"),
                (self.context_mixing > 0, f"contexts from durations {where} until {self.context_mixing_until:.0%} of training"),
                (
                    self.guided_attention_weight > 0,
                    f"guided attention {where} until {self.guided_attention_until:.0%} of training",
                ),
                (self.forward_sum_weight > 0, f"forward-sum loss on the attention {where}"),
                (
                    self.alignment_prior_until > 0,
                    f"diagonal prior {where} fading until {self.alignment_prior_until:.0%} of training",
                ),
                (self.reduction > 1, f"{self.reduction} frames per step"),
                (self.leads_attention and self.rest_frames > 0, "stops when attention rests at the end"),
            )
            if used
        )
