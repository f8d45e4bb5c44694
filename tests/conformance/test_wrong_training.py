"""Models that are trained, aligned or normalised wrongly on purpose; the kit names the fault of each."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ttskit.interfaces import AcousticModel, AcousticModelPlugin, Losses, LossTerm, OptimizerPlan, Outputs, Spectrogram
from ttskit.nn import MaskedBatchNorm1d, length_mask
from ttskit.testing import Fault
from ttskit.testing.acoustic import acoustic_checks

FRAMES = 3  # that a token is spoken for


@dataclass
class Options:
    padding: str = "masked"


class Right(AcousticModel):
    """Frames attend evenly to the tokens they fall on; normalised over the batch; aligned, teacher-forced, dropped out."""

    decoding = "parallel"
    multi_speaker = False

    def __init__(self, options, context) -> None:
        super().__init__()
        self.context, self.padding = context, options.padding
        self.token = nn.Embedding(len(context.symbols), context.mel.bands)
        self.norm = self.make_norm(context.mel.bands)
        self.bias = nn.Parameter(torch.zeros(context.mel.bands))

    def make_norm(self, bands):
        return MaskedBatchNorm1d(bands)

    def hidden(self, tokens, lengths):
        mask = length_mask(lengths, tokens.shape[1])
        x = self.token(tokens).transpose(1, 2)
        x = self.norm(x, mask) if isinstance(self.norm, (MaskedBatchNorm1d, OwnNorm)) else self.norm(x)
        return F.dropout(x.transpose(1, 2), 0.1, self.training) * mask[..., None]

    def durations(self, batch):
        whole = batch.mel_lengths[:, None] // batch.token_lengths[:, None]
        real = length_mask(batch.token_lengths, batch.tokens.shape[1])
        durations = whole * real
        durations[:, 0] += batch.mel_lengths - durations.sum(1)
        return durations

    def weights(self, durations, frames):
        ends = durations.cumsum(1)
        place = torch.arange(frames)[None, :, None]
        return ((place >= (ends - durations)[:, None]) & (place < ends[:, None])).float()

    def forward(self, batch):
        hidden = self.hidden(batch.tokens, batch.token_lengths)
        weights = self.weights(self.durations(batch), batch.mel.shape[2])
        mel = (weights @ hidden + self.bias).transpose(1, 2) * length_mask(batch.mel_lengths)[:, None]
        return Outputs(mel, batch.mel_lengths, weights)

    def loss(self, outputs, batch, state):
        squared = (outputs.mel - batch.mel).square() * length_mask(batch.mel_lengths)[:, None]
        return Losses({"mel": LossTerm(squared.sum(), batch.mel_lengths.sum() * batch.mel.shape[1])})

    def teacher_forced(self, batch):
        out = self(batch)
        return Spectrogram(out.mel, batch.mel_lengths, out.alignment, self.durations(batch))

    def infer(self, inputs, controls=None, generators=None):
        self.check_input(inputs, controls)
        durations = FRAMES * length_mask(inputs.lengths, inputs.tokens.shape[1])
        lengths = durations.sum(1)
        weights = self.weights(durations, int(lengths.max()))
        mel = weights @ self.hidden(inputs.tokens, inputs.lengths) + self.bias
        return Spectrogram(mel.transpose(1, 2), lengths, weights, durations)

    def inventory_parameters(self):
        return {"token.weight": "symbols"}

    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 1e-2))}


class OwnNorm(nn.Module):
    """Masked, but of this process alone."""

    def __init__(self, bands) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(bands))

    def forward(self, x, mask):
        if self.training:
            mean = (x * mask[:, None]).sum((0, 2)) / mask.sum()
            self.mean.lerp_(mean.detach(), 0.1)
        return x - self.mean[:, None]


class OptimisesNothing(Right):
    def training_step(self, batch, state, optimize):
        self.loss(self(batch), batch, state)
        return {}


class RateZero(Right):
    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 0.0))}


class ScheduledToZero(Right):
    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 1e-2), lambda state: 0.0)}


class Climbs(Right):
    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 1e-2, maximize=True))}


class LeavesTheBias(Right):
    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam([*self.token.parameters(), *self.norm.parameters()], 1e-2))}


class SecondNeverCalled(Right):
    def optimizers(self, total_steps):
        first, second = [*self.token.parameters(), *self.norm.parameters()], [self.bias]
        return {n: OptimizerPlan(torch.optim.Adam(p, 1e-2)) for n, p in (("main", first), ("bias", second))}


class Detaches(Right):
    def training_step(self, batch, state, optimize):
        with torch.no_grad():
            bias = self.bias.clone()
        mel = self(batch).mel + (bias - self.bias)[:, None]  # its gradient cancels
        optimize("main", self.loss(Outputs(mel, batch.mel_lengths), batch, state))
        return {}


class CountsItsCalls(Right):
    calls = 0

    def rate(self, state):
        self.calls += 1
        return 1.0 / self.calls

    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 1e-2), self.rate)}


class BreaksLate(Right):
    def loss(self, outputs, batch, state):
        losses = super().loss(outputs, batch, state)
        late = float("nan") if self.training and state.progress > 0.6 else 1.0
        slow = 1e-12  # so that it is still training then
        return Losses({"mel": LossTerm(losses.terms["mel"].total * late, losses.terms["mel"].count, slow)})

    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.SGD(self.parameters(), 1e-9))}


class WritesIntoTheBatch(Right):
    def training_step(self, batch, state, optimize):
        batch.mel.add_(1e-3)
        return super().training_step(batch, state, optimize)


class DrawsFromPython(Right):
    def hidden(self, tokens, lengths):
        hidden = super().hidden(tokens, lengths)
        return hidden * (1 + 0.1 * random.random()) if self.training else hidden


class ZerosForced(Right):
    def teacher_forced(self, batch):
        return replace(super().teacher_forced(batch), mel=torch.zeros_like(batch.mel))


class ForcedOneFrameLate(Right):
    def teacher_forced(self, batch):
        out = super().teacher_forced(batch)
        return replace(out, mel=F.pad(out.mel, (1, 0))[:, :, :-1])


class ForcedOneFrameShort(Right):
    def teacher_forced(self, batch):
        out = super().teacher_forced(batch)
        return Spectrogram(out.mel[:, :, :-1], out.lengths - 1)


class ForcedWithDropout(Right):
    def teacher_forced(self, batch):
        out = super().teacher_forced(batch)
        return replace(out, mel=F.dropout(out.mel, 0.1, True))


class PlainNorm(Right):
    def make_norm(self, bands):
        return nn.BatchNorm1d(bands)


class NormWithoutMask(Right):
    class Blind(MaskedBatchNorm1d):
        def forward(self, x, mask=None):
            return super().forward(x)

    def make_norm(self, bands):
        return self.Blind(bands)


class NormOfOneProcess(Right):
    def make_norm(self, bands):
        return OwnNorm(bands)


class SumsWhatItLikes(Right):
    """A process with few frames does not ask the others."""

    class Shy(MaskedBatchNorm1d):
        def forward(self, x, mask=None):
            alone = self.training and int(mask.sum()) < 9
            return nn.BatchNorm1d.forward(self, x) if alone else super().forward(x, mask)

    def make_norm(self, bands):
        return self.Shy(bands)


class CountsPadding(Right):
    def loss(self, outputs, batch, state):
        term = super().loss(outputs, batch, state).terms["mel"]
        return Losses({"mel": LossTerm(term.total, outputs.mel.numel())})


class DropoutWhenSpeaking(Right):
    def infer(self, inputs, controls=None, generators=None):
        out = super().infer(inputs, controls, generators)
        return replace(out, mel=F.dropout(out.mel, 0.5, True))


class WeightsOfNineTenths(Right):
    def weights(self, durations, frames):
        return 0.9 * super().weights(durations, frames)


class AttendsToPadding(Right):
    def forward(self, batch):
        out = super().forward(batch)
        return replace(out, alignment=torch.full_like(out.alignment, 1 / out.alignment.shape[2]))


class AlignmentOfTokensFirst(Right):
    def forward(self, batch):
        out = super().forward(batch)
        return replace(out, alignment=out.alignment.transpose(1, 2))


class AlignmentTooShort(Right):
    def infer(self, inputs, controls=None, generators=None):
        out = super().infer(inputs, controls, generators)
        return replace(out, alignment=out.alignment[:, :-1])


class LosesFrames(Right):
    def durations(self, batch):
        whole = batch.mel_lengths[:, None] // batch.token_lengths[:, None]
        return whole * length_mask(batch.token_lengths, batch.tokens.shape[1])


class GivesBackWhatItGot(Right):
    def durations(self, batch):
        return batch.durations


class CountsSentences(Right):
    def __init__(self, options, context) -> None:
        super().__init__(options, context)
        self.register_buffer("spoken", torch.zeros(()))

    def infer(self, inputs, controls=None, generators=None):
        self.spoken += 1
        return super().infer(inputs, controls, generators)


class EndsInTraining(Right):
    def infer(self, inputs, controls=None, generators=None):
        out = super().infer(inputs, controls, generators)
        self.train()
        return out


class NeedsGenerators(Right):
    def infer(self, inputs, controls=None, generators=None):
        return super().infer(inputs, controls, [g.initial_seed() for g in generators])


class PaddingRenames(Right):
    def __init__(self, options, context) -> None:
        super().__init__(options, context)
        if options.padding == "reference":
            self.leak = nn.Parameter(torch.ones(1))


FACTS = {"decoding": "parallel", "controls": [], "multi_speaker": False, "teacher_forced": True, "aligns": True}


def checks(model_class, facts=None):
    class Plugin(AcousticModelPlugin):
        def load(self):
            return model_class

        def load_options(self):
            return Options

    return acoustic_checks(Plugin("mine", "a test", "unused:unused", "unused:unused", {**FACTS, **(facts or {})}))


def test_a_right_model_passes_every_check():
    assert [f"{r.name}: {r.message}" for r in (check.result() for check in checks(Right)) if not r.passed] == []


WRONG = [
    (OptimisesNothing, {}, "it learns", "training_step optimises nothing"),
    (RateZero, {}, "it learns", "optimiser 'main' gets gradients and does not move bias, norm.bias"),
    (RateZero, {}, "it learns", "its learning rate is 0"),
    (ScheduledToZero, {}, "it learns", "its learning rate is 0"),
    (Climbs, {}, "it learns", "the loss does not fall"),
    (LeavesTheBias, {}, "it learns", "no optimiser moves bias"),
    (SecondNeverCalled, {}, "it learns", "optimizers() gives 'bias', but no step calls optimize with that name"),
    (Detaches, {}, "it learns", "no gradient reaches bias"),
    (CountsItsCalls, {}, "it learns", "no pure function of the state"),
    (BreaksLate, {}, "it learns", "a step is skipped: its loss or gradient is not finite"),
    (WritesIntoTheBatch, {}, "it learns", "writes into the batch's mel"),
    (DrawsFromPython, {}, "training repeats under a seed", "the same seed gives other weights"),
    (ZerosForced, {}, "teacher-forced mels", "are zeros"),
    (ForcedOneFrameLate, {}, "teacher-forced mels", "they are 1 frame late"),
    (ForcedOneFrameShort, {}, "teacher-forced mels", "teacher-forced lengths"),
    (ForcedWithDropout, {}, "teacher-forced mels", "torch's global generator"),
    (PlainNorm, {}, "two processes equal one", "norm is nn.BatchNorm1d"),
    (PlainNorm, {}, "two processes equal one", "ttskit.nn.MaskedBatchNorm1d"),
    (PlainNorm, {}, "batch statistics leave out padding", "buffer 'norm.running_mean' of BatchNorm1d"),
    (NormWithoutMask, {}, "batch statistics leave out padding", "padding is counted"),
    (NormOfOneProcess, {}, "two processes equal one", "each process counts its own share only"),
    (SumsWhatItLikes, {}, "batch statistics leave out padding", "two processes do not sum equally often"),
    (CountsPadding, {}, "losses add up over the rows of a batch", "padding is counted"),
    (DropoutWhenSpeaking, {}, "determinism under a seed", "generators passed to infer"),
    (WeightsOfNineTenths, {}, "forward and loss", "forward's alignment gives a frame 0.9 in sum"),
    (WeightsOfNineTenths, {}, "lengths agree", "infer's alignment gives a frame 0.9 in sum"),
    (AttendsToPadding, {}, "forward and loss", "padding tokens"),
    (AlignmentOfTokensFirst, {}, "forward and loss", "not (B, T, N)"),
    (AlignmentTooShort, {}, "lengths agree", "not (B, T, N)"),
    (LosesFrames, {}, "alignment of speech", "durations sum to"),
    (GivesBackWhatItGot, {}, "alignment of speech", "NoneType"),
    (CountsSentences, {}, "speaking changes nothing", "changes spoken"),
    (EndsInTraining, {}, "speaking changes nothing", "in training mode"),
    (NeedsGenerators, {}, "determinism under a seed", "NoneType"),
    (PaddingRenames, {}, "names of weights", "padding: reference changes the names or shapes of weights: ['leak']"),
    (Right, {"aligns": False}, "alignment of speech", "'aligns'"),
    (Right, {"teacher_forced": False}, "teacher-forced mels", "'teacher_forced'"),
    (Right, {"features": ["pitch"]}, "declared facts are true", "'features': the description says ['pitch'], the class []"),
    (Right, {"multispeaker": False}, "declared facts are true", "'multispeaker'; did you mean 'multi_speaker'?"),
]


@pytest.mark.parametrize(("model", "facts", "name", "words"), WRONG)
def test_a_wrong_model_fails_with_its_fault_named(model, facts, name, words):
    (check,) = (check for check in checks(model, facts) if check.name == name)
    result = check.result()
    assert not result.passed
    assert words in result.message


def test_a_fact_that_the_class_does_not_keep_names_both():
    class Bare(Right):
        teacher_forced = AcousticModel.teacher_forced

    (check,) = (check for check in checks(Bare) if check.name == "declared facts are true")
    with pytest.raises(Fault, match="'teacher_forced': the description says True, but Bare does not define"):
        check()
