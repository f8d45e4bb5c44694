"""The conformance kit passes a right model and names the fault of each wrong one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from ttskit.interfaces import (
    AcousticModel,
    AcousticModelPlugin,
    Losses,
    LossTerm,
    OptimizerPlan,
    Outputs,
    Spectrogram,
    Vocoder,
    VocoderPlugin,
)
from ttskit.nn import length_mask
from ttskit.testing import check_acoustic_model, check_vocoder

FRAMES = 3  # frames per token of the little model at pace 1


class Right(AcousticModel):
    """Every token becomes a few frames of its embedding plus its speaker's: small, and it keeps every promise."""

    decoding = "parallel"
    controls = ("pace", "durations", "pitch_values", "speaker_mix")
    multi_speaker = True

    def __init__(self, context) -> None:
        super().__init__()
        self.context = context
        self.token = nn.Embedding(len(context.symbols), context.mel.bands)
        self.speaker = nn.Embedding(len(context.speakers), context.mel.bands)

    def hidden(self, tokens, lengths, speaker, weights=None):
        voice = self.speaker(speaker) if weights is None else (weights[..., None] * self.speaker.weight).sum(1)
        return (self.token(tokens) + voice[:, None]) * length_mask(lengths, tokens.shape[1])[..., None]

    def forward(self, batch):
        hidden = self.hidden(batch.tokens, batch.token_lengths, batch.speaker)
        position = torch.arange(batch.mel.shape[2])[None] * batch.token_lengths[:, None] // batch.mel_lengths[:, None]
        position = position.clamp_max(batch.tokens.shape[1] - 1)
        mel = hidden.gather(1, position[..., None].expand(-1, -1, hidden.shape[2])).transpose(1, 2)
        return Outputs(mel * length_mask(batch.mel_lengths)[:, None], batch.mel_lengths)

    def loss(self, outputs, batch, state):
        mask = length_mask(batch.mel_lengths)[:, None]
        squared = ((outputs.mel - batch.mel).square() * mask).sum()
        return Losses({"mel": LossTerm(squared, batch.mel_lengths.sum() * batch.mel.shape[1])})

    def filled(self, own, given, inputs):
        """What was given, and the model's own where that is NaN."""
        own = torch.full(inputs.tokens.shape, own)
        return own if given is None else torch.where(given.isnan(), own, given)

    def frames(self, inputs, controls):
        pace = torch.as_tensor(controls.pace, dtype=torch.float).expand(inputs.tokens.shape)
        given = self.filled(float(FRAMES), controls.durations, inputs)
        real = length_mask(inputs.lengths, inputs.tokens.shape[1])
        return (torch.floor(given / pace + 0.5).long().clamp_min(1)) * real

    def infer(self, inputs, controls=None, generators=None):
        controls = self.check_input(inputs, controls)
        speaker = torch.zeros(len(inputs.tokens), dtype=torch.long) if inputs.speaker is None else inputs.speaker
        durations = self.frames(inputs, controls)
        pitch = self.filled(0.0, controls.pitch_values, inputs)
        hidden = self.hidden(inputs.tokens, inputs.lengths, speaker, inputs.speaker_weights) + pitch[..., None]
        rows = [torch.repeat_interleave(h, d, dim=0) for h, d in zip(hidden, durations, strict=True)]
        mel = nn.utils.rnn.pad_sequence(rows, batch_first=True).transpose(1, 2)
        return Spectrogram(mel, durations.sum(1), durations=durations, pitch=pitch)

    def inventory_parameters(self):
        return {"token.weight": "symbols", "speaker.weight": "speakers"}

    def optimizers(self, total_steps):
        return {"main": OptimizerPlan(torch.optim.Adam(self.parameters(), 1e-3))}


class IgnoresMask(Right):
    def hidden(self, tokens, lengths, speaker, weights=None):
        hidden = super().hidden(tokens, lengths, speaker, weights)
        return hidden + hidden.mean(1, keepdim=True)  # the mean runs over padding too


class ControlWithoutEffect(Right):
    controls = (*Right.controls, "pitch")


class NanIsZero(Right):
    def filled(self, own, given, inputs):
        return super().filled(own, given if given is None else given.nan_to_num(), inputs)


class DurationsOverAll(Right):
    def filled(self, own, given, inputs):
        if given is not None and not given.isnan().all():
            given = given.nan_to_num(5.0)  # what is missing is made up
        return super().filled(own, given, inputs)


class MixOfTheWrongSpeaker(Right):
    def hidden(self, tokens, lengths, speaker, weights=None):
        return super().hidden(tokens, lengths, speaker, None if weights is None else weights.flip(1))


class HidesItsPitch(Right):
    def infer(self, inputs, controls=None, generators=None):
        out = super().infer(inputs, controls, generators)
        return replace(out, pitch=torch.zeros_like(out.pitch))


