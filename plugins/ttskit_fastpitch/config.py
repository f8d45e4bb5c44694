"""Options of the FastPitch plugin: architecture, alignment, loss and optimisation.

The defaults are the published sizes (Łańcucki 2021; NVIDIA DeepLearningExamples), with padding
masked. `checkpoints.py` derives options from the configurations of public checkpoints.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _odd(kernel: int) -> int:
    if kernel % 2 == 0:
        raise ValueError(f"a kernel of {kernel} would shift the sequence by half a step: use an odd one")
    return kernel


class StackOptions(_Options):
    """Encoder or decoder: a stack of feed-forward transformer blocks, or of BiLSTM blocks."""

    layers: int = Field(6, ge=1, le=1_000, description="number of blocks")
    block: Literal["transformer", "lstm"] | None = Field(
        None, description="kind of block; the model's own `block` if not given"
    )
    lstm_channels: int | None = Field(
        None,
        ge=1,
        description="lstm: channels per direction; as many as make the block about as large as the transformer "
        "block of the other options if not given",
    )
    heads: int = Field(1, ge=1, description="attention heads")
    head_channels: int = Field(64, ge=1, description="channels per head, independent of the model's width")
    filter_channels: int = Field(1536, ge=1, description="width between the two convolutions of a block")
    kernel: int = Field(3, ge=1, description="kernel of both convolutions (odd)")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout after attention and after the convolutions")
    attention_dropout: float = Field(0.1, ge=0, lt=1, description="dropout on attention weights")
    input_dropout: float = Field(0.0, ge=0, lt=1, description="dropout on the stack's input")
    positions: Literal["sinusoidal", "none"] = Field(
        "sinusoidal", description="sinusoidal: sines and cosines of the place are added, as published; none: nothing is"
    )

    odd = field_validator("kernel")(_odd)


class PredictorOptions(_Options):
    """A duration, pitch or energy predictor: convolutions over the encoder's output."""

    layers: int = Field(2, ge=1, le=1_000, description="convolution layers")
    filter_channels: int = Field(256, ge=1, description="width of each layer")
    kernel: int = Field(3, ge=1, description="kernel of each layer (odd)")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropout after each layer")

    odd = field_validator("kernel")(_odd)


class SpeakerOptions(_Options):
    """Where the speaker vector is added (only with several speakers)."""

    weight: float = Field(1.0, description="factor on the speaker vector")
    predictors: bool = Field(True, description="also to the predictors' input (NeMo; NVIDIA's examples: false)")
    energy: bool | None = Field(None, description="also to the energy predictor's; as the others if not given (NeMo: false)")
    aligner: bool = Field(True, description="also to the aligner's text side (NeMo; NVIDIA's examples: false)")
    decoder: bool = Field(False, description="also to the decoder's input")


class PriorOptions(_Options):
    """Beta-binomial prior on the alignment (Badlani et al. 2022, section 3.2)."""

    form: Literal["exact", "interpolated"] = Field(
        "exact",
        description="exact: for each frame a distribution over tokens; interpolated: the public code bases' "
        "training-time shortcut, for each token a distribution over frames, from rounded sizes",
    )
    support: Literal["full", "dropped"] = Field(
        "full",
        description="full: the distribution has exactly as many points as places, rows sum to 1 (NeMo); "
        "dropped: it has one point more, which is left out (NVIDIA's examples)",
    )
    round_frames: int = Field(50, ge=1, description="interpolated: frames are rounded to multiples of this (NVIDIA: 100)")
    round_tokens: int = Field(10, ge=1, description="interpolated: tokens are rounded to multiples of this (NVIDIA: 20)")


class AlignerOptions(_Options):
    """The learned alignment between mel frames and tokens."""

    channels: int = Field(80, ge=1, description="size of the common space; 80 in all public checkpoints, whatever the bands")
    temperature: float = Field(0.0005, gt=0, description="factor on squared distances")
    prior: PriorOptions = Field(default_factory=PriorOptions, description="prior of the alignment")
    blank_logit: float = Field(-1.0, description="score of the blank in the forward-sum loss")


class LossOptions(_Options):
    """Weights of the loss terms, and when the alignment is pushed to be hard."""

    mel: float = Field(1.0, ge=0, description="weight of the mel error")
    mel_distance: Literal["mse", "l1", "mse+l1"] = Field("mse", description="distance between mels; published: mse")
    duration: float = Field(0.1, ge=0, description="weight of the log-duration error")
    pitch: float = Field(0.1, ge=0, description="weight of the pitch error")
    energy: float = Field(0.1, ge=0, description="weight of the energy error")
    forward_sum: float = Field(1.0, ge=0, description="weight of the alignment's likelihood")
    binarization: float = Field(1.0, ge=0, description="final weight of the binarisation loss")
    binarization_unit: Literal["progress", "epochs"] = Field(
        "progress", description="unit of start and ramp: shares of the training, or epochs (counted from 1)"
    )
    binarization_start: float = Field(0.05, ge=0, description="when the binarisation loss begins")
    binarization_ramp: float = Field(0.2, gt=0, description="how long it takes to reach its weight")


