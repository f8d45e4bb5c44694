"""Speech of an autoregressive model while it speaks: what leaves early is what one pass gives, and it does leave early."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from torch import nn

from ttskit.audio.config import MelConfig
from ttskit.errors import ControlError, InputError
from ttskit.interfaces import AcousticInput, Controls, ModelContext
from ttskit.nn import SoFar, refined_chunks
from ttskit.plugins import create_registry
from ttskit.synthesis import Voice
from ttskit.synthesis.chunks import chunks_of, regrouped
from ttskit.testing import tiny_context

REGISTRY = create_registry()
TACOTRON2 = {
    "reduction": 2,
    **dict.fromkeys(("embedding_channels", "encoder_channels", "prenet_channels", "attention_lstm", "decoder_lstm"), 16),
    "attention_channels": 8,
    "location_channels": 4,
    "postnet_channels": 16,
}
STACK = {"layers": 2, "heads": 2, "filter_channels": 24}
TRANSFORMER = {
    "reduction": 2,
    **dict.fromkeys(("channels", "embedding_channels", "encoder_prenet_channels", "prenet_channels", "postnet_channels"), 16),
    "encoder": STACK,
    "decoder": STACK,
    "aided_heads": 1,
}
OPTIONS = {"tacotron2": TACOTRON2, "transformertts": TRANSFORMER}
LONG = {"frames_per_token": 6.0, "frames_floor": 40, "stop_threshold": 2.0, "rest_frames": 0}  # it never stops by itself


def built(model, context=None, **more):
    torch.manual_seed(4)
    plugin = REGISTRY.get("acoustic model", model)
    options = plugin.load_options().model_validate({**OPTIONS[model], **LONG, **more})
    made = plugin.load()(options, context or tiny_context(MelConfig(bands=20))).eval()
    with torch.no_grad():  # so that the postnet changes what it is given by about as much as it is
        for name, value in made.named_parameters():
            if name.startswith("postnet") and name.endswith("norm.weight"):
                value.fill_(1.0)
    return made


def inputs(model, tokens=9):
    return AcousticInput(
        torch.arange(3, 3 + tokens)[None] % len(model.context.symbols), torch.tensor([tokens]), torch.tensor([1])
    )


def streamed(model, given):
    chunks = []
    while True:
        try:
            chunks.append(next(given))
        except StopIteration as end:
            return chunks, end.value


@pytest.mark.parametrize("model", OPTIONS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reduction": 1},
        {"reduction": 4, "postnet_convolutions": 2, "postnet_kernel": 3},
        {"postnet_kernel": 1},
        {"mel_mean": -5.0, "mel_std": 2.0, "padding": "reference"},
        {"stop_threshold": 0.5, "keep_stop_frame": False},
        {"stop_threshold": 0.5, "keep_stop_frame": False, "padding": "reference"},
        {"rest_frames": 8, "guided_attention_weight": 1.0},
        {"prenet_dropout_at_inference": False},
    ],
)
def test_chunks_join_to_one_pass(model, more):
    made = built(model, **more)
    whole = made.infer(inputs(made), generators=[torch.Generator().manual_seed(5)])
    chunks, last = streamed(made, made.infer_stream(inputs(made), None, [torch.Generator().manual_seed(5)]))
    joined = torch.cat(chunks, 2)
    torch.testing.assert_close(joined, whole.mel, rtol=0, atol=2e-5)
    assert torch.equal(last.mel, joined) and torch.equal(last.lengths, whole.lengths)
    assert torch.equal(last.finished, whole.finished)
    torch.testing.assert_close(last.alignment, whole.alignment, rtol=0, atol=1e-6)
    assert not made.training


@pytest.mark.parametrize("model", OPTIONS)
def test_frames_leave_before_the_sentence_is_over(model):
    """After the first blocks of steps, less what the postnet reaches ahead."""
    made = built(model)
    steps = []
    enter = made.decoder.prenet_noise

    def counting(*arguments):
        noise = enter(*arguments)
        own = noise.next
        noise.next = lambda *a: steps.append(a[0] if a else 1) or own(*a)
        return noise

    made.decoder.prenet_noise = counting
    given = made.infer_stream(inputs(made), None, [torch.Generator().manual_seed(5)])
    first = next(given)
    needed = 5 * 2 + first.shape[2]  # five convolutions that each see two frames ahead
    assert sum(steps) * 2 <= needed + 2 * 4
    rest = streamed(made, given)[0]
    assert sum(steps) * 2 > 60 and len(rest) > 5


@pytest.mark.parametrize("model", OPTIONS)
def test_what_is_refused(model):
    made = built(model)
    two = AcousticInput(torch.full((2, 3), 4), torch.tensor([3, 3]), torch.tensor([0, 1]))
    with pytest.raises(InputError, match="one sentence"):
        made.infer_stream(two)
    with pytest.raises(ControlError):
        made.infer_stream(inputs(made), Controls(pace=1.2))


def test_the_caller_stays_in_its_own_modes():
    """Between two chunks the model trains, autocast is on and gradients flow, as before."""
    made = built("transformertts").train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        given = made.infer_stream(inputs(made), None, [torch.Generator().manual_seed(5)])
        next(given)
        assert made.training and torch.is_autocast_enabled("cpu") and not torch.is_inference_mode_enabled()
        given.close()
    assert made.training


@pytest.mark.parametrize("reach", [0, 1, 4])
def test_what_a_correction_sees_is_there_before_a_frame_leaves(reach):
    torch.manual_seed(0)
    convolution = nn.Conv1d(3, 3, 2 * reach + 1, padding=reach)
    frames, sizes = torch.randn(1, 3, 40), (2, 4, 9, 17, 33, 40)
    with torch.no_grad():
        whole = (frames + convolution(frames))[:, :, :37]
        said = [SoFar(frames[:, :, :n], min(n, 37), n == 40) for n in sizes]
        chunks = list(refined_chunks(said, convolution, reach))
    assert len(chunks) > 2 and all(c.shape[2] for c in chunks)
    torch.testing.assert_close(torch.cat(chunks, 2), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("frames", [None, 1, 7, 100])
def test_chunks_are_cut_as_those_of_a_whole_mel(frames):
    mel = torch.randn(1, 3, 130)
    for size in (1, 5, 64, 130):
        given = list(regrouped((mel[:, :, i : i + size] for i in range(0, 130, size)), frames))
        assert [c.shape[2] for c in given] == [c.shape[2] for c in chunks_of(mel, frames)]
        assert torch.equal(torch.cat(given, 2), mel)


@pytest.fixture(scope="module", params=list(OPTIONS))
def voice(request):
    frontend = REGISTRY.get("frontend", "spanish").load()()
    tiny = tiny_context(MelConfig())
    made = built(request.param, ModelContext(tiny.mel, frontend.symbols, tiny.speakers), frames_per_token=20.0)
    plugin = REGISTRY.get("vocoder", "hifigan")
    torch.manual_seed(1)
    return Voice(frontend, made, plugin.load()(plugin.load_options()(preset="tiny"), made.context.mel), vocoder_name="hg")


def test_a_voice_streams_the_audio_of_one_pass(voice):
    text = "La casa es de madera. ¿Y el perro? {pause=0.2}Duerme."
    whole, stream = voice.synthesize(text, speaker="ana", seed=3), voice.stream(text, speaker="ana", seed=3)
    joined = np.concatenate(list(stream))
    assert joined.shape == whole.audio.shape
    assert np.abs(joined - whole.audio).max() <= 1e-4
    assert [p.analysis for p in stream.parts] == [p.analysis for p in whole.parts]
    assert [p.pause_s for p in stream.parts] == [p.pause_s for p in whole.parts] and stream.notes == list(whole.notes)
    assert all(stream.timings[name] > 0 for name in ("acoustic", "vocoder"))


def test_it_is_heard_before_it_has_all_been_spoken(voice):
    made, plain = voice.acoustic, type(voice.acoustic).streaming
    text = "La casa que está al lado del río es de madera y tiene un techo de chapa muy alto"
    first = {}
    try:
        for streaming in (True, False, True, False):
            type(made).streaming = streaming
            started = time.perf_counter()
            stream = voice.stream(text, speaker="ana")
            next(stream)
            first.setdefault(streaming, []).append(time.perf_counter() - started)
            stream._chunks.close()
    finally:
        type(made).streaming = plain
    assert min(first[True]) < 0.5 * min(first[False]), first