class NotDeterministic(Right):
    def infer(self, inputs, controls=None, generators=None):
        out = super().infer(inputs, controls, generators)
        return Spectrogram(out.mel + 0.1 * torch.randn_like(out.mel), out.lengths, durations=out.durations)


class FalseFact(Right):
    decoding = "autoregressive"


class OneAid(Right):
    def aids(self):
        return "guided attention"


class DueTooLate(Right):
    def alignment_due(self, total_steps):
        return 2 * total_steps


class DeadParameter(Right):
    def __init__(self, context) -> None:
        super().__init__(context)
        self.unused = nn.Linear(3, 3)


class BatchMeanLoss(Right):
    def loss(self, outputs, batch, state):
        return Losses({"mel": LossTerm((outputs.mel - batch.mel).square().mean(), 1.0)})


class TakesEverything(Right):
    def check_input(self, inputs, controls):
        from ttskit.interfaces import Controls

        return controls or Controls()


class LooseTensor(Right):
    def __init__(self, context) -> None:
        super().__init__(context)
        self.scale = torch.ones(1)


class Rough(Right):
    """Rounds to thirds when asked for int8, which is near; `step` makes it far, `spoils` loses the exact weights."""

    precisions = ("fp32", "int8")
    step, spoils = 1 / 3, False

    def use_precision(self, name):
        super().use_precision(name)
        if self.spoils:
            with torch.no_grad():
                self.token.weight.copy_((self.token.weight / self.step).round() * self.step)

    def hidden(self, tokens, lengths, speaker, weights=None):
        exact = super().hidden(tokens, lengths, speaker, weights)
        return exact if self.precision == "fp32" else (exact / self.step).round() * self.step


class TooRough(Rough):
    step = 9.0


class Spoils(Rough):
    spoils = True


class AnyPrecision(Right):
    def use_precision(self, name):
        self.precision = name


class SlowIsFast(Right):
    def frames(self, inputs, controls):
        return super().frames(inputs, replace(controls, pace=1 / torch.as_tensor(controls.pace)))


class HidesItsRows(Right):
    def inventory_parameters(self):
        return {"token.weight": "symbols"}


class CallsSpeakersSymbols(Right):
    def inventory_parameters(self):
        return {"token.weight": "symbols", "speaker.weight": "symbols"}


class LeavesOutMoreThanZeros(Right):
    """With one speaker it has no vector, and then it is louder."""

    def __init__(self, context) -> None:
        super().__init__(context)
        if not context.multi_speaker:
            del self.speaker

    def hidden(self, tokens, lengths, *voice):
        if self.context.multi_speaker:
            return super().hidden(tokens, lengths, *voice)
        return (self.token(tokens) + 1.0) * length_mask(lengths, tokens.shape[1])[..., None]

    def inventory_parameters(self):
        return {name: axis for name, axis in super().inventory_parameters().items() if name in self.state_dict()}


FACTS = {"decoding": "parallel", "controls": list(Right.controls), "multi_speaker": True}


def failures(model_class, **facts) -> dict[str, str]:
    class Plugin(AcousticModelPlugin):
        def load(self):
            return lambda options, context: model_class(context)

    plugin = Plugin("mine", "a test", "unused:unused", facts={**FACTS, **facts})
    return {r.name: r.message for r in check_acoustic_model(plugin) if not r.passed}


def test_a_right_model_passes_every_check():
    assert failures(Right) == {}
    assert failures(Rough, precisions=["fp32", "int8"]) == {}