class OptimizerOptions(_Options):
    """Optimiser and learning-rate schedule."""

    name: Literal["adamw", "lamb"] = Field("adamw", description="adamw, or lamb (You et al. 2020) as published")
    learning_rate: float = Field(1e-3, gt=0, description="base rate; with noam, 0.1 is the published value")
    betas: tuple[float, float] = Field((0.9, 0.98), description="decay of the moments")
    eps: float = Field(1e-9, gt=0, description="added to the root of the second moment")
    weight_decay: float = Field(1e-6, ge=0, description="decoupled weight decay")
    schedule: Literal["noam", "cosine"] = Field(
        "cosine", description="noam: rises over the warm-up, then falls with 1/√step; cosine: rises, then falls to final_factor"
    )
    warmup: float = Field(0.05, ge=0, description="warm-up: below 1 a share of all steps, from 1 on a number of steps")
    final_factor: float = Field(0.02, ge=0, le=1, description="cosine: share of the base rate at the end")
    clip_norm: float | None = Field(5.0, description="limit of the gradient norm; null for none (published: 1000)")


class FastPitchOptions(_Options):
    """Everything a recipe may set under `models.fastpitch.options`."""

    channels: int = Field(384, ge=2, description="width of tokens, encoder and decoder (even)")
    block: Literal["transformer", "lstm"] = Field(
        "transformer", description="blocks of encoder and decoder: attention and convolutions, or bidirectional LSTMs"
    )
    encoder: StackOptions = Field(default_factory=StackOptions, description="encoder over tokens")
    decoder: StackOptions = Field(default_factory=StackOptions, description="decoder over frames")
    duration_predictor: PredictorOptions = Field(default_factory=PredictorOptions, description="duration predictor")
    pitch_predictor: PredictorOptions = Field(default_factory=PredictorOptions, description="pitch predictor")
    energy_predictor: PredictorOptions = Field(default_factory=PredictorOptions, description="energy predictor")
    pitch: bool = Field(True, description="condition on pitch")
    energy: bool = Field(True, description="condition on energy")
    pitch_embedding: Literal["linear", "fourier"] = Field(
        "linear",
        description="linear: pitch enters as one number, as published; fourier: also as sines and cosines of it, "
        "from which harmonics are learnt in far fewer steps",
    )
    pitch_embedding_kernel: int = Field(3, ge=1, description="kernel of the pitch embedding (odd)")
    energy_embedding_kernel: int = Field(3, ge=1, description="kernel of the energy embedding (odd)")
    speaker: SpeakerOptions = Field(default_factory=SpeakerOptions, description="where the speaker enters")
    min_duration: float = Field(0.0, ge=0, description="shortest predicted token, in frames, before pace")
    max_duration: float = Field(75.0, gt=0, description="longest predicted token, in frames, before pace")
    alignment: Literal["learned", "external"] = Field(
        "learned", description="learned with the model, or the durations that come with the batch"
    )
    aligner: AlignerOptions = Field(default_factory=AlignerOptions, description="the learned alignment")
    padding: Literal["masked", "reference"] = Field(
        "masked", description="masked: padding never changes a row; reference: its leak as in the public implementations"
    )
    loss: LossOptions = Field(default_factory=LossOptions, description="loss weights")
    optimizer: OptimizerOptions = Field(default_factory=OptimizerOptions, description="optimiser and schedule")

    odd = field_validator("pitch_embedding_kernel", "energy_embedding_kernel")(_odd)

    @field_validator("channels")
    @classmethod
    def even(cls, channels: int) -> int:
        """Half of the position channels are sines, half cosines."""
        if channels % 2:
            raise ValueError(f"{channels} is odd: positions need as many sines as cosines")
        return channels

    def aids(self) -> tuple[str, ...]:
        """What it learns from besides text and mel, and what goes beyond Łańcucki 2021, in words."""
        given = self.alignment == "external"
        return tuple(
            words
            for used, words in (
                (given, "durations given in training, predicted in speech (as published)"),
                (not given, "durations from an aligner of its own: forward-sum loss, diagonal prior, binarisation"),
                (self.pitch, "pitch of the recordings given in training, predicted in speech (as published)"),
                (self.pitch and self.pitch_embedding == "fourier", "sines and cosines of pitch"),
                (self.energy, "energy of the recordings given in training, predicted in speech"),
            )
            if used
        )
