"""HiFi-GAN as a ttskit vocoder: speaking, streaming and the two-player training step."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from ttskit.audio.config import MelConfig
from ttskit.errors import InputError
from ttskit.interfaces.architecture import VocoderArchitecture
from ttskit.interfaces.trainable import Losses, LossTerm, Optimize, OptimizerPlan, TrainState
from ttskit.interfaces.vocoder import Vocoder, VocoderBatch
from ttskit.nn import MelLoss, MultiPeriodDiscriminator, MultiScaleDiscriminator, frozen
from ttskit.runs.building import to_be_trained
from ttskit_hifigan import explain
from ttskit_hifigan.config import HifiganOptions
from ttskit_hifigan.excitation import ExcitationStream, training_excitation
from ttskit_hifigan.fast import laid_out
from ttskit_hifigan.loss import adversarial_terms, discriminator_losses, spectral_terms
from ttskit_hifigan.model import Generator
from ttskit_hifigan.phases import Phases

if TYPE_CHECKING:
    from ttskit_hifigan.fast.generator import CpuGenerator

_PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}  # the last layer stays in float32

LEARNT = "judges_learnt"  # in a checkpoint: the steps that its discriminators have learnt in; imports have none

# Frames that are synthesised at once when streaming: each piece repeats its neighbours' work.
_STREAM_FRAMES = 16


class Hifigan(Vocoder):
    """Generator, discriminators and, if asked for, a running average of the generator.

    Attributes:
        fast: speak in float32 on a CPU by `fast/`; False by the network as `model.py` has it, equal but for rounding.

    Raises:
        ConfigError: the upsampling rates do not multiply to the mel's hop, or segments are too short.
    """

    fast = True
    explaining = "ttskit_hifigan.explain"
    trainable: ClassVar[bool] = True
    streaming: ClassVar[bool] = True
    training_only: ClassVar[tuple[str, ...]] = ("mpd.", "msd.", LEARNT)
    precisions: ClassVar[tuple[str, ...]] = ("fp32", *_PRECISIONS)

    def __init__(self, options: HifiganOptions, mel: MelConfig) -> None:
        super().__init__()
        options.check_mel(mel)
        self.options, self.mel = options, mel
        self.segment_frames = options.value("segment_frames")
        scale = options.value("discriminator_scale")
        self.excited = options.excitation == "harmonic"
        self.features = ("pitch",) if self.excited else ()
        self.generator = Generator(options.size(), mel.bands, options.mel_mean, options.mel_std, self.excited)
        if to_be_trained():
            self.mpd, self.msd = MultiPeriodDiscriminator(scale), MultiScaleDiscriminator(scale)
        else:  # 280 MB at the published size, of no use
            self.mpd, self.msd = MultiPeriodDiscriminator(periods=()), MultiScaleDiscriminator(count=0)
        self.register_buffer(LEARNT, torch.zeros((), dtype=torch.int64))
        self.mel_loss = MelLoss(mel)
        self.average = deepcopy(self.generator).requires_grad_(False) if options.ema_decay else None
        self.phases = Phases(options)
        self._fast: CpuGenerator | None = None

    def architecture(self) -> VocoderArchitecture:
        """Stages, receptive field and discriminators, by its options."""
        return explain.architecture(self.options, self.mel)

    # Speaking

    @torch.no_grad()
    def infer(self, mel: Tensor, generators: Sequence[torch.Generator] | None = None) -> Tensor:
        """Waveform (B, T * hop) of log mel (B, M, T). An excitation's noise is one signal for everyone: no `generators`.

        Raises:
            InputError: no frames, another number of bands, NaN.
        """
        self.check_mel(mel)
        return self._spoken(mel, self._excitation(mel))

    @torch.no_grad()
    def infer_stream(self, chunks: Iterable[Tensor], generators: Sequence[torch.Generator] | None = None) -> Iterator[Tensor]:
        """Waveform chunks of mel chunks (B, M, t) of any lengths; joined they equal `infer` of the joined mel.

        A frame is spoken once `context_frames` frames after it are known (or the mel has ended), and with an
        excitation those that F0 is read from, so the delay is that many frames, and what is kept is bounded whatever
        the length of the mel.
        """
        context, hop = self.options.size().context_frames, self.mel.hop_samples
        stream = self._excitation_stream()
        excitation: Tensor | None = None  # of the first frames of `held`
        held: Tensor | None = None  # (B, M, before + not yet spoken)
        before = 0  # frames at the start of `held` that were spoken already
        for chunk in itertools.chain(chunks, [None]):
            if chunk is not None:
                self.check_mel(chunk)
                if held is not None and chunk.shape[0] != held.shape[0]:
                    raise InputError("mel chunks have different batch sizes", f"{held.shape[0]}, then {chunk.shape[0]}", "")
                held = chunk.float() if held is None else torch.cat([held, chunk.float()], dim=2)
            if held is None:
                raise InputError("mel has no frames", "no chunk was given", "synthesise at least one token")
            if stream is not None:
                fresh = held[:, :, :0] if chunk is None else chunk.float()
                made = stream.extend(self._speaker().normalised(fresh), last=chunk is None)
                excitation = made if excitation is None else torch.cat([excitation, made], dim=2)
            while True:
                waiting = (held.shape[2] if excitation is None else excitation.shape[2] // hop) - before
                ready = waiting if chunk is None else waiting - context
                if ready < (1 if chunk is None else _STREAM_FRAMES):
                    break
                # Limited, so that one huge chunk is no reason for one huge pass.
                ready = min(ready, 16 * _STREAM_FRAMES)
                end = before + ready + context
                audio = self._spoken(held[:, :, :end], None if excitation is None else excitation[:, :, : end * hop])
                yield audio[:, before * hop : (before + ready) * hop]
                kept = min(before + ready, context)
                done = before + ready - kept
                held, before = held[:, :, done:], kept
                excitation = None if excitation is None else excitation[:, :, done * hop :]

    def _excitation_stream(self) -> ExcitationStream | None:
        pitch = self._speaker().pitch
        return None if pitch is None else ExcitationStream(pitch, self.mel.hop_samples, self.mel.sample_rate_hz)

    def _excitation(self, mel: Tensor) -> Tensor | None:
        """(B, M, T) → (B, 3, T * hop) with the F0 that is read from the mel; None without excitation."""
        stream = self._excitation_stream()
        return None if stream is None else stream.extend(self._speaker().normalised(mel.float()), last=True)

    def _spoken(self, mel: Tensor, excitation: Tensor | None) -> Tensor:
        """(B, M, T) → (B, T * hop): in float32 on a CPU by the generator made for that, where there is one."""
        speaker = self._speaker()
        weight = speaker.conv_pre.bias
        given = (mel.to(weight.dtype), None if excitation is None else excitation.to(weight))
        if self.precision != "fp32":
            with torch.autocast(weight.device.type, _PRECISIONS[self.precision]):
                return speaker(*given)[:, 0].float()
        if weight.device.type != "cpu" or weight.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return speaker(*given)[:, 0].float()
        self._fast = laid_out(speaker, self._fast) if self.fast else None
        return (self._fast or speaker)(*given)[:, 0]

    def __getstate__(self) -> dict:
        """Copies and files go without what was laid out for speaking."""
        return {**super().__getstate__(), "_fast": None}

    def train(self, mode: bool = True) -> Hifigan:
        """Weights are about to change: what was laid out for speaking is dropped."""
        if mode:
            self._fast = None
        return super().train(mode)

    def _speaker(self) -> Generator:
        return self.generator if self.average is None else self.average

    # Training

    def weights_from(self, weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """What speaks in the other run, average or not, becomes generator and average here.

        Discriminators that have not learnt yet, because the checkpoint is of the generator's warm-up, are left behind.
        """
        spoken = {n.removeprefix("average."): v for n, v in weights.items() if n.startswith("average.")}
        spoken = spoken or {n.removeprefix("generator."): v for n, v in weights.items() if n.startswith("generator.")}
        untaught = int(weights.get(LEARNT, 1)) == 0
        dropped = ("average.", "generator.", *(self.training_only if untaught else ()))
        rest = {n: v for n, v in weights.items() if not n.startswith(dropped)}
        parts = ("generator.",) if self.average is None else ("generator.", "average.")
        return {**rest, **{part + n: v for part in parts for n, v in spoken.items()}}

    def started_from(self, fresh: Collection[str]) -> None:
        """All weights but `fresh` come from another run: the generator is fine-tuned, fresh discriminators catch up first."""
        given = {part for part in ("generator", "mpd", "msd") if not any(name.startswith(f"{part}.") for name in fresh)}
        self.phases = Phases(self.options, "generator" in given, {"mpd", "msd"} <= given)

    def optimizers(self, total_steps: int) -> dict[str, OptimizerPlan]:
        """AdamW for the discriminators, then for the generator; the rate decays per epoch (paper, section 3)."""
        o = self.options

        def plan(*parameters: Iterable) -> OptimizerPlan:
            optimizer = torch.optim.AdamW(itertools.chain(*parameters), o.learning_rate, o.betas, weight_decay=o.weight_decay)
            return OptimizerPlan(optimizer, self.phases.rate)

        judges = plan(self.mpd.parameters(), self.msd.parameters())
        return {"discriminator": judges, "generator": plan(self.generator.parameters())}

    def phase_starts(self, total_steps: int) -> tuple[int, ...]:
        """Where a warm-up ends; see `Phases`."""
        return (0, *self.phases.starts(total_steps))

    def training_step(self, batch: VocoderBatch, state: TrainState, optimize: Optimize) -> dict[str, Tensor]:
        """The discriminators on the detached output, then the generator on what they have become."""
        audio = self._checked(batch)
        judges_learn, generator_learns = self.phases.players(state)
        with torch.set_grad_enabled(generator_learns):
            excitation, pitch_terms = self._training_excitation(batch)
            synthetic = self.generator(batch.mel, excitation)
        judges = {"periods": self.mpd, "scales": self.msd}
        if judges_learn:
            optimize("discriminator", discriminator_losses(judges, audio, synthetic.detach()))
            self.judges_learnt += 1
        if not generator_learns:
            return {}
        o = self.options
        mel_l1 = self.mel_loss(audio[:, 0], synthetic[:, 0])
        terms = spectral_terms(audio, synthetic, mel_l1, o.mel_weight, o.stft_weight, self.mel.sample_rate_hz) | pitch_terms
        if not judges_learn:
            optimize("generator", Losses(terms))
        else:
            with frozen(self.mpd, self.msd):
                optimize("generator", Losses({**terms, **adversarial_terms(judges, audio, synthetic, o.feature_weight)}))
        if self.average is not None:
            self._update_average(state.step)
        return {}

    def validation_losses(self, batch: VocoderBatch, state: TrainState) -> Losses:
        """The mel L1 of what would be spoken; the adversarial losses say nothing about quality."""
        audio = self._checked(batch)
        with torch.no_grad():
            excitation = self._excitation(batch.mel)
            synthetic = self._speaker()(batch.mel, None if excitation is None else excitation.to(batch.mel))
            return Losses({"mel": LossTerm(self.mel_loss(audio[:, 0], synthetic[:, 0]) * len(audio), len(audio))})

    def _training_excitation(self, batch: VocoderBatch) -> tuple[Tensor | None, dict[str, LossTerm]]:
        """The excitation with the recording's own F0, and the loss of the F0 that is read from the mel."""
        if not self.excited:
            return None, {}
        logits = self.generator.pitch(self.generator.normalised(batch.mel))
        hz, terms, rows = batch.pitch_hz, {}, len(batch.mel)
        if hz is None:
            hz = self.generator.pitch.hz(logits.detach().float())
        else:
            terms["pitch"] = LossTerm(self.generator.pitch.loss(logits, hz) * rows, rows, self.options.pitch_weight)
        seeds = batch.mel.new_zeros(rows, dtype=torch.int64) if batch.seeds is None else batch.seeds
        return training_excitation(hz, self.mel.hop_samples, self.mel.sample_rate_hz, seeds), terms

    def _checked(self, batch: VocoderBatch) -> Tensor:
        """The audio (B, 1, S). Shapes only: a NaN is the trainer's to skip, on all processes together and without waiting."""
        if batch.mel.dim() != 3 or batch.mel.shape[1] != self.mel.bands:
            raise InputError("mel has the wrong shape", f"got {tuple(batch.mel.shape)}, need (B, {self.mel.bands}, T)", "")
        wanted = (batch.mel.shape[0], batch.mel.shape[2] * self.mel.hop_samples)
        if tuple(batch.audio.shape) != wanted:
            raise InputError(
                "audio does not belong to its mel",
                f"audio {tuple(batch.audio.shape)}, need {wanted}",
                f"segments: {', '.join(batch.ids[:4])}",
            )
        return batch.audio[:, None]

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        decay = min(self.options.ema_decay, (1 + step) / (10 + step))  # at first a short memory: it began with random weights
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)