@pytest.mark.parametrize(
    ("model", "facts", "check", "words"),
    [
        (IgnoresMask, {}, "padding does not change a sentence (forward)", "mask"),
        (IgnoresMask, {}, "a batch equals single runs (infer)", "mask"),
        (ControlWithoutEffect, {"controls": list(ControlWithoutEffect.controls)}, "declared controls work", "'pitch' has no"),
        (NotDeterministic, {}, "determinism under a seed", "generators"),
        (FalseFact, {"decoding": "autoregressive"}, "decoding ends as declared", "finished"),
        (Right, {"decoding": "autoregressive"}, "declared facts are true", "'decoding'"),
        (Right, {"teacher_forced": True}, "teacher-forced mels", "teacher-forced"),
        (OneAid, {}, "what it says of its training", "not a tuple"),
        (DueTooLate, {}, "what it says of its training", "no step of 1000"),
        (DeadParameter, {}, "gradient reaches every parameter", "unused.weight"),
        (BatchMeanLoss, {}, "losses add up over the rows of a batch", "'mel'"),
        (TakesEverything, {}, "undeclared controls are refused", "'pitch'"),
        (TakesEverything, {}, "errors for bad input", "empty sentence"),
        (LooseTensor, {}, "device moves", "scale"),
        (NanIsZero, {}, "declared controls work", "durations that are all NaN"),
        (DurationsOverAll, {}, "declared controls work", "that token and no other"),
        (MixOfTheWrongSpeaker, {}, "declared controls work", "all one speaker's"),
        (HidesItsPitch, {}, "declared controls work", "does not report the pitch_values"),
        (SlowIsFast, {}, "declared controls work", "pace is a speed"),
        (HidesItsRows, {}, "rows of symbols and speakers", "'speaker.weight'"),
        (CallsSpeakersSymbols, {}, "rows of symbols and speakers", "'speaker.weight' has 2 rows for 16 symbols"),
        (LeavesOutMoreThanZeros, {}, "rows of symbols and speakers", "not the same as zeros"),
        (Rough, {}, "declared precisions work", "'precisions'"),
        (TooRough, {"precisions": ["fp32", "int8"]}, "declared precisions work", "precision int8: off by"),
        (Spoils, {"precisions": ["fp32", "int8"]}, "declared precisions work", "changed what is saved"),
        (AnyPrecision, {}, "declared precisions work", "unknown precision"),
    ],
)
def test_a_wrong_model_fails_with_its_fault_named(model, facts, check, words):
    found = failures(model, **facts)
    assert check in found, found
    assert words in found[check]


class RightVocoder(Vocoder):
    def __init__(self, mel) -> None:
        super().__init__()
        self.mel = mel

    def infer(self, mel):
        self.check_mel(mel)
        return torch.tanh(mel.mean(1)).repeat_interleave(self.mel.hop_samples, dim=1)


class OneFrameShort(RightVocoder):
    def infer(self, mel):
        return super().infer(mel)[:, self.mel.hop_samples :]


class FalseStreaming(RightVocoder):
    streaming = True

    def infer(self, mel):
        wave = super().infer(mel)
        return wave * torch.linspace(0, 1, wave.shape[1])  # depends on the whole length

    def infer_stream(self, chunks):
        for chunk in chunks:
            yield self.infer(chunk)


class Streams(RightVocoder):
    streaming = True

    def infer_stream(self, chunks):
        chunks = [*chunks] or [torch.zeros(1, self.mel.bands, 0)]
        yield self.infer(torch.cat(chunks, dim=2))  # all at once, when all is known


class StreamsSeams(RightVocoder):
    """Each sample is a mean with the one before, which the first of a chunk has not got."""

    streaming = True

    def infer(self, mel):
        wave = super().infer(mel)
        return 0.5 * (wave + torch.nn.functional.pad(wave, (1, 0))[:, :-1])

    def infer_stream(self, chunks):
        for chunk in chunks:
            yield self.infer(chunk)


class TakesNan(RightVocoder):
    def check_mel(self, mel):
        super().check_mel(torch.nan_to_num(mel))


class SpeaksWithItsJudge(RightVocoder):
    training_only = ("judge.",)

    def __init__(self, mel) -> None:
        super().__init__(mel)
        self.judge = nn.Module()
        self.judge.register_buffer("gain", torch.rand(1))

    def infer(self, mel):
        return super().infer(mel) * self.judge.gain


class NamesNothing(RightVocoder):
    training_only = ("mpd.",)


def vocoder_failures(vocoder_class, **facts) -> dict[str, str]:
    class Plugin(VocoderPlugin):
        def load(self):
            return lambda options, mel: vocoder_class(mel)

    plugin = Plugin("mine", "a test", "unused:unused", facts={"trainable": False, "streaming": False, **facts})
    return {r.name: r.message for r in check_vocoder(plugin) if not r.passed}


def test_a_right_vocoder_passes_every_check():
    assert vocoder_failures(RightVocoder) == {}


@pytest.mark.parametrize(
    ("vocoder", "facts", "check", "words"),
    [
        (OneFrameShort, {}, "samples per frame", "samples, need"),
        (FalseStreaming, {"streaming": True}, "streaming", "chunks of 1 "),
        (Streams, {"streaming": True}, "streaming", "before the whole mel"),
        (StreamsSeams, {"streaming": True}, "streaming", "differ by"),
        (RightVocoder, {"trainable": True}, "declared facts are true", "'trainable'"),
        (TakesNan, {}, "errors for bad input", "NaN"),
        (SpeaksWithItsJudge, {}, "training-only tensors", "change what is spoken"),
        (NamesNothing, {}, "training-only tensors", "'mpd.'"),
    ],
)
def test_a_wrong_vocoder_fails_with_its_fault_named(vocoder, facts, check, words):
    found = vocoder_failures(vocoder, **facts)
    assert check in found, found
    assert words in found[check]
